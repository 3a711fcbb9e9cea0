"""Sparse memory (claim sparse_memory): N slots of one value an output; a fact overwrites few, and is read from those.

`sparse_memory` gives each fact a random support of `slots` slots, a frozen function of its key (`simulate.address`); the reader
takes their mean, and what later facts overwrote is lost. `sparse_memory_chosen` writes one slot that no other fact uses, the
first with a count of zero, and nothing once there is none; its reader is told which fact it reads, as a frozen gate would be.
Both keep a count of writes for each slot; only the second needs it.
"""

from dataclasses import replace

from jaxtyping import Array

from simulate.address import support
from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import system_of
from simulate.system.system import Parameters
from theory.predictions.fading import tasks_held

State = dict[str, Array]


def begin(setting: Setting) -> State:
    """Empty slots, never written."""
    return {"slots": jnp.zeros((setting.N, setting.outputs)), "counts": jnp.zeros(setting.N)}


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the task's facts, one by one: a fact's value in each slot of its support."""

    def fact(state: State, one: tuple[Array, Array]) -> tuple[State, None]:
        u, y = one
        on = support(u, setting.N, setting.size("slots"))
        return {"slots": jnp.where(on[:, None], y, state["slots"]), "counts": state["counts"] + on}, None

    return jax.lax.scan(fact, state, (keys, targets))[0]


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Mean over the slots of each key's support."""
    on = jax.vmap(lambda u: support(u, setting.N, setting.size("slots")))(keys)
    return on.astype(keys.dtype) @ state["slots"] / setting.size("slots")


def write_chosen(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the task's facts: each takes a slot that was never written, if there is one."""

    def fact(state: State, y: Array) -> tuple[State, None]:
        slots, counts = state["slots"], state["counts"]
        free = jnp.argmin(counts)
        into = jnp.where(counts[free] == 0, free, setting.N)  # beyond the last: dropped
        return {"slots": slots.at[into].set(y, mode="drop"), "counts": counts.at[into].add(1.0, mode="drop")}, None

    return jax.lax.scan(fact, state, targets)[0]


def read_chosen(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """The slot of each fact of task t; nothing of facts that found none."""
    place = t * setting.D + jnp.arange(setting.D)
    return jnp.where((place < setting.N)[:, None], state["slots"][jnp.minimum(place, setting.N - 1)], 0.0)


def numbers(setting: Setting) -> float:
    """N values per output, and a count per slot."""
    return float(setting.N * setting.outputs + setting.N)


LEARNER = Learner(
    name="sparse_memory",
    description="each fact overwrites random slots of its own",
    claim="sparse_memory",
    access="one pass",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    sizes={"slots": 32},
    linear=True,
)
CHOSEN = replace(
    LEARNER,
    name="sparse_memory_chosen",
    description="each fact takes one slot that no other uses, while there is one",
    write=write_chosen,
    read=read_chosen,
    sizes={},
)
LEARNERS = (LEARNER, CHOSEN)


def _length(p: Parameters) -> float:
    return tasks_held(1 - p["slots"] / p["N"], p["D"], p["required"])


def _filled(p: Parameters) -> float:
    """N facts find a slot of their own (ceiling 1/a at a = 1/N); the last task may go without the share that it may lack."""
    return p["N"] / p["D"] + 1 - p["required"]


POINTS = {
    "quick": [{"N": 256, "D": D} for D in (1, 2)],
    "paper": [{"N": 1024, "D": D} for D in (1, 2, 4, 8)],
}
CHOSEN_POINTS = {"quick": [{"N": 64, "D": D} for D in (4, 16)], "paper": [{"N": 128, "D": D} for D in (4, 8, 16, 32)]}
SYSTEMS = (system_of(LEARNER, _length, POINTS, most={"slots": lambda p: p["N"] - 1}), system_of(CHOSEN, _filled, CHOSEN_POINTS))
