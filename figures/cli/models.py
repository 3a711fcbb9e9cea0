"""`cwb models`, `train`, `measure`, `forecast`, `write`: the language models, and what can be asked of one's own facts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from simulate.runs.preset import Preset
from theory.errors import UserError


@dataclass(frozen=True)
class Models:
    """The architectures, their sizes and parameter counts; of one size, operations per token too."""

    size: str | None = None
    """Only this size, with operations per token and what each architecture is. Default: all."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print a line each."""
        from figures.cli.assign import show_json
        from realmodels.model.architectures import SIZES, models

        known = models((self.size,) if self.size else tuple(SIZES), flops=self.size is not None)
        if self.json:
            show_json(known)
            return
        for row in known:
            counts = f"{row['parameters']:>11,} parameters, {row['active_parameters']:>11,} active"
            work = f", {row['flops_per_token'] / 1e6:>7,.2f} MFLOP a token  {row['about']}" if self.size else ""
            print(f"{row['architecture']:<20} {row['size']:<6} {counts}{work}")


@dataclass(frozen=True)
class Train:
    """Pretrain a model from scratch on the packaged English text; resumable; prints the folder of the checkpoint and its card."""

    architecture: Positional[str]
    """As in `cwb models`: dense, memory, dsa, nsa, gated_deltanet ..."""
    size: str = "small"
    """Size, as in `cwb models`."""
    seed: int = 0
    """Seed of the initial weights and of the order of the text."""
    preset: Preset = "quick"
    """Training budget: quick (minutes) or paper."""
    steps: int | None = None
    """Steps in which the language model learns. Default: the preset's."""
    batch: int | None = None
    """Windows of one context a step. Default: the preset's."""
    rule: Literal["muon", "adamw"] = "muon"
    """Rule of the matrices."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of matrix products; bfloat16 is faster on a GPU and on processors that multiply it."""
    compile: bool = False
    """Compile the model by torch.compile first (on a CPU this needs a C++ compiler)."""
    device: str = "cpu"
    """Where to train: cpu, cuda, cuda:1, ..."""
    threads: int | None = None
    """Threads on a CPU. Default: all cores, shared among the processes."""
    processes: int = 1
    """Processes that share every batch, one a GPU. On several machines start this command by torchrun instead."""
    out: Path | None = None
    """Folder for checkpoints. Default: build/."""

    def run(self) -> None:
        """Train, with live progress, and print where the checkpoint and its card lie."""
        from figures.build.layout import Layout
        from figures.build.live import Live
        from figures.build.watch import watched
        from realmodels.training import parallel
        from realmodels.training.pretrain import train
        from realmodels.training.recipe import config

        for name in ("steps", "batch", "threads", "processes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"--{name} {value}: give a whole number from 1 on")
        parallel.checked(self.device, self.compile)
        changes = {"rule": self.rule, "precision": self.precision, "compiled": self.compile, "evaluations": 20}
        changes |= {name: value for name, value in (("steps", self.steps), ("batch", self.batch)) if value is not None}
        made = config(self.architecture, self.size, self.seed, self.preset, **changes)
        workspace = Layout.of(self.preset, self.out).workspace
        threads = self.threads or max(1, (os.cpu_count() or 1) // self.processes)
        label = f"{self.architecture} {self.size} {self.seed}"
        with watched(workspace, f"train {self.architecture}", 1) as on_cell:
            arguments = (made, workspace, Live(workspace, label, made.batch * made.model.context), self.device, threads)
            path = parallel.launch(self.processes, train, *arguments) if self.processes > 1 else train(*arguments)
            on_cell()
        if os.environ.get("RANK", "0") == "0":
            print(path)
            print(_card(path, workspace))


def _card(folder: Path, workspace: Path) -> Path:
    """Write the model card of a checkpoint, and its curve, beside it; the card's path."""
    from figures.curve import draw
    from realmodels.training.card import about, markdown
    from simulate.runs.store import atomic

    card = about(folder, workspace)
    draw(card, folder / "curve.png")
    with atomic(folder / "card.md") as temporary:
        temporary.write_text(markdown(card, "curve.png"), encoding="utf-8")
    return folder / "card.md"


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
        from figures.cli.assign import show_json, show_record
        from realmodels.writing.measure import measure

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
        from figures.cli.assign import show_json, show_record
        from realmodels.writing.measure import forecast

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
        from figures.cli.assign import show_json, show_record
        from realmodels.writing.measure import write

        answer = write(self.model, self.method, self.stream, self.dial, background=self.background, out=self.save)
        show_json(answer) if self.json else show_record(answer)
