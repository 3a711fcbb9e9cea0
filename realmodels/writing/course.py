"""A course: one pretrained and schooled model, the facts that it will be taught, and what is needed to examine it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from realmodels.model import checkpoint
from realmodels.model.architectures import config_for
from realmodels.model.part import code
from realmodels.model.transformer import Transformer
from realmodels.text.facts import stream
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.pretrain import pretrained, text_of
from realmodels.training.recipe import DEVELOPMENT_SEED
from realmodels.writing.kernel import Kernel, logit_kernel
from realmodels.writing.methods import Writer, bind
from realmodels.writing.outputs import Facts, encode, outputs
from realmodels.writing.schooling import SchoolConfig, schooled
from simulate.runs.experiment import Cell, Preset
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import atomic, digest

STEPS = 20  # gradient steps a task, the same for all methods
FACTS = 8  # facts a task
TASKS = {"quick": 10, "paper": 12}
STREAM = "cities"
SCHOOL_STEPS = {"quick": 250, "paper": 250}
TUNING_SEED = 100  # of the stream on which dials are chosen, written into the model of DEVELOPMENT_SEED
BACKGROUND_TASKS = 32  # further facts of the same stream, never taught, whose prompts are the methods' background
HELDOUT_TOKENS = 1000  # per source of held-out text

MODELS = ("dense", "memory", "dsa")  # the architectures that streams are written into
RUNS = (  # architecture, method
    ("dense", "full"),
    ("memory", "full"),
    ("dsa", "full"),
    ("dense", "last_matrix"),
    ("dense", "off_mode"),
    ("memory", "sparse_memory"),
)

OPTIONS: dict[str, dict[str, int]] = {"sparse_memory": {"t": 256}}  # with fewer of a task's 330 or so slots it is not learned


def model_cell(architecture: str, preset: Preset, seed: int) -> dict[str, Any]:
    """The part of a cell that names a schooled model: JSON values only."""
    school = SchoolConfig(STREAM, SCHOOL_STEPS[preset])
    named = {"architecture": architecture, "preset": preset, "size": "small", "model_seed": seed, "school": asdict(school)}
    return {**named, "code": code(config_for(architecture, "small"))}


def course_cell(architecture: str, preset: Preset, seed: int) -> dict[str, Any]:
    """The part of a cell that names a course: JSON values only. The tuning stream goes into the development model."""
    model = model_cell(architecture, preset, DEVELOPMENT_SEED if seed == TUNING_SEED else seed)
    return {**model, "stream": STREAM, "seed": seed, "T": TASKS[preset], "D": FACTS, "steps": STEPS}


def schooled_model(cell: Cell, workspace: Path) -> Path:
    """The checkpoint of the model that a cell (`model_cell` and more) names: found, or pretrained and schooled."""
    path = pretrained(cell["architecture"], cell["size"], cell["model_seed"], cell["preset"], workspace)
    return schooled(path, SchoolConfig(**cell["school"]), workspace)


@dataclass(frozen=True)
class Course:
    """model: before any write. facts: T tasks of D; rephrased: the same facts asked in other words. background: prompts of the
    same form about other subjects, never taught. heldout(model): bits per byte of held-out text."""

    model: Transformer
    facts: Facts
    rephrased: Facts
    background: Facts
    heldout: Callable[[Transformer], float]


def course(cell: Cell, workspace: Path) -> Course:
    """The course that a cell (`course_cell` and more) names; its model is made if it is not in the workspace yet."""
    model, tokenizer, meta = checkpoint.read(schooled_model(cell, workspace))
    text = text_of(meta, workspace)
    facts = stream(cell["stream"], cell["T"] + BACKGROUND_TASKS, cell["D"], cell["seed"])
    plain, other = encode(facts, tokenizer), encode(facts, tokenizer, heldout_phrasing=True)
    taught = plain.task < cell["T"]
    examine = lambda model: bits_per_byte(model, text, HELDOUT_TOKENS)["all"]  # noqa: E731
    return Course(model, plain[taught], other[taught], plain[~taught], examine)


def scope(taken: Course, method: str) -> Writer:
    """The writer of a method on a course; "memory" is no method but a scope of kernels: all values of a memory layer."""
    if method == "memory":
        return Writer(bind("sparse_memory", taken.model, taken.background).parameters)
    return bind(method, taken.model, taken.background, **OPTIONS.get(method, {}))


def before_writing(cell: Cell, method: str, workspace: Path) -> tuple[Course, Writer, Kernel, torch.Tensor]:
    """A course before any write: (course, writer, its kernel, outputs z [F, O]); kernels are kept in the workspace."""
    taken = course(cell, workspace)
    writer = scope(taken, method)
    about = {name: cell[name] for name in course_cell("dense", "quick", 0)}
    path = workspace / "kernels" / f"{digest(about, method, code_fingerprint(__name__))}.safetensors"
    if path.exists():
        found = load_file(path)
        kernel = Kernel(found["response"], found.get("writes", found["response"]))
    else:
        kernel = logit_kernel(taken.model, writer, taken.facts)
        same = kernel.response is kernel.writes
        with atomic(path) as temporary:
            save_file({"response": kernel.response} | ({} if same else {"writes": kernel.writes}), temporary)
    with torch.no_grad():
        return taken, writer, kernel, outputs(taken.model, taken.facts)
