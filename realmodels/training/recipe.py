"""What fixes a training: the configuration of one model's pretraining, and the presets.

The learning rate warms up linearly, stays constant, then decays linearly to 0. A model with an indexer goes through three stages
(DeepSeek-V3.2). In "dense" all attention is dense. In "warmup" the indexer alone learns, with the rest frozen. In "sparse" the
language model learns from its own loss and the indexer from the KL divergence, through disjoint parameters.

The settings come from short runs of the dense model, one seed each, on 0.8M tokens. In bits per byte of held-out text, Muon on
the matrices ended 0.11 below AdamW at a learning rate of 0.003. Batches of 8 windows ended 0.1 below batches of 32. A learning
rate of the embedding of 0.012 ended 0.02 below 0.006.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from realmodels.model.architectures import config_for
from realmodels.model.config import ModelConfig
from realmodels.model.part import Stage, code, part
from realmodels.text.corpora import CorpusConfig
from realmodels.training.optimisers import GROUPS
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import digest
from theory.errors import UserError


def schedule(step: int, steps: int, rise: float, fall: float) -> float:
    """Factor on the learning rates at a step (from 0): it warms up over the share `rise` of the steps and decays over `fall`."""
    done = step + 0.5
    return min(1.0, done / (rise * steps), (steps - done) / (fall * steps))


def evaluation_steps(steps: int, evaluations: int) -> list[int]:
    """The steps after which a training is evaluated, ascending: `evaluations` of them, evenly spaced, the last included."""
    return sorted({round(steps * (i + 1) / evaluations) for i in range(evaluations)})


@dataclass(frozen=True)
class PretrainConfig:
    """Everything that fixes the bytes of a checkpoint, except the code and the machine's arithmetic.

    steps: steps in which the language model learns. sparse_steps: how many of them, at the end, are in the sparse stage.
    warmup_steps: further steps before those, for the indexer alone. batch: windows of one context per step. lr_*: learning
    rate of each group of parameters (`realmodels.training.optimisers.groups`). rise, fall: shares of the steps in which the
    learning rate warms up and decays. clip: largest norm of a group's gradient. rule: optimiser of the matrices. precision: of
    matrix products (autocast); parameters, sums and the loss are float32. compiled: by torch.compile.
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
    def learning_rates(self) -> dict[str, float]:
        """Largest learning rate of each group of parameters."""
        return {group: getattr(self, f"lr_{group}") for group in GROUPS}

    @property
    def total_steps(self) -> int:
        """Steps of all stages."""
        return self.steps + self.warmup_steps

    def stage(self, step: int) -> Stage:
        """The stage that step (from 0) belongs to."""
        dense = self.steps - self.sparse_steps
        return "dense" if step < dense else "warmup" if step < dense + self.warmup_steps else "sparse"

    def rate(self, step: int) -> float:
        """Factor on all learning rates at a step (from 0). The schedule stands still while the indexer warms up."""
        pause = min(max(step - (self.steps - self.sparse_steps), 0), self.warmup_steps)
        return schedule(step - pause, self.steps, self.rise, self.fall)

    @property
    def evaluated_steps(self) -> list[int]:
        """The steps after which the model is evaluated, ascending."""
        return evaluation_steps(self.total_steps, self.evaluations)

    @property
    def key(self) -> str:
        """Name of the checkpoint: digest of what makes its weights, which is this configuration and the code that trains.

        How often the training is evaluated or saved changes no weight, so that neither is part of the name.
        """
        recipe = {name: value for name, value in self.to_json().items() if name not in ("evaluations", "save_every")}
        return digest(recipe, code(self.model), code_fingerprint(f"{__package__}.pretrain"))


# Text and steps of a preset: one pass over the text, or less. Both presets train alike. A longer training is one number away.
_CORPUS = CorpusConfig(wiki=2_100_000, dictionary=900_000, factbook=700_000, heldout=30_000)
CORPORA = {"quick": _CORPUS, "paper": _CORPUS}
STEPS = {"quick": 1000, "paper": 1000}
SEEDS = {"quick": (0,), "paper": tuple(range(31, 39))}  # of the models that are reported, and of the streams written into them
DEVELOPMENT_SEED = 0  # of the models on which pilots are run and learning rates chosen


def config(architecture: str, size: str, seed: int, preset: str, **changes: Any) -> PretrainConfig:
    """The pretraining of one model under a preset, with `changes` of its fields; stages of a staged model follow its steps.

    Raises UserError for an unknown architecture, size or preset.
    """
    if preset not in STEPS:
        raise UserError(f"unknown preset {preset!r}: choose one of {', '.join(STEPS)}")
    steps = changes.pop("steps", STEPS[preset])
    model = config_for(architecture, size)
    staged = any(part("attention", name).staged for name in model.attention)
    # Beside its steps: a fourteenth of them for the indexer alone. Of its steps: the last two sevenths in the sparse stage.
    stages = {"warmup_steps": steps // 14, "sparse_steps": 2 * steps // 7} if staged else {}
    return PretrainConfig(
        **{"model": model, "corpus": CORPORA[preset], "seed": seed, "steps": steps, "batch": 8, **stages, **changes}
    )
