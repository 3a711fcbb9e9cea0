"""Every learner over the length of its stream, at equal total state: total depth, the worst-kept task, the newest, and bits.

State is divided as `theory.methods.comparison` divides it, which also predicts every number here. A stream has independent
isotropic keys and targets of random signs, one for each output. All learners here are linear in their targets, so the
derivative of answers along these signs is the answers themselves. The depth of a fact is then the mean over outputs of sign times
answer (`simulate.system.freedom`, claim C1-any). What is left of the answer is crosstalk. Where crosstalk has no bound (a
full projection answers new keys at random) that mean is too noisy: there each fact has an output of its own, which gives its
depth and the power of its crosstalk exactly. A task is `block` consecutive facts: facts come one by one, and only the mean over a
task's is asked for.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.grid import REPORTED
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import Rows
from simulate.system.freedom import worst_kept
from simulate.system.learner import Learner, Setting, answers
from simulate.system.learner_systems import catalogue
from theory.methods import comparison

DEPTH = 0.5
SIZES: dict[Preset, dict[str, int]] = {
    "quick": {"state": 8000, "outputs": 64, "streams": 1},
    "paper": {"state": 20000, "outputs": 64, "streams": 8},
}
FRACTIONS = (0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.1, 1.2, 1.35, 1.6)
BLOCK = 8
FEW = 64  # facts: streams shorter than that have tasks of one fact, and more of them are drawn
READ_NOISE = 0.01
"""Variance of the reader's own noise, in units of a target's, when answers are counted in bits: at most 3.33 bits a value."""
METHOD = {"plain": "finetuning", "rls": "ewc"} | {name: name for name in comparison.METHODS}
"""Row of the comparison that a learner is held against."""
AT_ONCE = {"lora": comparison.RANK, "ewc": BLOCK, "self_rehearsal": BLOCK, "self_rehearsal_seeded": BLOCK}
"""Facts that a learner is given at once, where not one: an adapter's rank; where the law is the same for any number, a task."""
DEAR = ("ewc", "self_rehearsal", "self_rehearsal_seeded")
"""Least squares from scratch at every write, for all facts alike: one stream per seed is enough."""
EXACT = ("gpm",)
"""Learners that are given an output for each fact."""


def sizes_of(learner: Learner, built: comparison.System) -> dict[str, int]:
    """The learner's own sizes, as the comparison sets them."""
    chosen = {"rank": comparison.RANK, "slots": comparison.SLOTS, "share": 1, "B": round(built.whole) - 1}
    return {name: chosen[name] for name in learner.sizes}


