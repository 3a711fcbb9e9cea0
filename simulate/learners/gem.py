"""Gradient episodic memory (Lopez-Paz and Ranzato 2017): no step may raise the mean error on what is stored of an earlier task.

Of each task the last `kept` facts are stored, keys and values. A fact (x, y) has the gradient g = -x (y - x^T w) of half its
squared error, the stored facts of task k < t the mean gradient g_k at the weights of the moment. The step is the nearest to g
that has no negative product with any g_k; a g_k that is zero up to rounding says nothing:

    g' = g + sum_k v_k g_k,    v >= 0 the least of  |g + sum_k v_k g_k|^2,    w <- w - eta g'.

The dual has one number per task and is solved exactly, by the active sets of Lawson and Hanson (1974). With one stored task it is
A-GEM's projection (Chaudhry et al. 2019). The constraints depend on the targets, so that the learner is not linear, and no law of
the ledger gives its depth. Only C1-any bounds it.
"""

from __future__ import annotations

import jax.lax as lax
from jaxtyping import Array, Float

from simulate.backend import Scalar, jnp
from simulate.system.learner import Learner, Setting

State = dict[str, Array]
TINY = 1e-10
"""Relative size below which a slope or a dual counts as zero."""
ROUNDING = 1e-12
"""Share of the gradient below which a stored gradient is rounding: stored facts that are exact constrain nothing."""


def begin(setting: Setting) -> State:
    """Weights of zero, and room for the stored facts of every task."""
    kept = min(setting.size("kept"), setting.D)
    return {
        "weights": jnp.zeros((setting.N, setting.outputs)),
        "keys": jnp.zeros((setting.T, kept, setting.N)),
        "values": jnp.zeros((setting.T, kept, setting.outputs)),
    }


def duals(gram: Float[Array, "tasks tasks"], slopes: Float[Array, " tasks"]) -> Float[Array, " tasks"]:
    """The v >= 0 that minimises v^T gram v/2 + slopes^T v, for a Gram matrix: non-negative least squares.

    slopes[k] = <g, g_k>. Rows of zeros are no constraints. At most three exchanges per constraint.
    """
    size = len(slopes)
    scale = jnp.maximum(jnp.max(jnp.diag(gram)), jnp.finfo(gram.dtype).tiny)

    def solved(active: Array) -> Array:
        """Minimum over the active ones, the others 0."""
        inside = jnp.where(active[:, None] & active[None, :], gram, 0.0)
        inside = inside + jnp.diag(jnp.where(active, TINY**2 * scale, 1.0))
        return jnp.where(active, jnp.linalg.solve(inside, jnp.where(active, -slopes, 0.0)), 0.0)

    def infeasible(carried: tuple[Array, Array, Array]) -> Array:
        _, active, wanted = carried
        return jnp.any(active & (wanted <= 0))

    def shortened(carried: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """Go towards the minimum as far as no dual falls below 0, and give up the one that stops the way."""
        v, active, wanted = carried
        stops = active & (wanted <= 0)
        way = jnp.min(jnp.where(stops, v / jnp.where(stops, v - wanted, 1.0), 1.0))
        v = v + way * (wanted - v)
        first = jnp.argmin(jnp.where(stops, v, jnp.inf))
        active = active & (v > 0) & (jnp.arange(size) != first)
        v = jnp.where(active, v, 0.0)
        return v, active, solved(active)

    def falling(carried: tuple[Array, Array, Array]) -> Array:
        v, active, count = carried
        return (count < 3 * size) & jnp.any(_descent(gram, slopes, v, active, scale) > 0)

    def exchanged(carried: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        v, active, count = carried
        active = active | (jnp.arange(size) == jnp.argmax(_descent(gram, slopes, v, active, scale)))
        v, active, wanted = lax.while_loop(infeasible, shortened, (v, active, solved(active)))
        return wanted, active, count + 1

    none = jnp.zeros(size, bool)
    return lax.while_loop(falling, exchanged, (jnp.zeros_like(slopes), none, jnp.array(0)))[0]


def _descent(gram: Array, slopes: Array, v: Array, active: Array, scale: Array) -> Array:
    """How steeply the dual falls along each inactive constraint; 0 where it does not."""
    fall = -(gram @ v + slopes)
    small = TINY * jnp.sqrt(scale * jnp.maximum(jnp.diag(gram), 0.0)) + TINY * jnp.abs(slopes)
    return jnp.where(~active & (jnp.diag(gram) > 0) & (fall > small), fall, 0.0)


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the task's facts, one step each, and with its last facts stored."""
    stored, values = state["keys"], state["values"]
    kept = stored.shape[1]

    def fact(weights: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
        x, y = one
        gradient = -jnp.outer(x, y - x @ weights)
        missing = values - stored @ weights  # [T, kept, outputs]; rows of zeros, the tasks to come, have no gradient
        memories = -jnp.einsum("tkn,tko->tno", stored, missing) / kept
        squares = jnp.einsum("tno,tno->t", memories, memories)
        memories = jnp.where((squares > ROUNDING**2 * jnp.sum(gradient**2))[:, None, None], memories, 0.0)
        gram = jnp.einsum("sno,tno->st", memories, memories)
        v = duals(gram, jnp.einsum("tno,no->t", memories, gradient))
        step = gradient + jnp.einsum("t,tno->no", v, memories)
        return weights - setting.hyperparameters["eta"] * step, None

    weights = lax.scan(fact, state["weights"], (keys, targets))[0]
    return {
        "weights": weights,
        "keys": stored.at[t].set(keys[-kept:]),
        "values": values.at[t].set(targets[-kept:]),
    }


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts."""
    return keys @ state["weights"]


def numbers(setting: Setting) -> float:
    """N weights per output, and a key and its values for each stored fact of every task."""
    kept = min(setting.size("kept"), setting.D)
    return float(setting.N * setting.outputs + setting.T * kept * (setting.N + setting.outputs))


LEARNER = Learner(
    name="gem",
    description="no step may raise the mean error on stored facts of any earlier task (GEM)",
    claim="C1-any",
    access="one pass",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    sizes={"kept": 2},
    hyperparameters={"eta": 1.0},
)
LEARNERS = (LEARNER,)
"""No law of the ledger gives a ceiling of its own, hence no frontier."""
