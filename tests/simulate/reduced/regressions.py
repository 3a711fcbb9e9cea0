"""The unequal tasks in few streams."""

COLUMNS = "quantity N D T rho sigma age seed measured predicted scale"


def reduced(cell):
    return {**cell, "streams": 2, "jacobians": 2, "seeds": [0, 1]}
