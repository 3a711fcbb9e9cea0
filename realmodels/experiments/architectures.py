"""Architectures: what exchanging one part brings at equal parameters, after as many tokens and after as much time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from realmodels.experiments.knowledge import SEEDS, STEPS, recalled, taught
from realmodels.model import checkpoint
from realmodels.model.architectures import ARCHITECTURES, active_parameters, config_for, flops_per_token, parameters
from realmodels.model.part import code
from realmodels.training import pretrain
from realmodels.training.loop import one_thread
from realmodels.training.recipe import PretrainConfig
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.progress import reporter
from simulate.runs.store import Rows

# Processor time of a pretraining step over that of the dense model's, stages weighted as they are trained: the column "cost" of
# `python -m tests.benchmarks parts --size small`, one thread, float32. Written down so that the trainings do not hang on the load
# of the machine that happens to make them.
COST = {
    "dense": 1.0, "mla": 1.14, "dsa": 1.21, "mla_dsa": 1.27, "nsa": 1.48, "gated_deltanet": 1.90, "gated_deltanet_dense": 1.44,
    "kda": 2.55, "kda_mla": 1.89, "lightning": 1.06, "kwta": 1.23, "l1": 1.03, "moe": 1.06, "memory": 1.05, "peer": 1.68,
}  # fmt: skip
# Size, steps of the dense model, evaluations: `quick` shows no more than that all of them train.
PLAN = {"quick": ("mini", 40, 1), "paper": ("small", STEPS, 4)}


def trained(architecture: str, seed: int, preset: Preset, equal: str) -> PretrainConfig:
    """The pretraining with facts of an architecture, for as many steps as the dense model ("tokens") or as long ("time")."""
    size, steps, evaluations = PLAN[preset]
    config = taught(architecture, seed, preset, steps if equal == "tokens" else round(steps / COST[architecture]))
    return replace(config, model=config_for(architecture, size), evaluations=evaluations)


def cells(preset: Preset) -> Sequence[Cell]:
    """Every architecture, both ways, the slowest first; one seed, the first of those that are reported."""
    ways = [(name, equal) for equal in ("tokens", "time") for name in ARCHITECTURES if name != "dense" or equal == "tokens"]
    ways.sort(key=lambda way: -COST[way[0]] if way[1] == "tokens" else -1.0)
    configs = [(trained(name, SEEDS[preset][0], preset, equal), equal) for name, equal in ways]
    return [{**config.to_json(), "equal": equal, "code": code(config.model)} for config, equal in configs]


def run(cell: Cell, workspace: Path) -> Rows:
    """Train the model, or read it if it is there. One row per kind of fact and phrasing."""
    config = PretrainConfig.from_json({name: value for name, value in cell.items() if name != "equal"})
    tell = reporter(workspace, f"{config.model.architecture}, equal {cell['equal']}")
    model, tokenizer, meta = checkpoint.read(pretrain.train(config, workspace, tell))
    own = {
        "architecture": config.model.architecture,
        "equal": cell["equal"],
        "seed": config.seed,
        "size": config.model.size,
        "parameters": parameters(config.model),
        "active_parameters": active_parameters(config.model),
        "flops_per_token": flops_per_token(config.model),
        "cost": COST[config.model.architecture],
        "steps": config.steps,
        "tokens": config.total_steps * config.batch * config.model.context,
        "heldout_bits_per_byte": meta["log"][-1]["bits_per_byte"]["all"],
    }
    with one_thread():
        return [{**own, **row} for row in recalled(model, tokenizer, config.seed)]


EXPERIMENT = Experiment(
    name="architectures",
    question="What does exchanging one part of a model bring, at equal parameters, after as many tokens or as much time?",
    prediction="After as many tokens every architecture ends within 5% of the dense model in held-out bits per byte and recalls "
    "at least 95% of the facts about people in phrasings never read; after as much processor time none ends more than 1% below.",
    falsifier="An architecture that does not, beyond the noise of one seed: the difference in forgetting between it and another "
    "could not be laid at the door of the part alone, or a part would be worth its time on a CPU.",
    controls="Equal parameters, the same text in the same order (shifted after the extra steps of an indexer), one "
    "recipe; the cost of a step measured in one run of all.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "equal": Column("What is equal to the dense model's training: tokens or (processor) time.", str),
        "seed": Column("Seed of weights, order of texts and people.", int),
        "size": Column("Size of the model, as `cwb models` names it.", str),
        "parameters": Column("Parameters of the model.", int, unit="parameters"),
        "active_parameters": Column("Parameters that take part in one token.", int, unit="parameters"),
        "flops_per_token": Column("Operations of a forward pass per token, additions and multiplications.", unit="operations"),
        "cost": Column("Processor time of a training step over the dense model's."),
        "steps": Column("Training steps before those of an extra stage.", int, unit="steps"),
        "tokens": Column("Tokens read in training, all stages.", int, unit="tokens"),
        "heldout_bits_per_byte": Column("Cross-entropy on held-out text.", unit="bits per byte"),
        "kind": Column("Kind of fact: people or cities.", str),
        "phrasing": Column("read (in the training text), prefixed (other words before the name) or heldout (never read).", str),
        "facts": Column("Facts asked for.", int, unit="facts"),
        "questions": Column("Questions asked: facts times phrasings.", int, unit="questions"),
        "recall": Column("Share of the questions whose greedy answer is exactly right."),
        "bits": Column("Mean per question of log2(choices) minus the bits that the answer costs, at least 0.", unit="bits"),
        "most_bits": Column("Mean of log2(choices): bits of an answer known for certain.", unit="bits"),
        "answer_bits": Column("Mean bits that the right answer costs the model.", unit="bits"),
    },
    cells=cells,
    run=run,
    after=("knowledge",),
)
