"""Two short streams of one learner in a store of a dozen numbers an output."""


def reduced(cell):
    return {**cell, "learner": "plain", "method": "finetuning", "sizes": {}, "N": 12, "D": 1, "M": [8, 16], "seeds": [0, 1]} | {
        "block": 8, "streams": 1, "exact": False
    }  # fmt: skip
