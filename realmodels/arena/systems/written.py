"""Every chapter is written into the weights, as one task of a writing method; the context has the frame alone.

A chapter is a task of passages: each sentence is the answer to the sentences before it. So the model is taught to tell the story,
and not the answers to the questions: no probe is read.
"""

from typing import Any

from realmodels.arena.story import Chapter, Story
from realmodels.arena.study import Item
from realmodels.arena.systems.lived import Lived, joined, sentences_of
from realmodels.model.loaded import Loaded
from realmodels.text.protected import protected
from realmodels.writing.contenders import Contender
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Background, Diverged
from realmodels.writing.outputs import Answers, Asked, Facts, encode_asked
from realmodels.writing.stream import write_task
from theory.errors import UserError

BEFORE = 2  # sentences before the one that is taught
STEPS = 20


class Written(Lived):
    """contender: a writing method with its options. learning_rate, steps: of each chapter."""

    def __init__(self, loaded: Loaded, story: Story, contender: Contender, learning_rate: float, steps: int = STEPS):
        super().__init__(loaded, story)
        self.contender, self.learning_rate, self.steps = contender, learning_rate, steps
        self.model = loaded.copy()
        self.earlier: list[Facts] = []
        frame = self._task(Chapter("", f"{story.frame} {story.frame}", ""), 0)
        background = Background(frame, protected(loaded, None).beside)
        self.writer = bind(contender.method, self.model, background, **contender.options)

    @property
    def made(self) -> dict[str, Any]:
        """The method, its options, rate and steps."""
        own = {"method": self.contender.method, "options": dict(self.contender.options)}
        return {"kind": "written", **own, "learning_rate": self.learning_rate, "steps": self.steps, "before": BEFORE}

    def live(self, chapter: Chapter) -> None:
        """Write the chapter. Raises UserError if the write diverges."""
        super().live(chapter)
        task = self._task(chapter, len(self.read))
        try:
            write_task(self.writer, task, self.learning_rate, self.steps, self.earlier)
        except Diverged as error:
            raise UserError(f"chapter {len(self.read)}, written by {self.contender.label}: {error}") from None
        self.earlier.append(task)

    def remembered(self, item: Item, tokens: int) -> str:
        """Nothing: it is in the weights."""
        return ""

    def _task(self, chapter: Chapter, number: int) -> Facts:
        """The sentences of a chapter, each after those before it."""
        sentences = [chapter.title, *sentences_of(chapter.text)] if chapter.title else sentences_of(chapter.text)
        space = "" if self.story.language == "zh" else " "
        asked = [
            Asked(joined(sentences[max(0, n - BEFORE) : n], self.story.language), f"{space}{sentences[n]}", number)
            for n in range(1, len(sentences))
        ]
        return encode_asked(asked, self.loaded.words, Answers([]))
