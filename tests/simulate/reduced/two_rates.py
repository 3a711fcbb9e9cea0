"""Learners in the plane, small: one rate, and streams just long enough for the ages."""

COLUMNS = "learner family sigma rho D N private state hold sweeps dial seed J predicted_J depth predicted_depth ages depth_by_age"


def reduced(cell):
    start = 40
    return {**cell, "eta": cell["eta"][:1], "starts": [start], "span": 4, "room": start + 8, "seeds": [0, 1]}
