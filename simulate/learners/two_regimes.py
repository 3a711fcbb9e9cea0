"""Two stores with consolidation (claims S3, C4): a fast one that holds what a slow one leaves over, and sleeps that move it.

Awake, a fact is written to the fast store at full strength: v <- v + z (y - w.u - v.z), z its code. After every `hold` tasks a
sleep presents what was held, `sweeps` times each: the slow store takes over the share eta of what the fast one holds of a fact,

    w <- w + eta u (v.z),    v <- v - eta z (v.z),

so that the answer to the fact stays what it was: no copy of either store is needed, but the keys of the facts held are. When the
next period begins the fast store keeps the share `keep` of its content. Readers add both stores. With hold = sweeps = 1 and one
fact a task this is the delta rule at rate eta beside a store of what it leaves over (`simulate.memories.lms`).

* `two_regimes`: the code of a fact is sparse, signs on `active` of F cells, random (`simulate.address`).
* `two_equal`: the same with dense codes, active in all F cells: two rates, one sparsity.
* `two_rules`: no code at all: both stores are addressed by the key itself, F = N, and differ by their rule alone.
* `two_rules_averaged`: two rules, the slow one an average over all facts: eta = N/(N + j) after j of them (C2, annealed).
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Array, Float

from simulate.address import code
from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import system_of
from simulate.system.system import Parameters
from theory.retention import C2, largest_tasks

State = dict[str, Array]
KEEP = 0.5


def begin(setting: Setting, same: bool = False) -> State:
    """Two empty stores, and no keys held."""
    F = setting.N if same else setting.size("F")
    return {
        "slow": jnp.zeros((setting.N, setting.outputs)),
        "fast": jnp.zeros((F, setting.outputs)),
        "keys": jnp.zeros((setting.size("hold") * setting.D, setting.N)),
    }


def codes(keys: Float[Array, "facts N"], setting: Setting, same: bool, dense: bool) -> Float[Array, "facts F"]:
    """Codes of the facts in the fast store."""
    if same:
        return keys
    F = setting.size("F")
    return jax.vmap(lambda u: code(u, F, F if dense else setting.size("active")))(keys)


def awake(state: State, keys: Array, z: Array, targets: Array) -> State:
    """Write what the slow store leaves over to the fast one, fact by fact."""

    def fact(fast: Array, one: tuple[Array, Array, Array]) -> tuple[Array, None]:
        u, where, y = one
        return fast + jnp.outer(where, y - u @ state["slow"] - where @ fast), None

    return {**state, "fast": jax.lax.scan(fact, state["fast"], (keys, z, targets))[0]}


def asleep(state: State, z: Float[Array, "facts F"], etas: Float[Array, " facts"], sweeps: int) -> State:
    """Move the share eta of what is held of each fact, in order, `sweeps` times; rows of zeros are no facts."""

    def fact(stores: tuple[Array, Array], one: tuple[Array, Array, Array]) -> tuple[tuple[Array, Array], None]:
        slow, fast = stores
        u, where, eta = one
        moved = eta * (where @ fast)
        return (slow + jnp.outer(u, moved), fast - jnp.outer(where, moved)), None

    def sweep(_: Array, stores: tuple[Array, Array]) -> tuple[Array, Array]:
        return jax.lax.scan(fact, stores, (state["keys"], z, etas))[0]

    slow, fast = jax.lax.fori_loop(0, sweeps, sweep, (state["slow"], state["fast"]))
    return {**state, "slow": slow, "fast": fast}


def write(
    state: State,
    keys: Array,
    targets: Array,
    t: Scalar,
    setting: Setting,
    same: bool = False,
    dense: bool = False,
    averaged: bool = False,
) -> State:
    """State after task t, and after the sleep that follows it if `hold` tasks are held."""
    hold, D = setting.size("hold"), setting.D
    place = jnp.asarray(t) % hold
    state = {**state, "fast": jnp.where(place == 0, setting.hyperparameters["keep"], 1.0) * state["fast"]}
    z = codes(keys, setting, same, dense)
    state = awake(state, keys, z, targets)
    state = {**state, "keys": jax.lax.dynamic_update_slice(state["keys"], keys, (place * D, 0))}
    first = (jnp.asarray(t) - place) * D
    rates = (
        setting.N / (setting.N + first + jnp.arange(hold * D)) if averaged else jnp.full(hold * D, setting.hyperparameters["eta"])
    )

    def sleep(state: State) -> State:
        stored = z if hold == 1 else codes(state["keys"], setting, same, dense)
        return asleep(state, stored, rates, setting.size("sweeps"))

    return sleep(state) if hold == 1 else jax.lax.cond(place == hold - 1, sleep, lambda state: state, state)


def read(state: State, keys: Array, t: Scalar, setting: Setting, same: bool = False, dense: bool = False) -> Array:
    """Both stores' readouts, added."""
    return keys @ state["slow"] + codes(keys, setting, same, dense) @ state["fast"]


