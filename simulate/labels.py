"""Tasks of labelled facts for stores that sleep (S3): the facts, the slow store that rehearses them, and what it still knows.

M facts come in T tasks of nearly equal size, each seen once. A fact is a random cue and `outputs` random labels +-1. A slow store
of `outputs` threshold units is trained at every sleep on labels that are handed to it for the last task and on its own answers
for all older ones. Which system hands over what is its own file in `simulate.memories`: a fast store, a list, or none.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, Integer

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.memories.perceptron import train
from simulate.system.system import Measure, Parameters
from theory.errors import UserError
from theory.ledger import claim

SLEEPERS: dict[str, Any] = {"N": int, "D": int, "sweeps": 30, "outputs": 8, "required": 0.99, "seeds": 8}
"""Parameters of every system whose labels are rehearsed at sleep."""


class LabelledFacts(NamedTuple):
    """M facts in rows 0 .. M - 1 of P.

    codes: unit rows [P, N]. y: labels +-1 [P, outputs]. task: number of each fact's task [P], T for a row without a fact.
    fast: Gaussian entries of the cues that a fast store uses [P, N]. flip_key: key of the labels that are rehearsed wrongly.
    """

    codes: Array
    y: Array
    task: Array
    fast: Array
    flip_key: jax.Array


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


@partial(jax.jit, static_argnames=("P_max", "N", "outputs"))
def labelled_facts(
    key: jax.Array, M: Scalar, T: Scalar, S: Scalar, P_max: int, N: int, outputs: int, shared: Scalar = 0.0
) -> LabelledFacts:
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
    return LabelledFacts(codes, y, tasks_of(P_max, M, T), fast, flip_key)


@jax.jit
def consolidated(
    codes: Float[Array, "P N"],
    handed_over: Float[Array, "P outputs"],
    task: Integer[Array, " P"],
    T: Scalar,
    sweeps: Scalar,
    key: jax.Array,
    flip: Scalar = 0.0,
) -> Float[Array, "N outputs"]:
    """Weights of the slow store after T sleeps.

    handed_over: labels of each fact at the end of its task. sweeps: passes per sleep, as in `perceptron.train`, from the weights
    of the last sleep. flip: share of all labels that are rehearsed with the wrong sign, drawn afresh at every sleep.
    """

    def sleep(t: Scalar, weights: Array) -> Array:
        own = jnp.where(codes @ weights > 0, 1.0, -1.0)
        known = jnp.where((task == t)[:, None], handed_over, own)
        wrong = jax.random.bernoulli(jax.random.fold_in(key, t), flip, known.shape)
        return train(codes, jnp.where(wrong, -known, known), sweeps, 0.0, weights, (task <= t).astype(codes.dtype))[0]

    return jax.lax.fori_loop(0, T, sleep, jnp.zeros((codes.shape[1], handed_over.shape[1])))


@jax.jit
def wrong_share(
    codes: Float[Array, "P N"], y: Float[Array, "P outputs"], weights: Float[Array, "N outputs"], used: Bool[Array, " P"]
) -> Float[Array, ""]:
    """Share of the labels of the used facts that are read wrongly; 0 if there are none."""
    wrong = jnp.where(used[:, None], y * (codes @ weights) <= 0, False)
    return jnp.sum(wrong) / jnp.maximum(jnp.sum(used) * y.shape[1], 1)


@jax.jit
def error_after_sleeps(
    facts: LabelledFacts, handed_over: Float[Array, "P outputs"], T: Scalar, sweeps: Scalar, flip: Scalar = 0.0
) -> Float[Array, ""]:
    """Share of all labels that the slow store reads wrongly after T tasks and T sleeps; parameters as in `consolidated`."""
    weights = consolidated(facts.codes, handed_over, facts.task, T, sweeps, facts.flip_key, flip)
    return wrong_share(facts.codes, facts.y, weights, facts.task < T)


def most_facts(p: Parameters, T_max: int) -> int:
    """Rows of the codes: D T_max, but 4 N at least, so that systems of one N share a compilation."""
    return p["N"] * max(4, -(-p["D"] * T_max // p["N"]))


def oldest_kept(p: Parameters, T_max: int, S: int, weights: Callable[[LabelledFacts, Scalar], Array]) -> Measure:
    """Share of the oldest task's labels [seeds] that the weights of a slow store of S numbers give, after T tasks of D facts."""
    keys, D, P_max = seed_keys(range(p["seeds"])), p["D"], most_facts(p, T_max)

    def kept(T: jax.Array) -> jax.Array:
        def one(key: jax.Array) -> Array:
            facts = labelled_facts(key, D * T, T, jnp.array(float(S)), P_max=P_max, N=p["N"], outputs=p["outputs"])
            return 1 - wrong_share(facts.codes, facts.y, weights(facts, T), facts.task == 0)

        return jax.vmap(one)(keys)

    return lambda T: np.asarray(kept(jnp.array(T)))


def largest_tasks(p: Parameters, c: float) -> float:
    """Largest T of S3's load 1/(1/C + c/T) at D facts per task: C (N/D - c), at Gardner's C = 2; 0 where one task does not fit.

    C counts labels held without error. Raises UserError if fewer than 95% are asked for: more than C would fit.
    """
    if p["required"] < 0.95:
        raise UserError(f"required={p['required']}: the ceiling is of labels held nearly without error; give at least 0.95")
    return max(0.0, claim("S2").value("gardner_load", f=0.5).value * (p["N"] / p["D"] - c))
