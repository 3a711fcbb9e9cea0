"""Where a law stops answering: parameters at which it overflows, divides by zero, has no finite value, or costs too much.

A law is exact, floating-point numbers are not: at N = 10^200 a square overflows. What happens then is the same for every
quantity: one line that names the law, the parameters and the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from theory.errors import UserError

LARGEST_WORK = 1e8
"""Numbers that one answer may compute. As 64-bit floats they fill 0.8 GB; a law computes them within a minute or so."""

REASONS: dict[type[Exception], str] = {
    ZeroDivisionError: "a denominator rounds to 0",
    OverflowError: "a number in it is too large for floating point",
    FloatingPointError: "a number in it leaves the range of floating point",
    MemoryError: "this computer has no room for the numbers that it needs",
    ValueError: "its numerical solution does not converge",
}


def evaluated(
    function: Callable[..., Any], values: Mapping[str, Any], where: str, work: Callable[..., Any] | None = None
) -> np.ndarray:
    """`function(**values)` as floats, all of them finite; `work(**values)` estimates how many numbers it computes.

    Raises `UserError` where the work exceeds `LARGEST_WORK`, where arithmetic fails, and where a result is not finite.
    """
    with np.errstate(all="ignore"):
        needed = 0.0 if work is None else float(np.sum(work(**{name: np.asarray(value) for name, value in values.items()})))
        if not needed <= LARGEST_WORK:
            raise _refused(where, values, f"it would compute about {needed:.2g} numbers, {LARGEST_WORK:.0e} at most")
        try:
            result = np.asarray(function(**values))
        except tuple(REASONS) as error:
            reason = next(text for kind, text in REASONS.items() if isinstance(error, kind))
            raise _refused(where, values, f"{reason} ({type(error).__name__})") from error
    if np.iscomplexobj(result):
        raise _refused(where, values, "the result is not a real number")
    result = result.astype(float)
    if not np.all(np.isfinite(result)):
        raise _refused(where, values, f"the result is {result[~np.isfinite(result)].flat[0]:g}")
    return result


def short(value: Any) -> str:
    """The number or the array in few characters and one line."""
    flat = np.ravel(value)
    if np.ndim(value) == 0:
        return f"{flat[0]:g}"
    return f"[{', '.join(f'{item:g}' for item in flat[:3])}{', ...' if flat.size > 3 else ''}]"


def listed(values: Mapping[str, Any]) -> str:
    """The parameters as `name = value, ...` in one line."""
    return ", ".join(f"{name} = {short(value)}" for name, value in values.items())


def _refused(where: str, values: Mapping[str, Any], reason: str) -> UserError:
    given = f"at {listed(values)}" if values else "here"
    return UserError(f"{where} has no value {given}: {reason}; choose less extreme parameters")
