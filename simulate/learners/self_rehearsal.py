"""Self-rehearsal (claim self_rehearsal): in each sleep the store relearns old facts from its own answers, with the new ones.

A sleep follows every task. A frozen copy of the store answers the cues of all old facts; then the weights change as little as
they can, in the least-squares sense, to give these answers and the new targets. `self_rehearsal` keeps the cues,
`self_rehearsal_seeded` has them made again from a seed: the array of cues stands in for that generator, and is not counted.
"""

from dataclasses import replace

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import system_of
from simulate.system.system import Parameters
from theory.ledger import claim

State = dict[str, Array]
RESOLVED = 1e-10
"""Eigenvalues of the cues' Gram matrix below this share of the largest are no direction at all."""


def begin(setting: Setting) -> State:
    """Weights and their copy, zero; room for the cues of T tasks."""
    weights = jnp.zeros((setting.N, setting.outputs))
    return {"weights": weights, "copy": weights, "cues": jnp.zeros((setting.T * setting.D, setting.N))}


def sleep(
    weights: Float[Array, "N outputs"], cues: Float[Array, "facts N"], goals: Float[Array, "facts outputs"]
) -> Float[Array, "N outputs"]:
    """Least change of the weights to the least-squares fit of `wanted`; cues of zeros are no facts."""
    power, modes = jnp.linalg.eigh(cues.T @ cues)
    inverse = jnp.where(power > RESOLVED * power[-1], 1 / jnp.where(power > 0, power, 1.0), 0.0)
    return weights + modes @ (inverse[:, None] * (modes.T @ (cues.T @ (goals - cues @ weights))))


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the sleep that follows task t."""
    answers = state["cues"] @ state["copy"]
    cues = jax.lax.dynamic_update_slice(state["cues"], keys, (t * setting.D, 0))
    goals = jax.lax.dynamic_update_slice(answers, targets, (t * setting.D, 0))
    weights = sleep(state["weights"], cues, goals)
    return {"weights": weights, "copy": weights, "cues": cues}


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts."""
    return keys @ state["weights"]


def seeded_numbers(setting: Setting) -> float:
    """The store and its copy."""
    return 2.0 * setting.N * setting.outputs


def numbers(setting: Setting) -> float:
    """The store, its copy, and a cue of N numbers for each of T D facts."""
    return seeded_numbers(setting) + setting.T * setting.D * setting.N


LEARNER = Learner(
    name="self_rehearsal",
    description="every sleep relearns all old facts from the store's own answers, cues kept",
    claim="self_rehearsal",
    access="one pass with sleep",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    linear=True,
)
SEEDED = replace(
    LEARNER,
    name="self_rehearsal_seeded",
    description="every sleep relearns all old facts from the store's own answers, cues made again from a seed",
    numbers=seeded_numbers,
)
LEARNERS = (LEARNER, SEEDED)


def _length(p: Parameters) -> float:
    """Tasks of D facts that all keep the required depth."""
    return float(claim("self_rehearsal").value("length", N=p["N"], depth=p["required"]).value / p["D"])


POINTS = {
    "quick": [{"N": 32, "D": D} for D in (8, 16)],
    "paper": [{"N": 64, "D": D} for D in (4, 8, 16, 32)],
}
SYSTEMS = tuple(system_of(learner, _length, POINTS) for learner in LEARNERS)
