"""Projection: a write moves the weights only across the span of all earlier keys (claim gpm).

With Q the projector onto the complement of that span, w <- w + Q x (y - x^T w)/|Q x|^2, and Q loses the direction Q x. A fact is
written whole beside all others, or, where its key depends on earlier ones (|Q x| below `CUTOFF`), not at all. Orthogonal
gradient descent (Farajtabar et al. 2020) keeps gradients of outputs, gradient projection memory (Saha et al. 2021) the inputs of
a layer: in one linear layer the gradient of an output is its input, and the two are one learner. No direction is left out (no
threshold of energy).
"""

import math

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import isotropic, system_of
from simulate.system.system import Parameters
from theory.methods.gpm import CLAIM

CUTOFF = 1e-6
State = tuple[Float[Array, "N outputs"], Float[Array, "N N"]]


def begin(setting: Setting) -> State:
    """Weights of zero; every direction is free."""
    return jnp.zeros((setting.N, setting.outputs)), jnp.eye(setting.N)


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """The task's facts one by one, each across all earlier keys."""

    def fact(state: State, one: tuple[Array, Array]) -> tuple[State, None]:
        (weights, Q), (x, y) = state, one
        across = Q @ (Q @ x)  # twice: once leaves a rounding error along the span, which 1/|Q x|^2 would raise (Kahan)
        square = across @ across
        free = square > CUTOFF**2
        step = jnp.where(free, across / jnp.where(free, square, 1.0), 0.0)
        return (weights + jnp.outer(step, y - x @ weights), Q - jnp.outer(step, across)), None

    return jax.lax.scan(fact, state, (keys, targets))[0]


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts."""
    return keys @ state[0]


def numbers(setting: Setting) -> float:
    """N weights per output, and a basis of the keys' span or, beyond half full, the symmetric projector."""
    N, M = setting.N, setting.T * setting.D
    return N * setting.outputs + min(N * M, N * (N + 1) / 2)


LEARNER = Learner(
    name="gpm",
    description="projection across all earlier keys (GPM, OGD)",
    claim="gpm",
    access="one pass",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    linear=True,
)
LEARNERS = (LEARNER,)


def _law(p: Parameters, T: int) -> float:
    """The last task may be written in part: of its D facts those that find a direction, N - (T - 1) D."""
    return min(1.0, max(0.0, p["N"] / p["D"] - (T - 1))) if isotropic(p) else math.nan


SYSTEMS = (system_of(LEARNER, lambda p: CLAIM.value("length", N=p["N"], D=p["D"]).value + 1 - p["required"], law=_law),)
