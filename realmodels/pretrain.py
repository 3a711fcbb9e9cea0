"""Pretraining: a checkpoint for a configuration, made once, the same bytes whether or not it was interrupted.

Which parameter learns by which rule says realmodels/optimisers.py. The rate rises linearly, stays, and falls linearly to 0. A
model with an indexer goes through three stages (DeepSeek-V3.2): "dense" attention; "warmup", in which the indexer alone learns,
with the rest frozen; "sparse", in which the language model learns from its own loss and the
indexer from the KL divergence, through disjoint parameters.

The settings come from short runs of the dense model, one seed each (0.8M tokens, bits per byte of held-out text): matrices by
Muon ended 0.11 below AdamW at a rate of 0.003, batches of 8 windows 0.1 below batches of 32, and an embedding rate of 0.012
0.02 below 0.006.

The batch of a step depends on seed and step alone and the whole state is saved every `save_every` steps, so a run killed at
any moment ends in the same bytes on the same machine with as many threads. A loss or gradient that is not finite stops the run
with its cause. What the training took lies beside the model in training.json, which is no part of the checkpoint's identity.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from realmodels import checkpoint, parallel
from realmodels.architectures import config_for
from realmodels.config import ModelConfig
from realmodels.corpora import CorpusConfig
from realmodels.encoded import Encoded, encoded
from realmodels.evaluate import bits_per_byte
from realmodels.optimisers import Optimisers, sparse_gradients
from realmodels.part import Part, Stage, code, part
from realmodels.record import Record
from realmodels.transformer import Transformer
from simulate.fingerprint import code_fingerprint
from simulate.store import atomic, digest
from theory.errors import UserError

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class PretrainConfig:
    """Everything that fixes the bytes of a checkpoint, the code and the machine's arithmetic apart.

    `steps` are steps in which the language model learns; a DSA model spends the last `sparse_steps` of them in the sparse stage
    and has `warmup_steps` more before those, for its indexer. A step sees `batch` windows of one context. rule: of the matrices.
    precision: of matrix products (autocast); parameters, sums and the loss are float32. compiled: by torch.compile.
    """

    model: ModelConfig
    corpus: CorpusConfig
    seed: int
    steps: int
    batch: int
    warmup_steps: int = 0
    sparse_steps: int = 0
    lr_matrices: float = 0.02
    lr_embedding: float = 0.015
    lr_values: float = 0.015
    lr_indexer: float = 0.003
    rise: float = 0.02
    fall: float = 0.5
    clip: float = 1.0
    evaluations: int = 4
    save_every: int = 200
    rule: Literal["muon", "adamw"] = "muon"
    precision: Literal["float32", "bfloat16"] = "float32"
    compiled: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON values."""
        return {**asdict(self), "model": self.model.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "PretrainConfig":
        """The configuration that `to_json` gave."""
        values = {name: value for name, value in values.items() if name != "code"}
        return cls(**{**values, "model": ModelConfig.from_json(values["model"]), "corpus": CorpusConfig(**values["corpus"])})

    @property
    def total_steps(self) -> int:
        """Steps of all stages."""
        return self.steps + self.warmup_steps

    def stage(self, step: int) -> Stage:
        """The stage that step (from 0) belongs to."""
        dense = self.steps - self.sparse_steps
        return "dense" if step < dense else "warmup" if step < dense + self.warmup_steps else "sparse"

    def rate(self, step: int) -> float:
        """Factor on all learning rates at step: rises over the share `rise` of steps, falls over the share `fall` to 0."""
        pause = min(max(step - (self.steps - self.sparse_steps), 0), self.warmup_steps)
        done = step - pause + 0.5
        return min(1.0, done / (self.rise * self.steps), (self.steps - done) / (self.fall * self.steps))

    @property
    def key(self) -> str:
        """Name of the checkpoint: digest of this configuration and of the code that makes it."""
        return digest(self.to_json(), code(self.model), code_fingerprint("realmodels.pretrain"))


# Text and steps of a preset: one pass over the text, or less. The presets train alike, so that `paper` takes up the models of
# `quick` and adds seeds; a longer training is one number away.
_CORPUS = CorpusConfig(wiki=2_100_000, dictionary=900_000, factbook=700_000, heldout=30_000)
CORPORA = {"quick": _CORPUS, "paper": _CORPUS}
STEPS = {"quick": 1000, "paper": 1000}
SEEDS = {"quick": (0,), "paper": (11, 12, 13)}  # of the models that are reported, and of the streams written into them
DEVELOPMENT_SEED = 0  # of the models on which pilots are run and dials chosen


def config(architecture: str, size: str, seed: int, preset: str, **changes: Any) -> PretrainConfig:
    """The pretraining of one model under a preset, with `changes` of its fields; stages of a staged model follow its steps.

    Raises UserError for an unknown architecture, size or preset.
    """
    if preset not in STEPS:
        raise UserError(f"unknown preset {preset!r}: choose one of {', '.join(STEPS)}")
    steps = changes.pop("steps", STEPS[preset])
    model = config_for(architecture, size)
    staged = any(part("attention", name).staged for name in model.attention)
    stages = {"warmup_steps": steps // 14, "sparse_steps": 2 * steps // 7} if staged else {}
    return PretrainConfig(
        **{"model": model, "corpus": CORPORA[preset], "seed": seed, "steps": steps, "batch": 8, **stages, **changes}
    )


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


class Run:
    """A training under way: model, optimisers, the next step, and the log of evaluations."""

    def __init__(self, config: PretrainConfig, text: Encoded, device: str):
        self.config, self.text, self.device = config, text, device
        self.rank, self.processes = parallel.place()
        if config.batch % self.processes:
            raise UserError(f"a batch of {config.batch} windows is no multiple of {self.processes} processes: change one of them")
        self.model = Transformer(config.model, config.seed).to(device)
        names = ("matrices", "embedding", "values", "indexer")
        self.optimisers = Optimisers(
            self.model, {name: getattr(config, f"lr_{name}") for name in names}, config.clip, config.rule
        )
        self.objective = torch.compile(self._objective) if config.compiled else self._objective
        self.step = 0
        self.seconds = 0.0
        self.log: list[dict[str, Any]] = []
        self.losses: list[float] = []
        marks = np.linspace(0, config.total_steps, config.evaluations + 1)[1:]
        self.marks = {round(mark) for mark in marks}

    def advance(self) -> float:
        """One step; returns the language model's loss, nats per token."""
        where = f"pretraining {self.config.model.architecture}, seed {self.config.seed}, step {self.step + 1}"
        stage = self.config.stage(self.step)
        self._enter(stage)
        batch = windows(self.text.train, self.config, self.step)[self.rank :: self.processes].to(self.device)
        with sparse_gradients(self.model):
            loss, auxiliary = self.objective(batch)
        objective = auxiliary if stage == "warmup" else loss + auxiliary
        if not math.isfinite(value := parallel.mean(loss.detach())):
            raise UserError(f"{where}: the loss is {value}: lower the learning rates (matrices {self.config.lr_matrices})")
        objective.backward()
        self.optimisers.step(self.config.rate(self.step), where)
        self.step += 1
        self.losses.append(value)
        if self.step in self.marks and self.rank == 0:
            self._evaluate(stage)
        return value

    def _objective(self, batch: Tensor) -> tuple[Tensor, Tensor]:
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
        about = {"step": self.step, "log": self.log, "losses": self.losses, "seconds": self.seconds}
        with atomic(path) as temporary:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, {"run": json.dumps(about)})

    def load(self, path: Path) -> None:
        """Take up the run that `save` wrote."""
        with safe_open(path, "pt", device=self.device) as file:
            about = json.loads(file.metadata()["run"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        part = {
            kind: {n.split("/", 1)[1]: t for n, t in tensors.items() if n.startswith(kind)} for kind in ("model", "optimiser")
        }
        self.model.load_state_dict(part["model"])
        self.optimisers.load(part["optimiser"])
        self.step, self.log, self.losses, self.seconds = (about[name] for name in ("step", "log", "losses", "seconds"))


def train(
    config: PretrainConfig, workspace: Path, progress: Progress | None = None, device: str = "cpu", threads: int = 1
) -> Path:
    """The checkpoint of `config` in workspace/models/<key>, trained (or its training resumed) if it is not there yet.

    `progress(step, steps, loss)` is called after every step. Raises UserError if the training diverges.
    """
    folder = workspace / "models" / config.key
    if folder.exists():
        return folder
    text = encoded(config.corpus, config.model.vocabulary, workspace)
    with one_thread(threads), parallel.group(device) as place:
        run = _run(config, text, workspace, progress, place)
        if run.rank == 0:
            _finish(run, folder, text, threads)
        parallel.wait()
    return folder


def _run(config: PretrainConfig, text: Encoded, workspace: Path, progress: Progress | None, device: str) -> Run:
    """The training, taken up where it was saved last, to its end."""
    state = workspace / "models" / f".{config.key}.safetensors"
    run = Run(config, text, device)
    if state.exists():
        try:
            run.load(state)
        except (SafetensorError, OSError, KeyError, ValueError):
            run = Run(config, text, device)
    parallel.wait()
    before = time.monotonic() - run.seconds
    while run.step < config.total_steps:
        loss = run.advance()
        run.seconds = time.monotonic() - before
        if run.rank == 0:
            if progress:
                progress(run.step, config.total_steps, loss)
            if run.step % config.save_every == 0:
                run.save(state)
    return run


def _finish(run: Run, folder: Path, text: Encoded, threads: int) -> None:
    """Write the checkpoint, and beside it what the training took."""
    took = {
        "seconds": run.seconds,
        "tokens_per_second": run.config.total_steps * run.config.batch * run.config.model.context / max(run.seconds, 1e-9),
        "device": run.device,
        "threads": threads,
        "processes": run.processes,
        "torch": torch.__version__,
    }
    meta = {"pretraining": run.config.to_json(), "log": run.log}
    try:
        checkpoint.write(folder, run.model, text.tokenizer, meta, {"training.json": json.dumps(took, indent=1).encode()})
    except OSError:
        if not folder.exists():  # else another process finished the same model first
            raise
    (folder.parent / f".{folder.name}.safetensors").unlink(missing_ok=True)


def pretrained(
    architecture: str,
    size: str,
    seed: int,
    preset: str,
    workspace: Path,
    progress: Progress | None = None,
) -> Path:
    """The folder of the checkpoint of an architecture under a preset: found, or trained. Errors as `config` and `train`."""
    return train(config(architecture, size, seed, preset), workspace, progress)


def text_of(meta: dict[str, Any], workspace: Path) -> Encoded:
    """The encoded text that a checkpoint was trained on and is evaluated with; `meta` as `checkpoint.read` returns it."""
    config = PretrainConfig.from_json(meta["pretraining"])
    return encoded(config.corpus, config.model.vocabulary, workspace)
