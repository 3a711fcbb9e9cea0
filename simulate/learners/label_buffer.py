"""A list of labels beside a dense store (claim S3, the control "buffer as fast store"): two rates without a second code.

The newest B facts are kept in a list, key and values, first in first out, and looked up there. After every `hold` tasks the store
takes a delta-rule write at rate eta of each fact that came since the last sleep, `sweeps` times in order. A key that is not in
the list is answered by the store alone: a list has no crosstalk.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Array

from simulate.backend import Scalar, jax, jnp
from simulate.learners.replay import State, begin, numbers, read_both
from simulate.learners.two_regimes import slow_rate
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import system_of
from simulate.system.system import Parameters
from theory.errors import UserError
from theory.proof.inversion import largest_tasks
from theory.retention import attainable_depth


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after task t, and after the sleep that follows it. Raises UserError if the list is too short for `hold` tasks."""
    B, hold, D = setting.size("B"), setting.size("hold"), setting.D
    if hold * D > B:
        raise UserError(f"label_buffer: {hold} tasks of {D} facts do not fit in a list of B = {B}; raise B or lower hold")
    places = (t * D + jnp.arange(D)) % B
    stored, values = state["keys"].at[places].set(keys), state["values"].at[places].set(targets)
    since = ((t + 1) * D - hold * D + jnp.arange(hold * D)) % B

    def fact(weights: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
        u, y = one
        return weights + setting.hyperparameters["eta"] * jnp.outer(u, y - u @ weights), None

    def sleep(weights: Array) -> Array:
        facts = (stored[since], values[since])
        return jax.lax.fori_loop(0, setting.size("sweeps"), lambda _, w: jax.lax.scan(fact, w, facts)[0], weights)

    weights = state["weights"]
    weights = sleep(weights) if hold == 1 else jax.lax.cond((t + 1) % hold == 0, sleep, lambda w: w, weights)
    return {"weights": weights, "keys": stored, "values": values}


LEARNER = Learner(
    name="label_buffer",
    description="a list of the newest B facts beside a slow dense store",
    claim="S3",
    access="one pass with sleep",
    begin=begin,
    write=write,
    read=read_both,
    numbers=numbers,
    sizes={"B": 16, "hold": 1, "sweeps": 1},
    hyperparameters={"eta": 0.1},
    tune=slow_rate,
    linear=True,
)
LEARNERS = (LEARNER,)


def _ceiling(p: Parameters) -> float:
    """Tasks whose oldest can keep the mean depth asked for: facts in the list whole, others at the best strength of each (C2).

    Several sweeps of several facts fit them together, beyond the law of single writes: then all depth is at most N + B (C1-any).
    """
    N, B, D = p["N"], p["B"], p["D"]
    if p["sweeps"] > 1 and p["hold"] * D > 1:
        return (N + B) / (D * p["required"])

    def room(T: float) -> float:
        later = (T - 1) * D + np.arange(D)
        return float(np.mean(np.where(later < B, 1.0, attainable_depth(N, later + 1, 1)))) - p["required"]

    return largest_tasks(room)


POINTS = {
    "quick": [{"N": 24, "D": D} for D in (4, 8)],
    "paper": [{"N": 64, "D": D} for D in (2, 4, 8, 16)],
}
SYSTEMS = (replace(system_of(LEARNER, _ceiling, POINTS, {"required": 0.2}), claim="C2"),)
