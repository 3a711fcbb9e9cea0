"""Ask a model something: what it says, and how likely it finds each of some answers; before and after a delta."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from realmodels.model.loaded import Loaded, as_loaded, load
from realmodels.model.reading import context
from realmodels.model.saying import said
from realmodels.text.spacing import continuation
from realmodels.training.loop import one_thread
from realmodels.writing.applied import apply
from realmodels.writing.outputs import Answers, Asked, asked, encode_asked
from realmodels.writing.question import FORMS, Model
from simulate.runs.answer import Answer, field
from theory.errors import UserError

TOKENS = 24


@dataclass(frozen=True)
class Said(Answer):
    """What a model says after a prompt, and what it finds likely."""

    curves: ClassVar[tuple[str, ...]] = ("probability",)

    prompt: str = field("", "What was asked.")
    says: str = field("", "The likeliest continuation, token after token.")
    says_after: str | None = field("", "The same with the delta.")
    answer: Sequence[str] = field("", "Candidate answers.", column=True)
    probability: Sequence[float] = field("probability", "Of the whole answer, each token given those before.", column=True)
    probability_after: Sequence[float] = field("probability", "The same with the delta.", column=True)

    def show(self) -> str:
        """The text of the command line."""
        lines = [f"{self.prompt}{self.says}"]
        if self.says_after is not None:
            lines = [f"before  {lines[0]}", f"after   {self.prompt}{self.says_after}"]
        if self.answer:
            frame = self.to_frame().dropna(axis=1, how="all")
            lines += ["", frame.to_string(index=False, float_format=lambda number: f"{number:.3g}")]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """A row per candidate answer."""
        nothing = [float("nan")] * len(self.answer)
        after = self.probability_after or nothing
        return pd.DataFrame({"answer": self.answer, "probability": self.probability, "probability_after": after})


def ask(
    model: Model,
    prompt: str,
    candidates: Sequence[str] = (),
    delta: str | Path | None = None,
    template: str = "plain",
    tokens: int = TOKENS,
) -> Said:
    """What `model` says after `prompt`, and the probability of each candidate answer; with `delta` also after it was put on.

    A candidate follows the prompt as an answer in a facts file would: a space is put before it where its script has one.
    Raises UserError for a model, a delta, a template or a prompt that cannot be used.
    """
    if template not in FORMS:
        raise UserError(f"template {template!r}: choose {' or '.join(FORMS)}")
    if not prompt.strip():
        raise UserError("the prompt is empty: give a text")
    if not 1 <= tokens <= 4096:
        raise UserError(f"tokens {tokens}: give a number from 1 to 4096")
    with one_thread():
        loaded = as_loaded(model)
        says, chances = _asked(loaded, prompt, candidates, template, tokens)
        if delta is None:
            return Said(prompt, says, None, list(candidates), chances, [])
        with tempfile.TemporaryDirectory() as folder:
            apply(loaded.path, delta, Path(folder) / "after")
            after, changed = _asked(load(Path(folder) / "after"), prompt, candidates, template, tokens)
        return Said(prompt, says, after, list(candidates), chances, changed)


def _asked(loaded: Loaded, prompt: str, candidates: Sequence[str], template: str, tokens: int) -> tuple[str, list[float]]:
    """(what the model says, probability of each candidate)."""
    words, worded = loaded.words, prompt.rstrip()
    pairs = [continuation(worded, answer, None) for answer in candidates]
    if template == "chat":
        chat = words.chat(worded)
        pairs = [(chat, answer.strip()) for answer in candidates]
        worded = chat
    ids = words.prompt(worded)
    if len(ids) >= context(loaded.model):
        raise UserError(f"the prompt takes {len(ids)} tokens and the model {context(loaded.model)}: shorten it")
    (text,) = said(loaded.model, words, [ids], min(tokens, context(loaded.model) - len(ids)))
    if not pairs:
        return text, []
    facts = encode_asked([Asked(*pair) for pair in pairs], words, Answers([]))
    return text, asked(loaded.model, facts).probability.tolist()
