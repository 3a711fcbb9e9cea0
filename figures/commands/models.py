"""`cwb models`, `train`, `measure`, `forecast`, `write`: the language models, and what can be asked of one's own facts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from simulate.experiment import Preset


@dataclass(frozen=True)
class Models:
    """The architectures, their sizes and parameter counts."""

    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print a line each."""
        from figures.commands.assign import show_json
        from realmodels.architectures import models

        known = models()
        if self.json:
            show_json(known)
            return
        for row in known:
            counts = f"{row['parameters']:>9,} parameters, {row['active_parameters']:>9,} active per token"
            print(f"{row['architecture']:<8} {row['size']:<8} {counts}")


@dataclass(frozen=True)
class Train:
    """Pretrain a model from scratch on the packaged English text; resumable; prints the folder of the checkpoint."""

    architecture: Positional[str]
    """dense, memory or dsa."""
    size: str = "small"
    """Size, as in `cwb models`."""
    seed: int = 0
    """Seed of the initial weights and of the order of the text."""
    preset: Preset = "quick"
    """Training budget: quick (minutes) or paper."""
    device: str = "cpu"
    """Where to train: cpu, cuda, cuda:1, ..."""
    out: Path | None = None
    """Folder for checkpoints. Default: build/."""

    def run(self) -> None:
        """Train, with live progress, and print where the checkpoint lies."""
        from figures.layout import Layout
        from figures.watch import watched
        from realmodels.pretrain import pretrained
        from simulate.progress import reporter

        workspace = Layout.of(self.preset, self.out).workspace
        with watched(workspace, f"train {self.architecture}", 1) as on_cell:
            tell = reporter(workspace, f"{self.architecture} {self.seed}")
            path = pretrained(self.architecture, self.size, self.seed, self.preset, workspace, tell, self.device)
            on_cell()
        print(path)


@dataclass(frozen=True)
class Measure:
    """How much will writing these facts interfere? Measured on the model as it is; nothing is written."""

    model: Positional[Path]
    """Folder of a checkpoint (`cwb train` prints it)."""
    facts: Path
    """Facts file: one {"prompt", "answer", "task"} a line."""
    method: str = "full"
    """How they would be written: full, last_matrix, off_mode or sparse_memory."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what off_mode and sparse_memory protect."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print activation and write fraction, participation ratio, common mode and overlaps of the logit kernel."""
        from figures.commands.assign import show_json, show_record
        from realmodels.measure import measure

        answer = measure(self.model, self.facts, self.method, self.background)
        show_json(answer) if self.json else show_record(answer)


@dataclass(frozen=True)
class Forecast:
    """How long will each fact be kept? Predicted retention by age, before any write."""

    model: Positional[Path]
    """Folder of a checkpoint."""
    facts: Path
    """Facts file, in the order in which its tasks would be written."""
    method: str = "full"
    """How they would be written: full, last_matrix, off_mode or sparse_memory."""
    dial: float | None = None
    """Learning rate. Default: the smallest with which the forecast learns each task."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what off_mode and sparse_memory protect."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the predicted retention curve."""
        from figures.commands.assign import show_json, show_record
        from realmodels.measure import forecast

        answer = forecast(self.model, self.facts, self.method, self.dial, background=self.background)
        show_json(answer) if self.json else show_record(answer)


@dataclass(frozen=True)
class Write:
    """Write a stream of facts into a copy of the model, task by task, and report what was kept."""

    model: Positional[Path]
    """Folder of a checkpoint; it is not changed."""
    stream: str
    """A facts file, or the name of a stream of real facts: cities, airports."""
    method: str = "full"
    """full, last_matrix, off_mode or sparse_memory."""
    dial: float | None = None
    """Learning rate. Default: the smallest with which the forecast learns each task."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what off_mode and sparse_memory protect."""
    save: Path | None = None
    """Folder to save the written copy in, as a checkpoint."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print retained bits by age, recall and held-out loss."""
        from figures.commands.assign import show_json, show_record
        from realmodels.measure import write

        answer = write(self.model, self.method, self.stream, self.dial, background=self.background, out=self.save)
        show_json(answer) if self.json else show_record(answer)
