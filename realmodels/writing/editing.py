"""How an edit is judged in the literature: efficacy, paraphrase, neighbourhood, their harmonic mean, and what must stay.

Definitions of ROME and MEMIT (Meng et al. 2022, 2023): the answer with the smaller mean -log p per token is preferred.
  efficacy       share of facts, with an answer that was true before, whose new answer is preferred to it after the prompt
  paraphrase     the same after the other wordings, mean over each fact's wordings
  neighbourhood  share of neighbouring prompts whose expected answer is preferred to the fact's new one
  score          harmonic mean of the three
A file that lacks the fields leaves the numbers undefined, with the reason.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from torch import nn

from realmodels.model.reading import context
from realmodels.text.encoder import Encoder
from realmodels.writing.outputs import Answers, Asked, Facts, asked, encode_asked

Pair = tuple[str, str]

DEFINITIONS = {
    "efficacy": "Share of facts whose new answer has a smaller mean -log p per token than the one that was true before.",
    "paraphrase": "The same after other wordings of the prompt, mean over the wordings of a fact.",
    "neighbourhood": "Share of neighbouring prompts whose expected answer has a smaller mean -log p per token than the new one.",
    "score": "Harmonic mean of efficacy, paraphrase and neighbourhood.",
}

LACKS = {
    "efficacy": 'no fact has a "ground_truth", the answer that was true before',
    "paraphrase": 'no fact has both a "ground_truth" and another wording',
    "neighbourhood": 'no fact has a "locality" prompt with an expected answer',
}


class Pairs:
    """Distinct (prompt, answer) pairs, scored together, each once. room: most tokens that the model takes at once."""

    def __init__(self, encoder: Encoder, room: int | None = None):
        self.encoder, self.room = encoder, room
        self.numbers: dict[Pair, int] = {}

    def add(self, pair: Pair) -> int:
        """The number of a pair."""
        return self.numbers.setdefault(pair, len(self.numbers))

    @cached_property
    def facts(self) -> Facts:
        """All of them as tensors. Raises UserError for an answer without a token of its own, or a text beyond the context."""
        return encode_asked([Asked(prompt, answer) for prompt, answer in self.numbers], self.encoder, Answers([]), self.room)

    def ask(self, model: nn.Module) -> tuple[np.ndarray, np.ndarray]:
        """(1.0 where greedy decoding says the whole answer, else 0.0; mean -log p per token, nats): [P] each."""
        if not self.numbers:
            return np.zeros(0), np.zeros(0)
        found = asked(model, self.facts)
        return found.exact.numpy(), (found.loss / self.facts.count).numpy()


class Edits:
    """The comparisons by which edits are judged, of facts as `as_facts` gives them; their pairs are added to `pairs`.

    worded(prompt, answer): both in the form in which the model is asked (plain, or a chat's turn).
    """

    def __init__(self, facts: Sequence[Any], worded: Callable[[str, str], Pair], pairs: Pairs):
        self.cases: dict[str, list[tuple[int, int, int]]] = {"efficacy": [], "paraphrase": [], "neighbourhood": []}

        def compare(kind: str, number: int, prompt: str, one: str, other: str) -> None:
            both = (pairs.add(worded(prompt, answer)) for answer in (one, other))
            self.cases[kind].append((number, *both))

        for number, fact in enumerate(facts):
            truth = getattr(fact, "truth", None)
            if truth is not None and truth != fact.answer:
                compare("efficacy", number, fact.prompt, fact.answer, truth)
                for wording in fact.heldout_wordings:
                    compare("paraphrase", number, wording, fact.answer, truth)
            for prompt, expected in getattr(fact, "neighbours", ()):
                if expected is not None and expected != fact.answer:
                    compare("neighbourhood", number, prompt, expected, fact.answer)

    def judged(self, surprise: np.ndarray) -> tuple[dict[str, float | None], dict[str, str]]:
        """({efficacy, paraphrase, neighbourhood, score}, {name: why it is undefined}) from -log p per token of all pairs [P]."""
        found = {name: _preferred(cases, surprise) for name, cases in self.cases.items()}
        why = {name: LACKS[name] for name, value in found.items() if value is None}
        parts = [value for value in found.values() if value is not None]
        if why:
            found["score"], why["score"] = None, f"it needs {' and '.join(why)}"
        else:
            found["score"] = 0.0 if min(parts) == 0 else float(len(parts) / sum(1 / value for value in parts))
        return found, why


def _preferred(cases: Sequence[tuple[int, int, int]], surprise: np.ndarray) -> float | None:
    """Mean over facts of the share of their cases (fact, one, other) in which `one` surprises less than `other`."""
    of_fact: dict[int, list[bool]] = {}
    for fact, one, other in cases:
        of_fact.setdefault(fact, []).append(bool(surprise[one] < surprise[other]))
    return float(np.mean([np.mean(each) for each in of_fact.values()])) if of_fact else None


def right(model: nn.Module, encoder: Encoder, pairs: Sequence[Pair]) -> np.ndarray:
    """Whether greedy decoding says each whole answer after its prompt: [P] of 0.0 or 1.0; [0] for no pairs."""
    table = Pairs(encoder, context(model))
    numbers = [table.add(pair) for pair in pairs]
    return table.ask(model)[0][numbers] if pairs else np.zeros(0)


def related(facts: Sequence[Any], worded: Callable[[str, str], Pair]) -> list[Pair]:
    """Questions whose answers must not change or follow from the facts: neighbours and related prompts with expected answers."""
    found = dict.fromkeys(
        worded(prompt, expected)
        for fact in facts
        for prompt, expected in (*getattr(fact, "neighbours", ()), *getattr(fact, "related", ()))
        if expected is not None
    )
    return list(found)
