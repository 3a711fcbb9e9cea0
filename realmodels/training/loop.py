"""A training under way: batches, stages, steps, evaluations, and its whole state on disk.

`gradient_step` is the step of every training of this package: pretraining (`Run`), format finetuning, and the experiment
`exposures`. A loss or gradient that is not finite stops the training with its cause. realmodels/training/optimisers.py says which
parameter learns by which rule. The batch of a step depends on seed and step alone, so a run that is resumed from a saved state
goes on as if it had never stopped.
"""

import errno
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from realmodels.model.part import Part, Stage
from realmodels.model.record import Record
from realmodels.model.transformer import Transformer
from realmodels.text.encoded import Encoded
from realmodels.training import parallel
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.optimisers import Optimisers, sparse_gradients
from realmodels.training.recipe import PretrainConfig
from simulate.runs.store import atomic
from theory.errors import UserError

CURVE = 50  # points of the training loss on a model's card


@lru_cache(maxsize=2)
def _order(seed: int, turn: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, turn]).permutation(count)


def windows(train: np.ndarray, config: PretrainConfig, step: int) -> Int[Tensor, "batch length"]:
    """The windows of one step, context + 1 tokens each: passes over the text, every pass in an order of its own."""
    length = config.model.context
    count = (len(train) - 1) // length
    rows = []
    for number in range(step * config.batch, (step + 1) * config.batch):
        start = _order(config.seed, number // count, count)[number % count] * length
        rows.append(train[start : start + length + 1])
    return torch.from_numpy(np.stack(rows).astype(np.int64))


@contextmanager
def one_thread(threads: int = 1) -> Iterator[None]:
    """One thread of torch inside the block (or so many): models train side by side, and sums are added in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Objective(NamedTuple):
    """What a step computes on its batch, in nats. total: what is minimised. shown: the loss that is checked and reported."""

    total: Tensor
    shown: Tensor


def gradient_step(
    model: Transformer, optimisers: Optimisers, objective: Callable[[], Objective], factor: float, where: str
) -> float:
    """One step of training: compute the objective, check it, move the parameters. Returns the shown loss before the step.

    factor: multiplies all learning rates. where: names the step in errors. Raises UserError, before anything has moved, if the
    loss or a gradient is not finite.
    """
    with sparse_gradients(model):
        total, shown = objective()
    value = parallel.mean(shown.detach())
    if not math.isfinite(value):
        raise UserError(f"{where}: the loss is {value}: lower the learning rates (matrices {optimisers.rates['matrices']})")
    total.backward()
    optimisers.step(factor, where)
    return value


class Run:
    """A pretraining under way: model, optimisers, the next step, and the log of evaluations."""

    def __init__(self, config: PretrainConfig, text: Encoded, device: str):
        self.config, self.text, self.device = config, text, device
        self.rank, self.processes = parallel.place()
        if config.batch % self.processes:
            raise UserError(f"a batch of {config.batch} windows is no multiple of {self.processes} processes: change one of them")
        self.model = Transformer(config.model, config.seed).to(device)
        self.optimisers = Optimisers(self.model, config.learning_rates, config.clip, config.rule)
        self.losses_of = torch.compile(self._losses_of) if config.compiled else self._losses_of
        self.step = 0
        self.seconds = 0.0
        self.log: list[dict[str, Any]] = []
        self.losses: list[float] = []
        self.curve: list[dict[str, float]] = []
        self.evaluated_after = config.evaluated_steps

    def advance(self) -> float:
        """One step; returns the language model's loss, nats per token."""
        where = f"pretraining {self.config.model.architecture}, seed {self.config.seed}, step {self.step + 1}"
        stage = self.config.stage(self.step)
        self._enter(stage)
        batch = windows(self.text.train, self.config, self.step)[self.rank :: self.processes].to(self.device)

        def objective() -> Objective:
            loss, auxiliary = self.losses_of(batch)
            return Objective(auxiliary if stage == "warmup" else loss + auxiliary, loss)

        value = gradient_step(self.model, self.optimisers, objective, self.config.rate(self.step), where)
        self.step += 1
        self.losses.append(value)
        self._draw(value)
        if self.step in self.evaluated_after and self.rank == 0:
            self._evaluate(stage)
        return value

    def _draw(self, loss: float) -> None:
        """Add one loss to the curve of the card: means over CURVE equal stretches of the training."""
        stretch = math.ceil(self.config.total_steps / CURVE)
        if (self.step - 1) % stretch == 0:
            self.curve.append({"step": 0, "train_loss": 0.0})
        count, last = (self.step - 1) % stretch, self.curve[-1]
        last.update(step=self.step, train_loss=(last["train_loss"] * count + loss) / (count + 1))

    def _losses_of(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """(the language model's loss, the sum of the parts' own losses) on a batch, nats per token."""
        record: Record = {}
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            logits = self.model(batch[:, :-1], record)
        loss = F.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
        return loss, sum(record.get("auxiliary", ()), loss.new_zeros(()))

    def _enter(self, stage: Stage) -> None:
        for module in self.model.modules():
            if isinstance(module, Part) and module.staged:
                module.stage = stage
        everything = set(self.optimisers.groups)
        self.optimisers.learning(
            {"indexer"} if stage == "warmup" else everything - {"indexer"} if stage == "dense" else everything
        )

    def _evaluate(self, stage: Stage) -> None:
        self.log.append(
            {
                "step": self.step,
                "tokens": self.step * self.config.batch * self.config.model.context,
                "stage": stage,
                "train_loss": sum(self.losses) / len(self.losses),
                "bits_per_byte": bits_per_byte(self.model, self.text),
            }
        )
        self.losses = []

    def save(self, path: Path) -> None:
        """Write everything that the rest of the run depends on to one file, atomically."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimiser/{name}": tensor for name, tensor in self.optimisers.state().items()}
        about = {name: getattr(self, name) for name in ("step", "log", "losses", "seconds", "curve", "evaluated_after")}
        with atomic(path) as temporary:
            try:
                save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, {"run": json.dumps(about)})
            except SafetensorError as error:  # the library's name for every trouble with the disk
                code = errno.ENOSPC if "os error 28" in str(error) else errno.EIO
                raise OSError(code, os.strerror(code), str(path)) from None

    def load(self, path: Path) -> None:
        """Resume the run that `save` wrote. Raises KeyError or ValueError if another plan of evaluations began it."""
        with safe_open(path, "pt", device=self.device) as file:
            about = json.loads(file.metadata()["run"])
            if about["evaluated_after"] != self.evaluated_after:
                raise ValueError("the saved run is evaluated at other steps")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        part = {
            kind: {n.split("/", 1)[1]: t for n, t in tensors.items() if n.startswith(kind)} for kind in ("model", "optimiser")
        }
        self.model.load_state_dict(part["model"])
        self.optimisers.load(part["optimiser"])
        for name in ("step", "log", "losses", "seconds", "curve"):
            setattr(self, name, about[name])
