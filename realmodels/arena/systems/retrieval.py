"""The passages of the story that are most like the question stand in the context, in the order of the story.

Likeness is the cosine of TF-IDF vectors: of words in English, of characters and pairs of them in Chinese.
"""

from typing import Any

import numpy as np

from realmodels.arena.story import Story
from realmodels.arena.study import Item
from realmodels.arena.systems.lived import Lived, joined, sentences_of
from realmodels.model.loaded import Loaded
from theory.errors import UserError

PASSAGE = 3  # sentences
PASSAGES = 5


class Retrieval(Lived):
    """passages: how many are remembered."""

    def __init__(self, loaded: Loaded, story: Story, passages: int = PASSAGES):
        super().__init__(loaded, story)
        if passages < 1:
            raise UserError(f"retrieval of {passages} passages: give 1 or more")
        self.passages = passages

    @property
    def made(self) -> dict[str, Any]:
        """The kind, and how many passages."""
        return {"kind": "retrieval", "passages": self.passages, "sentences": PASSAGE}

    def remembered(self, item: Item, tokens: int) -> str:
        """The likest passages."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # half a second, which no other system needs

        language = self.story.language
        sentences = [sentence for chapter in self.read for sentence in sentences_of(chapter.text)]
        parts = [joined(sentences[n : n + PASSAGE], language) for n in range(0, len(sentences), PASSAGE)]
        unit: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 2)} if language == "zh" else {"stop_words": "english"}
        vectors = TfidfVectorizer(**unit).fit_transform([*parts, item.text])
        like = (vectors[:-1] @ vectors[-1].T).toarray()[:, 0]
        best = np.sort(np.argsort(-like, kind="stable")[: self.passages])
        return self.last("\n".join(parts[n] for n in best), tokens)
