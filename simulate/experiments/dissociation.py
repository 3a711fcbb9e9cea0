"""H1 against C2 in trained networks: is forgetting, after equal learning, governed by overlap or by rank?

The courses are those of `coding_level`, on seeds that it never saw. What a task has learned is stored as its loss, so that a
comparison can be refused where learning was not equal. Forgetting is measured in bits, and in the unit of C2: the depth that a
task keeps is the slope of its present answers on what learning it changed in them.

C2 predicts that depth without a fitted parameter from two measurements that look at no old task. The spectrum lambda is that of
the unit gradients of fresh inputs. The strength of a write, eta, is 1 - s, s the slope of a new fact's answers after it was
learned on those before: a delta write of strength eta leaves (1 - eta) of what it finds. Training repeats the D facts of a task
until all are right. So a task writes into the span of its D gradients, which covers of direction k the share
pi_k = lambda_k/(lambda_k + kappa) on average, with sum pi_k = D (the projection on D independent vectors, D large). A later
task leaves 1 - eta pi_k there, and of what a task deposited the share sum_k pi_k (1 - eta pi_k)^n / D is left after n later ones.
It is C2's sum x^(T-1) (1 - x) with x = 1 - pi. A common mode that all gradients share counts there as one direction of D.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax

from simulate.backend import Scalar, jax
from simulate.experiments.coding_level import TRAINING
from simulate.grid import SEEDS, seed_keys
from simulate.networks.kwta_network import Network, codes, fresh, kernel, learned, recentred, tasks
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.information import C5
from theory.statistics import common_mode_share, participation_ratio

SHARES: dict[Preset, tuple[float, ...]] = {"quick": (0.05, 1.0), "paper": (0.02, 0.05, 0.1, 0.2, 1.0)}
SIZES: dict[Preset, dict[str, Any]] = {
    "quick": {"inputs": 32, "hidden": 100, "D": 12, "probes": 200, "seeds": list(SEEDS)},
    "paper": {"inputs": 64, "hidden": 200, "D": 24, "probes": 1000, "seeds": list(range(400, 424))},
}
"""The networks and tasks of `coding_level`. Pilots of the mechanics ran at the quick size on seeds 0 to 7."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per share of winners, centred or not; all seeds in it."""
    return [{"a": a, "centred": centred, **SIZES[preset], **TRAINING} for a in SHARES[preset] for centred in (False, True)]


@partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _courses(
    keys: jax.Array,
    shape: tuple[int, int, int],
    T: int,
    D: int,
    probes: int,
    k: Scalar,
    centred: Scalar,
    target: Scalar,
    strength: Scalar,
    steps: Scalar,
) -> dict[str, jax.Array]:
    """Courses of all seeds.

    Per seed: answers [T tasks learned, T, D, outputs] before and after each task, labels [T, D], steps [T], and after the last
    task the kernels of the facts [T D, T D] and of fresh inputs [probes, probes].
    """

    def one(key: jax.Array) -> dict[str, jax.Array]:
        begin, draw, probe = jax.random.split(key, 3)
        x, labels = tasks(draw, T, D, shape[0], shape[2])
        network = recentred(fresh(begin, *shape), x[0], k, 1.0 * centred)

        def answers(network: Network) -> jax.Array:
            return codes(network, x.reshape(T * D, -1), k).answers.reshape(T, D, -1)

        def turn(network: Network, task: tuple[jax.Array, jax.Array]) -> tuple[Network, tuple[jax.Array, ...]]:
            before = answers(network)
            network, count = learned(network, *task, k, centred, target, strength, steps)
            return network, (before, answers(network), count)

        end, (before, after, count) = jax.lax.scan(turn, network, (x, labels))
        others = tasks(probe, 1, probes, shape[0], shape[2])[0][0]
        kernels = {"facts": kernel(end, x.reshape(T * D, -1), k), "probes": kernel(end, others, k)}
        return {"before": before, "after": after, "labels": labels, "steps": count, **kernels}

    return jax.vmap(one)(keys)


def _cosines(kernel: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.diag(kernel))
    return kernel / np.outer(length, length)


