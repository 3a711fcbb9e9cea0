"""Elastic weight consolidation: each task is fitted beside a quadratic penalty that holds what old facts need (claim ewc).

    w <- argmin_v |y - X v|^2 + (v - w)^T H (v - w),    H <- H + X^T X,

one penalty, centred at the last optimum (Huszar 2018), H the exact Hessian of the squared error, or its diagonal (Kirkpatrick et
al. 2017). All outputs share H. Before the first fact H is `ridge` times the identity, which the laws let fall to 0. With the
exact Hessian this is recursive least squares (`rls`), solved task by task. The diagonal is exact within a task and blind to
directions between tasks.
"""

import math
from dataclasses import replace
from functools import partial

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import isotropic, system_of
from simulate.system.system import Parameters
from theory.methods.ewc import CLAIM

RIDGE = 1e-6
State = tuple[Float[Array, "N outputs"], Array]


def begin(setting: Setting, diagonal: bool = False) -> State:
    """Weights of zero, and the Hessian [N, N] (diagonal: [N]) before the first fact."""
    start = jnp.ones(setting.N) if diagonal else jnp.eye(setting.N)
    return jnp.zeros((setting.N, setting.outputs)), setting.hyperparameters["ridge"] * start


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """The optimum of the task's squared error and the penalty, and the Hessian with the task's facts."""
    weights, hessian = state
    if hessian.ndim == 1:
        moved = keys.T / hessian[:, None]
        hessian = hessian + jnp.sum(keys**2, axis=0)
    else:
        moved = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(hessian), keys.T)
        hessian = hessian + keys.T @ keys
    # (H + X^T X)^-1 X^T = H^-1 X^T (I + X H^-1 X^T)^-1: D equations, not N
    coefficients = jax.scipy.linalg.solve(jnp.eye(setting.D) + keys @ moved, targets - keys @ weights, assume_a="pos")
    return weights + moved @ coefficients, hessian


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts."""
    return keys @ state[0]


def numbers(setting: Setting) -> float:
    """N weights per output and the symmetric Hessian."""
    return setting.N * setting.outputs + setting.N * (setting.N + 1) / 2


LEARNER = Learner(
    name="ewc",
    description="quadratic penalty with the exact Hessian",
    claim="ewc",
    access="many passes",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    hyperparameters={"ridge": RIDGE},
    linear=True,
)
DIAGONAL = replace(
    LEARNER,
    name="ewc_diagonal",
    description="quadratic penalty with the diagonal of the Hessian",
    begin=partial(begin, diagonal=True),
    numbers=lambda setting: float(setting.N * setting.outputs + setting.N),
)
LEARNERS = (LEARNER, DIAGONAL)


def _diagonal_ceiling(p: dict) -> float:
    """Tasks that all keep the depth: the annealed law in steps of D facts, N/(N + (T - 1) D); `diagonal_length` at D = 1."""
    return 1 + (CLAIM.value("diagonal_length", N=p["N"], depth=p["required"]).value - 1) / p["D"]


def law(p: Parameters, T: int) -> float:
    """All facts share the N degrees of freedom of least squares alike, as the ridge falls to 0."""
    return min(1.0, p["N"] / (T * p["D"])) if isotropic(p) else math.nan


SYSTEMS = (
    system_of(LEARNER, lambda p: CLAIM.value("length", N=p["N"], depth=p["required"]).value / p["D"], law=law),
    system_of(DIAGONAL, _diagonal_ceiling),
)
