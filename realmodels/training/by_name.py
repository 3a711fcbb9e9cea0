"""Train one model by the name of its architecture: what `realmodels.train` and `cwb train` do.

First everything that a user can get wrong is checked, and the memory that a step needs is compared with what is free. Then the
text is prepared and the number of threads is chosen. Then the model is trained.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from realmodels.model.config import ModelConfig
from realmodels.model.memory import available, require
from realmodels.text.encoded import Encoded, encoded
from realmodels.training import parallel
from realmodels.training.loop import Run, one_thread
from realmodels.training.pretrain import Progress, checkpoint_folder
from realmodels.training.pretrain import train as pretrain
from realmodels.training.recipe import PretrainConfig, config
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

Say = Callable[[str], None]
SEEDS = 2**63  # seeds run from 0 to one below
TRIAL = 0.5  # seconds for which each number of threads is tried
WORTH = 1.1  # more threads are taken if they are this much faster


def train(
    architecture: str,
    size: str = "small",
    *,
    seed: int = 0,
    steps: int | None = None,
    batch: int | None = None,
    preset: str = "quick",
    out: str | Path | None = None,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    say: Say = print,
) -> Path:
    """Pretrain a model on the packaged English text, or find it; the folder of its checkpoint.

    architecture, size: as in `cwb models`. seed: of the initial weights and of the order of the text. steps, batch (windows of
    one context per step): those of the preset ("quick", "paper") unless given. out: workspace of checkpoints and text; `build/`
    of the repository unless given. threads: chosen in a trial of about a second unless given or set by OMP_NUM_THREADS.
    progress(step, steps, loss): called after every step. say: receives what is being prepared, a line at a time.
    Raises UserError for whatever of this is wrong, and if the training diverges.
    """
    plan = planned(
        architecture, size, seed=seed, steps=steps, batch=batch, preset=preset, out=out, threads=threads, device=device
    )
    return plan.prepared(say).run(progress)


@dataclass(frozen=True)
class Plan:
    """A training whose options have been checked. threads is None until it is `prepared`."""

    config: PretrainConfig
    workspace: Path
    device: str
    threads: int | None
    processes: int

    @property
    def folder(self) -> Path:
        """Where the checkpoint lies or will lie."""
        return checkpoint_folder(self.config, self.workspace)

    def prepared(self, say: Say) -> "Plan":
        """Make the text and its tokenizer, and choose the threads; `say` receives what is done and how long it took."""
        if self.folder.exists():
            say(f"found: {self.folder} holds this model already")
            return replace(self, threads=self.threads or 1)
        begin = time.monotonic()
        say(f"preparing: text and a tokenizer of {self.config.model.vocabulary} tokens (once per workspace, up to a minute)")
        text = encoded(self.config.corpus, self.config.model.vocabulary, self.workspace)
        say(f"prepared in {time.monotonic() - begin:.0f} s: {len(text.train):,} training tokens")
        threads = self.threads
        if threads is None:
            threads = self._threads(text, say)
        return replace(self, threads=threads)

    def _threads(self, text: Encoded, say: Say) -> int:
        cores = len(os.sched_getaffinity(0))
        processes = max(self.processes, int(os.environ.get("WORLD_SIZE", "1")))
        asked = os.environ.get("OMP_NUM_THREADS", "")
        if asked.isdigit() and int(asked) > 0:
            return int(asked)
        if processes > 1 or cores == 1 or self.device != "cpu":
            return max(1, cores // processes)
        threads, speeds = faster_threads(self.config, text, cores)
        tried = ", ".join(f"{count} thread{'s' if count > 1 else ''} {speed:,.0f} tokens/s" for count, speed in speeds.items())
        say(f"threads: {tried}; training with {threads}")
        return threads

    def run(self, progress: Progress | None = None) -> Path:
        """Train; the folder of the checkpoint."""
        arguments = (self.config, self.workspace, progress, self.device, self.threads or 1)
        return parallel.launch(self.processes, pretrain, *arguments) if self.processes > 1 else pretrain(*arguments)


def faster_threads(config: PretrainConfig, text: Encoded, cores: int) -> tuple[int, dict[int, float]]:
    """(threads to train with: 1 or all cores, whichever is faster; {threads: tokens per second} of the trial).

    On cores that other processes use as well, many threads wait for one another and can be far slower than one. The trial trains
    a model of its own for TRIAL seconds each and throws it away.
    """
    run = Run(replace(config, steps=10**6, warmup_steps=0, sparse_steps=0, evaluations=1, compiled=False), text, "cpu")
    speeds: dict[int, float] = {}
    for threads in (1, cores):
        with one_thread(threads):
            run.advance()  # the first step with so many threads starts them
            begin, steps = time.monotonic(), 0
            while steps == 0 or time.monotonic() - begin < TRIAL:
                run.advance()
                steps += 1
        speeds[threads] = steps * config.batch * config.model.context / (time.monotonic() - begin)
    return (cores if speeds[cores] > WORTH * speeds[1] else 1), speeds


def planned(
    architecture: str,
    size: str = "small",
    *,
    seed: int = 0,
    steps: int | None = None,
    batch: int | None = None,
    preset: str = "quick",
    rule: Literal["muon", "adamw"] = "muon",
    precision: Literal["float32", "bfloat16"] = "float32",
    compiled: bool = False,
    out: str | Path | None = None,
    threads: int | None = None,
    processes: int = 1,
    device: str = "cpu",
) -> Plan:
    """A training with all its options checked; nothing is made yet. Raises UserError naming the option that is wrong."""
    for name, value in {"steps": steps, "batch": batch, "threads": threads, "processes": processes}.items():
        if value is not None and not (isinstance(value, int) and 1 <= value < 2**31):
            raise UserError(f"{name} {value}: give a whole number from 1 on, below 2^31")
    if not (isinstance(seed, int) and 0 <= seed < SEEDS):
        raise UserError(f"seed {seed}: give a whole number from 0 on, below 2^63")
    parallel.checked(device, compiled)
    changes: dict[str, Any] = {"rule": rule, "precision": precision, "compiled": compiled}
    changes |= {name: value for name, value in (("steps", steps), ("batch", batch)) if value is not None}
    recipe = config(architecture, size, seed, preset, **changes)
    if recipe.batch % processes:
        raise UserError(f"a batch of {recipe.batch} windows cannot be shared by {processes} processes: change one of them")
    _require_room(recipe, processes, device)
    return Plan(recipe, _workspace(out), device, threads, processes)


def _workspace(out: str | Path | None) -> Path:
    """The folder of checkpoints and text. Raises UserError if it cannot be one."""
    if out is None:
        return ROOT / "build"
    if not str(out).strip():
        raise UserError("the output folder has an empty name: name a folder")
    try:
        folder = Path(out).resolve(strict=False)
        nearest = next((path for path in (folder, *folder.parents) if path.exists()), None)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is too long, a null byte
        reason = getattr(error, "strerror", None) or str(error).partition(" from ")[0]
        raise UserError(f"output folder {str(out)!r} cannot be used ({reason}): name another folder") from None
    if nearest is not None and not nearest.is_dir():
        raise UserError(f"output folder {str(out)!r} cannot be used ({nearest} is a file): name another folder")
    if nearest is not None and not os.access(nearest, os.W_OK):
        raise UserError(f"output folder {str(out)!r} cannot be used (no permission to write into {nearest}): name another folder")
    return folder


def window_bytes(model: ModelConfig) -> int:
    """Bytes that one window of one context takes in a training step: logits, activations of every layer, attention weights."""
    logits = 12 * model.context * model.vocabulary
    layers = 4 * model.layers * model.context * (20 * model.width + 4 * model.hidden + 2 * model.heads * model.context)
    return logits + layers + 16 * (model.context + 1)


def _require_room(recipe: PretrainConfig, processes: int, device: str) -> None:
    """Raise UserError, with the batch that would fit, if one step needs more memory than is free."""
    each = window_bytes(recipe.model) if device == "cpu" else 16 * (recipe.model.context + 1)
    fits = available() // each // processes * processes
    what = f"a step on {recipe.batch:,} windows of {recipe.model.context} tokens"
    require(recipe.batch * each, what, f"a batch of about {fits:,} would fit")
