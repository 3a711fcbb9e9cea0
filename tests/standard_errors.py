"""The one way in which tests compare a mean over random draws with a law."""

import numpy as np


def within_standard_errors(samples, law, independent: int | None = None, count: float = 5.0, rounding: float = 1e-9) -> bool:
    """Whether the mean of samples lies within `count` standard errors of the law, everywhere.

    samples [draws, ...]: the mean is over the first axis. independent: where samples are not independent of each other, how many
    independent values they hold; the mean is then over all of them. rounding: what may be added to the standard errors.
    """
    samples = np.asarray(samples)
    axis = 0 if independent is None else None
    error = np.std(samples, axis=axis) / np.sqrt(len(samples) if independent is None else independent)
    return bool(np.all(np.abs(np.mean(samples, axis=axis) - law) <= count * error + rounding))
