"""A few events of the chain that is rounded and clipped."""

COLUMNS = (
    "model parameter N M_s beakers exact seed age age_end snr predicted_snr envelope_snr power predicted_power oldest "
    "ceiling_oldest"
)


def reduced(cell):
    return {**cell, "N": 16, "ages": 32, "events": 64, "seeds": [0, 1]}
