"""A small notebook and student."""


def reduced(cell):
    small = {"N": 10, "P": 20, "P_max": 20, "units": 300, "draws": 2, "novel": 5, "teacher_snr": [0.5, 4.0], "times": [0.5, 5.0]}
    return {**cell, **small, "seeds": [0, 1]}
