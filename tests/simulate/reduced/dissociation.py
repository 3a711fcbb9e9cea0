def reduced(cell):
    return {**cell, "seeds": [0, 1], "hidden": 20, "inputs": 12, "D": 5, "T": 3, "steps": 60, "probes": 40}
