"""What `write` answers: what a stream of writes left in a copy of the model, and what it did to the rest of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from realmodels.writing.answers.base import HIGH, LOW, PER_FACT, Rated, curve
from simulate.runs.answer import field

RISE = 0.1  # bits per byte: a rise of the protected text beyond this is a warning
KNOWN = 0.9  # share of the facts that are said right before any write, from which on there is little to learn
SHARE = "share of facts"


@dataclass(frozen=True)
class Written(Rated):
    """What a stream of writes left in a copy of the model."""

    x: ClassVar[str] = "age"
    curves: ClassVar[tuple[str, ...]] = ("bits",)
    band: ClassVar[tuple[str, str]] = ("low", "high")
    quiet: ClassVar[tuple[str, ...]] = ("notes", "matrix", "definitions", "undefined", "per_fact", "continual", "parameters")

    exact_before: float = field(SHARE, "Facts that the model said right before the first write.")
    exact_learned: float = field(SHARE, "Facts said right just after their own task was written (age 0).")
    exact_kept: float = field(SHARE, "Facts said right after the last task: the whole answer, by greedy decoding.")
    exact_rephrased: float | None = field(SHARE, "The same at the end, asked in words that were never written.")
    probability: float = field("probability", "Of the whole answer after the last task, mean over facts.")
    bits_before: float = field(PER_FACT, "Retained bits before the first write.")
    learned: float = field(PER_FACT, "Retained bits of a fact just after its own task was written.")
    kept: float = field(PER_FACT, "Retained bits of all facts after the last task.")
    recall: float = field(SHARE, "Facts whose answer beats those of the other facts, token by token, after the last task.")
    recall_heldout_phrasing: float | None = field(SHARE, "The same, asked in words that were never written.")
    heldout_phrasing: str = field("", "What was asked in other words, or why nothing was.")
    efficacy: float | None = field(SHARE, "Facts whose new answer is likelier per token than the one that was true before.")
    paraphrase: float | None = field(SHARE, "The same after other wordings.")
    neighbourhood: float | None = field("share of prompts", "Neighbouring prompts whose own answer is likelier than the new one.")
    score: float | None = field("share", "Harmonic mean of efficacy, paraphrase and neighbourhood.")
    neighbours_before: float | None = field(
        "share of prompts", "Neighbouring and related prompts answered right before any write."
    )
    neighbours_kept: float | None = field("share of prompts", "Of those that were right before, the share that is right after.")
    known_before: float | None = field(SHARE, "Facts of --known that the model said right before any write.")
    known_kept: float | None = field(SHARE, "Of those that were right before, the share that is right after.")
    heldout_before: float = field("bits per byte", "Cross-entropy of the protected text before any write.")
    heldout_rise: float | None = field("bits per byte", "How much worse the protected text is predicted after the last task.")
    function_change: float | None = field(
        "share", "F_Delta: root of tr(dW C dW') / tr(C), C the second moment of the inputs on protected text."
    )
    weight_change: float | None = field("share", "Norm of the change of the written parameters over their norm.")
    diverged: bool = field("", "Whether a write made numbers that are not finite; then nothing is kept.")
    divergence: str | None = field("", "Where it diverged and what was not finite.")
    ruined: str | None = field("", "Why the stream was stopped: the protected text became worse by more than was allowed.")
    state_numbers: int = field("numbers", "State that the method keeps beside the model.")
    state_bits: int = field("bits", "Bits of that state.")
    written_parameters: int = field("parameters", "Parameters that the method may change.")
    saved: str | None = field("", "The delta, if one was saved (`cwb apply` puts it on, `cwb revert` takes it off).")
    survives: float | None = field("share", "Of the update, what survives rounding to the type of the model's file.")
    parameters: Mapping[str, Mapping[str, float]] = field("", "By written matrix: |dW| / |W| and F_Delta.")
    continual: Mapping[str, Mapping[str, float | None]] = field("", "acc, learned, bwt, fwt, forgetting of each score.")
    matrix: Mapping[str, Sequence[Sequence[float | None]]] = field("", "R[i][j]: score of task j after i tasks, by score.")
    undefined: Mapping[str, str] = field("", "Numbers that are null, with the reason.")
    definitions: Mapping[str, str] = field("", "What the scores are.")
    per_fact: pd.DataFrame = field("", "A row per fact: before, just after its write, at the end, and what the model says.")
    age: Sequence[int] = field("tasks written since", "Age of a task.", column=True)
    bits: Sequence[float] = field(PER_FACT, "Retained bits of tasks of this age, mean over tasks.", column=True)
    low: Sequence[float] = field(PER_FACT, LOW, column=True)
    high: Sequence[float] = field(PER_FACT, HIGH, column=True)

    @property
    def warnings(self) -> list[str]:
        """What makes the result worthless: divergence, nothing learned, language lost, a rate at the end of the range."""
        unsaved = "" if self.saved else " Nothing was saved."
        if self.diverged:
            return [f"The writing diverged. {self.divergence}.{unsaved}"]
        found = [f"The stream was stopped. {self.ruined}.{unsaved}"] if self.ruined else []
        found += self.rate_warnings()
        found += self._learning_warnings()
        if self.heldout_rise is not None and not self.heldout_rise <= RISE:
            found.append(
                f"The model lost language: protected text costs {self.heldout_rise:.3g} bits per byte more than before; up to "
                f"{RISE} is tolerated. Lower the learning rate or choose another method."
            )
        if self.survives is not None and self.survives < 0.9:
            found.append(f"Only {self.survives:.0%} of the update survive in the type of the model's file: write larger changes.")
        return found

    def _learning_warnings(self) -> list[str]:
        """A word on facts that were known before, or were not learned."""
        gained = self.learned > self.bits_before + 0.1 * self.full_bits or self.exact_learned > self.exact_before
        just = f"{self.exact_learned:.0%} of the facts are said right, with {self.learned:.2f} of {self.full_bits:.2f} bits"
        if self.exact_before >= KNOWN:
            return [f"The model said {self.exact_before:.0%} of these facts right before any write: there is little to learn."]
        if not gained:
            return [
                f"Nothing was learned: {just}, just after their write; before the stream {self.exact_before:.0%} were said "
                f"right, with {self.bits_before:.2f} bits. Raise the learning rate or choose another method."
            ]
        few, unsure = self.exact_learned < 0.5, self.learned < 0.5 * self.full_bits
        if few and unsure:
            return [f"Little was learned: {just}, just after their write."]
        if few:
            return [f"Few facts were learned word for word: {just}, just after their write."]
        if unsure:
            return [f"The facts were learned with little certainty: {just}, just after their write."]
        return []

    @property
    def conclusion(self) -> str:
        """What is said right and kept at the end."""
        return (
            f"After the last task {self.exact_kept:.0%} of {self.facts} facts are said right, word for word "
            f"(before: {self.exact_before:.0%}; just after their own write: {self.exact_learned:.0%}). "
            f"{self.recall:.0%} are recalled among the answers of the file (guessing: {self.chance_recall:.0%}), "
            f"and {self.kept:.2f} of {self.full_bits:.2f} bits per fact are kept."
        )

    def to_dict(self) -> dict[str, Any]:
        """As `ModelAnswer`; `retained` is the curve as a list of {age, bits, low, high}."""
        return {**super().to_dict(), "retained": curve(self.age, self.bits, self.low, self.high)}
