"""Parameter isolation: a task owns `share` units, writes and reads them alone, and nobody else writes them (claim masks).

HAT with hard gates (Serra et al. 2018), PackNet (Mallya and Lazebnik 2018) with gates on units. A task takes the next free units
and fits its facts in them by least squares; when no units are left nothing is written. The reader is told the task, and a read
passes the task's own units only. PackNet reads earlier tasks' units as well; these are constants, so that depth is the same,
but the weights of a chain of tasks grow without bound where shares are full.
"""

from math import log2

from jaxtyping import Array, Float, Integer

from simulate.backend import Scalar, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import points, system_of
from theory.methods.comparison import BITS
from theory.methods.masks import CLAIM

State = tuple[Float[Array, "N outputs"], Integer[Array, " N"]]


def begin(setting: Setting) -> State:
    """Weights of zero; no unit has an owner (-1)."""
    return jnp.zeros((setting.N, setting.outputs)), jnp.full(setting.N, -1)


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """Least squares in the next `share` free units; nothing if fewer are free."""
    weights, owners = state
    share = setting.size("share")
    free = owners < 0
    owned = free & (jnp.cumsum(free) <= share) & (jnp.sum(free) >= share)
    own = keys * owned
    # least change of the own units, which are zero; the pseudo-inverse of no units at all is zero
    weights = weights + own.T @ (jnp.linalg.pinv(own @ own.T, hermitian=True) @ targets)
    return weights, jnp.where(owned, t, owners)


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts through the units that task t owns."""
    weights, owners = state
    return (keys * (owners == t)) @ weights


def numbers(setting: Setting) -> float:
    """N weights per output, and the owner of each unit among N/share tasks, in numbers of `BITS` bits."""
    N = setting.N
    return N * setting.outputs + N * log2(max(N / setting.size("share"), 1.0)) / BITS


LEARNER = Learner(
    name="masks",
    description="each task owns a share of the units (HAT, PackNet)",
    claim="masks",
    access="many passes",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    sizes={"share": 1},
    linear=True,
)
LEARNERS = (LEARNER,)


def _ceiling(p: dict) -> float:
    """Tasks until no share is left; 0 if a share cannot keep the depth of D facts."""
    fits = p["share"] >= p["required"] * p["D"]
    return CLAIM.value("length", a=p["share"] / p["N"]).value if fits else 0.0


SYSTEMS = (
    system_of(
        LEARNER,
        _ceiling,
        {preset: [{**point, "share": point["D"]} for point in listed] for preset, listed in points().items()},
        {"c": 0.75},  # magnitudes that differ: keys of mere signs may be linearly dependent on a small share
        {"share": lambda p: p["N"]},
        meanings={"share": ("units", "Units that one task owns.")},
    ),
)
