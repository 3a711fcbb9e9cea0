"""A network of ten hidden units, two tasks of four facts."""


def reduced(cell):
    return {**cell, "inputs": 6, "hidden": 10, "D": 4, "T": 2, "steps": 30, "seeds": [0, 1]}
