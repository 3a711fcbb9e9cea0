"""The ladder with few inputs, and one load a system."""


def reduced(cell):
    if cell["system"] == "two":
        return {**cell, "outputs": 4, "seeds": [0, 1], "T": 2, "P": [64], "wrong": [0.02], "N": 128}
    return {**cell, "N": 256, "P": [300], "outputs": 4, "seeds": [0, 1]}
