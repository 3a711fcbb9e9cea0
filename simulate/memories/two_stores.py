r"""Two stores with consolidation (S3): a one-shot fast store that holds one task, a slow one that learns it at the next sleep.

M facts come in T tasks of nearly equal size, each seen once. A fact is a random cue and `outputs` random labels +-1. The fast
store writes a task in one shot, by the covariance rule; at sleep the slow store, `outputs` threshold units of S weights, is
trained (`perceptron.train`) on what the fast store then answers for the last task and on its own answers for all older ones,
right or wrong. The fast store is emptied. Cues come from a seed and are no part of the state, which is S + F numbers a unit.

Sparse fast store: k units' labels on a fact are one active cell of 2^k, a coding level a_fast = 2^-k of its outputs (C3), read
by the most active cell; k = 1 is one dense unit, read by sign. F = inputs 2^k/k numbers a unit; F = inputs at k = 1. Own answers
are read before a sleep changes them; what is copied for that is not counted (S3: the straight way needs no copy).
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, Integer
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.memories.perceptron import train
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError
from theory.ledger import claim


def tasks_of(P_max: int, M: Scalar, T: Scalar) -> Integer[Array, " {P_max}"]:
    """Task 0 .. T - 1 of each of M facts, sizes differing by one at most; T, no task, for rows beyond M."""
    fact = jnp.arange(P_max)
    return jnp.where(fact < M, (fact * T) // jnp.maximum(M, 1), T)


def cues(key: jax.Array, P_max: int, N_max: int, N: Scalar) -> Float[Array, "{P_max} {N_max}"]:
    """Random directions: unit rows with Gaussian entries in the first N columns, zeros beyond; N may be traced."""
    return directions(jax.random.normal(key, (P_max, N_max)), N)


def directions(x: Float[Array, "P N_max"], N: Scalar) -> Float[Array, "P N_max"]:
    """Rows of x, scaled to unit norm, zeros beyond their first N entries."""
    x = x * (jnp.arange(x.shape[1]) < N)
    return x / jnp.linalg.norm(x, axis=1, keepdims=True)


def cells_a_unit(k: int) -> float:
    """Numbers of the fast store per input and unit: 2^k/k for k >= 2 units that share 2^k output cells, 1 for k = 1."""
    return 1.0 if k == 1 else 2**k / k


@lru_cache
def numbers_per_label(k: int, error: float) -> float:
    """Numbers of a large one-shot store per label that is read wrongly with that probability: C3's law at its threshold.

    k = 1: one unit read by sign. Else k labels are one active cell of 2^k, read by the most active. C3 puts the noise of a cell
    at f(1 - f)/SNR of the squared step between active and silent, f = 2^-k; what the covariance rule subtracts is common to all
    cells and changes no comparison, which leaves f/SNR, independent from cell to cell. A wrong cell has (2^k/2)/(2^k - 1) of its
    labels wrong.
    """
    if k == 1:
        return 1 / claim("C3-threshold").value("load_at_error", f=0.5, error=error).value
    cells, f = 2**k, 2.0**-k

    def excess(snr: float) -> float:
        gap = (snr / f) ** 0.5
        right = quad(lambda z: norm.pdf(z - gap) * norm.cdf(z) ** (cells - 1), -12, gap + 12, points=[gap])[0]
        return (1 - right) * cells / 2 / (cells - 1) - error

    snr: Any = brentq(excess, 1e-3, 1e3)
    return cells_a_unit(k) * snr


def recalled(
    codes: Float[Array, "P inputs"], y: Float[Array, "P outputs"], task: Integer[Array, " P"], k: int
) -> Float[Array, "P outputs"]:
    """What the fast store answers for every fact at the end of its task: one-shot covariance storage, emptied between tasks.

    codes: unit rows. k divides the number of outputs; k = 1: read by sign, else by the most active of 2^k cells a group.
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


@jax.jit
def consolidated(
    codes: Float[Array, "P N"],
    heard: Float[Array, "P outputs"],
    task: Integer[Array, " P"],
    T: Scalar,
    sweeps: Scalar,
    key: jax.Array,
    flip: Scalar = 0.0,
) -> Float[Array, "N outputs"]:
    """Weights of the slow store after T sleeps.

    heard: the labels that the fast store hands over. flip: share of all labels that are rehearsed with the wrong sign, drawn
    afresh at every sleep. sweeps: passes per sleep, as in `perceptron.train`, from the weights of the last sleep.
    """

    def sleep(t: Scalar, weights: Array) -> Array:
        own = jnp.where(codes @ weights > 0, 1.0, -1.0)
        known = jnp.where((task == t)[:, None], heard, own)
        wrong = jax.random.bernoulli(jax.random.fold_in(key, t), flip, known.shape)
        return train(codes, jnp.where(wrong, -known, known), sweeps, 0.0, weights, (task <= t).astype(codes.dtype))[0]

    return jax.lax.fori_loop(0, T, sleep, jnp.zeros((codes.shape[1], heard.shape[1])))


@jax.jit
def wrong_share(
    codes: Float[Array, "P N"], y: Float[Array, "P outputs"], weights: Float[Array, "N outputs"], used: Bool[Array, " P"]
) -> Float[Array, ""]:
    """Share of the labels of the used facts that are read wrongly; 0 if there are none."""
    wrong = jnp.where(used[:, None], y * (codes @ weights) <= 0, False)
    return jnp.sum(wrong) / jnp.maximum(jnp.sum(used) * y.shape[1], 1)


