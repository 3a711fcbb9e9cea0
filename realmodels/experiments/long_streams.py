"""Methods along one long stream into one matrix of a language model: where each stops learning or starts to forget (H4)."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.model.transformer import Transformer
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing import linear_store, softmax_store
from realmodels.writing.counterfactual_stream import counterfactual_stream
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.ewc import Ewc
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outputs import Facts, outputs
from realmodels.writing.retained import depths
from realmodels.writing.stores import Kept, Rule
from realmodels.writing.stream import STEPS, stream
from realmodels.writing.trial import TRIALS, depth_alone, trials
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.errors import UserError

D = 8  # facts per task
TASKS: dict[Preset, tuple[int, ...]] = {
    "quick": (1, 2, 3, 4, 6, 8, 12, 16, 24),
    "paper": (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96),
}
"""Numbers of tasks at which all facts are asked. The matrix has 384 inputs: 96 tasks are two facts for each."""
BACKGROUND = 1024  # prompts about other subjects: keys and outputs of the laws, trial writes, what is said everywhere
ORDERS = 4  # of the background, in which a law is run; the forecast is their mean
RATE = 1.0  # learning rate of all methods: their first task is the same write
WHERE = "last.feedforward.output"
LAWS = ("linear", "softmax")


@dataclass(frozen=True)
class Way:
    """A method with its options, and the rule by which stores imitate it."""

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    rule: Rule = field(default_factory=Rule)


WAYS = {
    "plain": Way("last_matrix"),
    "replay": Way("replay", {"where": WHERE, "n": 8, "buffer": 32}, Rule(n=8, buffer=32)),
    "gpm": Way("gpm", {"threshold": 0.97}, Rule(threshold=0.97)),
    "ewc": Way("ewc", {"where": WHERE, "strength": 400.0}),
}
"""Every method with its default options, but that replay and ewc write the one matrix that the others write."""


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per method and model, with facts of its own. Methods are outermost, so that workers train different models."""
    return [
        {
            "model": model_spec("dense", preset, seed).to_json(),
            "way": name,
            "method_code": code(way.method),
            "seed": seed,
            "tasks": list(TASKS[preset]),
        }
        for name, way in WAYS.items()
        for seed in SEEDS[preset]
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per number of tasks."""
    way, tasks = WAYS[cell["way"]], cell["tasks"]
    path = checkpoint_of(ModelSpec.from_json(cell["model"]), workspace)
    setting = counterfactual_stream(path, cell["seed"], max(tasks), D, BACKGROUND, workspace)
    model, facts, others = setting.model, setting.facts, setting.others
    own = {"way": cell["way"], "seed": cell["seed"], "D": D, "steps": STEPS, "learning_rate": RATE, "candidates": facts.choices}
    with one_thread():
        trial, laws = forecasts(model, way, others, tasks)
        before = setting.heldout(model)
        rows = []
        for row, writer in _stream(model, way, others, facts, tasks):
            row["text_rise"] = setting.heldout(writer.model) - before
            rows.append({**own, "trial": trial, **row, **_ends("linear_", laws["linear"], row["T"])})
            rows[-1] |= _ends("softmax_", laws["softmax"], row["T"])
    return rows


def bound(model: Transformer, way: Way, others: Facts) -> Writer:
    """The method on a copy of the model."""
    return bind(way.method, copy.deepcopy(model), Background(others), **way.options)


def forecasts(model: Transformer, way: Way, others: Facts, tasks: Sequence[int]) -> tuple[float, Mapping[str, list[Kept]]]:
    """(mean depth of tasks written alone, what each store keeps in every order of the background), before any stream."""

    def see(writer: Writer, task: Facts) -> tuple[float, Tensor]:
        return depth_alone(writer, task, others), _importance(writer, task)

    seen = trials(lambda: bound(model, way, others), others, RATE, see)
    if seen is None:
        raise UserError(f"trial writes at learning rate {RATE:g} diverge: lower it")
    trial, importance = float(np.mean([depth for depth, _ in seen])), torch.stack([values for _, values in seen]).mean(0)
    rule = replace(way.rule, pull=RATE * way.options["strength"] * importance.double()) if way.method == "ewc" else way.rule
    keys, written = answer_keys(model, others), max(tasks) * D
    with torch.no_grad():
        prompts = softmax_store.Prompts(keys, torch.cat([outputs(model, part) for part in others.batches()]), others.target)
    dose = linear_store.dose_of(keys, keys[TRIALS * D :], D, trial, TRIALS)
    rate = softmax_store.rate_of(prompts, D, trial, STEPS, TRIALS)
    linear_rule = replace(rule, left=linear_store.alone(keys, keys[TRIALS * D :], D, dose, TRIALS)[1])
    softmax_rule = replace(rule, left=softmax_store.alone(prompts, D, rate, STEPS, TRIALS)[1])
    linear, softmax = [], []
    for order in range(ORDERS):
        rolled = prompts.rolled(order * len(keys) // ORDERS)
        stream, beside = rolled.keys[:written], rolled.keys[written:]
        linear.append(linear_store.written(stream, beside, D, linear_rule, dose, STEPS, tasks))
        softmax.append(softmax_store.written(rolled, D, softmax_rule, rate, STEPS, tasks))
    return trial, {"linear": linear, "softmax": softmax}


def _importance(writer: Writer, task: Facts) -> Tensor:
    """Mean importance that the method gives to the weights of each input, after it wrote this task; 0 for all but ewc."""
    (weight,) = writer.parameters.values()
    if not isinstance(writer, Ewc):
        return torch.zeros(weight.shape[1])
    (values,) = writer.importance(task).values()
    return values.mean(0)


def part(tasks: int) -> int:
    """Tasks that are the newest, or the oldest, of so many: a tenth, one at least."""
    return max(1, tasks // 10)


def _ends(name: str, kept: Sequence[Kept], tasks: int) -> dict[str, float]:
    """Depth of the newest tasks when they were new, that of the oldest now, and the sum of all facts': means over orders."""
    some = part(tasks)
    return {
        f"{name}newest": float(np.mean([one.fresh[tasks - some : tasks].mean() for one in kept])),
        f"{name}oldest": float(np.mean([one.at[tasks][:some].mean() for one in kept])),
        f"{name}total": float(np.mean([one.at[tasks].sum() for one in kept])) * D,
    }


def _stream(
    model: Transformer, way: Way, others: Facts, facts: Facts, tasks: Sequence[int]
) -> Iterator[tuple[dict[str, Any], Writer]]:
    """(what is measured, the writer) at each of these numbers of tasks."""
    writer = bound(model, way, others)
    fresh: list[float] = []
    for written in stream(writer, facts, RATE, STEPS):
        if written:
            fresh.append(float(depths(writer.model, facts.of_task(written - 1), others).mean()))
        if written in tasks:
            depth = depths(writer.model, facts[facts.task < written], others).reshape(-1, D).mean(1)
            measured = _ends("", [Kept(np.array(fresh), {written: depth})], written)
            yield {"T": written, "state_numbers": writer.state_numbers, **measured}, writer


EXPERIMENT = Experiment(
    name="long_streams",
    question="Written into one matrix of a language model along one long stream, at what length does each method stop "
    "learning or start to forget, and is it what the method does in one layer that reads the same keys, simulated before any "
    "write?",
    prediction="A layer whose answers compete in a softmax keeps in all what each method keeps, within 20% "
    "(H4-network-softmax), lasts as long within a factor of 1.5 (H4-network-length), and fails alike (H4-network-fails): "
    "plain descent and replay forget the oldest, gpm and ewc stop learning. The linear layer, which the laws of the methods "
    "assume, keeps too much (H4-network-linear is refuted). On the development model the sums after 48 tasks, as measured, in "
    "the softmax layer and in the linear layer, were 37.5, 32.0, 67.2 (plain), 72.0, 65.2, 88.1 (replay), 99.1, 104.1, 135.5 "
    "(gpm) and 48.4, 44.0, 65.6 (ewc). Ewc stopped learning after 16 tasks, which the linear layer does not do: a task that "
    "is not learned leaves a large error, hence a large importance, so that still less is learned of the next.",
    falsifier="The simultaneous 95% interval over seeds of a method's sum of depths over that of the softmax layer lies "
    "outside 1/1.2 to 1.2, or that of its length outside 1/1.5 to 1.5; a method that fails at the other end of its stream.",
    controls="The same facts, order, steps and learning rate for all methods, so that the first task is the same write; "
    "answers drawn at random, and what is said at prompts that were never written does not count; both layers get the same "
    "keys, the same trial writes and the same reservoir as the method, and differ in the loss and where readouts begin; "
    "nothing is fitted to a stream; options of every method as they are by default.",
    columns={
        "way": Column("Method: plain (one matrix, nothing protected), replay, gpm, ewc; all write the same matrix.", str),
        "seed": Column("Seed of the model and of its facts.", int),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "learning_rate": Column("Learning rate of the writes."),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "trial": Column("Mean depth of tasks that are written alone, each into a copy."),
        "T": Column("Tasks written.", int, unit="tasks"),
        "state_numbers": Column("Numbers that the method keeps beside the parameters by then.", int, unit="numbers"),
        "newest": Column("Mean depth of the newest tenth of the tasks, each just after its own write."),
        "oldest": Column("Mean depth of the oldest tenth of the tasks, after the last one."),
        "total": Column("Sum of the depths of all facts, after the last task.", unit="facts"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte"),
        "linear_newest": Column("The newest by the store that is written as in least squares."),
        "linear_oldest": Column("The oldest by that store."),
        "linear_total": Column("The sum by that store.", unit="facts"),
        "softmax_newest": Column("The newest by the store that is written with a cross-entropy."),
        "softmax_oldest": Column("The oldest by that store."),
        "softmax_total": Column("The sum by that store.", unit="facts"),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