def _overlaps(kernel: np.ndarray, D: int) -> dict[str, float]:
    """Statistics of the unit gradients of all facts."""
    cosines = _cosines(kernel)
    task = np.arange(len(cosines)) // D
    other = task[:, None] != task[None, :]
    statistics = {"gradient_overlap": np.mean(cosines[other] ** 2), "gradient_common_mode": common_mode_share(cosines)}
    return {name: float(value) for name, value in statistics.items()} | {"gradient_participation": participation_ratio(cosines)}


def _learning(after: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Loss in nats and bits per fact (C5, Fano) of every task after every task [T, T]."""
    m = after.shape[-1]
    chances = log_softmax(after, axis=-1)
    loss = -np.mean(np.take_along_axis(chances, labels[None, :, :, None], axis=-1)[..., 0], axis=-1)
    wrong = np.mean(np.argmax(after, axis=-1) != labels, axis=-1)
    return loss, np.asarray(C5.value("fact_bits", m=m, error=np.minimum(wrong, 1 - 1 / m)).value, dtype=float)


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of y on x through 0."""
    return float(np.sum(x * y) / np.sum(x * x))


def kept_depth(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Depth [T] that every task keeps at the end: slope of its answers on what learning it changed in them.

    before, after: answers [T tasks learned, T, D, outputs], of which only differences between outputs mean anything.
    """
    before, after = (answers - answers.mean(-1, keepdims=True) for answers in (before, after))
    own = range(len(after))
    return np.array([_slope(after[t, t] - before[t, t], after[-1, t] - before[t, t]) for t in own])


def write_strength(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> float:
    """1 - slope of a task's answers when it was learned on those before, about the means of right and of wrong answers.

    Over all tasks but the first, which finds nothing. Arguments as in `kept_depth`; labels [T, D].
    """
    before, after = (answers - answers.mean(-1, keepdims=True) for answers in (before, after))
    own = np.arange(1, len(after))
    found, left, right = before[own, own], after[own, own], np.eye(after.shape[-1], dtype=bool)[labels[1:]]
    parts = [(found[group] - found[group].mean(), left[group] - left[group].mean()) for group in (right, ~right)]
    return 1 - _slope(np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]))


def _spectrum(cosines: np.ndarray) -> np.ndarray:
    """Eigenvalues of the second moment of unit gradients, from their Gram matrix; they add up to 1."""
    values = np.clip(np.linalg.eigvalsh(cosines / len(cosines)), 0, None)
    return values / values.sum()


def covered(spectrum: np.ndarray, D: int) -> np.ndarray:
    """Mean share of every eigendirection that lies in the span of D independent vectors of that second moment; sum D."""

    def excess(log: float) -> float:
        return float(np.sum(spectrum / (spectrum + np.exp(log))) - D)

    kappa = np.exp(brentq(excess, np.log(spectrum.max()) - 60, np.log(spectrum.sum() / D) + 1))
    return spectrum / (spectrum + kappa)


def predicted_depth(cosines: np.ndarray, strength: float, T: int, D: int) -> np.ndarray:
    """Share [T] of its depth that every task keeps at the end of T tasks of D facts, by C2.

    cosines: Gram matrix of the unit gradients of P > 2 D inputs. P of them spread the spectrum, by a term of order 1/P: it is
    taken out by extrapolation from P/2 and P.
    """

    def kept(count: int) -> np.ndarray:
        share = covered(_spectrum(cosines[:count, :count]), D)
        return np.array([np.sum(share * (1 - strength * share) ** (T - 1 - t)) / D for t in range(T)])

    return 2 * kept(len(cosines)) - kept(len(cosines) // 2)


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per seed."""
    a, hidden, D, T, m = (cell[name] for name in ("a", "hidden", "D", "T", "outputs"))
    k, shape = max(1, round(a * hidden)), (cell["inputs"], hidden, m)
    training = (float(cell["centred"]), cell["target"], cell["strength"], cell["steps"])
    courses = jax.device_get(_courses(seed_keys(cell["seeds"]), shape, T, D, cell["probes"], k, *training))
    rows = []
    for place, seed in enumerate(cell["seeds"]):
        seen = {name: values[place] for name, values in courses.items()}
        before, after, labels = (np.asarray(seen[name]) for name in ("before", "after", "labels"))
        loss, bits = _learning(after, labels)
        fresh_bits, kept = np.diag(bits), bits[-1]
        probes, strength = _cosines(seen["probes"]), write_strength(before, after, labels)
        depth, law = kept_depth(before, after), predicted_depth(probes, min(strength, 1.0), T, D)
        row = {"a": a, "centred": cell["centred"], "N": hidden, "inputs": cell["inputs"], "D": D, "T": T, "seed": seed}
        row |= {"learned_loss": float(np.diag(loss).mean()), "learned_loss_oldest": float(loss[0, 0])}
        row |= {"learned_bits": float(fresh_bits.mean()), "steps": float(np.mean(seen["steps"]))}
        row |= {"forgetting": float(1 - kept[0] / fresh_bits[0])}
        row |= {"forgetting_mean": float(1 - kept[:-1].sum() / fresh_bits[:-1].sum())}
        row |= {"depth": float(depth[0]), "depth_mean": float(depth[:-1].mean()), "write_strength": strength}
        row |= {"predicted_depth": float(law[0]), "predicted_depth_mean": float(law[:-1].mean())}
        rows.append({**row, **_overlaps(seen["facts"], D)})
    return rows


EXPERIMENT = Experiment(
    name="dissociation",
    question="After equal learning, does the forgetting of trained networks follow the overlap of their gradients, or the rank?",
    prediction="Centring a dense network takes at least 0.8 of the mean squared overlap of gradients of different tasks and at "
    "most half as large a share of the forgetting. Over networks of all shares of winners, centred or not, the depth that C2 "
    "predicts from the spectrum and the strength of the writes explains more of the forgetting than the overlap does, and the "
    "depth that the oldest task keeps is that of C2.",
    falsifier="Centring that takes less of the overlap, or a share of the forgetting more than half as large; an overlap that "
    "explains more than C2 does; a depth further from C2's than the two ways of writing a task differ.",
    controls="The same facts for centred and plain; every task learned to the same loss, which is stored; a comparison does not "
    "count where losses differ; spectrum and strength are measured without looking at an old task; seeds no run has used.",
    columns={
        "a": Column("Fraction of hidden units that win."),
        "centred": Column("Whether the mean was removed from the hidden codes.", bool),
        "N": Column("Hidden units.", int, unit="units"),
        "inputs": Column("Input units.", int, unit="inputs"),
        "D": Column("Facts per task.", int, unit="facts"),
        "T": Column("Tasks of the course.", int, unit="tasks"),
        "seed": Column("Seed of network and tasks.", int),
        "learned_loss": Column("Mean loss of a task just learned.", unit="nats"),
        "learned_loss_oldest": Column("The same of the oldest task.", unit="nats"),
        "learned_bits": Column("Mean bits per fact of a task just learned, a lower bound from its errors.", unit="bits"),
        "steps": Column("Mean number of training steps per task.", unit="steps"),
        "forgetting": Column("Share of the oldest task's bits that is lost at the end."),
        "forgetting_mean": Column("Share of the bits of all tasks but the last that is lost at the end."),
        "depth": Column("Depth that the oldest task keeps: slope of its answers at the end on what learning it changed in them."),
        "depth_mean": Column("The same, mean over all tasks but the last."),
        "write_strength": Column("1 - slope of the answers on a task just learned on those before it was learned."),
        "predicted_depth": Column("Depth that C2 gives the oldest task, from spectrum and strength of the writes."),
        "predicted_depth_mean": Column("The same, mean over all tasks but the last."),
        "gradient_overlap": Column("Mean squared cosine of gradients of facts of different tasks."),
        "gradient_common_mode": Column("Squared mean cosine of the gradients over their mean squared cosine."),
        "gradient_participation": Column("Participation ratio of the gradients' Gram matrix."),
    },
    cells=cells,
    run=run,
)