def numbers(setting: Setting, same: bool = False, averaged: bool = False) -> float:
    """Both stores, and the keys of the facts held; an average needs the number of facts so far."""
    F = setting.N if same else setting.size("F")
    return float((setting.N + F) * setting.outputs + setting.size("hold") * setting.D * setting.N + averaged)


def predicted_errors(
    N: int, F: int, etas: np.ndarray, keep: float, sigma: float, same: bool = False
) -> Iterator[tuple[float, float]]:
    """(J, depth of the fact just written) after each write at those slow rates, in expectation, from weights of zero.

    A teacher of variance 1 at every unit key, private parts of variance sigma^2, isotropic keys and codes, one fact a sleep. With
    E = |w - w*|^2, V = |v|^2 and, if both stores are read by one key (`same`), C = (w - w*).v, a write with residual power P =
    sigma^2 + E/N changes the means to

        E - eta (2 - eta) E/N + eta^2 sigma^2                                                  (C4),
        keep^2 (1 - 1/F) V + (1 - eta)^2 P,
        keep (1 - 1/N) C + (1 - eta) (eta P - E/N),

    and J = E/N + V/F (+ 2 C/N). F = 0: no fast store, V = 0 and depth eta. Settles at C4's J where eta does not change.
    """
    E, V, C = float(N), 0.0, 0.0
    for eta in etas:
        P = sigma**2 + E / N
        if F:
            C = keep * (1 - 1 / N) * C + (1 - eta) * (eta * P - E / N) if same else 0.0
            V = keep**2 * (1 - 1 / F) * V + (1 - eta) ** 2 * P
        E = E - eta * (2 - eta) * E / N + eta**2 * sigma**2
        yield (E / N + V / F + 2 * C / N, 1.0) if F else (E / N, float(eta))


def slow_rate(setting: Setting, T: int) -> dict[str, float]:
    """The rate at which the slow store keeps most of the oldest of T tasks: `sweeps` presentations make one write (C2)."""
    best = float(C2.value("best_eta", N=setting.N, T=T, D=setting.D).value)
    return {"eta": 1 - (1 - best) ** (1 / setting.size("sweeps"))}


LEARNER = Learner(
    name="two_regimes",
    description="a fast sparse store beside a slow dense one, which sleeps fill",
    claim="S3",
    access="one pass with sleep",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    sizes={"F": 64, "active": 4, "hold": 1, "sweeps": 1},
    hyperparameters={"eta": 0.1, "keep": KEEP},
    tune=slow_rate,
    linear=True,
)
EQUAL = replace(
    LEARNER,
    name="two_equal",
    description="a fast dense store beside a slow dense one: two rates, one sparsity",
    write=partial(write, dense=True),
    read=partial(read, dense=True),
    sizes={"F": 64, "hold": 1, "sweeps": 1},
)
RULES = replace(
    LEARNER,
    name="two_rules",
    description="two stores addressed alike, one written at full strength and fading, one slowly",
    begin=partial(begin, same=True),
    write=partial(write, same=True),
    read=partial(read, same=True),
    numbers=partial(numbers, same=True),
    sizes={"hold": 1, "sweeps": 1},
)
AVERAGED = replace(
    RULES,
    name="two_rules_averaged",
    description="two stores addressed alike, one written at full strength and fading, one an average of all facts",
    write=partial(write, same=True, averaged=True),
    numbers=partial(numbers, same=True, averaged=True),
    hyperparameters={"keep": KEEP},
    tune=lambda setting, T: {},
)
LEARNERS = (LEARNER, EQUAL, RULES, AVERAGED)


def _ceiling(p: Parameters) -> float:
    """Tasks that two stores of one strength each could hold if both had the strength that is best for the stream's end (C2).

    Several sweeps of several facts fit them together, beyond the law of single writes: then all depth is at most N + F (C1-any).
    """
    if p["sweeps"] > 1 and p["hold"] * p["D"] > 1:
        return (p["N"] + p["F"]) / (p["D"] * p["required"])
    return largest_tasks(p["N"] + p["F"], p["D"], p["required"])


POINTS = {
    "quick": [{"N": 16, "F": 16, "D": D} for D in (2, 8)],
    "paper": [{"N": 32, "F": 32, "D": D} for D in (2, 4, 8, 16)],
}
FITTING = {"active": lambda p: p["F"]}
SYSTEMS = (replace(system_of(LEARNER, _ceiling, POINTS, {"required": 0.2, "keep": 1.0}, FITTING), claim="C2"),)
