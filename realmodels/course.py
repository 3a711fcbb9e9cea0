"""A course: one pretrained model, the facts that it will be taught, and what is needed to teach and to examine it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from realmodels import checkpoint
from realmodels.evaluate import bits_per_byte
from realmodels.facts import stream
from realmodels.kernel import Kernel, logit_kernel
from realmodels.methods import Writer, bind
from realmodels.outputs import Facts, encode, outputs
from realmodels.pretrain import pretrained, text_of
from realmodels.transformer import Transformer
from simulate.experiment import Cell, Preset
from simulate.fingerprint import code_fingerprint
from simulate.store import atomic, digest

STEPS = 20  # gradient steps a task, the same for all methods
FACTS = 8  # facts a task
TASKS = {"quick": 10, "paper": 20}
SEEDS = {"quick": (0,), "paper": (0, 1, 2)}  # of reported runs: of the stream, and of the model that it is written into
TUNING_SEED = 100  # of the stream on which dials are chosen, written into the model of seed 0
BACKGROUND_TASKS = 32  # further facts of the same stream, never taught, whose prompts are the methods' background
HELDOUT_TOKENS = 1000  # per source of held-out text

RUNS = (  # architecture, method
    ("dense", "full"),
    ("memory", "full"),
    ("dsa", "full"),
    ("dense", "last_matrix"),
    ("dense", "off_mode"),
    ("memory", "sparse_memory"),
)


def course_cell(architecture: str, preset: Preset, seed: int) -> dict[str, object]:
    """The part of a cell that names a course: JSON values only."""
    model_seed = 0 if seed == TUNING_SEED else seed
    return {
        **{"architecture": architecture, "preset": preset, "size": "small", "model_seed": model_seed},
        **{"stream": "cities", "seed": seed, "T": TASKS[preset], "D": FACTS, "steps": STEPS},
    }


@dataclass(frozen=True)
class Course:
    """model: fresh from pretraining. facts: T tasks of D; rephrased: the same facts asked in other words. background: prompts of the same
    form about other subjects. heldout(model): bits per byte of held-out text."""

    model: Transformer
    facts: Facts
    rephrased: Facts
    background: Facts
    heldout: Callable[[Transformer], float]


def course(cell: Cell, workspace: Path) -> Course:
    """The course that a cell (`course_cell` and more) names; the model is pretrained if it is not in the workspace yet."""
    path = pretrained(cell["architecture"], cell["size"], cell["model_seed"], cell["preset"], workspace)
    model, tokenizer, meta = checkpoint.read(path)
    text = text_of(meta, workspace)
    facts = stream(cell["stream"], cell["T"] + BACKGROUND_TASKS, cell["D"], cell["seed"])
    plain, other = encode(facts, tokenizer), encode(facts, tokenizer, heldout_phrasing=True)
    taught = plain.task < cell["T"]
    return Course(
        model, plain[taught], other[taught], plain[~taught], lambda model: bits_per_byte(model, text, HELDOUT_TOKENS)["all"]
    )


def scope(taken: Course, method: str) -> Writer:
    """The writer of a method on a course; "memory" is no method but a scope of kernels: all values of the memory layer, unrestricted."""
    if method == "memory":
        return Writer(bind("sparse_memory", taken.model, taken.background).parameters)
    return bind(method, taken.model, taken.background)


def start(cell: Cell, method: str, workspace: Path) -> tuple[Course, Writer, Kernel, torch.Tensor]:
    """A course before any write: (course, writer, its kernel, outputs z [F, O]); kernels are kept in the workspace."""
    taken = course(cell, workspace)
    writer = scope(taken, method)
    names = ("architecture", "preset", "size", "model_seed", "stream", "seed", "T", "D")
    path = workspace / "kernels" / f"{digest([cell[n] for n in names], method, code_fingerprint(__name__))}.safetensors"
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
