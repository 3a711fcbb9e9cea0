"""Three tasks of two features in four dimensions."""

COLUMNS = (
    "part kind dims features D t density importance seed capacities total_capacity rank participation_ratio squared_norm "
    "represented loss reference_loss boundary expected"
)


def reduced(cell):
    return {**cell, "dims": 4, "D": 2, "T": 3, "steps": 20, "samples": 8, "seeds": [0, 1]}
