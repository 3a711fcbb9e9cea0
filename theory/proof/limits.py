"""Where a law stops answering: parameters at which it overflows, divides by zero, has no finite value, or costs too much.

A law is exact, floating-point numbers are not: at N = 10^200 a square overflows. What happens then is the same for every
quantity: one line that names the law, the parameters and the reason. What a numerical solution costs is computed and compared
before it starts: it calls `fits` with the numbers that it holds at once, and `affordable` with the operations that it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from theory.errors import UserError

MOST_NUMBERS = 1e8
"""Numbers that one law may hold at once: 0.8 GB as 64-bit floats."""

MOST_OPERATIONS = 1e10
"""Operations that one law may take, counted as multiplications of numbers in arrays: about half a minute on one core."""

LOOP = 1000
"""Operations that one turn of a loop in Python counts for."""

REASONS: dict[type[Exception], str] = {
    ZeroDivisionError: "a denominator rounds to 0",
    OverflowError: "a number in it is too large for floating point",
    FloatingPointError: "a number in it leaves the range of floating point",
    MemoryError: "this computer has no room for the numbers that it needs",
    ValueError: "its numerical solution does not converge",
    RuntimeError: "its numerical solution does not converge",
}


class TooMuch(UserError):
    """A law would hold more numbers, or take more operations, than it may."""


def fits(numbers: float) -> None:
    """Raise `TooMuch` unless so many numbers at once are at most `MOST_NUMBERS`."""
    if not numbers <= MOST_NUMBERS:
        raise TooMuch(f"it would hold about {numbers:.1g} numbers at once, and {MOST_NUMBERS:.0e} is the most")


def affordable(operations: float) -> None:
    """Raise `TooMuch` unless so many operations are at most `MOST_OPERATIONS`."""
    if not operations <= MOST_OPERATIONS:
        raise TooMuch(f"it would take about {operations:.1g} operations, and {MOST_OPERATIONS:.0e} is the most")


def evaluated(function: Callable[..., Any], values: Mapping[str, Any], where: str) -> np.ndarray:
    """`function(**values)` as floats, all of them finite.

    Raises `UserError` where arithmetic fails, where the law costs too much, and where a result is not finite.
    """
    result = np.asarray(attempted(function, values, where))
    if np.iscomplexobj(result):
        raise _refused(where, values, "the result is not a real number")
    result = result.astype(float)
    if not np.all(np.isfinite(result)):
        raise _refused(where, values, f"the result is {result[~np.isfinite(result)].flat[0]:g}")
    return result


def attempted(function: Callable[..., Any], values: Mapping[str, Any], where: str) -> Any:
    """`function(**values)`; `UserError` that names the values where arithmetic fails or the function costs too much."""
    with np.errstate(all="ignore"):
        try:
            return function(**values)
        except TooMuch as error:
            raise _refused(where, values, str(error)) from None
        except UserError as error:
            if str(error).startswith(where):
                raise
            raise _refused(where, values, str(error)) from None  # a quantity asked on the way: the caller knows only this one
        except tuple(REASONS) as error:
            reason = next(text for kind, text in REASONS.items() if isinstance(error, kind))
            raise _refused(where, values, f"{reason} ({type(error).__name__})") from error


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
