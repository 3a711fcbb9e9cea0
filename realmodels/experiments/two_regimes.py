"""Two regimes in a language model: a fast sparse part, a slow dense one and sleep, against every control (E3, H3)."""

import contextlib
import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from realmodels.model import checkpoint
from realmodels.model.transformer import Transformer
from realmodels.text.counterfactuals import counterfactuals
from realmodels.text.encoded import Encoded
from realmodels.text.encoder import Encoder
from realmodels.training.evaluate import HELDOUT_TOKENS, bits_per_byte
from realmodels.training.loop import one_thread
from realmodels.training.pretrain import text_of
from realmodels.training.recipe import SEEDS
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.writer import Background, Diverged
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outputs import Facts, encode
from realmodels.writing.retained import depths
from realmodels.writing.scenario import STREAM
from realmodels.writing.stream import STEPS, stream
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

D = 8  # facts per task
TASKS: dict[Preset, tuple[int, ...]] = {"quick": (4,), "paper": (8, 16, 24)}
"""Numbers of tasks at which all facts are asked: each is a number of whole periods."""
BACKGROUND: dict[Preset, int] = {"quick": 128, "paper": 1024}  # prompts about other subjects, never written
BESIDE = 128  # of them, beside which a task is asked just after its own write
SLEEP = 2  # tasks from sleep to sleep
EVERY = 2**20  # a store of prompts that holds all of them
BOTH = "1.feedforward.output,2.feedforward.output"  # the two matrices of a dense model that its two parts are


@dataclass(frozen=True)
class Way:
    """A system: the model and method, their options, the learning rate, steps by day, and the access rule it is compared under.

    steps: gradient steps per task by day. With those of its sleep each system takes 2 STEPS per task.
    """

    architecture: str
    access: str
    method: str
    rate: float
    steps: int
    options: dict[str, Any] = field(default_factory=dict)


def _parts(access: str, **options: Any) -> dict[str, Any]:
    """Options of the method of two regimes under an access rule, with which 8 + 16 facts are read in each step of a sleep."""
    return {"access": access, "sleep": SLEEP, "asleep": STEPS, "buffer": EVERY, **options}


def _ways() -> dict[str, Way]:
    fast, winners = {"fast": "1.feedforward.output"}, {"share": 0.05}
    ways = {}
    both = {"fast": BOTH, "slow": BOTH, "slow_rate": 3.0}
    two = {**fast, "slow_rate": 3.0}
    ways["two_own"] = Way("dense", "own", "two_regimes", 1.0, STEPS, _parts("own", **two, **winners))
    ways["equal_own"] = Way("dense", "own", "two_regimes", 1.0, STEPS, _parts("own", **two))
    # With true answers the fast part hands nothing over, so that two parts of equal sparsity would end with the same numbers.
    ways["two_labels"] = Way("dense", "labels", "two_regimes", 1.0, STEPS, _parts("labels", **two, **winners))
    ways["one_own"] = Way("dense", "own", "two_regimes", 1.0, STEPS, _parts("own", **both))
    ways["one_morning"] = Way("dense", "own", "two_regimes", 1.0, STEPS, _parts("own", **both, morning=True))
    late = _parts("labels", **{**both, "asleep": 2 * STEPS})  # all of its steps: what it may learn in sleep needs no day
    ways["one_labels"] = Way("dense", "labels", "two_regimes", 1.0, 0, late)
    awake = {**fast, "slow_rate": 0.1, "keep": 0.98}
    ways["two_none"] = Way("dense", "none", "two_regimes", 1.0, 2 * STEPS, _parts("none", **awake, **winners))
    ways["equal_none"] = Way("dense", "none", "two_regimes", 1.0, 2 * STEPS, _parts("none", **awake))
    ways["plain"] = Way("dense", "none", "full", 0.3, 2 * STEPS, {"where": BOTH})
    ways["off_mode"] = Way("dense", "none", "off_mode", 3.0, 2 * STEPS, {"k": 12})
    ways["replay"] = Way("dense", "labels", "replay", 1.0, 2 * STEPS, {"where": BOTH, "n": D, "buffer": EVERY})
    table = _parts("own", fast="values", slow_rate=3.0, sleep=1)
    ways["memory_own"] = Way("memory", "own", "two_regimes", 300.0, STEPS, table)
    ways["sparse_memory"] = Way("memory", "none", "sparse_memory", 300.0, 2 * STEPS)
    return ways


