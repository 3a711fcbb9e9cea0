"""The model as it is: it has read the frame and nothing of the story. What it gets right is chance, the floor of a study."""

from typing import Any

from realmodels.arena.study import Item
from realmodels.arena.systems.lived import Lived


class Frozen(Lived):
    """Nothing is remembered."""

    @property
    def made(self) -> dict[str, Any]:
        """The kind."""
        return {"kind": "frozen"}

    def remembered(self, item: Item, tokens: int) -> str:
        """Nothing."""
        return ""