class Facts(NamedTuple):
    """M facts: unit codes [P N], labels +-1 [P outputs], task [P] (T: no fact), Gaussian entries of other cues for the fast
    store [P N], and a key for flips."""  # fmt: skip

    codes: Array
    y: Array
    task: Array
    fast: Array
    flip_key: jax.Array


@partial(jax.jit, static_argnames=("P_max", "N", "outputs"))
def facts(key: jax.Array, M: Scalar, T: Scalar, S: Scalar, P_max: int, N: int, outputs: int, shared: Scalar = 0.0) -> Facts:
    """M facts in T tasks, with cues of S <= N entries; a share `shared` of them has the labels of one linear teacher.

    P_max >= M, N, outputs are static.
    """
    draw_key, flip_key = jax.random.split(key)
    drawn = jax.random.normal(draw_key, (P_max + N, 2 * N + outputs + 1))  # all at once: a draw takes seconds to compile
    parts, teacher = drawn[:P_max], drawn[P_max:, :outputs]
    codes, fast = directions(parts[:, :N], S), parts[:, N : 2 * N]
    by_teacher = jax.scipy.special.ndtr(parts[:, -1:]) < shared
    fields = jnp.where(by_teacher, codes @ teacher, parts[:, 2 * N : -1])
    y = jnp.where(fields > 0, 1.0, -1.0).astype(codes.dtype)
    return Facts(codes, y, tasks_of(P_max, M, T), fast, flip_key)


@partial(jax.jit, static_argnames=("k",))
def heard(stream: Facts, inputs: Scalar, k: int) -> Float[Array, "P outputs"]:
    """Labels that the fast store hands over; every task is written into `inputs` inputs, no more than the codes have columns."""
    told = recalled(directions(stream.fast, jnp.maximum(inputs, 1)), stream.y, stream.task, k)
    return told.astype(stream.y.dtype)  # not weakly typed: one compilation of what learns them


@jax.jit
def stream_error(
    stream: Facts, told: Float[Array, "P outputs"], T: Scalar, sweeps: Scalar, flip: Scalar = 0.0
) -> Float[Array, ""]:
    """Share of all labels that are read wrongly after T tasks and T sleeps; told: labels handed over at the end of each task."""
    weights = consolidated(stream.codes, told, stream.task, T, sweeps, stream.flip_key, flip)
    return wrong_share(stream.codes, stream.y, weights, stream.task < T)


def most_facts(p: Parameters, T_max: int) -> int:
    """Rows of the codes: D T_max, but 4 N at least, so that systems of one N share a compilation."""
    return p["N"] * max(4, -(-p["D"] * T_max // p["N"]))


def oldest_kept(p: Parameters, T_max: int, S: int, weights: Callable[[Facts, Scalar], Array]) -> Measure:
    """Share of the oldest task's labels [seeds] that the weights of a slow store of S numbers give, after T tasks of D facts."""
    keys, D, P_max = seed_keys(range(p["seeds"])), p["D"], most_facts(p, T_max)

    def kept(T: jax.Array) -> jax.Array:
        def one(key: jax.Array) -> Array:
            stream = facts(key, D * T, T, jnp.array(float(S)), P_max=P_max, N=p["N"], outputs=p["outputs"])
            return 1 - wrong_share(stream.codes, stream.y, weights(stream, T), stream.task == 0)

        return jax.vmap(one)(keys)

    return lambda T: np.asarray(kept(jnp.array(T)))


def _measure(p: Parameters, T_max: int) -> Measure:
    inputs = max(1, round(p["room"] * numbers_per_label(p["k"], 1 - p["required"]) * p["D"] / cells_a_unit(p["k"])))
    S = p["N"] - round(inputs * cells_a_unit(p["k"]))
    if S < 1 or p["outputs"] % p["k"]:
        raise UserError(
            f"two_stores: no room for {p['D']} facts in groups of k={p['k']} labels; lower D, or let k divide outputs"
        )

    def weights(stream: Facts, T: Scalar) -> Array:
        told = heard(stream, jnp.array(inputs), p["k"])
        return consolidated(stream.codes, told, stream.task, T, jnp.array(p["sweeps"]), stream.flip_key)

    return oldest_kept(p, T_max, S, weights)


def largest_tasks(p: Parameters, c: float) -> float:
    """Largest T of S3's load 1/(1/C + c/T) at D facts a task: C (N/D - c), at Gardner's C = 2; 0 where one task does not fit.

    C counts labels held without error. Raises UserError if fewer than 95% are asked for: more than C would fit.
    """
    if p["required"] < 0.95:
        raise UserError(f"required={p['required']}: the ceiling is of labels held nearly without error; give at least 0.95")
    return max(0.0, claim("S2").value("gardner_load", f=0.5).value * (p["N"] / p["D"] - c))


SLEEPERS: dict[str, Any] = {"N": int, "D": int, "sweeps": 30, "outputs": 8, "required": 0.99, "seeds": 8}
SYSTEMS = (
    System(
        name="two_stores",
        description="sparse one-shot store for one task beside a dense store that rehearses at sleep, N numbers a unit in all; "
        "depth: share of the oldest task's labels read right",
        claim="S3",
        unit="fraction",
        defaults={**SLEEPERS, "k": 2, "room": 1.25},
        ceiling=lambda p: largest_tasks(p, 2 * np.log(2)),
        measure=_measure,
        points={"quick": [{"N": 32, "D": D} for D in (2, 3)], "paper": [{"N": 64, "D": D} for D in (2, 3, 4, 6)]},
    ),
)
