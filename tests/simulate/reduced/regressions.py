"""The unequal tasks in few streams."""


def reduced(cell):
    return {**cell, "streams": 2, "jacobians": 2, "seeds": [0, 1]}
