"""The last tokens of the story stand in the context, as in a chat whose beginning was cut off."""

from typing import Any

from realmodels.arena.story import Story
from realmodels.arena.study import Item
from realmodels.arena.systems.lived import Lived
from realmodels.model.loaded import Loaded
from theory.errors import UserError

SIZE = 256  # tokens


class Window(Lived):
    """size: tokens of the story that are remembered; None for as many as the context holds (the ceiling, if that is all)."""

    def __init__(self, loaded: Loaded, story: Story, size: int | None = None):
        super().__init__(loaded, story)
        if size is not None and size < 1:
            raise UserError(f"window of {size} tokens: give 1 or more")
        self.size = size

    @property
    def made(self) -> dict[str, Any]:
        """The kind, and its size."""
        return {"kind": "window", "size": self.size}

    def remembered(self, item: Item, tokens: int) -> str:
        """The end of what was read."""
        text = "\n".join(chapter.text for chapter in self.read)
        return self.last(text, tokens if self.size is None else min(tokens, self.size))
