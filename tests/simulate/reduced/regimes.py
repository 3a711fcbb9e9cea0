"""Two stores and their controls in stores of a dozen numbers, two tasks."""


def reduced(cell):
    return {**cell, "axis": "T", "T": 2, "value": 2.0, "N": 16, "sweeps": 5, "seeds": [0, 1], "tuning": [100, 101]}
