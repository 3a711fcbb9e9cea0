"""Every chapter is written into the weights, as one task of a writing method. The context has the frame, or another system's.

A chapter is a task of passages: SENTENCES sentences are the answer to the one before them. So the model is taught to tell the
story, and not the answers to questions: no probe is read. The learning rate is, if none is given, the smallest power of 2 with
which the write of the first chapter takes away GONE of its loss.
"""

from typing import Any

import torch
from torch import Tensor

from realmodels.arena.story import Chapter, Story
from realmodels.arena.study import Item
from realmodels.arena.systems.lived import Lived, joined, sentences_of
from realmodels.model.loaded import Loaded
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.text.protected import protected
from realmodels.writing.case import powers, sufficient_rate
from realmodels.writing.contenders import Contender
from realmodels.writing.learning_rate import LEARNED
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Background, Diverged
from realmodels.writing.outputs import Answers, Asked, Facts, asked, encode_asked
from realmodels.writing.stream import write_task
from theory.errors import UserError

SENTENCES = 2  # of an answer
STEPS = 20  # gradient steps per chapter
GONE = 0.5
"""Share of the first chapter's loss that a sufficient learning rate takes away. More would teach it by heart, at a price in
language that readers see at once."""


class Written(Lived):
    """contender: a writing method with its options. learning_rate: None for the smallest that suffices. steps: of each chapter.
    context: what stands in the context beside the frame (window, retrieval); None for nothing.
    """

    def __init__(
        self,
        loaded: Loaded,
        story: Story,
        contender: Contender,
        learning_rate: float | None = None,
        steps: int = STEPS,
        context: Lived | None = None,
    ):
        super().__init__(loaded, story)
        self.contender, self.steps, self.context = contender, steps, context
        self.model = loaded.copy()
        self.earlier: list[Facts] = []
        frame = self.taught(Chapter("", story.frame, story.frame), 0)
        background = Background(frame, protected(loaded, None).beside)
        self.writer = bind(contender.method, self.model, background, **contender.options)
        self.learning_rate = learning_rate

    @property
    def made(self) -> dict[str, Any]:
        """The method, its options, rate and steps, and what stands in the context."""
        own = {"method": self.contender.method, "options": dict(self.contender.options)}
        beside = None if self.context is None else self.context.made
        return {"kind": "written", **own, "learning_rate": self.learning_rate, "steps": self.steps, "context": beside}

    def live(self, chapter: Chapter) -> None:
        """Write the chapter. Raises UserError if the write diverges."""
        self.hear(chapter)
        task = self.earlier.pop()
        with remembering(self.model, first_block(self.model, self.writer.parameters.values())):
            if self.learning_rate is None:
                self.learning_rate = self._rate(task)
            try:
                write_task(self.writer, task, self.learning_rate, self.steps, self.earlier)
            except Diverged as error:
                raise UserError(f"chapter {len(self.read)}, written by {self.contender.label}: {error}") from None
        self.earlier.append(task)

    def hear(self, chapter: Chapter) -> None:
        """Note a chapter, and what was taught of it."""
        super().hear(chapter)
        if self.context is not None:
            self.context.hear(chapter)
        self.earlier.append(self.taught(chapter, len(self.read)))

    def remembered(self, item: Item, tokens: int) -> str:
        """What the context's system has: all else is in the weights."""
        return "" if self.context is None else self.context.remembered(item, tokens)

    def weights(self) -> dict[str, Tensor]:
        """All that writes have changed: parameters, the method's state, and the learning rate."""
        found = {f"parameter/{name}": p.detach() for name, p in self.writer.parameters.items()}
        found |= {f"state/{name}": value for name, value in self.writer.state().items()}
        return found | {"learning_rate": torch.tensor(self.learning_rate, dtype=torch.float64)}

    def restore(self, weights: dict[str, Tensor]) -> None:
        """Take up what `weights` gave."""
        with torch.no_grad():
            for name, parameter in self.writer.parameters.items():
                parameter.copy_(weights[f"parameter/{name}"])
        self.writer.restore({name[6:]: value for name, value in weights.items() if name.startswith("state/")})
        self.learning_rate = float(weights["learning_rate"])

    def _rate(self, task: Facts) -> float:
        """The smallest sufficient learning rate (see above); the model and the method are put back after every trial."""
        self.learning_rate = 1.0
        before = {name: value.clone() for name, value in self.weights().items()}
        loss = float(asked(self.model, task).loss.sum())

        def gone(rate: float) -> float:
            """In units in which LEARNED is sufficient."""
            try:
                write_task(self.writer, task, rate, self.steps, ())
                return (1 - float(asked(self.model, task).loss.sum()) / loss) * LEARNED / GONE
            except Diverged:
                return float("nan")
            finally:
                self.restore(before)

        rates = powers(*self.writer.rates)
        rate, reached = sufficient_rate(gone, rates, float(rates[len(rates) // 2]))
        if not reached:
            raise UserError(
                f"chapter 1, written by {self.contender.label}: no learning rate from {rates[0]:g} to {rates[-1]:g} takes away "
                f"{GONE:.0%} of its loss in {self.steps} steps: give learning_rate=, more steps or another method"
            )
        return rate

    def taught(self, chapter: Chapter, number: int) -> Facts:
        """The passages of a chapter; a sentence that shares a token with the one before it is joined to it."""
        text = sentences_of(f"{chapter.text}\n{chapter.recap}")
        sentences = [chapter.title, *text] if chapter.title else text
        space = "" if self.story.language == "zh" else " "
        found, at = [], 0
        while at + 1 < len(sentences):
            end = min(at + 1 + SENTENCES, len(sentences))
            prompt, answer = sentences[at], space + joined(sentences[at + 1 : end], self.story.language)
            if self._apart(prompt, answer):
                found.append(Asked(prompt, answer, number))
                at = end - 1
            else:
                sentences[at : at + 2] = [prompt + space + sentences[at + 1]]
        if not found:
            raise UserError(f"chapter {number or 'frame'}: fewer than two sentences: nothing of it can be written")
        return encode_asked(found, self.loaded.words, Answers([]))

    def _apart(self, prompt: str, answer: str) -> bool:
        try:
            self.loaded.words.joined(prompt, answer)
        except UserError:
            return False
        return True
