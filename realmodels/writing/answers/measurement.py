"""What `measure` answers: the geometry of the writes of some facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from realmodels.writing.answers.base import ModelAnswer
from simulate.runs.answer import field

ALIKE = 0.95  # root mean square of the overlaps from which on the prompts count as one


@dataclass(frozen=True)
class Measurement(ModelAnswer):
    """How much the writes of these facts would interfere; measured on the model as it is. Nothing is written."""

    curves: ClassVar[tuple[str, ...]] = ("common_mode", "mean_overlap", "rms_overlap", "activation_fraction", "write_fraction")

    participation_ratio: float = field(
        "directions", "Effective number of independent directions of writes, from 1 to `answer_tokens`."
    )
    common_mode: float = field(
        "share",
        "Share of the squared overlap that one common direction explains: 0 none, 1 all.",
    )
    mean_overlap: float = field("cosine", "Mean overlap of the write directions of two different answer tokens.")
    rms_overlap: float = field("cosine", "Root mean square of these overlaps; 0 means that writes do not meet.")
    activation_fraction: float | None = field(
        "share of units", "Units, slots or experts in reach that act at a token; null for models from elsewhere."
    )
    write_fraction: float = field("share of parameters", "Parameters of the model that the first step of a task changes.")
    spectrum: Sequence[float] = field(
        "share of the trace", "Eigenvalues of the Gram matrix of write directions, descending; sum 1."
    )

    @property
    def warnings(self) -> list[str]:
        """Too few facts to speak of interference, or numbers that are none."""
        found = ["There is one fact only, so that nothing can interfere."] if self.facts < 2 else []
        if self.rms_overlap > ALIKE:
            found.append(
                "The model hardly tells these prompts apart where the method writes: what is written for one is written for all. "
                "Format finetuning (`cwb school`), another layer or off-mode writing may mend it."
            )
        return found + [f"Not finite: {', '.join(self.not_finite)}; the model answers alike for all facts."] * bool(
            self.not_finite
        )

    @property
    def conclusion(self) -> str:
        """How many directions the facts share, and what a write does to the others."""
        what = f"The {self.facts} facts ({self.answer_tokens} answer tokens)"
        moves = f"writing one token moves another by about {self.rms_overlap:.0%} of what it moves its own."
        return f"{what} are written along about {self.participation_ratio:.1f} independent directions; {moves}"
