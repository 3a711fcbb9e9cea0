"""The development models: on them, and on nothing that is reported, dials are chosen and pilots are run."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.training.recipe import DEVELOPMENT_SEED
from realmodels.writing.course import MODELS, model_cell, schooled_model
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell an architecture."""
    return [model_cell(architecture, preset, DEVELOPMENT_SEED) for architecture in MODELS]


def run(cell: Cell, workspace: Path) -> Rows:
    """Pretrain and school (or find) the model; one row, the end of its schooling."""
    _, _, meta = checkpoint.read(schooled_model(cell, workspace))
    return [{"architecture": cell["architecture"], "model_seed": cell["model_seed"], **meta["schooling"]["log"][-1]}]


EXPERIMENT = Experiment(
    name="development",
    question="What is there to choose dials on that is not reported?",
    prediction="None: nothing is concluded from these models.",
    falsifier="None.",
    controls="Under preset paper their seed is none of the reported ones. Under quick, which has one seed, it is the same.",
    cells=cells,
    run=run,
    after=("schooling",),
)
