"""What measure, forecast and write answer: numbers with unit and meaning, settings, hashes of the inputs, and warnings.

Retained bits of a fact: log2 of the number of candidate answers, minus the cross-entropy of the model's choice among them in
bits, at least 0. An answer that is certain has all of them; one that is known no better than by guessing has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from simulate.runs.answer import Answer, field, short

ROWS = 12  # of a curve, shown whole by the command line; of a longer one ages 0, 1, 2, 4, 8 ... and the last
RISE = 0.1  # bits per byte: a rise of held-out loss beyond this is a warning
MISSED = 0.5  # bits per fact: a forecast that is further off on a trial write is a warning
PER_FACT = "bits per fact"


def _narrow(value: Any) -> bool:
    """Whether a value fits into the column of numbers."""
    return not isinstance(value, Mapping) and len(short(value)) <= 24


@dataclass(frozen=True)
class ModelAnswer(Answer):
    """What all three answers say about the facts, the method and the inputs."""

    method: str = field("", "Writing method: full, last_matrix, off_mode or sparse_memory.")
    facts: int = field("facts", "Number of facts.")
    tasks: int = field("tasks", "Groups of facts that are written one after another.")
    candidates: int = field(
        "answers", "Distinct answers, known by the first token that they do not all share; the model chooses one."
    )
    full_bits: float = field(PER_FACT, "Retained bits of an answer that is certain: log2 of the candidates.")
    chance_recall: float = field("share of facts", "Recall by guessing: 1 / candidates.")
    chance_bits: float = field(PER_FACT, "Retained bits by guessing.")
    settings: Mapping[str, Any] = field("", "What was set: steps, learning rate and how it was chosen, background, options.")
    hashes: Mapping[str, str | None] = field("", "SHA-256 of the inputs; the checkpoint's is that of its config.json.")

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
        single = {name: value for name, value in self.values().items() if name not in columns}
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
        lines += ["", self.conclusion, *(f"Warning: {warning}" for warning in self.warnings)]
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        import html

        notes = "".join(f"<p><b>Warning:</b> {html.escape(warning)}</p>" for warning in self.warnings)
        return f"<p>{html.escape(self.conclusion)}</p>{notes}{super()._repr_html_()}"


@dataclass(frozen=True)
class Measurement(ModelAnswer):
    """How much the writes of these facts would interfere; measured on the model as it is. Nothing is written."""

    curves: ClassVar[tuple[str, ...]] = ("common_mode", "mean_overlap", "rms_overlap", "activation_fraction", "write_fraction")

    participation_ratio: float = field("directions", "Effective number of independent write directions, from 1 to `facts`.")
    common_mode: float = field(
        "share",
        "Share of the squared overlap that one common direction explains: 0 none, 1 all.",
    )
    mean_overlap: float = field("cosine", "Mean overlap of the write directions of two different facts.")
    rms_overlap: float = field("cosine", "Root mean square of these overlaps; 0 means that writes do not meet.")
    activation_fraction: float = field(
        "share of units", "Hidden units, slots or experts in the method's reach that act at a token."
    )
    write_fraction: float = field("share of parameters", "Parameters of the model that the first step of a task changes.")
    spectrum: Sequence[float] = field(
        "share of the trace", "Eigenvalues of the Gram matrix of write directions, descending; sum 1."
    )

    @property
    def warnings(self) -> list[str]:
        """Too few facts to speak of interference, or numbers that are none."""
        found = ["There is one fact only, so that nothing can interfere."] if self.facts < 2 else []
        return found + [f"Not finite: {', '.join(self.not_finite)}; the model answers alike for all facts."] * bool(
            self.not_finite
        )

    @property
    def conclusion(self) -> str:
        """How many directions the facts share, and what a write does to the others."""
        return (
            f"The {self.facts} facts are written along about {self.participation_ratio:.1f} independent directions; "
            f"writing one fact moves another by about {self.rms_overlap:.0%} of what it moves its own."
        )


@dataclass(frozen=True)
class _Rated(ModelAnswer):
    """What forecast and write share: the learning rate and its choice."""

    learning_rate: float = field("squared weight per nat", "Step size of the gradient descent that writes a task.")
    steps: int = field("steps per task", "Gradient steps, each on all facts of the task.")
    at_grid_end: bool = field("", "Whether the learning rate is the largest or smallest one tried; then it may not suffice.")

    def to_dict(self) -> dict[str, Any]:
        """As `ModelAnswer`; `dial` is the older name of `learning_rate`."""
        return {**super().to_dict(), "dial": self.learning_rate}

    def _rate_warnings(self) -> list[str]:
        if not self.at_grid_end:
            return []
        told = "is at the end of the range that was tried: a rate outside of it may serve better, or the facts are known already."
        return [f"The learning rate {self.learning_rate:g} {told}"]


def curve(ages: Sequence[int], bits: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[dict[str, float]]:
    """Columns as a list of records with the keys age, bits, low and high, as JSON promises them."""
    return [dict(zip(("age", "bits", "low", "high"), row, strict=True)) for row in zip(ages, bits, low, high, strict=True)]


LOW = "5% of the tasks keep less than this; a spread over tasks, not an uncertainty."
HIGH = "5% of the tasks keep more than this; a spread over tasks, not an uncertainty."


@dataclass(frozen=True)
class Forecast(_Rated):
    """What a stream of these facts will leave of a task, by its age; computed before any write."""

    x: ClassVar[str] = "age"
    curves: ClassVar[tuple[str, ...]] = ("kernel_bits", "spectral_bits")
    band: ClassVar[tuple[str, str]] = ("kernel_low", "kernel_high")

    trial_forecast: float = field(PER_FACT, "Retained bits of the first tasks (up to 3), each just written alone, by the kernel.")
    trial_measured: float = field(PER_FACT, "The same, measured by writing them into a copy of the model.")
    age: Sequence[int] = field("tasks written since", "Age of a task.", column=True)
    kernel_bits: Sequence[float] = field(PER_FACT, "Mean over tasks of what is kept, by simulation with the kernel.", column=True)
    kernel_low: Sequence[float] = field(PER_FACT, LOW, column=True)
    kernel_high: Sequence[float] = field(PER_FACT, HIGH, column=True)
    spectral_bits: Sequence[float] = field(PER_FACT, "The same, by the spectral law.", column=True)
    spectral_low: Sequence[float] = field(PER_FACT, LOW, column=True)
    spectral_high: Sequence[float] = field(PER_FACT, HIGH, column=True)

    @property
    def warnings(self) -> list[str]:
        """A learning rate at the end of its range, and a forecast outside its domain."""
        found = self._rate_warnings()
        if not abs(self.trial_forecast - self.trial_measured) <= MISSED:
            found.append(
                f"The forecast is outside its domain: of the first tasks it predicts {self.trial_forecast:.2f} bits per fact "
                f"just after the write, and a trial write gave {self.trial_measured:.2f}; the difference may be {MISSED} at most."
            )
        return found

    @property
    def conclusion(self) -> str:
        """What is expected just after a write, and at the end."""
        return (
            f"Of {self.full_bits:.2f} bits per fact, {self.kernel_bits[0]:.2f} are expected just after a task is written and "
            f"{self.kernel_bits[-1]:.2f} after {self.age[-1]} more tasks (guessing: {self.chance_bits:g})."
        )

    def to_dict(self) -> dict[str, Any]:
        """As `ModelAnswer`; `kernel` and `spectral` are the curves as lists of {age, bits, low, high}."""
        named = {
            "kernel": curve(self.age, self.kernel_bits, self.kernel_low, self.kernel_high),
            "spectral": curve(self.age, self.spectral_bits, self.spectral_low, self.spectral_high),
        }
        return {**super().to_dict(), **named}


@dataclass(frozen=True)
class Written(_Rated):
    """What a stream of writes left in a copy of the model."""

    x: ClassVar[str] = "age"
    curves: ClassVar[tuple[str, ...]] = ("bits",)
    band: ClassVar[tuple[str, str]] = ("low", "high")

    bits_before: float = field(PER_FACT, "Retained bits before the first write.")
    learned: float = field(PER_FACT, "Retained bits of a task just after it was written, mean over tasks.")
    kept: float = field(PER_FACT, "Retained bits of all facts after the last task.")
    recall: float = field("share of facts", "Facts whose answer beats every other candidate, after the last task.")
    recall_heldout_phrasing: float | None = field("share of facts", "The same, asked in words that were never written.")
    heldout_phrasing: str = field("", "What recall_heldout_phrasing was asked with, or why there is none.")
    heldout_rise: float | None = field("bits per byte", "How much worse the model predicts held-out text than before; 0 is best.")
    heldout_text: str = field("", "What heldout_rise was measured on, or why there is none.")
    diverged: bool = field("", "Whether a write made numbers that are not finite; then nothing is kept.")
    divergence: str | None = field("", "Where it diverged and what was not finite.")
    state_numbers: int = field("numbers", "State that the method keeps beside the model.")
    state_bits: int = field("bits", "Bits of that state.")
    saved: str | None = field("", "Folder of the checkpoint of the written copy, if it was saved.")
    age: Sequence[int] = field("tasks written since", "Age of a task.", column=True)
    bits: Sequence[float] = field(PER_FACT, "Retained bits of tasks of this age, mean over tasks.", column=True)
    low: Sequence[float] = field(PER_FACT, LOW, column=True)
    high: Sequence[float] = field(PER_FACT, HIGH, column=True)

    @property
    def warnings(self) -> list[str]:
        """What makes the result worthless: divergence, nothing learned, language lost, a rate at the end of the range."""
        if self.diverged:
            return [f"The writing diverged. {self.divergence}. Nothing was saved."]
        found = self._rate_warnings()
        gained = self.learned - self.bits_before
        if not gained > 0.1 * self.full_bits:
            found.append(
                f"Nothing was learned: a task has {self.bits_before:.2f} bits per fact before the stream and {self.learned:.2f} "
                "just after its write. Raise the learning rate or choose another method."
            )
        elif self.learned < 0.5 * self.full_bits:
            found.append(f"Little was learned: {self.learned:.2f} of {self.full_bits:.2f} bits per fact just after a write.")
        if self.heldout_rise is not None and not self.heldout_rise <= RISE:
            found.append(
                f"The model lost language: held-out text costs {self.heldout_rise:.3g} bits per byte more than before; up to "
                f"{RISE} is tolerated. Lower the learning rate or choose another method."
            )
        return found

    @property
    def conclusion(self) -> str:
        """What is recalled and kept at the end."""
        return (
            f"After the last task {self.recall:.0%} of {self.facts} facts are recalled (guessing: {self.chance_recall:.0%}), and "
            f"{self.kept:.2f} of {self.full_bits:.2f} bits per fact are kept; a task has {self.learned:.2f} just after its write."
        )

    def to_dict(self) -> dict[str, Any]:
        """As `ModelAnswer`; `retained` is the curve as a list of {age, bits, low, high}."""
        return {**super().to_dict(), "retained": curve(self.age, self.bits, self.low, self.high)}