WAYS = _ways()
"""Every system. Each takes 2 STEPS gradient steps per task. Once there are 16 older facts, each that rehearses reads 32 STEPS
facts in them, half of them older ones; "one_labels", which has no day, reads 48 STEPS, of which 32 STEPS are older ones."""


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per system and model, with facts of its own. Systems are outermost, so that workers read different models."""
    return [
        {
            "model": model_spec(way.architecture, preset, seed).to_json(),
            "way": name,
            "method_code": code(way.method),
            "seed": seed,
            "tasks": list(TASKS[preset]),
            "background": BACKGROUND[preset],
        }
        for name, way in WAYS.items()
        for seed in SEEDS[preset]
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per number of tasks."""
    way, tasks = WAYS[cell["way"]], cell["tasks"]
    model, tokenizer, meta = checkpoint.read(checkpoint_of(ModelSpec.from_json(cell["model"]), workspace))
    text, encoder = text_of(meta, workspace), Encoder.ours(tokenizer, model.config.vocabulary)
    whole = encode(counterfactuals(STREAM, max(tasks) * D + cell["background"], D, cell["seed"]), encoder)
    facts, others = whole[whole.task < max(tasks)], whole[whole.task >= max(tasks)]
    own = {"way": cell["way"], "architecture": way.architecture, "access": way.access, "seed": cell["seed"], "D": D}
    with one_thread():
        return [{**own, **row} for row in _stream(model, way, facts, others, tasks, text)]


