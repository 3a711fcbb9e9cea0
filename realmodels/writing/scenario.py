"""A scenario: one model, the stream of facts that will be written into it, and what is needed to evaluate it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from realmodels.model import checkpoint
from realmodels.model.transformer import Transformer
from realmodels.text.encoder import Encoder
from realmodels.text.facts import stream
from realmodels.training.evaluate import HELDOUT_TOKENS, bits_per_byte
from realmodels.training.pretrain import text_of
from realmodels.training.recipe import DEVELOPMENT_SEED
from realmodels.writing.methods.writer import Background
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outputs import Facts, encode
from realmodels.writing.stream import STEPS
from simulate.runs.experiment import Cell, Preset

TASKS: dict[Preset, int] = {"quick": 10, "paper": 12}
FACTS = 8  # facts per task
STREAM = "cities"
TUNING_SEED = 100  # of the stream on which learning rates are chosen; it is written into the model of DEVELOPMENT_SEED
BACKGROUND_TASKS = 32  # further tasks of the same stream, never written, whose prompts are the methods' background


@dataclass(frozen=True)
class ScenarioSpec:
    """Everything that fixes a scenario: the model; T tasks of D facts drawn from `stream` with `seed`; steps per task."""

    model: ModelSpec
    stream: str
    seed: int
    T: int
    D: int
    steps: int

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON values."""
        return {**asdict(self), "model": self.model.to_json()}

    @classmethod
    def from_json(cls, values: Cell) -> "ScenarioSpec":
        """The specification that `to_json` gave."""
        return cls(**{**values, "model": ModelSpec.from_json(values["model"])})


def scenario_spec(architecture: str, preset: Preset, seed: int) -> ScenarioSpec:
    """The scenario of an architecture and a seed under a preset. The tuning stream goes into the development model."""
    model = model_spec(architecture, preset, DEVELOPMENT_SEED if seed == TUNING_SEED else seed, STREAM)
    return ScenarioSpec(model, STREAM, seed, TASKS[preset], FACTS, STEPS)


@dataclass(frozen=True)
class Scenario:
    """A scenario, ready to be written.

    model: before any write. facts: T tasks of D facts. rephrased: the same facts in a phrasing that is never written.
    background: prompts of the same form about other subjects, never written. heldout(model): bits per byte of held-out text.
    """

    model: Transformer
    facts: Facts
    rephrased: Facts
    background: Background
    heldout: Callable[[Transformer], float]


def scenario(spec: ScenarioSpec, workspace: Path) -> Scenario:
    """The scenario of a specification. Its model is trained first if it is not in the workspace yet."""
    model, tokenizer, meta = checkpoint.read(checkpoint_of(spec.model, workspace))
    text = text_of(meta, workspace)
    facts = stream(spec.stream, spec.T + BACKGROUND_TASKS, spec.D, spec.seed)
    encoder = Encoder.ours(tokenizer, model.config.vocabulary)
    plain, other = encode(facts, encoder), encode(facts, encoder, heldout_phrasing=True)
    written = plain.task < spec.T

    def heldout(model: Transformer) -> float:
        return bits_per_byte(model, text, HELDOUT_TOKENS)["all"]

    return Scenario(model, plain[written], other[written], Background(plain[~written]), heldout)
