"""A small notebook and student."""

COLUMNS = (
    "N P alpha units teacher_snr source seed t test_error train_error recalled notebook_train notebook_test predicted_test "
    "predicted_train"
)


def reduced(cell):
    small = {"N": 10, "P": 20, "P_max": 20, "units": 300, "draws": 2, "novel": 5, "teacher_snr": [0.5, 4.0], "times": [0.5, 5.0]}
    return {**cell, **small, "seeds": [0, 1]}
