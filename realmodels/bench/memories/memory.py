"""What every memory of the benchmark can do: be written a task, and be asked items."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from realmodels.bench.item import Item


class Told(NamedTuple):
    """What a memory says to some items, a row for each, a column for each symbol of their answers.

    right [F, L]: whether the symbol that was answered is right. probability [F, L]: that of the right one, given the ones before;
    None if the memory does not say.
    """

    right: np.ndarray
    probability: np.ndarray | None


class Memory(Protocol):
    """What learns. Its sizes are None where they are not known."""

    @property
    def parameters(self) -> int | None:
        """Numbers of the memory, as many before a write as after."""
        ...

    @property
    def written(self) -> int | None:
        """How many of them the writes may change."""
        ...

    @property
    def state_bits(self) -> float | None:
        """All that it keeps now, in bits."""
        ...

    def write(self, task: Sequence[Item]) -> None:
        """Learn a task. Raises Diverged if the memory is lost."""
        ...

    def ask(self, items: Sequence[Item]) -> Told:
        """Say the answers of these items."""
        ...
