"""What all systems share: a model, chapters that arrive in order, and a prompt for every item."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from realmodels.arena.story import Chapter, Story
from realmodels.arena.study import Item
from realmodels.model.loaded import Loaded
from realmodels.model.reading import context
from realmodels.model.saying import said

TOKENS = {"question": 24, "scene": 96}
"""Tokens of an answer, by kind of item."""
ASK = {
    ("en", "question"): "Answer with a name or a few words.\nQuestion: {text}",
    ("en", "scene"): "{text} Write the next moments of the story in three sentences.",
    ("zh", "question"): "请用一个名字或几个词回答。\n问题：{text}",
    ("zh", "scene"): "{text}请用三句话写出故事接下来的一刻。",
}
SO_FAR = {"en": "The story so far:\n{text}\n\n", "zh": "到目前为止的故事：\n{text}\n\n"}


class Lived(ABC):
    """A system. `live` is called with every chapter in order, `answer` with the items that are due after it."""

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
        self.read.append(chapter)

    @abstractmethod
    def remembered(self, item: Item, tokens: int) -> str:
        """What of the story stands in the context when an item is asked: `tokens` of it at most."""

    def answer(self, items: Sequence[Item]) -> list[str]:
        """What the model says to each item, greedily."""
        return [self._said(item) for item in items]

    def _said(self, item: Item) -> str:
        asked, count = ASK[self.story.language, item.kind].format(text=item.text), TOKENS[item.kind]
        room = context(self.model) - count - len(self._worded("", asked))
        words = self._worded(self.remembered(item, room), asked)
        (text,) = said(self.model, self.loaded.words, [words], count)
        return " ".join(text.split())

    def _worded(self, remembered: str, asked: str) -> list[int]:
        """The prompt as tokens: frame, what is remembered, and what is asked, in the model's chat form if it has one."""
        words, so_far = self.loaded.words, SO_FAR[self.story.language].format(text=remembered) if remembered else ""
        text = f"{self.story.frame}\n\n{so_far}{asked}"
        return words.prompt(words.chat(text)) if words.chats is not None else words.prompt(f"{text}\n")

    def last(self, text: str, tokens: int) -> str:
        """The end of a text that has so many tokens at most, from the beginning of a sentence."""
        sentences, used, found = sentences_of(text), 0, []
        for sentence in reversed(sentences):
            used += len(self.loaded.words.encode(sentence)) + 1
            if used > tokens:
                break
            found.append(sentence)
        return joined(reversed(found), self.story.language)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, English or Chinese, each with its mark and closing quotes."""
    return [
        part.strip() for part in re.findall(r".+?(?:[.!?…]+[\"'”’)]*(?=\s|$)|[。！？…]+[”’」』）]*|\n|$)", text) if part.strip()
    ]


def joined(sentences: Any, language: str) -> str:
    """Sentences as a text."""
    return ("" if language == "zh" else " ").join(sentences)
