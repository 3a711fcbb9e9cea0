r"""Two stores with consolidation (S3): a one-shot fast store that holds one task, a slow one that learns it at the next sleep.

The facts are those of `simulate.labels`: M facts in T tasks, each fact a random cue and `outputs` labels +-1. The fast store
writes a task in one shot, by the covariance rule. At sleep the slow store, `outputs` threshold units of S weights, is trained on
what the fast store then answers for the last task, and on its own answers for all older ones, right or wrong. Then the fast
store is emptied. Cues come from a seed and are no part of the state, which is S + F numbers per unit.

Sparse fast store: the labels of k units on one fact are one active cell of 2^k, which is a coding level a_fast = 2^-k of its
outputs (C3). It is read by the most active cell. k = 1 is one dense unit, read by sign. F is inputs 2^k/k numbers per unit, or
inputs at k = 1. Own answers are read before a sleep changes them. What is copied for that is not counted (S3: a straight path of
weights needs no copy).
"""

from functools import lru_cache, partial
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Integer
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from simulate.backend import Scalar, jax, jnp
from simulate.labels import SLEEPERS, LabelledFacts, consolidated, directions, largest_tasks, oldest_kept
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError
from theory.ledger import claim


def cells_per_unit(k: int) -> float:
    """Numbers of the fast store per input and unit: 2^k/k for k >= 2 units that share 2^k output cells, 1 for k = 1."""
    return 1.0 if k == 1 else 2**k / k


@lru_cache
def numbers_per_label(k: int, error: float) -> float:
    """Numbers of a large one-shot store per label that is read wrongly with that probability: C3's law at its threshold.

    k = 1: one unit read by sign. Else k labels are one active cell of 2^k, read by the most active. With f = 2^-k, C3 puts the
    noise of a cell at f(1 - f)/SNR of the squared step between active and silent. What the covariance rule subtracts is common
    to all cells and changes no comparison. That leaves a noise of f/SNR, independent from cell to cell. A wrong cell has
    (2^k/2)/(2^k - 1) of its labels wrong.
    """
    if k == 1:
        return 1 / claim("C3-threshold").value("load_at_error", f=0.5, error=error).value
    cells, f = 2**k, 2.0**-k

    def excess(snr: float) -> float:
        gap = (snr / f) ** 0.5
        right = quad(lambda z: norm.pdf(z - gap) * norm.cdf(z) ** (cells - 1), -12, gap + 12, points=[gap])[0]
        return (1 - right) * cells / 2 / (cells - 1) - error

    snr: Any = brentq(excess, 1e-3, 1e3)
    return cells_per_unit(k) * snr


def one_shot_answers(
    codes: Float[Array, "P inputs"], y: Float[Array, "P outputs"], task: Integer[Array, " P"], k: int
) -> Float[Array, "P outputs"]:
    """What the fast store answers for every fact at the end of its task: one-shot covariance storage, emptied between tasks.

    codes: unit rows. k divides the number of outputs. k = 1: read by sign, else by the most active of 2^k cells per group.
    """
    crosstalk = (codes @ codes.T) * (task[:, None] == task[None, :])
    if k == 1:
        return jnp.where(crosstalk @ y > 0, 1.0, -1.0)
    bits = jnp.arange(2**k)[:, None] >> jnp.arange(k) & 1  # [cells, k]
    words = 2.0 * bits - 1.0
    groups = y.reshape(len(y), -1, k)
    active = jnp.all(groups[:, :, None, :] == words, axis=-1).astype(codes.dtype)  # [P, groups, cells]
    read = jnp.einsum("pq,qgc->pgc", crosstalk, active - 2.0**-k)
    return words[jnp.argmax(read, axis=-1)].reshape(y.shape)


@partial(jax.jit, static_argnames=("k",))
def handed_over(facts: LabelledFacts, inputs: Scalar, k: int) -> Float[Array, "P outputs"]:
    """Labels that the fast store hands over; every task is written into `inputs` inputs, no more than the codes have columns."""
    labels = one_shot_answers(directions(facts.fast, jnp.maximum(inputs, 1)), facts.y, facts.task, k)
    return labels.astype(facts.y.dtype)  # not weakly typed: one compilation of what learns them


def _measure(p: Parameters, T_max: int) -> Measure:
    inputs = max(1, round(p["room"] * numbers_per_label(p["k"], 1 - p["required"]) * p["D"] / cells_per_unit(p["k"])))
    S = p["N"] - round(inputs * cells_per_unit(p["k"]))
    if S < 1 or p["outputs"] % p["k"]:
        raise UserError(
            f"two_stores: no room for {p['D']} facts in groups of k={p['k']} labels; lower D, or let k divide outputs"
        )

    def weights(facts: LabelledFacts, T: Scalar) -> Array:
        labels = handed_over(facts, jnp.array(inputs), p["k"])
        return consolidated(facts.codes, labels, facts.task, T, jnp.array(p["sweeps"]), facts.flip_key)

    return oldest_kept(p, T_max, S, weights)


SYSTEMS = (
    System(
        name="two_stores",
        description="sparse one-shot store for one task beside a dense store that rehearses at sleep, N numbers per unit in all; "
        "depth: share of the oldest task's labels read right",
        claim="S3",
        unit="fraction",
        defaults={**SLEEPERS, "k": 2, "room": 1.25},
        ceiling=lambda p: largest_tasks(p, 2 * np.log(2)),
        measure=_measure,
        points={"quick": [{"N": 32, "D": D} for D in (2, 3)], "paper": [{"N": 64, "D": D} for D in (2, 3, 4, 6)]},
    ),
)
