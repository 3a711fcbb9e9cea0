"""A few events of the chain that is rounded and clipped."""


def reduced(cell):
    return {**cell, "N": 16, "ages": 32, "events": 64, "seeds": [0, 1]}
