"""The capacity ladder: bits per synapse of seven systems, graded and after a threshold, at every load, from N = 256 to 8192."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.bits import answer_bits, histogram_bits, score_bits
from simulate.grid import REPORTED, seed_keys
from simulate.labels import consolidated, tasks_of, wrong_share
from simulate.memories import perceptron, streamed_linear, two_stores
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.predictions.bits import best_cut, channel_bits
from theory.predictions.ladder import REFERENCE, RUNGS, SYMBOLS, critical_load, fast_inputs, predicted, reads, strengths
from theory.predictions.ladder import two_stores as two_stores_law

OUTPUTS = 32
JUDGED = 128
"""Blocks of facts that are judged: all of them up to a load of 8, so that every age has its share."""

GROUPS = 16
"""Groups of like age in which answers are counted: the reader knows how old a fact is."""

LOADS: dict[str, tuple[float, ...]] = {
    "dense": (0.5, 2, 4, 8, 16),
    "sparse": (0.5, 1, 4, 8, 16),
    "delta": (0.5, 1, 1.5, 4, 8),
    "annealed": (0.5, 1, 1.4, 2.8, 8),
    "least_squares": (1.05, 1.1, 2, 4),
    "interleaved": (1.4, 1.7, 1.9, 2),
}
"""Loads besides the reference, around the best one; up to LARGE inputs only."""

AROUND = (0.9, 1.0, 1.1)
"""Multiples of the predicted load at "1% error"."""

LARGE = 512
SIZES: dict[Preset, dict[str, tuple[int, ...]]] = {
    "quick": {"dense": (256, 512), "sparse": (256, 512), "delta": (256,), "annealed": (256,)}
    | {"least_squares": (256,), "interleaved": (256,)},
    "paper": {
        "dense": (256, 512, 1024, 2048, 4096, 8192),
        "sparse": (256, 512, 1024, 2048, 4096),
        "delta": (256, 512, 1024, 2048, 4096),
        "annealed": (256, 512, 1024, 2048, 4096),
        "least_squares": (256, 512, 1024, 2048),
        "interleaved": (256, 512, 1024),
    },
}
SWEEPS = {128: 400, 256: 200, 512: 200, 1024: 100}
T, SLOW = 16, 1.75
"""Tasks of the two stores, and labels per slow synapse: below 2, so that a sleep finds weights in its passes."""

BITS = round(np.log2(SYMBOLS))
"""Labels that share one active cell of the fast store."""

WRONG: dict[Preset, tuple[float, ...]] = {"quick": (0.005, 0.02), "paper": (0.004, 0.01, 0.025)}
"""Errors that the fast store may make."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per system and size; every load and seed in it."""
    seeds = list(REPORTED[preset])
    listed = []
    for system, sizes in SIZES[preset].items():
        for N in sizes:
            near = [1.0] if N > 4 * LARGE else AROUND
            loads = {REFERENCE[system], *(LOADS[system] if N <= LARGE else ())}
            if system == "interleaved":
                loads = loads if N <= LARGE else {1.8, 1.9, 2.0}
            else:
                loads |= {factor * critical_load(system, N) for factor in near}
            P = sorted({round(load * N) for load in loads})
            outputs = OUTPUTS * 256 // N if system == "interleaved" else OUTPUTS  # as many labels at every size
            listed.append({"system": system, "N": N, "P": P, "outputs": outputs, "seeds": seeds})
    listed += [
        {"system": "two", "N": N, "P": [T * round(SLOW * N / T)], "outputs": OUTPUTS * 64 // N, "seeds": seeds, "T": T}
        | {"wrong": list(WRONG[preset])}
        for N in ((128,) if preset == "quick" else (128, 256))
    ]
    return listed


def run(cell: Cell, workspace: Path) -> Rows:
    """Bits per synapse, errors and depth, per load and seed."""
    system = cell["system"]
    if system == "two":
        return _two(cell)
    measure = {"interleaved": _interleaved, "least_squares": _least_squares}.get(system, _blocks)
    rung, rows = RUNGS[system], []
    for P in cell["P"]:
        law = predicted(system, cell["N"], P)
        common = {"system": system, "N": cell["N"], "P": P, "load": P / cell["N"], "f": rung.f, "a": rung.a, "T": 1}
        for seed, key in zip(cell["seeds"], seed_keys(cell["seeds"], cell["N"], list(RUNGS).index(system)), strict=True):
            measured = measure(cell, P, key)
            rows.append(
                {**common, "seed": seed, **measured, **{f"predicted_{name}": value for name, value in law._asdict().items()}}
            )
    return rows


def _judge(cell: Cell, P: int, reads_: jax.Array, targets: jax.Array, facts: np.ndarray, norms: np.ndarray) -> dict[str, float]:
    """Bits of reads [facts, outputs] of unit-variance targets, of the facts with these numbers and squared cue norms."""
    rung = RUNGS[cell["system"]]
    law, spread = reads(cell["system"], cell["N"], P), (rung.f * (1 - rung.f)) ** 0.5
    depth = (law.depth[facts] * norms)[:, None]
    snr = (law.snr[facts] * norms)[:, None]
    h, y = np.asarray(reads_, dtype=float), np.asarray(targets) > 0
    llr = (h / depth * spread + rung.f - 0.5) * snr / spread**2
    cut = np.vectorize(lambda ratio: best_cut(float(ratio), rung.f))(np.median(snr)) if rung.f != 0.5 else 0.0
    groups = min(GROUPS, len(facts))
    size, load = len(facts) // groups * groups, P / cell["N"]
    shape = (groups, -1)
    above, active = (llr[:size] > cut).reshape(shape), y[:size].reshape(shape)
    return {
        "graded": load * score_bits(llr, y, rung.f),
        "histogram": load * histogram_bits(llr, y),
        "hard": load * answer_bits(above, active),
        "error": float(np.mean((llr > np.log((1 - rung.f) / rung.f)) != y)),
        "depth": float(np.sum(h * np.asarray(targets)) / np.sum(norms[:, None] * np.asarray(targets) ** 2)),
        "whole": float(np.mean(((llr > 0) == y).all(axis=0))),
    }


def _blocks(cell: Cell, P: int, key: jax.Array) -> dict[str, float]:
    """One-shot and delta-rule stores of any size."""
    N, rung = cell["N"], RUNGS[cell["system"]]
    B = min(128, N // 16)
    eta = strengths(cell["system"], N, P) if cell["system"] in ("delta", "annealed") else np.ones(1)
    room = np.zeros(8 * N if len(eta) > 1 else 1, np.float32)  # one shape for all loads
    room[: len(eta)] = eta
    rule: streamed_linear.Rule = "delta" if len(eta) > 1 else "additive"
    judged = streamed_linear.stored(key, P, jnp.array(room), B, N, cell["outputs"], rung.halvings, rung.f, rule, JUDGED)
    h, y, facts, norms = map(np.asarray, judged)
    real = facts < P
    return _judge(cell, P, h[real], y[real], facts[real], norms[real].astype(float))


@partial(jax.jit, static_argnums=(1, 2, 3))
def _signs(key: jax.Array, P_max: int, N: int, outputs: int, P: jax.Array) -> tuple[jax.Array, jax.Array]:
    """P codes +-1/sqrt(N) and labels +-1; rows beyond P are zeros, so that all loads have one shape."""
    used = (jnp.arange(P_max) < P)[:, None]
    parts = zip(jax.random.split(key), (N, outputs), (N**-0.5, 1.0), strict=True)
    codes, labels = (jax.random.rademacher(k, (P_max, n), jnp.float32) * jnp.float32(size) * used for k, n, size in parts)
    return codes, labels


@jax.jit
def _fit(codes: jax.Array, targets: jax.Array) -> jax.Array:
    """Least-squares reads of more facts than inputs."""
    return codes @ jax.scipy.linalg.solve(codes.T @ codes, codes.T @ targets, assume_a="pos")


def _least_squares(cell: Cell, P: int, key: jax.Array) -> dict[str, float]:
    codes, labels = _signs(key, max(cell["P"]), cell["N"], cell["outputs"], P)
    return _judge(cell, P, _fit(codes, labels)[:P], labels[:P], np.arange(P), np.ones(P))


_train = jax.jit(perceptron.train)


def _interleaved(cell: Cell, P: int, key: jax.Array) -> dict[str, float]:
    P_max = max(cell["P"])
    codes, labels = _signs(key, P_max, cell["N"], cell["outputs"], P)
    _, wrong = _train(codes, labels, SWEEPS[cell["N"]], used=(jnp.arange(P_max) < P).astype(codes.dtype))
    return _answered(P / cell["N"], float(jnp.sum(wrong)) / (P * cell["outputs"]), float(jnp.mean(wrong == 0)))


def _answered(load: float, error: float, whole: float) -> dict[str, float]:
    """Columns of a store whose answers are labels: a graded read adds nothing that is counted here."""
    bits = float(load * channel_bits(error, error, 0.5))
    return {"graded": bits, "histogram": bits, "hard": bits, "error": error, "depth": 1 - 2 * error, "whole": whole}


@partial(jax.jit, static_argnums=(1, 2, 3, 4, 5))
def _two_errors(keys: jax.Array, P: int, N: int, inputs: int, tasks: int, outputs: int) -> jax.Array:
    """Share of wrong labels [seeds] after `tasks` tasks, each through the fast store and a sleep."""

    def one(key: jax.Array) -> jax.Array:
        label_key, fast_key, slow_key, flip_key = jax.random.split(key, 4)
        y = jax.random.rademacher(label_key, (P, outputs), float)
        task = tasks_of(P, P, tasks)
        fast_codes = jax.random.rademacher(fast_key, (P, inputs), float) * inputs**-0.5
        labels = two_stores.one_shot_answers(fast_codes, y, task, BITS)
        codes = jax.random.rademacher(slow_key, (P, N), float) * N**-0.5
        weights = consolidated(codes, labels, task, tasks, SWEEPS[N], flip_key)
        return wrong_share(codes, y, weights, jnp.ones(P, bool))

    return jax.lax.map(one, keys)


def _two(cell: Cell) -> Rows:
    """Two stores, for every error that the fast one is allowed: the fewer, the larger it is."""
    N, T, rows = cell["N"], cell["T"], []
    (P,) = cell["P"]
    D = P // T
    for wrong in cell["wrong"]:
        inputs = round(D * fast_inputs(wrong, D))
        synapses = N + inputs * two_stores.cells_per_unit(BITS)
        law = two_stores_law(T, P / N, inputs / D, D)
        common = {"system": "two", "N": N, "P": P, "load": P / synapses, "f": 0.5, "a": 0.5, "T": T}
        errors = _two_errors(seed_keys(cell["seeds"], N, inputs), P, N, inputs, T, cell["outputs"])
        for seed, error in zip(cell["seeds"], np.asarray(errors).tolist(), strict=True):
            measured = _answered(P / synapses, error, float(error == 0))
            rows.append(
                {**common, "seed": seed, **measured, **{f"predicted_{name}": value for name, value in law._asdict().items()}}
            )
    return rows


EXPERIMENT = Experiment(
    name="ladder",
    question="How many bits of binary labels does a synapse hold in stores that are written once, written with forgetting, or "
    "rehearsed, for a graded reader, after a threshold, and with 1% errors?",
    prediction="At every load and size the bits of `theory.predictions.ladder`, without a fitted constant. In the best case "
    "0.72 graded and 0.46 hard for one-shot storage at any sparsity, 0.72 and 0.52 for the delta rule, 0.69 and 0.51 for "
    "annealed writes, which retain more depth, 1.14 and 1.10 for least squares, 2 interleaved. With 1% errors: dense one-shot < "
    "sparse one-shot and delta rule < annealed < two stores and least squares < interleaved. Gaps to the laws close as N grows.",
    falsifier="Bits above the law beyond a simultaneous 95% interval and 3% of it; bits at the reference load and largest size "
    "more than 5% off the law; an order at 1% error other than the predicted one.",
    controls="The same estimators for all; the graded bits once by the law's likelihood, which fits nothing, and once from "
    "histograms, which suppose nothing; least squares and interleaved training on the same kind of codes and labels as one-shot.",
    columns={
        "system": Column("Storage: dense, sparse, delta, annealed, least_squares, interleaved, two (stores).", str),
        "N": Column("Inputs of one unit; of two stores, inputs of the slow store.", int, unit="synapses"),
        "P": Column("Facts stored.", int, unit="facts"),
        "load": Column("Facts per synapse, P over all synapses of a unit."),
        "f": Column("Fraction of labels that are 1."),
        "a": Column("Fraction of inputs that are active in each code."),
        "T": Column("Tasks in which the facts come; 1 for all systems but two.", int, unit="tasks"),
        "seed": Column("Seed of codes and labels.", int),
        "graded": Column("Bits per synapse of a graded reader, by the predicted likelihood.", unit="bits"),
        "histogram": Column("Bits per synapse of a graded reader, from histograms of the reads.", unit="bits"),
        "hard": Column("Bits per synapse after a threshold.", unit="bits"),
        "error": Column("Share of labels read wrongly."),
        "depth": Column("Retained depth: slope of the readouts on the targets."),
        "whole": Column("Share of units that answer every judged fact right."),
        "predicted_graded": Column("Bits per synapse of a graded reader by the law of the rung.", unit="bits"),
        "predicted_hard": Column("Bits per synapse after a threshold by the law of the rung.", unit="bits"),
        "predicted_error": Column("Share of wrong labels by the law of the rung."),
        "predicted_depth": Column("Retained depth by the law of the rung."),
    },
    cells=cells,
    run=run,
)
