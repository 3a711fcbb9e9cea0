"""Recursive least squares: fact by fact, with the inverse P of the Hessian carried along (claim ewc).

    g = P x/(1 + x^T P x),    w <- w + g (y - x^T w),    P <- P - g x^T P

It minimises the same squared error as EWC with the exact Hessian (`ewc`), which solves for a task at once. P is the inverse
of its H. Up to rounding the two are one learner, from one state of N(N + 1)/2 numbers. This one never sees a fact twice nor two
facts together, which makes the law of exact EWC one of the strictest access rule.
"""

from dataclasses import replace

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.learners import ewc
from simulate.system.learner import Setting
from simulate.system.learner_systems import system_of
from theory.methods.ewc import CLAIM

State = tuple[Float[Array, "N outputs"], Float[Array, "N N"]]


def begin(setting: Setting) -> State:
    """Weights of zero, and P before the first fact."""
    return jnp.zeros((setting.N, setting.outputs)), jnp.eye(setting.N) / setting.hyperparameters["ridge"]


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """The recursion over the task's facts."""

    def fact(state: State, one: tuple[Array, Array]) -> tuple[State, None]:
        (weights, P), (x, y) = state, one
        Px = P @ x
        gain = Px / (1 + x @ Px)
        return (weights + jnp.outer(gain, y - x @ weights), P - jnp.outer(gain, Px)), None

    return jax.lax.scan(fact, state, (keys, targets))[0]


LEARNER = replace(
    ewc.LEARNER,
    name="rls",
    description="recursive least squares, fact by fact (exact EWC)",
    access="one pass",
    begin=begin,
    write=write,
)
LEARNERS = (LEARNER,)
SYSTEMS = (system_of(LEARNER, lambda p: CLAIM.value("length", N=p["N"], depth=p["required"]).value / p["D"], law=ewc.law),)