def ends(tasks: int) -> int:
    """Tasks that are the newest, or the oldest, of so many: a tenth, one at least."""
    return max(1, tasks // 10)


def looked_up(facts: Facts, bits: int, vocabulary: int) -> float:
    """Share of these facts that a list of so many bits holds, in order: each is its prompt's tokens and those of its answer."""
    each = (facts.last + 2).double() * math.log2(vocabulary)
    return float((each.cumsum(0) <= bits).double().mean())


def _stream(
    model: Transformer, way: Way, facts: Facts, others: Facts, tasks: Sequence[int], text: Encoded
) -> Iterator[dict[str, Any]]:
    """What is measured of one stream, at each of these numbers of tasks."""
    writer = bind(way.method, copy.deepcopy(model), Background(others), **way.options)
    before = bits_per_byte(model, text, HELDOUT_TOKENS)["all"]
    fresh: list[float] = []
    done = 0
    for written in _until_it_diverges(stream(writer, facts, way.rate, way.steps)):
        if written:
            fresh.append(float(depths(writer.model, facts.of_task(written - 1), others[:BESIDE]).mean()))
        if written in tasks:
            done += 1
            now = facts[facts.task < written]
            depth = depths(writer.model, now, others).reshape(-1, D).mean(1)
            heard = getattr(writer, "heard", [])
            yield {
                "T": written,
                "newest": float(np.mean(fresh[-ends(written) :])),
                "oldest": float(depth[: ends(written)].mean()),
                "total": float(depth.sum() * D),
                "text_rise": bits_per_byte(writer.model, text, HELDOUT_TOKENS)["all"] - before,
                "heard": float(np.mean(heard)) if heard else math.nan,
                "written": sum(parameter.numel() for parameter in writer.parameters.values()),
                "steps": 2 * STEPS * written,
                "state_numbers": writer.state_numbers,
                "state_bits": writer.state_bits,
                "listed": looked_up(now, writer.state_bits, model.config.vocabulary),
                "diverged": False,
            }
    for T in tasks[done:]:
        size = sum(parameter.numel() for parameter in writer.parameters.values())
        nothing = dict.fromkeys(("newest", "oldest", "total", "text_rise", "heard"), math.nan)
        kept = {"written": size, "state_numbers": writer.state_numbers, "state_bits": writer.state_bits, "listed": 0.0}
        yield {"T": T, "steps": 2 * STEPS * T, **nothing, **kept, "diverged": True}


def _until_it_diverges(written: Iterator[int]) -> Iterator[int]:
    with contextlib.suppress(Diverged):
        yield from written


EXPERIMENT = Experiment(
    name="two_regimes",
    question="Do two parts of a language model, a fast one that is written sparsely and a slow dense one that learns in sleep "
    "what the fast one says, keep more of a stream of facts than any one part, at equal parameters and steps?",
    prediction="In one pass with sleep two regimes keep more than one store of the same parameters with the same sleep, more "
    "than plain descent and off-mode writing, and a little more than two parts of equal sparsity, which matter less "
    "the longer the stream (S3). They keep less than replay of true answers, and than a list of as many bits (C5); "
    "and no more than one store that notes its own older answers before each period. With many passes one store that "
    "learns in sleep alone keeps more (S3). (Two parts of equal sparsity are then the same to the bit: the fast part "
    "hands nothing over.) Without sleep nothing is gained, for nothing is shared (S1). So the hypothesis would hold "
    "for one pass with sleep, and what two parts gain would be that the day does not disturb what is said of older "
    "facts; sparsity would add little. On the development model the sums after 16 tasks, 128 facts, were 94 of depth "
    "for two regimes and 90 with equal sparsity, 60 for one store, 108 if it notes its answers, 124 for replay, 39 "
    "for plain descent, 61 off-mode; at a slow rate of 10 one store kept 66, at 3.2 bits per byte of text; with many "
    "passes 103 for two regimes and 127 for one store; without sleep 38. After 24 tasks two regimes had 103 and equal"
    " sparsity 94. The slow rate and the sleep of two tasks were chosen there: a sleep of four tasks gave 74; a slow "
    "rate of 10 gave as much at more harm to text; a slow part written off one common direction at rate 10 gave 133 "
    "after 24 tasks, and is left out, for one store of two matrices cannot be written so. With older answers fixed "
    "before the fast part goes back, two regimes kept 26 at the most after 16 tasks. The memory layer with a slow "
    "part gave 57 after 16 tasks, and alone 16.",
    falsifier="The simultaneous 95% interval over seeds of the sum of depths of two regimes over that of a control lies below 1.",
    controls="The same facts, order and gradient steps per task for all; one store of the same parameters with the same sleep "
    "(with many passes it learns in sleep alone), also if it notes its own older answers in the morning; two parts of"
    " equal sparsity; replay with the true answers of all earlier facts, as many facts in its steps; plain descent "
    "into the same parameters; off-mode writing of the last matrix; sparse writes of a memory layer alone; a list of "
    "prompts and answers of as many bits as the state. Equal parameters and steps throughout but for off-mode "
    "writing, which has one matrix, and the memory layer, which has more than the dense model's two. State is not "
    "equal: two regimes keep what the fast part was, and prompts; replay prompts and answers; plain descent nothing. "
    "A mixture of experts, which E3 asks for, is not among the controls: such models cannot be format-finetuned yet.",
    columns={
        "way": Column("System, with the access rule: two (parts), equal (sparsity), one (store), and the controls.", str),
        "architecture": Column("Architecture of the model.", str),
        "access": Column("What a sleep may touch: labels, own (answers), none (no sleep); of replay, labels.", str),
        "seed": Column("Seed of the model and of its facts.", int),
        "D": Column("Facts per task.", int, unit="facts"),
        "T": Column("Tasks written.", int, unit="tasks"),
        "newest": Column(
            "Mean depth of the newest tenth of the tasks, each just after its own write and the sleep after it.",
            optional="the model diverged",
        ),
        "oldest": Column("Mean depth of the oldest tenth of the tasks, after the last one.", optional="the model diverged"),
        "total": Column("Sum of the depths of all facts, after the last task.", unit="facts", optional="the model diverged"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte", optional="the model diverged"),
        "heard": Column("Share of the period's facts that the model says right when a sleep begins.", optional="no sleep"),
        "written": Column("Parameters that are written.", int, unit="numbers"),
        "steps": Column("Gradient steps in all, by day and in sleep.", int, unit="steps"),
        "state_numbers": Column("Numbers that the method keeps beside the parameters by then.", int, unit="numbers"),
        "state_bits": Column("The same in bits.", int, unit="bits"),
        "listed": Column("Share of the facts that a list of so many bits holds, prompts and answers."),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
