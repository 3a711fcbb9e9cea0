"""A small sleep, in a stream whose store teaches itself."""

COLUMNS = (
    "N M T D hold eta replay sweeps seed depth depth_new depth_old gram_depth predicted_depth presentations "
    "predicted_presentations error worst_error edge hard_bits graded_bits"
)


def reduced(cell):
    return {**cell, "N": 16, "T": 8, "D": 1, "M_max": 8, "outputs": 4, "sweeps": [0.5, 2], "seeds": [0, 1]}
