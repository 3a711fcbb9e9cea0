"""Three tasks of two features in four dimensions."""


def reduced(cell):
    return {**cell, "dims": 4, "D": 2, "T": 3, "steps": 20, "samples": 8, "seeds": [0, 1]}
