"""Tasks that a memory holds whose facts fade by the same factor at every later write."""

import numpy as np

from theory.proof.inversion import largest_tasks


def tasks_held(factor: float, D: float, required: float, whole: float = 0.0) -> float:
    """Largest T (real, at least 1) at which the oldest of T tasks of D facts has that mean depth; 0 if none has.

    A fact of age m (later facts) has depth factor^max(0, m - whole): the newest `whole` + 1 facts have not faded.
    """

    def excess(T: float) -> float:
        ages = (T - 1) * D + np.arange(D)
        return float(np.mean(factor ** np.maximum(0.0, ages - whole))) - required

    return largest_tasks(excess)
