"""Ceilings fall with the number of tasks; here they are inverted: how many tasks leave room for a given one."""

from __future__ import annotations

from collections.abc import Callable

import scipy

LARGEST = 1e300
"""Tasks beyond which the search ends."""


def largest_tasks(room: Callable[[float], float]) -> float:
    """Largest real T >= 1 with room(T) >= 0, for a decreasing function that ends below 0; 0 if room(1) < 0.

    Raises `OverflowError` where that T is too large for floating point.
    """
    if room(1.0) < 0:
        return 0.0
    high = 2.0
    while room(high) >= 0:
        high *= 2
        if high > LARGEST:
            raise OverflowError(f"more than {LARGEST:g} tasks")
    return float(scipy.optimize.brentq(room, 1.0, high))  # pyright: ignore[reportArgumentType]
