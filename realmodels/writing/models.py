"""The models that facts are written into: pretrained, then finetuned on the form of the facts."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from realmodels.model.architectures import config_for
from realmodels.model.part import code
from realmodels.training.pretrain import pretrained
from realmodels.writing.format_finetuning import FormatFinetuning, finetuned
from simulate.runs.experiment import Cell, Preset

FORMAT_STEPS: dict[Preset, int] = {"quick": 250, "paper": 250}


@dataclass(frozen=True)
class ModelSpec:
    """Everything that fixes one model: architecture, size and seed, the preset of its pretraining, its format finetuning."""

    architecture: str
    size: str
    seed: int
    preset: Preset
    format_finetuning: FormatFinetuning

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON values, with the fingerprints of the code of the model's parts under "code"."""
        return {**asdict(self), "code": code(config_for(self.architecture, self.size))}

    @classmethod
    def from_json(cls, values: Cell) -> "ModelSpec":
        """The specification that `to_json` gave."""
        values = {name: value for name, value in values.items() if name != "code"}
        return cls(**{**values, "format_finetuning": FormatFinetuning(**values["format_finetuning"])})


def model_spec(architecture: str, preset: Preset, seed: int, stream: str = "cities") -> ModelSpec:
    """The model of size "small" under a preset, finetuned on the form of the facts of `stream`."""
    return ModelSpec(architecture, "small", seed, preset, FormatFinetuning(stream, FORMAT_STEPS[preset]))


def checkpoint_of(spec: ModelSpec, workspace: Path) -> Path:
    """The folder of the checkpoint of a model: the one that is there, or else pretrained and finetuned now."""
    path = pretrained(spec.architecture, spec.size, spec.seed, spec.preset, workspace)
    return finetuned(path, spec.format_finetuning, workspace)
