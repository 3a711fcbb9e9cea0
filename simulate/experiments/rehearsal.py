"""S4: depth, squared error and bits that sleeps leave, against how much, how often and how strongly they rehearse."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import draw_active
from simulate.grid import REPORTED, seed_keys
from simulate.memories.rehearsed_store import own_answers, response_snr, sign_bits, sleep
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.consolidation import presentations, replay_depth

N_OF: dict[Preset, int] = {"quick": 64, "paper": 128}
T = 8
LOADS = (0.25, 0.5, 0.875, 1.0, 1.5)
SPACED_LOADS = (0.5, 1.0)
ETAS = (0.1, 0.3, 1.0)
SWEEPS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
SPACED_SWEEPS = tuple(sweeps for sweeps in SWEEPS if sweeps <= 16)
OUTPUTS = 64
BATCHES = 3
"""Batches of seeds where only the few facts of the last sleep are judged. Each has as many seeds as REPORTED; the first is
REPORTED itself. One batch left S4-cost undecided in pilots."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per load, rate, spacing, way to replay and batch of seeds; every amount of replay in it."""
    N = N_OF[preset]

    def cell(load: float, eta: float, hold: int, replay: str, batch: int = 0) -> Cell:
        D = round(load * N / T)
        sweeps = SWEEPS if hold == T else SPACED_SWEEPS
        common = {"N": N, "T": T, "D": D, "M_max": round(max(LOADS) * N), "outputs": OUTPUTS}
        seeds = [seed + batch * len(REPORTED[preset]) for seed in REPORTED[preset]]
        return {**common, "hold": hold, "eta": eta, "replay": replay, "sweeps": list(sweeps), "seeds": seeds}

    amount = [cell(load, eta, T, "random") for load in LOADS for eta in ETAS]
    in_turn = [cell(load, 1.0, T, "cyclic") for load in LOADS]
    ways = [*(("random", batch) for batch in range(BATCHES)), ("own", 0), ("last", 0)]
    return amount + in_turn + [cell(load, 1.0, hold, *way) for load in SPACED_LOADS for hold in (1, 2, 4) for way in ways]


@partial(jax.jit, static_argnums=(1, 2))
def _codes(keys: jax.Array, M: int, N: int) -> jax.Array:
    """Unit keys [seeds, M, N], isotropic."""
    return jax.vmap(lambda key: draw_active(key, M, N, N, "gaussian"))(keys)


@partial(jax.jit, static_argnums=(1, 2))
def _start(keys: jax.Array, M: int, N: int) -> tuple[jax.Array, jax.Array]:
    """Empty weights [seeds, N, M] and unit targets [seeds, M, M]."""
    return jnp.zeros((len(keys), N, M)), jnp.broadcast_to(jnp.eye(M), (len(keys), M, M))


_nights = jax.jit(jax.vmap(jax.random.fold_in, (0, None)))
_sleep = jax.jit(jax.vmap(sleep, (0, 0, 0, 0, None, None, None, None)))
_own_answers = jax.jit(jax.vmap(own_answers, (0, 0, 0, None)))


def _stream(cell: Cell, keys: jax.Array, codes: jax.Array) -> list[tuple[float, int, np.ndarray]]:
    """(sweeps, presentations spent, weights [seeds, N, M_max] per unit of each target) for every amount of replay.

    One sleep for the whole stream is watched as it goes on; sleeps in between begin again for every amount.
    """
    D, hold, eta, way = cell["D"], cell["hold"], cell["eta"], cell["replay"]
    empty, true = _start(keys, cell["M_max"], cell["N"])
    weights, spent, done = empty, 0, []
    for sweeps in cell["sweeps"]:
        begin = spent
        if hold < T:
            weights, spent, begin = empty, 0, 0
        for held in range(hold, T + 1, hold):
            old = (held - hold) * D
            first = old if way == "last" else 0
            targets = _own_answers(weights, codes, true, old) if way == "own" else true
            finish = round(sweeps * (held * D - first))
            weights = _sleep(
                _nights(keys, held), weights, codes, targets, (first, held * D), (begin, finish), eta, int(way == "cyclic")
            )
            spent += finish - begin
        done.append((sweeps, spent, np.asarray(weights)))
    return done


def _mean_over_orders(codes: np.ndarray, new: int, eta: float, counts: list[int]) -> np.ndarray:
    """Depth [counts, seeds] of the last `new` facts after random presentations of all: exact mean over orders, given the keys."""
    sides, values, _ = np.linalg.svd(codes, full_matrices=False)
    shares = np.mean(sides[:, -new:] ** 2, axis=1)  # of the facts in each eigenvector of the Gram matrix, eigenvalue values^2
    left = 1 - eta * values**2 / codes.shape[1]
    return np.array([np.sum(shares * (1 - left**count), axis=1) for count in counts])


