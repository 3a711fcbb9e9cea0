"""What all answers about a model and facts have in common: inputs, settings, hashes, notes, a conclusion and warnings.

Retained bits of a fact (`realmodels.writing.outputs`): over the tokens of its answer, log2 of the number of tokens by which the
answers of the file go on there, minus the cross-entropy of the model's choice among them in bits; at least 0. An answer that is
certain has all of them; one that is known no better than by guessing has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from simulate.runs.answer import Answer, field, plain, short

ROWS = 12  # of a curve, shown whole by the command line; of a longer one ages 0, 1, 2, 4, 8 ... and the last
PER_FACT = "bits per fact"


def _narrow(value: Any) -> bool:
    """Whether a value fits into the column of numbers."""
    return not isinstance(value, Mapping) and len(short(value)) <= 24


@dataclass(frozen=True)
class ModelAnswer(Answer):
    """What every answer says about the facts, the method and the inputs."""

    method: str = field("", "Writing method, as `cwb write --help` lists them.")
    facts: int = field("facts", "Number of facts.")
    tasks: int = field("tasks", "Groups of facts that are written one after another.")
    candidates: int = field("answers", "Distinct answers of the file.")
    answer_tokens: int = field("tokens", "Tokens of all answers, each of them taught and asked.")
    full_bits: float = field(PER_FACT, "Retained bits of an answer that is certain, mean over facts.")
    chance_recall: float = field("share of facts", "Recall by guessing evenly among the answers, token by token.")
    chance_bits: float = field(PER_FACT, "Retained bits by guessing.")
    settings: Mapping[str, Any] = field("", "What was set: steps, learning rate and how it was chosen, background, options.")
    hashes: Mapping[str, str | None] = field("", "SHA-256 of the inputs; the model's is that of its weights and configuration.")
    notes: Sequence[str] = field("", "What was noticed in the facts file.")

    quiet: ClassVar[tuple[str, ...]] = ("notes",)
    """Fields that the command line does not list, for they are long or told otherwise; JSON has them."""

    @property
    def warnings(self) -> list[str]:
        """Sentences that say why a number is not worth what it seems; empty if there is nothing to warn of."""
        return []

    @property
    def conclusion(self) -> str:
        """The answer in one or two sentences."""
        return ""

    def to_dict(self) -> dict[str, Any]:
        """As every answer, with `conclusion` and `warnings`."""
        return {**super().to_dict(), "conclusion": self.conclusion, "warnings": self.warnings}

    def show(self) -> str:
        """The text of the command line: numbers with unit and meaning, the curve at some ages, the conclusion, warnings."""
        units, meanings, columns = self.units(), self.meanings(), self._fields(column=True)
        single = {name: value for name, value in self.values().items() if name not in columns and name not in self.quiet}
        numbers = {name: f"{short(value)} {units.get(name, '')}".rstrip() for name, value in single.items() if _narrow(value)}
        widths = [max(map(len, column)) for column in (numbers, numbers.values())]
        lines = [f"{name:<{widths[0]}}  {text:<{widths[1]}}  {meanings[name]}" for name, text in numbers.items()]
        for name, value in single.items():
            if name not in numbers:
                lines += ["", f"{name}: {meanings[name]}"]
                entries = value.items() if isinstance(value, Mapping) else [("", value)]
                lines += [f"  {key} {short(entry)}".replace("_", " ") if key else f"  {short(entry)}" for key, entry in entries]
        if columns:
            frame = self.to_frame()
            rows = [i for i in range(len(frame)) if len(frame) <= ROWS or i & (i - 1) == 0 or i == len(frame) - 1]
            lines += ["", frame.iloc[rows].to_string(index=False, float_format=lambda number: f"{number:.4g}"), ""]
            lines += [f"{name} ({units[name]}): {meanings[name]}" for name in columns]
        lines += [
            "",
            self.conclusion,
            *(f"Note: {note}" for note in self.notes),
            *(f"Warning: {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        import html

        notes = "".join(f"<p><b>Warning:</b> {html.escape(warning)}</p>" for warning in self.warnings)
        return f"<p>{html.escape(self.conclusion)}</p>{notes}{super()._repr_html_()}"


@dataclass(frozen=True)
class Rated(ModelAnswer):
    """What answers share that write at a rate: the learning rate and its choice."""

    learning_rate: float = field(
        "per step", "Step size with which a task is written; of an editor, that of its search for values."
    )
    steps: int = field("steps per task", "Gradient steps, each on all facts of the task; of an editor, on its values.")
    at_grid_end: bool = field("", "Whether the learning rate is the largest or smallest one tried; then it may not suffice.")

    def to_dict(self) -> dict[str, Any]:
        """As `ModelAnswer`; `dial` is the older name of `learning_rate`."""
        return {**super().to_dict(), "dial": self.learning_rate}

    def rate_warnings(self) -> list[str]:
        """A word on a learning rate at the end of its range, or one that does not suffice; empty if all is well."""
        if self.at_grid_end:
            told = "is at the end of the range that was tried: one outside may serve better, or the facts are known already."
            return [f"The learning rate {self.learning_rate:g} {told}"]
        choice = str(self.settings.get("learning_rate_choice", ""))
        return [f"{choice[:1].upper()}{choice[1:]}: other options or another method may serve better."] * choice.startswith("no ")


def curve(ages: Sequence[int], bits: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[dict[str, Any]]:
    """Columns as a list of records with the keys age, bits, low and high, as JSON promises them; no number that is not finite."""
    return plain([dict(zip(("age", "bits", "low", "high"), row, strict=True)) for row in zip(ages, bits, low, high, strict=True)])


LOW = "5% of the tasks keep less than this; a spread over tasks, not an uncertainty."
HIGH = "5% of the tasks keep more than this; a spread over tasks, not an uncertainty."
