"""Replay (claim replay): a buffer of B facts, first in first out, rehearsed at every write until all of them are exact.

The limit of many interleaved passes is the least change of the weights that answers the buffer and the new fact (Ozeki and
Umeda 1984). `replay_buffer_read` consults the buffer as well: it holds the newest B facts, and the store is written, at full
strength, what leaves it. `replay_reservoir` keeps a uniform sample of all facts instead of the newest (Vitter 1985); its depth
is not in the ledger, `reservoir_depth` derives it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Array, Float

from simulate.address import chosen
from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import system_of
from simulate.system.system import Parameters
from theory.predictions.fading import tasks_held

State = dict[str, Array]
HIT = 1 - 1e-9  # cosine at which a key is that of a buffered fact


def begin(setting: Setting) -> State:
    """Weights of zero and B empty places, a key and its values in each."""
    B = setting.size("B")
    return {
        "weights": jnp.zeros((setting.N, setting.outputs)),
        "keys": jnp.zeros((B, setting.N)),
        "values": jnp.zeros((B, setting.outputs)),
    }


def fitted(weights: Array, keys: Float[Array, "facts N"], values: Float[Array, "facts outputs"]) -> Float[Array, "N outputs"]:
    """Least change of weights [N, outputs] that makes the facts exact; rows of zeros are no facts. At most N facts."""
    empty = jnp.all(keys == 0, axis=1)
    gram = keys @ keys.T + jnp.diag(empty.astype(keys.dtype))
    return weights + keys.T @ jax.scipy.linalg.solve(gram, values - keys @ weights, assume_a="pos")


def newest(u: Array, j: Array, B: int) -> Array:
    """Place that fact j (key u) takes in a buffer, first in first out."""
    return j % B


def sampled(u: Array, j: Array, B: int) -> Array:
    """Place that fact j takes in a reservoir of B, B if none: fact j is kept with probability B/(j + 1) (Vitter 1985)."""
    return jnp.where(j < B, j, jnp.minimum(chosen(u, j + 1), B))


def _facts(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting, one: Callable[..., State]) -> State:
    """The task's facts, one by one: one(state, u, y, j) writes fact j = 0, 1, ... of the stream."""

    def step(state: State, fact: tuple[Array, Array, Array]) -> tuple[State, None]:
        return one(state, *fact), None

    return jax.lax.scan(step, state, (keys, targets, t * setting.D + jnp.arange(setting.D)))[0]


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting, reservoir: bool = False) -> State:
    """State after the task's facts: each is written together with what the buffer holds, and enters it."""
    B = setting.size("B")

    def one(state: State, u: Array, y: Array, j: Array) -> State:
        buffered, values = state["keys"], state["values"]
        weights = fitted(state["weights"], jnp.vstack([buffered, u]), jnp.vstack([values, y]))
        if B:
            place = (sampled if reservoir else newest)(u, j, B)
            buffered, values = buffered.at[place].set(u, mode="drop"), values.at[place].set(y, mode="drop")
        return {"weights": weights, "keys": buffered, "values": values}

    return _facts(state, keys, targets, t, setting, one)


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts of the store."""
    return keys @ state["weights"]


def write_behind(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the task's facts: each takes the place of the oldest in the buffer, and that one is written to the store."""
    B = setting.size("B")

    def one(state: State, u: Array, y: Array, j: Array) -> State:
        weights, buffered, values = state["weights"], state["keys"], state["values"]
        if not B:
            return {**state, "weights": weights + jnp.outer(u, y - u @ weights)}
        place = newest(u, j, B)
        old, value = buffered[place], values[place]
        weights = weights + jnp.outer(old, value - old @ weights)  # an empty place is no write
        return {"weights": weights, "keys": buffered.at[place].set(u), "values": values.at[place].set(y)}

    return _facts(state, keys, targets, t, setting, one)


def read_both(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """The buffer's value where a key is in it, else the store's readout."""
    hit = (keys @ state["keys"].T > HIT).astype(keys.dtype)
    count = jnp.sum(hit, axis=1, keepdims=True)
    return jnp.where(count > 0, hit @ state["values"] / jnp.maximum(count, 1), keys @ state["weights"])


def numbers(setting: Setting) -> float:
    """N weights per output, and a key and its values for each buffered fact."""
    return float(setting.N * setting.outputs + setting.size("B") * (setting.N + setting.outputs))


def reservoir_depth(N: int, B: int, M: int) -> np.ndarray:
    """Expected depth [M], oldest first, of M facts under `replay_reservoir` (fraction): q = 1 - 1/(N - B) a write once outside.

    Of fact i = 1, 2, ... the reservoir holds, after k >= i facts, a share B/k. It is whole while inside, and the write that
    takes its place has it still among its constraints: one that is outside from write k on keeps q^(M - k).
    """
    later = (1 - 1 / (N - B)) ** np.arange(M - 1.0, -1.0, -1.0)  # [k - 1]: what is left of a fact outside from write k on
    buffered = np.minimum(1.0, B / np.arange(1.0, M + 1))
    leaves = np.concatenate([[0.0], buffered[:-1] - buffered[1:]]) * later
    return (1 - buffered) * later + (np.sum(leaves) - np.cumsum(leaves)) + buffered[-1]


def shared_error(N: int, B: int, private: float) -> float:
    """Steady error J of `replay` on a teacher that all facts share, private parts of that variance: at least `private`.

    w - w* has a part in the span of the B exact facts, of energy E_P = private tr K^-1 = private B (N - 2)/(N - B - 1), and a
    rest of energy E_Q. A write moves the rest along Q x, |Q x|^2 of the Beta law ((N - B)/2, B/2), by the residual
    xi - (w - w*).x. The mean change vanishes at E_Q = (E_P + private (N - 2)) (N - B)/(N - B - 2), and J = (E_P + E_Q)/N.
    Needs N > B + 2.
    """
    buffer_energy = private * B * (N - 2) / (N - B - 1)
    return (buffer_energy + (buffer_energy + private * (N - 2)) * (N - B) / (N - B - 2)) / N


LEARNER = Learner(
    name="replay",
    description="the last B facts are rehearsed at every write until they are exact",
    claim="replay",
    access="one pass",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    sizes={"B": 8},
    linear=True,
)
BUFFER_READ = replace(
    LEARNER,
    name="replay_buffer_read",
    description="the last B facts are looked up in a list, the store is written what leaves it",
    write=write_behind,
    read=read_both,
)
RESERVOIR = replace(
    LEARNER,
    name="replay_reservoir",
    description="a uniform sample of B of all facts is rehearsed at every write until it is exact",
    write=partial(write, reservoir=True),
)
LEARNERS = (LEARNER, BUFFER_READ, RESERVOIR)


def _store_length(p: Parameters) -> float:
    return tasks_held(1 - 1 / (p["N"] - p["B"]), p["D"], p["required"], p["B"])


def _both_length(p: Parameters) -> float:
    return tasks_held(1 - 1 / p["N"], p["D"], p["required"], p["B"])


POINTS = {
    "quick": [{"N": 32, "D": D} for D in (2, 8)],
    "paper": [{"N": 64, "D": D} for D in (2, 4, 8, 16)],
}
SYSTEMS = (
    system_of(LEARNER, _store_length, POINTS, most={"B": lambda p: p["N"] - 2}),
    system_of(BUFFER_READ, _both_length, POINTS),
)
"""The reservoir has no ceiling in the ledger, hence no frontier."""
