"""The search for frontiers at a small memory."""

from simulate.system.parameters import checked
from simulate.system.registry import named


def reduced(cell):
    small = {**checked(named("hebbian"), {"N": 24, "D": 4}), "seeds": 2}
    return {**cell, "system": "hebbian", "parameters": small, "seeds": [0, 1]}
