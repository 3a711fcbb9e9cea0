def reduced(cell):
    return {**cell, "N": 16, "sweeps": 5, "seeds": [0, 1], "tuning": [100, 101]}