def run(cell: Cell, workspace: Path) -> Rows:
    """Depth, errors and bits of the exact linear map from targets to readouts, per amount of replay and seed."""
    N, D, hold, eta, way = (cell[name] for name in ("N", "D", "hold", "eta", "replay"))
    M, new = T * D, (T - hold) * D
    padded = _codes(seed_keys(cell["seeds"], M), cell["M_max"], N)
    codes = np.asarray(padded)[:, :M]
    signs = np.sign(np.random.default_rng([M, *cell["seeds"]]).standard_normal((len(codes), M, cell["outputs"])))
    sides, values, ways = np.linalg.svd(codes, full_matrices=False)
    edge = values[:, -1] ** 2
    worst = sides[:, :, -1:]  # the targets whose fit takes the largest weights, along the smallest eigenvalue of the Gram matrix
    fit = np.swapaxes(ways[:, -1:], 1, 2) / values[:, -1:, None]  # those weights, of square 1/edge
    common = {"N": N, "M": M, "T": T, "D": D, "hold": hold, "eta": eta, "replay": way}
    seen = hold * D if way == "last" else M
    counts = [round(sweeps * seen) for sweeps in cell["sweeps"]]
    gram_depths = _mean_over_orders(codes[:, M - seen :], M - new, eta, counts)
    rows: list[dict] = []
    stream = _stream(cell, seed_keys(cell["seeds"], M, hold, round(1000 * eta)), padded)
    for (sweeps, spent, weights), gram_depth in zip(stream, gram_depths, strict=True):
        response = codes @ weights[:, :, :M]
        depth = np.diagonal(response, axis1=1, axis2=2)
        left = np.sum((weights[:, :, :M] @ worst - fit) ** 2, axis=(1, 2)) * edge
        columns = {
            "depth": depth.mean(axis=1),
            "depth_new": depth[:, new:].mean(axis=1),
            "depth_old": depth[:, : hold * D].mean(axis=1),
            "gram_depth": gram_depth,
            "error": np.mean(np.sum((response - np.eye(M)) ** 2, axis=2), axis=1),
            "worst_error": left,
            "edge": edge,
            "hard_bits": sign_bits(response @ signs, signs) * M / N,
            "graded_bits": np.log2(1 + response_snr(response)) / 2 * M / N,
        }
        law = {"predicted_depth": float(replay_depth(N, seen, eta, sweeps))}
        law |= {"presentations": spent, "predicted_presentations": float(presentations(T, D, hold, sweeps))}
        rows += [
            {**common, "sweeps": float(sweeps), "seed": seed, **law, **{name: float(x[i]) for name, x in columns.items()}}
            for i, seed in enumerate(cell["seeds"])
        ]
    return rows


EXPERIMENT = Experiment(
    name="rehearsal",
    question="How much replay is enough, how often, and at what rate?",
    prediction="The facts that the last sleep brings in are as deep as the busy period of an M/M/1 queue of load M/N says after "
    "eta * sweeps, at every spacing, and older facts deeper; depth saturates at min(1, N/M); at M = N what is missing falls as "
    "sweeps^(-1/2); the worst targets take between sweeps_least and sweeps_enough; holding h tasks between sleeps costs sweeps D "
    "T (T + h)/(2 h) presentations for the same depth; past 90% of the depth, more sweeps bring hardly a bit.",
    falsifier="Mean depths more than 5% off the law; fitted rates off by more than 10%; presentations for a depth that do not "
    "fall with the spacing as the law of cost says; bits that still grow where depth has saturated.",
    controls="The same facts in turn instead of at random; only the new tasks replayed; the store's own answers instead of true "
    "labels; three rates; the exact mean over orders for the keys of each seed, beside the law of large stores.",
    columns={
        "N": Column("Weights per output.", int, unit="weights"),
        "M": Column("Facts of the whole stream.", int, unit="facts"),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "hold": Column("Tasks between two sleeps.", int, unit="tasks"),
        "eta": Column("Strength of one presentation: share of the error at the presented fact that it removes."),
        "replay": Column("What a sleep presents: random, cyclic (in turn), own (answers) or last (new facts only).", str),
        "sweeps": Column("Presentations per presented fact and sleep."),
        "seed": Column("Seed of keys, targets and order of presentation.", int),
        "predicted_depth": Column("Mean depth after the last sleep, by S4."),
        "presentations": Column("Presentations in all sleeps together.", int, unit="presentations"),
        "predicted_presentations": Column("The same by the cost law of S4.", unit="presentations"),
        "depth": Column("Mean retained depth of all facts."),
        "depth_new": Column("Mean retained depth of the facts that the last sleep brought in."),
        "depth_old": Column("Mean retained depth of the facts that the first sleep brought in."),
        "gram_depth": Column("Mean depth of the newest facts given these keys, averaged exactly over orders of presentation."),
        "error": Column("Mean squared error of the linear map from targets to readouts, per fact."),
        "worst_error": Column("Error left for the targets whose fit takes the largest weights, 1 before the first presentation."),
        "edge": Column("Smallest eigenvalue of the Gram matrix of the keys."),
        "hard_bits": Column("Bits per weight kept by the signs of the readouts.", unit="bits"),
        "graded_bits": Column("Bits per weight of a graded reader.", unit="bits"),
    },
    cells=cells,
    run=run,
)
