"""Continual bits: how many bits do a model and a writing method hold of random strings learned one task after another (E9)?"""

from collections.abc import Sequence
from pathlib import Path

from realmodels.bench.entry import file_name, offered
from realmodels.bench.levels import LEVELS, Level
from realmodels.bench.running import STEPS, measured
from realmodels.bench.system import ModelSystem
from realmodels.writing.methods.binding import code
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.progress import reporter
from simulate.runs.store import Rows

KIND = "strings"
ADAMW = {"optimizer": "adamw"}
REPLAY = {**ADAMW, "n": 32, "buffer": 256}
SYSTEMS: dict[str, tuple[str, str, dict]] = {
    "dense": ("dense", "full", ADAMW),
    "kwta": ("kwta", "full", ADAMW),
    "moe": ("moe", "full", ADAMW),
    "memory": ("memory", "full", ADAMW),
    "sgd": ("dense", "full", {}),
    "replay": ("dense", "replay", REPLAY),
    "ewc": ("dense", "ewc", {**ADAMW, "strength": 100.0}),
    "last_matrix": ("dense", "last_matrix", {}),
    "off_mode": ("dense", "off_mode", {}),
}
"""{name: (architecture, method, options)}. Strength of ewc: the best but one of 1, 100, 10,000 on the development stream; at the
best it holds the first task and learns no other."""
QUICK = Level("quick", 4, 8, (1, 2), 8, "seconds")
LEVEL = {"quick": QUICK, "paper": LEVELS["small"]}


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per system; the slowest come first, so that workers end together."""
    level = LEVEL[preset]
    names = ("replay", "ewc", "memory", "moe", "kwta", "dense", "sgd", "last_matrix", "off_mode")
    return [
        {
            "system": name,
            "model": SYSTEMS[name][0],
            "method": SYSTEMS[name][1],
            "options": SYSTEMS[name][2],
            "method_code": code(SYSTEMS[name][1]),
            "level": level.name,
            "steps": STEPS if preset == "paper" else 10,
        }
        for name in (names if preset == "paper" else ("replay", "dense"))
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """The entry of a system: learning rates by the development stream, then a row per stream, moment and task.

    The entry's file is left in the workspace.
    """
    level = next(one for one in LEVEL.values() if one.name == cell["level"])
    system = ModelSystem(cell["model"], level.width, cell["method"], cell["options"])
    progress, streams = reporter(workspace, f"continual_bits {cell['system']}"), 0

    def say(line: str) -> None:
        nonlocal streams
        streams += 1
        progress(streams, streams + 1, 0.0)

    entry = measured(system, KIND, level, cell["steps"], say=say)
    entry.save(workspace / "bench" / file_name(entry.name))
    own = {"system": cell["system"], "architecture": cell["model"], "method": cell["method"], "tasks": level.tasks}
    own |= {"per_task": level.per_task, "offered": offered(KIND, level), "steps": cell["steps"]}
    memory = {"parameters": entry.memory["parameters"], "written_parameters": entry.memory["written"]}
    memory |= {"state_bits": float(entry.memory["state_bits"])}
    return [
        {
            **own,
            **memory,
            **row,
            "learning_rate": entry.learning_rates[row["order"]],
            "at_grid_end": entry.at_grid_end[row["order"]],
        }
        for row in entry.rows
    ]


EXPERIMENT = Experiment(
    name="continual_bits",
    question="How many bits do a small model and a writing method hold of random strings learned one task after another, against "
    "all at once?",
    prediction="New models of 6,400 parameters are written 32 tasks of 32 random strings, of 32 bits each: five bits a "
    "parameter. Learned one task after another by plain descent, a model of any architecture holds less than a "
    "quarter of what the same parameters hold if all tasks are learned at once (E9-joint), and the bits do not grow "
    "with the stream: after 32 tasks they are less than 1.25 times those after 4 (E9-flat). By C2 and S2 sparser "
    "activity interferes less, so that winners, experts and a memory layer each hold more than the dense model "
    "(E9-sparse). Replay from a store of a quarter of the stream holds more than plain descent (E9-replay), but gains "
    "fewer bits than its store holds (E9-store). A penalty (ewc) holds fewer than plain descent (E9-penalty). One "
    "matrix, written in order, holds less than the .7213 bits a weight of the best one-shot additive memory (C3, "
    "E9-one-shot). What was seen before, on the development stream: plain AdamW in the dense model held 1051 bits and "
    "joint training about 9,000; at the same rate ewc of strength 1, 100 and 10,000 held 242, 439 and 676, replay "
    "2769, DER++ 2088, a memory layer 909, winners 965, nearly all of it (but for ewc and replay) of the last task; "
    "and the streams of the dense model by AdamW that are reported (1030 to 1055 in order, 8354 to 9526 at once).",
    falsifier="The 95% interval over seeds lies wholly on the other side of the border that the rule names.",
    controls="The same parameters trained at once, with as many readings of each string; equal totals of parameters; learning "
    "rates of both orders chosen on a stream that is not reported; bits are what a decoder saves, with the share of guessing "
    "fitted for every task; what replay stores counted as state; one matrix alone.",
    columns={
        "system": Column("What was tested: an architecture by plain AdamW, or the dense model by another method.", str),
        "architecture": Column("Architecture of the new model.", str),
        "method": Column("Writing method.", str),
        "tasks": Column("Tasks of the stream.", int, unit="tasks"),
        "per_task": Column("Strings per task.", int, unit="strings"),
        "offered": Column("Bits that there are to know in the stream.", unit="bits"),
        "steps": Column("Gradient steps per task: how often each string is read.", int, unit="steps"),
        "parameters": Column("Parameters of the model.", int, unit="parameters"),
        "written_parameters": Column("Those that the method may change.", int, unit="parameters"),
        "state_bits": Column("Bits of the parameters, 32 each, and of what the method keeps beside them.", unit="bits"),
        "seed": Column("Seed of the strings and of the new model.", int),
        "order": Column("sequential: one task after another; joint: all at once.", str),
        "written": Column("Tasks learned by then.", int, unit="tasks"),
        "task": Column("Task that is asked, from 0.", int),
        "bits": Column("Bits held of it, by the model's probabilities (code bits).", unit="bits"),
        "answered_bits": Column("Bits held of it, by its greedy answers (Fano's bound).", unit="bits"),
        "right": Column("Strings that it says whole.", int, unit="strings"),
        "learning_rate": Column("Learning rate of this order, chosen on the development stream."),
        "at_grid_end": Column("Whether that is an end of the range that was tried.", bool),
    },
    cells=cells,
    run=run,
)
