"""What an option of a method may be that is a word: one line to the user if it is another."""

from collections.abc import Sequence

from theory.errors import UserError

OPTIMIZERS = ("sgd", "adamw")


def one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise UserError if the option is none of the choices."""
    if value not in choices:
        raise UserError(f"{name} {value!r}: choose {', '.join(choices[:-1])} or {choices[-1]}")
