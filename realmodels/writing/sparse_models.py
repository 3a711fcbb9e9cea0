"""Models whose feed-forward layers act at a chosen share of their hidden units, by k-winners-take-all."""

from dataclasses import replace
from pathlib import Path

from realmodels.model.architectures import config_for
from realmodels.model.config import ModelConfig
from realmodels.training.pretrain import train
from realmodels.training.recipe import config
from realmodels.writing.format_finetuning import FormatFinetuning, finetuned
from simulate.runs.experiment import Preset


def shape(active: float) -> ModelConfig:
    """The small model of this activity: k over the hidden units of a layer. At 1 it is the dense one, with the same numbers."""
    if active == 1:
        return config_for("dense")
    return replace(config_for("kwta"), hyperparameters={"kwta": {"active": active}})


def checkpoint_at(active: float, seed: int, preset: Preset, form: FormatFinetuning, workspace: Path) -> Path:
    """The folder of its checkpoint, finetuned on the form of the facts: the one that is there, or else made now."""
    small = shape(active)
    pretrained = train(config(small.architecture, small.size, seed, preset, model=small), workspace)
    return finetuned(pretrained, form, workspace)