def lengths_of(length: float, step: int) -> list[int]:
    """Numbers of facts, whole tasks, around that length: FRACTIONS of it and the tasks next to it."""
    near = int(length // step)
    tasks = {max(1, round(fraction * length / step)) for fraction in FRACTIONS} | {near - 1, near, near + 1, near + 2}
    return [step * task for task in sorted(tasks) if task >= 1]


def cells(preset: Preset) -> list[Cell]:
    """One cell per learner that the comparison has a row for; every length and seed in it."""
    state, outputs, streams = (SIZES[preset][name] for name in ("state", "outputs", "streams"))
    listed = []
    for name, (learner, module) in catalogue().items():
        if name not in METHOD:
            continue
        built = comparison.system(METHOD[name], state, outputs, DEPTH)
        block = BLOCK if built.length > FEW else 1
        repeats = 1 if name in DEAR else streams if block > 1 else 8 * streams
        listed.append(
            {"learner": name, "code": code_fingerprint(module), "method": built.method, "state": state, "outputs": outputs}
            | {"N": int(built.N), "D": AT_ONCE.get(name, 1), "sizes": sizes_of(learner, built), "block": block}
            | {"M": lengths_of(built.length, block), "depth": DEPTH, "exact": name in EXACT, "streams": repeats}
            | {"seeds": list(REPORTED[preset])}
        )
    return listed


def facts(seed: int, stream: int, M: int, N: int, outputs: int, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """Isotropic unit keys [M, N] of one stream, and its targets: signs [M, outputs], or an output for each fact [M, M]."""
    keys = np.random.default_rng([seed, stream, 0]).standard_normal((M, N))
    signs = 1.0 - 2.0 * np.random.default_rng([seed, stream, 1]).integers(0, 2, size=(M, outputs))
    return keys / np.linalg.norm(keys, axis=1, keepdims=True), np.eye(M) if exact else signs


def kept(read: Float[Array, "facts columns"], targets: Float[Array, "facts columns"], M: Scalar, block: int) -> dict[str, Array]:
    """Total depth of the first M facts; bits of one output; mean depth of every task of `block` facts [tasks].

    Targets are those of `facts`: their squares add up to the number of columns, or to 1. Bits of a fact: log2(1 + SNR)/2, signal
    depth^2, noise the crosstalk and READ_NOISE.
    """
    used, power = jnp.arange(len(targets)) < M, jnp.sum(targets[0] ** 2)
    depth = jnp.sum(targets * read, axis=1) / power * used
    crosstalk = jnp.sum(read**2, axis=1) / power - depth**2
    bits = 0.5 * jnp.log2(1 + depth**2 / (jnp.maximum(crosstalk, 0.0) + READ_NOISE)) * used
    return {"total": jnp.sum(depth), "bits": jnp.sum(bits), "tasks": jnp.mean(depth.reshape(-1, block), axis=1)}


def over_lengths(learner: Learner, settings: Setting, keys: Array, targets: Array, M: Array, block: int) -> dict[str, Array]:
    """`kept` at every length in M (ascending, facts). A learner that is tuned to its length writes a stream for each, others go
    on writing one. settings: hyperparameters with a leading axis of lengths.
    """  # fmt: skip
    D, outputs = settings.D, settings.outputs
    by_task, targets_by_task = keys.reshape(-1, D, settings.N), targets.reshape(-1, D, outputs)

    def at(state: Any, start: Array, stop: Array, setting: Setting) -> tuple[Any, dict[str, Array]]:
        def task(t: Array, state: Any) -> Any:
            return learner.write(state, by_task[t], targets_by_task[t], t, setting)

        state = jax.lax.fori_loop(start // D, stop // D, task, state)
        return state, kept(answers(learner, setting, state, by_task).reshape(-1, outputs), targets, stop, block)

    if settings.hyperparameters and learner.tune(settings, 1):
        return jax.lax.map(lambda one: at(learner.begin(one[1]), jnp.zeros_like(one[0]), *one)[1], (M, settings))
    first = jax.tree.map(lambda value: value[0], settings)
    starts = jnp.concatenate([jnp.zeros_like(M[:1]), M[:-1]])
    return jax.lax.scan(lambda state, ends: at(state, *ends, first), learner.begin(first), (starts, M))[1]


@partial(jax.jit, static_argnums=(0, 5))
def _streams(learner: Learner, settings: Setting, keys: Array, targets: Array, M: Array, block: int) -> dict[str, Array]:
    """Means over streams (second axis) of every seed (first axis) at every length: total, bits [seeds, lengths], tasks."""

    def seed(one: tuple[Array, Array]) -> dict[str, Array]:
        each = jax.lax.map(lambda stream: over_lengths(learner, settings, *stream, M, block), one)
        return jax.tree.map(lambda values: jnp.mean(values, axis=0), each)

    return jax.lax.map(seed, (keys, targets))


_worst = jax.jit(worst_kept)  # one compilation for all lengths


def law(cell: Cell, M: int) -> Mapping[str, float]:
    """What the comparison predicts of M facts: total depth, worst, oldest and newest task."""
    built = comparison.system(cell["method"], cell["state"], cell["outputs"], cell["depth"])
    depth = built.profile(M)[::-1]
    tasks = depth.reshape(-1, cell["block"]).mean(axis=1)
    return {
        "predicted_total": float(depth.sum()),
        "predicted_worst": float(tasks.min()),
        "predicted_oldest": float(tasks[0]),
        "predicted_newest": float(tasks[-1]),
    }


def run(cell: Cell, workspace: Path) -> Rows:
    """Total depth, worst, oldest and newest task, and bits for each length and seed, means over streams; the law beside them."""
    learner = catalogue()[cell["learner"]][0]
    N, D, outputs, block, seeds = (cell[name] for name in ("N", "D", "outputs", "block", "seeds"))
    room = -(-max(cell["M"]) // (D * block)) * D * block
    sizes = tuple(sorted(cell["sizes"].items()))
    plain = Setting(N, outputs, D, room // D, sizes)
    hyperparameters = [{**learner.hyperparameters, **learner.tune(plain, M // D)} for M in cell["M"]]
    stacked = {name: jnp.array([float(one[name]) for one in hyperparameters]) for name in hyperparameters[0]}
    drawn = [[facts(seed, stream, room, N, outputs, cell["exact"]) for stream in range(cell["streams"])] for seed in seeds]
    keys, targets = (jnp.array([[one[i] for one in streams] for streams in drawn]) for i in (0, 1))
    columns = Setting(N, targets.shape[-1], D, room // D, sizes, stacked)
    measured = _streams(learner, columns, keys, targets, jnp.array(cell["M"]), block)
    built = comparison.system(cell["method"], cell["state"], outputs, cell["depth"])
    listed = built.whole - 1 if cell["learner"] == "replay_buffer_read" else 0  # the buffer is read beside the store
    common = {"learner": cell["learner"], "method": cell["method"], "state": cell["state"], "outputs": outputs, "N": N, "D": D}
    common |= {"block": block, "depth": cell["depth"], "length": float(built.length), "fails": built.fails}
    counted = Setting(N, outputs, D, -(-int(built.length) // D), sizes)
    common |= {"numbers": float(learner.numbers(counted)), "ceiling": float(N + listed)}
    rows = []
    for i, written in enumerate(cell["M"]):
        tasks, last = np.asarray(measured["tasks"][:, i]), written // block
        worst = np.asarray(_worst(measured["tasks"][:, i], last))
        for place, seed in enumerate(seeds):
            bits = float(measured["bits"][place, i]) * outputs / cell["state"]
            ends = {"worst": float(worst[place]), "oldest": float(tasks[place, 0]), "newest": float(tasks[place, last - 1])}
            rows.append({**common, "M": written, "seed": seed, "total": float(measured["total"][place, i]), **ends, "bits": bits})
            rows[-1] |= law(cell, written)
    return rows


EXPERIMENT = Experiment(
    name="sequences",
    question="At equal total state, at what length of a stream does each method stop learning or start forgetting, and is it the "
    "length that its law gives?",
    prediction="With no fitted number: the worst-kept task falls below half of its depth at the length of the comparison of "
    "methods, at every method; no total depth exceeds the directions of its store; fine-tuning, replay, merged adapters and "
    "random slots forget the oldest, projection, masks and chosen slots no longer learn the newest, least squares, the diagonal "
    "penalty and annealed writes let all facts fade together.",
    falsifier="A method whose length lies more than 10% off its law beyond simultaneous 95% intervals, whose total depth exceeds "
    "its ceiling beyond simultaneous bounds, or that fails at the other end of the stream.",
    controls="Plain and annealed writes at the same state; least squares by two routes (penalty task by task, recursion fact by "
    "fact); the same keys and targets for learners of the same width; random slots beside chosen ones.",
    columns={
        "learner": Column("Learner, as `cwb simulate systems` names it.", str),
        "method": Column("Row of the comparison of methods that predicts it.", str),
        "state": Column("Total state: parameters and protective state together.", int, unit="numbers"),
        "outputs": Column("Outputs that share what depends on keys alone.", int, unit="outputs"),
        "N": Column("Parameters per output.", int, unit="weights"),
        "D": Column("Facts that the learner is given at once.", int, unit="facts"),
        "block": Column("Facts per judged task.", int, unit="facts"),
        "depth": Column("Depth that facts must keep, for which the comparison divides the state."),
        "length": Column("Most facts that all keep that depth, by the comparison.", unit="facts"),
        "fails": Column("What happens beyond that length.", str),
        "numbers": Column("State that the simulated learner really takes at that length.", unit="numbers"),
        "ceiling": Column("Most total depth that its state allows.", unit="facts"),
        "M": Column("Length of the stream.", int, unit="facts"),
        "seed": Column("Seed of keys and targets.", int),
        "total": Column("Sum of the retained depths of all facts.", unit="facts"),
        "worst": Column("Mean retained depth of the worst-kept task."),
        "oldest": Column("Mean retained depth of the oldest task."),
        "newest": Column("Mean retained depth of the newest task."),
        "bits": Column("Bits per number of total state, for a reader with noise 1% of a target's variance.", unit="bits"),
        "predicted_total": Column("Sum of depths by the comparison.", unit="facts"),
        "predicted_worst": Column("Depth of the worst-kept task by the comparison."),
        "predicted_oldest": Column("Depth of the oldest task by the comparison."),
        "predicted_newest": Column("Depth of the newest task by the comparison."),
    },
    cells=cells,
    run=run,
)
