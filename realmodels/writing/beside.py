"""What a model is asked beside the facts in their own words: other wordings, neighbours, known facts, edits as in print."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import nn

from realmodels.writing import editing
from realmodels.writing.outputs import asked
from realmodels.writing.question import Question


@dataclass(frozen=True)
class Answered:
    """exact, recall: of other wordings, mean over facts of the mean over a fact's wordings; None without any.

    right: {"related", "known": 1.0 for each question that greedy decoding answers right, else 0.0}. edits: {efficacy, paraphrase,
    neighbourhood, score}. undefined: {name: why it is None}.
    """

    exact: float | None
    recall: float | None
    right: dict[str, np.ndarray]
    edits: dict[str, float | None]
    undefined: dict[str, str]

    def share(self, name: str) -> float | None:
        """Share of the questions of this kind that are answered right; None if there are none."""
        return float(self.right[name].mean()) if len(self.right[name]) else None

    def kept(self, before: "Answered", name: str) -> float | None:
        """Share of what was right before that is right now; None if nothing was."""
        known = before.right[name] == 1
        return float(self.right[name][known].mean()) if known.any() else None


class Beside:
    """The questions, read and encoded once. Raises UserError at once for any that the model cannot be asked."""

    def __init__(self, question: Question):
        self.others, self.of_fact = question.other_wordings()
        self.pairs = editing.Pairs(question.encoder, question.room)
        self.edits = editing.Edits(question.plain, question.worded, self.pairs)
        asked_of = {
            "related": editing.related(question.plain, question.worded),
            "known": [question.worded(fact.prompt, fact.answer) for fact in question.known],
        }
        self.numbers = {name: [self.pairs.add(pair) for pair in pairs] for name, pairs in asked_of.items()}
        if self.pairs.numbers:
            _ = self.pairs.facts
        self.phrasing = 'not measured: no fact has a "rephrase_prompts"'
        if self.others is not None:
            facts = f"{len(set(self.of_fact))} of {len(question.plain)} facts"
            self.phrasing = f"{len(self.of_fact)} held-out wordings of {facts}"

    def ask(self, model: nn.Module | None) -> Answered:
        """What the model answers. One that diverged (None) answers nothing right."""
        if model is None:
            none = None if self.others is None else 0.0
            nothing = {name: np.zeros(len(numbers)) for name, numbers in self.numbers.items()}
            edits = dict.fromkeys(("efficacy", "paraphrase", "neighbourhood", "score"), None)
            return Answered(none, none, nothing, edits, dict.fromkeys(edits, "the writing diverged"))
        exact, surprise = self.pairs.ask(model)
        edits, undefined = self.edits.judged(surprise)
        right = {name: exact[numbers] for name, numbers in self.numbers.items()}
        return Answered(*self._wordings(model), right, edits, undefined)

    def _wordings(self, model: nn.Module) -> tuple[float | None, float | None]:
        if self.others is None:
            return None, None
        found = asked(model, self.others)
        frame = pd.DataFrame({"fact": self.of_fact, "exact": found.exact.numpy(), "recall": found.recall.numpy()})
        means = frame.groupby("fact").mean().mean()
        return float(means["exact"]), float(means["recall"])
