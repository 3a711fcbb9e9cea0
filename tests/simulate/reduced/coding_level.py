"""A network of ten hidden units, two tasks of four facts."""

COLUMNS = (
    "a centred N D T seed stage activity c N_eff unit_common mean_square_overlap predicted predicted_units inner_product "
    "gradient_overlap gradient_common_mode gradient_participation learned_bits forgetting forgetting_mean oldest_loss steps"
)


def reduced(cell):
    return {**cell, "inputs": 6, "hidden": 10, "D": 4, "T": 2, "steps": 30, "seeds": [0, 1]}
