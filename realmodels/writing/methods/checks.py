"""What an option of a method may be: one line to the user if it is not."""

import math

from theory.errors import UserError


def positive(name: str, value: float) -> None:
    """Raise UserError if the option is no finite number above 0."""
    if not 0 < value < math.inf:
        raise UserError(f"{name} {value}: give a finite number above 0")


def not_negative(name: str, value: float) -> None:
    """Raise UserError if the option is no finite number from 0 on."""
    if not 0 <= value < math.inf:
        raise UserError(f"{name} {value}: give a finite number from 0 on")


def whole(name: str, value: int, least: int = 1, most: int | None = None) -> None:
    """Raise UserError if the option is no whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        raise UserError(
            f"{name} {value}: give a whole number {f'from {least} on' if most is None else f'from {least} to {most}'}"
        )
