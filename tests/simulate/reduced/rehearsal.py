"""A small sleep, in a stream whose store teaches itself."""


def reduced(cell):
    return {**cell, "N": 16, "T": 8, "D": 1, "M_max": 8, "outputs": 4, "sweeps": [0.5, 2], "seeds": [0, 1]}
