"""What all systems share: a model, chapters that arrive in order, and a prompt for every item."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from realmodels.arena.story import Chapter, Story
from realmodels.arena.study import Item
from realmodels.model.loaded import Loaded
from realmodels.model.reading import context
from realmodels.model.saying import said
from theory.errors import UserError

TOKENS = {"question": 24, "scene": 96}
"""Tokens of an answer, by kind of item; never more than half of what a model's context holds."""
ASK = {
    ("en", "question"): "{text}",
    ("en", "scene"): "{text} Write the next moments of the story in three sentences.",
    ("zh", "question"): "{text}",
    ("zh", "scene"): "{text}请用三句话写出故事接下来的一刻。",
}
SENTENCE = r".+?(?:[.!?…]+[\"'”’)]*(?=\s|$)|[。！？…]+[”’」』）]*|\n|$)"


class Lived(ABC):
    """A system. `live` is called with every chapter in order, `answer` with an item after the chapter that it is asked after."""

    def __init__(self, loaded: Loaded, story: Story):
        self.loaded, self.story = loaded, story
        self.model = loaded.model
        self.read: list[Chapter] = []

    @property
    @abstractmethod
    def made(self) -> dict[str, Any]:
        """What is needed to make the system again."""

    def live(self, chapter: Chapter) -> None:
        """Take in the next chapter."""
        self.hear(chapter)

    def hear(self, chapter: Chapter) -> None:
        """Note that a chapter was taken in, without writing it."""
        self.read.append(chapter)

    @abstractmethod
    def remembered(self, item: Item, tokens: int) -> str:
        """What of the story stands in the context when an item is asked: `tokens` of it at most."""

    def answer(self, item: Item) -> str:
        """What the model says to an item, greedily. Raises UserError if the question alone fills its context."""
        asked = ASK[self.story.language, item.kind].format(text=item.text)
        count = min(TOKENS[item.kind], context(self.model) // 2)
        whole = context(self.model) - count
        frame = self._first(self.story.frame, whole - len(self._worded("", "", asked, item.opening)))
        room = whole - len(self._worded(frame, "", asked, item.opening))
        if room < 0:
            raise UserError(f"item {item.id!r} does not fit the context of {self.loaded.path}: shorten it, or take another model")
        # what is remembered is counted in tokens without what stands around it, which takes a few
        words = self._worded(frame, self.remembered(item, max(0, room - 16)), asked, item.opening)
        (text,) = said(self.model, self.loaded.words, [words], count)
        return shown(item, text)

    def last(self, text: str, tokens: int) -> str:
        """The end of a text that has so many tokens at most, from the beginning of a sentence."""
        return joined(reversed(self._fitting(reversed(sentences_of(text)), tokens)), self.story.language)

    def _first(self, text: str, tokens: int) -> str:
        """The beginning of a text, likewise."""
        return joined(self._fitting(sentences_of(text), tokens), self.story.language)

    def _fitting(self, sentences: Iterable[str], tokens: int) -> list[str]:
        """The first sentences that have so many tokens together at most."""
        found: list[str] = []
        for sentence in sentences:
            tokens -= len(self.loaded.words.encode(sentence)) + 1
            if tokens < 0:
                break
            found.append(sentence)
        return found

    def _worded(self, frame: str, remembered: str, asked: str, opening: str) -> list[int]:
        """The prompt as tokens: frame, what is remembered, and what is asked, as a user's turn if the model has a chat form; then
        the opening, as the beginning of its answer."""
        words = self.loaded.words
        text = "\n\n".join(part for part in (frame, remembered, asked) if part)
        return words.prompt((words.chat(text) if words.chats is not None else f"{text}\n") + opening)


def shown(item: Item, text: str) -> str:
    """What readers see of the tokens that a model said: of a question the sentence that the opening begins, or the first line."""
    if item.kind == "scene":
        return " ".join(text.split())
    line = text.strip().split("\n")[0]
    if not item.opening:
        return " ".join(line.split())
    whole = f"{item.opening}{'' if text[:1] == line[:1] else ' '}{line}"
    return " ".join((sentences_of(whole) or [item.opening])[0].split())


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, English or Chinese, each with its mark and closing quotes."""
    return [part.strip() for part in re.findall(SENTENCE, text) if part.strip()]


def joined(sentences: Iterable[str], language: str) -> str:
    """Sentences as a text."""
    return ("" if language == "zh" else " ").join(sentences)
