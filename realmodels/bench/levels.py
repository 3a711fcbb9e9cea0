"""The three levels of difficulty: how long the streams are. They are fixed, so that entries can be compared."""

from dataclasses import dataclass

from theory.errors import UserError

DEVELOPMENT = 0
"""Seed of the stream on which learning rates are chosen. No entry reports it."""

FACTS = 31
"""Tasks of real facts at every level: there are no more."""


@dataclass(frozen=True)
class Level:
    """tasks, per_task: of a stream. seeds: of the streams that are reported. width: of a new model, whose joint capacity is less
    than there is to learn. takes: how long it takes with a new model on two cores."""

    name: str
    tasks: int
    per_task: int
    seeds: tuple[int, ...]
    width: int
    takes: str

    def length(self, kind: str) -> int:
        """Tasks of a stream of this kind."""
        return min(self.tasks, FACTS) if kind == "facts" else self.tasks


LEVELS = {
    "small": Level("small", 32, 32, (1, 2, 3, 4, 5), 16, "3 minutes"),
    "medium": Level("medium", 128, 32, (1, 2, 3), 32, "20 minutes"),
    "large": Level("large", 512, 64, (1, 2, 3), 80, "a night"),
}


def level(name: str) -> Level:
    """The level of this name. Raises UserError if there is none."""
    if name not in LEVELS:
        raise UserError(f"unknown level {name!r}: choose one of {', '.join(LEVELS)}")
    return LEVELS[name]
