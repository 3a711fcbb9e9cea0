"""How an edit is judged in the literature: efficacy, paraphrase, neighbourhood, their harmonic mean, and what must stay.

Definitions of ROME and MEMIT (Meng et al. 2022, 2023): the answer with the smaller mean -log p per token is preferred.
  efficacy       share of facts, with an answer that was true before, whose new answer is preferred to it after the prompt
  paraphrase     the same after the other wordings, mean over each fact's wordings
  neighbourhood  share of neighbouring prompts whose expected answer is preferred to the fact's new one
  score          harmonic mean of the three
A file that lacks the fields leaves the numbers undefined, with the reason.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from realmodels.text.encoder import Encoder
from realmodels.writing.outputs import Answers, Asked, asked, encode_asked

Pair = tuple[str, str]

DEFINITIONS = {
    "efficacy": "Share of facts whose new answer has a smaller mean -log p per token than the one that was true before.",
    "paraphrase": "The same after other wordings of the prompt, mean over the wordings of a fact.",
    "neighbourhood": "Share of neighbouring prompts whose expected answer has a smaller mean -log p per token than the new one.",
    "score": "Harmonic mean of efficacy, paraphrase and neighbourhood.",
}


def surprise(model: nn.Module, encoder: Encoder, pairs: Sequence[Pair]) -> np.ndarray:
    """Mean -log p per token, in nats, of each (prompt, answer): [P]."""
    facts = encode_asked([Asked(prompt, answer) for prompt, answer in pairs], encoder, Answers([]))
    return (asked(model, facts).loss / facts.row.bincount().double()).numpy()


def _preferred(model: nn.Module, encoder: Encoder, cases: Sequence[tuple[int, Pair, Pair]]) -> float:
    """Mean over facts of the share of their cases (fact, one, other) in which `one` surprises less than `other`."""
    both = surprise(model, encoder, [pair for _, one, other in cases for pair in (one, other)]).reshape(-1, 2)
    of_fact: dict[int, list[bool]] = {}
    for (fact, _, _), (one, other) in zip(cases, both, strict=True):
        of_fact.setdefault(fact, []).append(bool(one < other))
    return float(np.mean([np.mean(each) for each in of_fact.values()]))


def edited(
    model: nn.Module, encoder: Encoder, facts: Sequence[Any], worded: Callable[[str, str], Pair]
) -> tuple[dict[str, float | None], dict[str, str]]:
    """({efficacy, paraphrase, neighbourhood, score}, {name: why it is undefined}) of facts as `as_facts` gives them.

    worded(prompt, answer): both in the form in which the model is asked (plain, or a chat's turn).
    """
    kinds: dict[str, list[tuple[int, Pair, Pair]]] = {"efficacy": [], "paraphrase": [], "neighbourhood": []}
    for number, fact in enumerate(facts):
        truth = getattr(fact, "truth", None)
        if truth is not None and truth != fact.answer:
            kinds["efficacy"].append((number, worded(fact.prompt, fact.answer), worded(fact.prompt, truth)))
            for wording in fact.heldout_wordings:
                kinds["paraphrase"].append((number, worded(wording, fact.answer), worded(wording, truth)))
        for prompt, expected in getattr(fact, "neighbours", ()):
            if expected is not None and expected != fact.answer:
                kinds["neighbourhood"].append((number, worded(prompt, expected), worded(prompt, fact.answer)))
    lacks = {
        "efficacy": 'no fact has a "ground_truth", the answer that was true before',
        "paraphrase": 'no fact has both a "ground_truth" and another wording',
        "neighbourhood": 'no fact has a "locality" prompt with an expected answer',
    }
    found: dict[str, float | None] = {name: _preferred(model, encoder, cases) if cases else None for name, cases in kinds.items()}
    why = {name: lacks[name] for name, value in found.items() if value is None}
    parts = [value for value in found.values() if value is not None]
    if why:
        found["score"], why["score"] = None, f"it needs {' and '.join(why)}"
    else:
        found["score"] = 0.0 if min(parts) == 0 else float(len(parts) / sum(1 / value for value in parts))
    return found, why


def right(model: nn.Module, encoder: Encoder, pairs: Sequence[Pair]) -> np.ndarray:
    """Whether greedy decoding says each whole answer after its prompt: [P] of 0.0 or 1.0; [0] for no pairs."""
    if not pairs:
        return np.zeros(0)
    facts = encode_asked([Asked(prompt, answer) for prompt, answer in pairs], encoder, Answers([]))
    return asked(model, facts).exact.numpy()


def related(facts: Sequence[Any], worded: Callable[[str, str], Pair]) -> list[Pair]:
    """Questions whose answers must not change or follow from the facts: neighbours and related prompts with expected answers."""
    found = dict.fromkeys(
        worded(prompt, expected)
        for fact in facts
        for prompt, expected in (*getattr(fact, "neighbours", ()), *getattr(fact, "related", ()))
        if expected is not None
    )
    return list(found)
