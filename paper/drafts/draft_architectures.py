"""Architectures: what exchanging one part brings at equal parameters, after as many tokens and after as much time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from realmodels import checkpoint, pretrain
from realmodels.architectures import ARCHITECTURES, active_parameters, flops_per_token, parameters
from realmodels.experiments.knowledge import STEPS, recalled, taught
from realmodels.part import code
from realmodels.recipe import SEEDS, PretrainConfig
from realmodels.training import one_thread
from simulate.experiment import Cell, Preset
from simulate.progress import reporter
from simulate.store import Rows

# Processor time of a training step over that of the dense model's: `python -m tests.benchmarks parts --size small`, one thread.
COST: dict[str, float] = {}


def trained(architecture: str, seed: int, preset: Preset, equal: str) -> PretrainConfig:
    """The pretraining with facts of an architecture, for as many steps as the dense model ("tokens") or as long ("time")."""
    return replace(
        taught(architecture, seed, preset, STEPS if equal == "tokens" else round(STEPS / COST[architecture])), evaluations=8
    )


def cells(preset: Preset) -> Sequence[Cell]:
    """Every architecture, both ways; one seed, that of the first reported models."""
    seed = SEEDS[preset][0]
    ways = [(name, "tokens") for name in ARCHITECTURES] + [(name, "time") for name in ARCHITECTURES if name != "dense"]
    configs = [(trained(name, seed, preset, equal), equal) for name, equal in ways]
    return [{**config.to_json(), "equal": equal, "code": code(config.model)} for config, equal in configs]


def run(cell: Cell, workspace: Path) -> Rows:
    """Train (or find) the model; a row a kind of fact and phrasing, with the course of held-out bits per byte in lists."""
    config = PretrainConfig.from_json({name: value for name, value in cell.items() if name != "equal"})
    tell = reporter(workspace, f"{config.model.architecture} {cell['equal']}")
    model, tokenizer, meta = checkpoint.read(pretrain.train(config, workspace, tell))
    with one_thread():
        own = {
            "architecture": config.model.architecture,
            "equal": cell["equal"],
            "seed": config.seed,
            "parameters": parameters(config.model),
            "active_parameters": active_parameters(config.model),
            "flops_per_token": flops_per_token(config.model),
            "cost": COST[config.model.architecture],
            "steps": config.steps,
            "tokens": config.total_steps * config.batch * config.model.context,
            "heldout_bits_per_byte": meta["log"][-1]["bits_per_byte"]["all"],
            "course_tokens": [float(entry["tokens"]) for entry in meta["log"]],
            "course_bits_per_byte": [entry["bits_per_byte"]["all"] for entry in meta["log"]],
        }
        return [{**own, **row} for row in recalled(model, tokenizer, config.seed)]
