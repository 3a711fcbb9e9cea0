"""Forgetting from a few observed entries of the matrix (moment x fact), after the fact: the baseline of Jin and Ren.

"What will my model forget" and its successor (arXiv 2402.01865, 2406.14026) fill a matrix of how each example is forgotten after
each task from a few observed entries, as an additive form or a form of low rank. Here the entries are probabilities of answers,
  p[m, f] = mean + a_m + b_f + u_m v_f,
fitted by alternating ridge regressions. With an infinite ridge it is the mean of what was observed. A forecast before any write
sees no entry at all.
"""

import numpy as np

SWEEPS = 30


def completed(values: np.ndarray, observed: np.ndarray, rank: int, ridge: float) -> np.ndarray:
    """The matrix [M, F] filled from its `observed` entries (bool [M, F]).

    rank: 0 for the additive form, 1 with one product. ridge: entries at the mean that every row and column starts with. Other
    entries of `values` are not read, and may be NaN. Raises ValueError if nothing is observed.
    """
    if not observed.any():
        raise ValueError("no entry is observed")
    seen = observed.astype(float)
    known = np.where(observed, values, 0.0)
    mean = known.sum() / seen.sum()
    if ridge == np.inf:
        return np.full(values.shape, mean)
    rows, columns, product = np.zeros(values.shape[0]), np.zeros(values.shape[1]), np.zeros(values.shape)

    def left() -> np.ndarray:
        return known - seen * (mean + rows[:, None] + columns + product)

    u = np.zeros(values.shape[0])
    for sweep in range((1 + rank) * SWEEPS):
        rows = rows + (left().sum(1) - ridge * rows) / (seen.sum(1) + ridge)
        columns = columns + (left().sum(0) - ridge * columns) / (seen.sum(0) + ridge)
        if sweep < SWEEPS:
            continue
        if not u.any():
            u = np.linalg.svd(left())[0][:, 0]  # equal numbers would be a saddle: the columns of what is left sum to 0
        rest = left() + seen * product
        v = (rest * u[:, None]).sum(0) / ((seen * u[:, None] ** 2).sum(0) + ridge)
        u = (rest * v).sum(1) / ((seen * v**2).sum(1) + ridge)
        product = np.outer(u, v)
    return mean + rows[:, None] + columns + product
