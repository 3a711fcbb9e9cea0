r"""One dense store with sleep (S3-one): each fact is written once, into the margin that the last rehearsal left.

Weights of norm 1, cues of norm sqrt N, fields w.x. By day a fact adds max(0, m - y w.x) y x/N: it lifts its field to the target m
where that is lower. At sleep all facts so far are rehearsed with the store's own answers, right or wrong. The stability asked for
at sleep is a share q of Gardner's largest at that load (S2). State: N numbers per unit. No better single store is known; source:
S3-one.
"""

import numpy as np
from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.labels import SLEEPERS, LabelledFacts, largest_tasks, most_facts, oldest_kept, wrong_share
from simulate.memories.perceptron import train
from simulate.system.system import Measure, Parameters, System
from theory.ledger import claim


def largest_stability(loads: np.ndarray) -> np.ndarray:
    """Gardner's largest stability at each load P/N > 0, 0 from a load of 2 on (S3-one, capacity, inverted on a grid)."""
    kappa = np.concatenate([[0.0], np.geomspace(1e-3, 50, 2000)])
    capacity = claim("S3-one").value("capacity", stability=kappa).value
    return np.interp(-np.asarray(loads, dtype=float), -capacity, kappa)


@jax.jit
def slept(
    facts: LabelledFacts, T: Scalar, target: Scalar, stabilities: Float[Array, " loads"], sweeps: Scalar, flip: Scalar = 0.0
) -> Float[Array, "N outputs"]:
    """Weights of one store after T tasks and T sleeps.

    target: m. stabilities: stability that a sleep trains for, stabilities[i] once i + 1 facts are stored. flip: share of the
    labels that are rehearsed with the wrong sign, drawn afresh at every sleep.
    """
    codes, y, task = facts.codes, facts.y, facts.task
    N = codes.shape[1]

    def write(fact: Scalar, weights: Array) -> Array:
        field = N**0.5 * codes[fact] @ weights
        lift = jnp.maximum(target - y[fact] * field, 0.0) * y[fact]
        return weights + codes[fact][:, None] * lift / N**0.5

    def day_and_sleep(t: Scalar, weights: Array) -> Array:
        first, last = jnp.sum(task < t), jnp.sum(task <= t)
        weights = jax.lax.fori_loop(first, last, write, weights)
        own = jnp.where(codes @ weights > 0, 1.0, -1.0)
        own = jnp.where(jax.random.bernoulli(jax.random.fold_in(facts.flip_key, t), flip, own.shape), -own, own)
        kappa = stabilities[jnp.maximum(last - 1, 0)]
        weights = train(codes, own, sweeps, kappa, weights, (task <= t).astype(codes.dtype))[0]
        norm = jnp.linalg.norm(weights, axis=0)
        return weights / jnp.where(norm > 0, norm, 1.0)

    return jax.lax.fori_loop(0, T, day_and_sleep, jnp.zeros((N, y.shape[1])))


def error_after_sleeps(
    facts: LabelledFacts, T: Scalar, target: Scalar, stabilities: Float[Array, " loads"], sweeps: Scalar, flip: Scalar = 0.0
) -> Float[Array, ""]:
    """Share of all labels that the store reads wrongly after T tasks and T sleeps; parameters as in `slept`."""
    weights = slept(facts, T, target, stabilities, sweeps, flip)
    return wrong_share(facts.codes, facts.y, weights, facts.task < T)


def best_target(T: Scalar) -> Scalar:
    """Target m at which the bound of S3-one is least at 1% error, to 3% for T = 2 .. 32."""
    return 2.25 / T**0.5


def _measure(p: Parameters, T_max: int) -> Measure:
    N = p["N"]
    stabilities = jnp.asarray(p["share"] * largest_stability(np.arange(1, most_facts(p, T_max) + 1) / N))
    sweeps = jnp.array(p["sweeps"])
    return oldest_kept(p, T_max, N, lambda facts, T: slept(facts, T, best_target(T), stabilities, sweeps))


SYSTEMS = (
    System(
        name="one_store_sleep",
        description="one dense store that writes each fact once, as far as needed, and rehearses all at sleep, N numbers per "
        "unit; depth: share of the oldest task's labels read right",
        claim="S2",
        unit="fraction",
        defaults={**SLEEPERS, "share": 0.75},
        ceiling=lambda p: largest_tasks(p, 0.0),
        measure=_measure,
        meanings={"share": ("fraction", "Stability that a sleep aims at, as a share of the largest possible one.")},
        points={"quick": [{"N": 32, "D": D} for D in (2, 4)], "paper": [{"N": 64, "D": D} for D in (2, 4, 8, 12)]},
    ),
)
