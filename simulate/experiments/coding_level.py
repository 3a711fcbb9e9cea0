"""I2, H1 in trained networks: what the share of winners and centring do to gradients, overlaps and forgetting."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simulate.backend import Scalar, jax
from simulate.grid import REPORTED, seed_keys
from simulate.networks.kwta_network import Network, codes, course, kernel
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.information import C5
from theory.interference import mean_square_overlap
from theory.statistics import common_mode_share, mean_interference, participation_ratio

ACTIVITY = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
SIZES: dict[Preset, dict[str, Any]] = {
    "quick": {"inputs": 32, "hidden": 100, "D": 12, "seeds": list(REPORTED["quick"])},
    "paper": {"inputs": 64, "hidden": 200, "D": 24, "seeds": list(REPORTED["paper"])},
}
TRAINING = {"outputs": 4, "T": 5, "target": 0.15, "strength": 2.0, "steps": 400}


def cells(preset: Preset) -> list[Cell]:
    """One cell per share of winners, centred or not; all seeds in it."""
    return [{"a": a, "centred": centred, **SIZES[preset], **TRAINING} for a in ACTIVITY for centred in (False, True)]


@partial(jax.jit, static_argnums=(1, 2, 3))
def _courses(
    keys: jax.Array,
    shape: tuple[int, int, int],
    T: int,
    D: int,
    k: Scalar,
    centred: Scalar,
    target: Scalar,
    strength: Scalar,
    steps: Scalar,
) -> dict[str, Any]:
    """Courses of all seeds, with the kernel, the code that the readout reads, and its activity, at the start and at the end."""

    def one(key: jax.Array) -> dict[str, Any]:
        outcome = course(key, shape, T, D, k, centred, target, strength, steps)
        x = outcome.pop("x").reshape(-1, shape[0])

        def seen(network: Network) -> dict[str, jax.Array]:
            through = codes(network, x, k)
            on = through.on[1]
            return {"kernel": kernel(network, x, k), "read": through.read[2], "on": on, "code": through.read[2] + network.mean2}

        return {**outcome, "start": seen(outcome["start"]), "end": seen(outcome["end"])}

    return jax.vmap(one)(keys)


def _unit(codes: np.ndarray) -> np.ndarray:
    """Gram matrix [M, M] of codes [M, N] brought to unit length."""
    codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    return codes @ codes.T


def _overlaps(seen: dict[str, np.ndarray], centred: bool, D: int) -> dict[str, float]:
    """Statistics of the readout's codes and of the gradients of one network, and what I2 says of the former.

    The floor 1/N of I2 is the mean squared overlap of the same codes without their mean: N_eff is its inverse. `predicted` takes
    the common mode from activity and magnitudes, a c, as if all units were alike; `predicted_units` from the mean of every unit.
    """
    M = len(seen["read"])
    gram, K = _unit(seen["read"]), seen["kernel"]
    centre = np.mean(seen["code"], axis=0)
    N_eff = (M - 1) / mean_interference(_unit(seen["code"] - centre))
    a, active = float(np.mean(seen["on"])), seen["code"][seen["on"] > 0]
    c = float(np.mean(active) ** 2 / np.mean(active**2))
    power = np.mean(np.sum(seen["code"] ** 2, axis=1))
    common = float((M * centre @ centre / power - 1) / (M - 1))  # mean inner product of two different codes, over their power
    length = np.sqrt(np.diag(K))
    task = np.arange(M) // D
    other = task[:, None] != task[None, :]
    cosines = K / np.outer(length, length)
    statistics = {
        "activity": a,
        "c": c,
        "N_eff": N_eff,
        "unit_common": common,
        "mean_square_overlap": mean_interference(gram) / (M - 1),
    }
    statistics |= {"common_mode_share": common_mode_share(gram), "participation_ratio": participation_ratio(gram)}
    statistics["predicted"] = float(mean_square_overlap(N_eff, a, 0.0 if centred else c))
    statistics["predicted_units"] = 1 / N_eff + (1 - 1 / N_eff) * (0.0 if centred else common) ** 2
    statistics |= {"inner_product": float(np.sqrt(np.mean(K[other] ** 2))), "squared_length": float(np.mean(np.diag(K)))}
    statistics |= {"gradient_overlap": float(np.mean(cosines[other] ** 2)), "gradient_common_mode": common_mode_share(cosines)}
    return statistics | {"gradient_participation": participation_ratio(cosines)}


def _bits(wrong: np.ndarray, m: int) -> np.ndarray:
    """Bits per fact that answers with this share of errors are worth at least (C5, Fano); a blind guess is worth none."""
    return np.asarray(C5.value("fact_bits", m=m, error=np.minimum(wrong, 1 - 1 / m)).value, dtype=float)


def run(cell: Cell, workspace: Path) -> Rows:
    """Two rows per seed: statistics before the first task and after the last; learning and forgetting of the course in both."""
    a, hidden, D, T, m = (cell[name] for name in ("a", "hidden", "D", "T", "outputs"))
    k, shape = max(1, round(a * hidden)), (cell["inputs"], hidden, m)
    training = (cell["target"], cell["strength"], cell["steps"])
    courses = jax.device_get(_courses(seed_keys(cell["seeds"]), shape, T, D, k, float(cell["centred"]), *training))
    rows = []
    for place, seed in enumerate(cell["seeds"]):
        bits, loss = _bits(courses["wrong"][place], m), courses["loss"][place]
        learned, kept = np.diag(bits), bits[-1]
        row = {"a": a, "centred": cell["centred"], "N": hidden, "inputs": cell["inputs"], "D": D, "T": T, "seed": seed}
        row |= {"learned_bits": float(learned.mean()), "oldest_learned": float(learned[0]), "oldest_kept": float(kept[0])}
        row |= {"forgetting": float(1 - kept[0] / learned[0]), "forgetting_mean": float(1 - kept[:-1].sum() / learned[:-1].sum())}
        row |= {"oldest_loss": float(loss[-1, 0] - loss[0, 0]), "steps": float(courses["steps"][place].mean())}
        for stage in ("start", "end"):
            seen = {name: values[place] for name, values in courses[stage].items()}
            rows.append({**row, "stage": stage, **_overlaps(seen, cell["centred"], D)})
    return rows


EXPERIMENT = Experiment(
    name="coding_level",
    question="In trained networks of k winners, does sparsity lower interference and forgetting, and is centring a substitute?",
    prediction="The raw inner products of the gradients of different tasks fall with sparsity. The mean squared overlap of the "
    "codes that the readout reads is 1/N_eff + (1 - 1/N_eff)(a c)^2, activity a and magnitudes c as measured after training, "
    "N_eff from the same codes without their mean. Centring takes from the overlap of dense networks as much as sparsity does, "
    "and so from their forgetting. After equal learning, networks forget in the order of the overlap of their gradients.",
    falsifier="Raw inner products that do not fall; overlaps off the law beyond its band; a centred dense network that overlaps, "
    "or forgets, clearly more than a sparse one; forgetting that does not follow the overlap.",
    controls="Every task is learned to the same loss, at a rate scaled by the squared length of its gradients; centring changes "
    "no answer by itself; the statistics are taken before the first task too; forgetting in bits is at least 0 for a guess.",
    columns={
        "a": Column("Fraction of hidden units that win."),
        "centred": Column("Whether the mean was removed from the hidden codes.", bool),
        "N": Column("Hidden units.", int, unit="units"),
        "inputs": Column("Input units.", int, unit="inputs"),
        "D": Column("Facts per task.", int, unit="facts"),
        "T": Column("Tasks of the course.", int, unit="tasks"),
        "seed": Column("Seed of network and tasks.", int),
        "learned_bits": Column("Mean bits per fact of a task just learned, a lower bound from its errors.", unit="bits"),
        "oldest_learned": Column("The same for the oldest task.", unit="bits"),
        "oldest_kept": Column("Bits per fact of the oldest task at the end of the course.", unit="bits"),
        "forgetting": Column("Share of the oldest task's bits that is lost at the end."),
        "forgetting_mean": Column("Share of the bits of all tasks but the last that is lost at the end."),
        "oldest_loss": Column("Rise of the oldest task's loss from when it was learned to the end."),
        "steps": Column("Mean number of training steps per task.", unit="steps"),
        "stage": Column("When the statistics were taken: start (before the first task) or end.", str),
        "activity": Column("Measured fraction of active hidden units."),
        "c": Column("Magnitude ratio of the active units, mean squared over mean square."),
        "N_eff": Column("Inverse of the mean squared overlap of the codes without their mean.", unit="units"),
        "unit_common": Column("Mean inner product of two different codes, over their mean power."),
        "mean_square_overlap": Column("Mean squared overlap of the codes that the readout reads."),
        "common_mode_share": Column("Squared mean overlap over mean squared overlap: the share that one direction explains."),
        "participation_ratio": Column("Participation ratio of these codes' Gram matrix."),
        "predicted": Column("Mean squared overlap by I2 from N_eff, activity and c."),
        "predicted_units": Column("The same with the common mode taken from the mean of every unit."),
        "inner_product": Column("Root mean square of the inner products of gradients of facts of different tasks."),
        "squared_length": Column("Mean squared length of a fact's gradient."),
        "gradient_overlap": Column("Mean squared cosine of gradients of facts of different tasks."),
        "gradient_common_mode": Column("Squared mean cosine of the gradients over their mean squared cosine."),
        "gradient_participation": Column("Participation ratio of the gradients' Gram matrix."),
    },
    cells=cells,
    run=run,
)
