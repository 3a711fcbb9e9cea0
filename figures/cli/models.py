"""`cwb models`, `train`: the language models that can be trained here, those that were, and to train one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from tyro.conf import Positional

from simulate.runs.preset import Preset

MEANINGS = {
    "seed": "seed of the initial weights and of the order of the text",
    "steps": "training steps",
    "format_finetuned": "whether it has learned what facts of the streams look like, which makes facts easier to write",
    "written": "method by which facts were written into it",
    "bits_per_byte": "bits per byte of held-out text when the training ended; less is better",
}


@dataclass(frozen=True)
class Models:
    """The architectures, their sizes and parameter counts, or with --trained the models that were trained here."""

    size: str | None = None
    """Only this size, with operations per token and what each architecture is. Default: all."""
    trained: bool = False
    """List the checkpoints of the workspace: what `cwb measure`, `forecast` and `write` take."""
    out: Path | None = None
    """Folder of the workspace. Default: build/."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print a line each."""
        from figures.build.layout import Layout

        workspace = Layout.of("quick", self.out).workspace
        self._show_trained(workspace) if self.trained else self._show_known(workspace)

    def _show_trained(self, workspace: Path) -> None:
        from figures.cli.output import show_table
        from realmodels.model.about import checkpoints

        rows = [row for row in checkpoints(workspace) if self.size in (None, row["size"])]
        if self.json:
            show_table(rows, "json")
        elif rows:
            shown = [{name: value for name, value in row.items() if name != "path"} for row in rows]
            show_table(shown, title=f"checkpoints in {workspace / 'models'}", meanings=MEANINGS)
        else:
            print(f"no checkpoints in {workspace / 'models'}: train one with cwb train")

    def _show_known(self, workspace: Path) -> None:
        from figures.cli.output import show_json
        from realmodels.model.listing import listed

        known = listed((self.size,) if self.size is not None else (), self.size is not None, workspace)
        if self.json:
            show_json(known)
            return
        for row in known:
            counts = f"{row['parameters']:>11,} parameters, {row['active_parameters']:>11,} active"
            work = f", {row['flops_per_token'] / 1e6:>7,.2f} MFLOP per token  {row['about']}" if self.size else ""
            print(f"{row['architecture']:<20} {row['size']:<6} {counts}{work}")


@dataclass(frozen=True)
class Train:
    """Pretrain a model from scratch on the packaged English text; resumable; prints the folder of the checkpoint and its card."""

    resumes: ClassVar[bool] = True
    """Whether a command that is interrupted keeps what was finished, and goes on from there."""

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
    """Windows of one context per step. Default: the preset's."""
    rule: Literal["muon", "adamw"] = "muon"
    """Rule of the matrices."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of matrix products; bfloat16 is faster on a GPU and on processors that multiply it."""
    compile: bool = False
    """Compile the model by torch.compile first (on a CPU this needs a C++ compiler)."""
    device: str = "cpu"
    """Where to train: cpu, cuda, cuda:1, ..."""
    threads: int | None = None
    """Threads on a CPU. Default: OMP_NUM_THREADS if it is set; else one or all cores, the faster in a trial of a second."""
    processes: int = 1
    """Processes that share every batch, one per GPU. On several machines start this command by torchrun instead."""
    out: Path | None = None
    """Folder for checkpoints. Default: build/."""

    def run(self) -> None:
        """Train, with live progress, and print where the checkpoint and its card lie."""
        from figures.build.live import Live
        from figures.build.watch import watched
        from realmodels.training.by_name import planned

        plan = planned(
            self.architecture,
            self.size,
            seed=self.seed,
            steps=self.steps,
            batch=self.batch,
            preset=self.preset,
            rule=self.rule,
            precision=self.precision,
            compiled=self.compile,
            out=self.out,
            threads=self.threads,
            processes=self.processes,
            device=self.device,
        )
        first = os.environ.get("RANK", "0") == "0"
        plan = plan.prepared(lambda line: print(line, flush=True) if first else None)
        label = f"{self.architecture} {self.size} {self.seed}"
        live = Live(plan.workspace, label, plan.config.batch * plan.config.model.context)
        with live, watched(plan.workspace, f"train {self.architecture}", 1) as on_cell:
            path = plan.run(live)
            on_cell()
        if first:
            print(path)
            print(_card(path, plan.workspace))


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
