"""What `forecast` answers: what will be kept of each fact, computed before any write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from realmodels.writing.answers.base import HIGH, LOW, PER_FACT, Rated, curve
from simulate.runs.answer import field

MISSED = 0.5  # bits per fact: a forecast that is further off on a trial write is a warning


@dataclass(frozen=True)
class Forecast(Rated):
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
        found = self.rate_warnings()
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
