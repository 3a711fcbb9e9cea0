"""Learners in the plane, small: one rate, and streams just long enough for the ages."""


def reduced(cell):
    start = 40
    return {**cell, "eta": cell["eta"][:1], "starts": [start], "span": 4, "room": start + 8, "seeds": [0, 1]}
