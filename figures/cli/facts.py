"""`cwb measure`, `forecast`, `write`: what can be asked of a model and one's own facts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from realmodels.writing.answers import ModelAnswer

Rate = Annotated[float | None, arg(aliases=["--dial"])]


def _show(answer: ModelAnswer, json: bool) -> None:
    """Print an answer as JSON, or as text with units, meanings, a conclusion and warnings."""
    from figures.cli.output import show_json

    show_json(answer.to_dict()) if json else print(answer.show())


@dataclass(frozen=True)
class Measure:
    """How much will writing these facts interfere? Measured on the model as it is; nothing is written."""

    model: Positional[Path]
    """Folder of a checkpoint (`cwb models --trained` lists them)."""
    facts: Path
    """Facts file: one {"prompt", "answer", "task"} per line; "heldout_prompt" and "paraphrases" are read too."""
    method: str = "full"
    """How they would be written: full, last_matrix, off_mode or sparse_memory."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what off_mode and sparse_memory protect."""
    json: bool = False
    """Print JSON, with units, settings, and the SHA-256 of the inputs."""

    def run(self) -> None:
        """Print participation ratio, common mode and overlaps of the write directions, activation and write fraction."""
        from realmodels.writing.measure import measure

        _show(measure(self.model, self.facts, self.method, self.background), self.json)


@dataclass(frozen=True)
class Forecast:
    """How long will each fact be kept? Retention by age, predicted before any write."""

    model: Positional[Path]
    """Folder of a checkpoint (`cwb models --trained` lists them)."""
    facts: Path
    """Facts file, in the order in which its tasks would be written."""
    method: str = "full"
    """How they would be written: full, last_matrix, off_mode or sparse_memory."""
    learning_rate: Rate = None
    """Learning rate. Default: the smallest power of 2 with which trial writes of the first tasks learn them."""
    steps: int = 20
    """Gradient steps per task."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what off_mode and sparse_memory protect."""
    json: bool = False
    """Print JSON, with units, settings, and the SHA-256 of the inputs."""

    def run(self) -> None:
        """Print the predicted retention curve."""
        from realmodels.writing.measure import forecast

        _show(forecast(self.model, self.facts, self.method, self.learning_rate, self.steps, self.background), self.json)


@dataclass(frozen=True)
class Write:
    """Write a stream of facts into a copy of the model, task by task, and report what was kept."""

    model: Positional[Path]
    """Folder of a checkpoint; it is not changed."""
    stream: str
    """A facts file, or the name of a stream of real facts: cities, airports."""
    method: str = "full"
    """full, last_matrix, off_mode or sparse_memory."""
    learning_rate: Rate = None
    """Learning rate. Default: the smallest power of 2 with which trial writes of the first tasks learn them."""
    steps: int = 20
    """Gradient steps per task."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what off_mode and sparse_memory protect."""
    save: Path | None = None
    """Folder to save the written copy in, as a checkpoint. A copy that diverged is not saved."""
    json: bool = False
    """Print JSON, with units, settings, and the SHA-256 of the inputs."""

    def run(self) -> None:
        """Print retained bits by age, recall and held-out loss."""
        from realmodels.writing.measure import write

        answer = write(self.model, self.stream, self.method, self.learning_rate, self.steps, self.background, self.save)
        _show(answer, self.json)
