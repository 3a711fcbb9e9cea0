"""A linear network that fits one small regression after another, each exactly, by the nearest solution (C7; Lin et al. 2023).

Task t brings D < N examples with standard Gaussian features X [D, N] and targets y = X w*_t + sigma z. Training from w ends in

    w + X^T (X X^T)^-1 (y - X w),

where gradient descent on the squared error converges from w. The readouts of task i depend on its own targets through what the
later tasks leave of that step: the Jacobian X_i (I - P_T) ... (I - P_(i+1)) X_i^+, whose trace is the depth of the task in facts.
"""

import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError
from theory.linear_networks import C7
from theory.proof import inversion


def solved(X: Float[Array, "D N"], y: Float[Array, "D columns"]) -> Float[Array, "N columns"]:
    """X^+ y, the least solution of X w = y. Rows of zeros are examples that are not there: one compilation serves every D."""
    absent = jnp.all(X == 0, axis=-1).astype(float)
    return X.T @ cho_solve(cho_factor(X @ X.T + jnp.diag(absent)), y)


def fit(w: Float[Array, "N columns"], X: Float[Array, "D N"], y: Float[Array, "D columns"]) -> Float[Array, "N columns"]:
    """The solution of X w = y that is nearest to w; columns are networks with the same features."""
    return w + solved(X, y - X @ w)


def descended(w: Float[Array, " N"], X: Float[Array, "D N"], y: Float[Array, " D"], steps: Scalar) -> Float[Array, " N"]:
    """Where `steps` steps of gradient descent on |y - X w|^2/2 end, at the rate 1/|X|^2 of its largest singular value."""
    rate = 1 / jnp.linalg.norm(X, ord=2) ** 2
    return jax.lax.fori_loop(0, steps, lambda _, v: v + rate * X.T @ (y - X @ v), w)


def errors(
    key: jax.Array, teachers: Float[Array, "settings T n"], N: int, D_max: int, D: Scalar, sigma: Float[Array, " settings"]
) -> Float[Array, "settings T+1 T"]:
    """|w_t - w*_i|^2 after t = 0 ... T tasks, for every task i; teachers w* are given in their first n <= N coordinates.

    N and D_max >= D are static. Features are new at every task, and the same for all settings; so is the noise, but for its
    sigma. The weights start at zero.
    """
    true = jnp.pad(teachers, ((0, 0), (0, 0), (0, N - teachers.shape[-1])))

    def task(w: Array, one: tuple[Array, Array]) -> tuple[Array, Array]:
        task_key, own = one
        feature_key, noise_key = jax.random.split(task_key)
        there = jnp.arange(D_max) < D
        X = there[:, None] * jax.random.normal(feature_key, (D_max, N))
        targets = own @ X.T + sigma[:, None] * there * jax.random.normal(noise_key, (D_max,))
        w = fit(w.T, X, targets.T).T
        return w, jnp.sum((w[:, None] - true) ** 2, axis=-1)

    keys = jax.random.split(key, teachers.shape[1])
    later = jax.lax.scan(task, jnp.zeros_like(true[:, 0]), (keys, jnp.swapaxes(true, 0, 1)))[1]
    return jnp.concatenate([jnp.sum(true**2, axis=-1)[:, None], jnp.swapaxes(later, 0, 1)], axis=1)


def task_depths(features: Float[Array, "T D N"]) -> tuple[Float[Array, " T"], Float[Array, ""]]:
    """Depth in facts of each of the T tasks at the end, the oldest first, and N - tr prod (I - P_t).

    One backward pass: tr(X_i A X_i^+), A the product of the later (I - P_j). The second number is the other side of C1.
    """

    def task(A: Array, X: Array) -> tuple[Array, Array]:
        moved = A @ solved(X, jnp.eye(len(X)))
        return A - moved @ X, jnp.sum(X.T * moved)

    N = features.shape[-1]
    A, depths = jax.lax.scan(task, jnp.eye(N), features, reverse=True)
    return depths, N - jnp.trace(A)


def oldest_depths(features: Float[Array, "T D N"]) -> Float[Array, " T"]:
    """Depth in facts of the first task after 1, 2, ... T tasks: one forward pass over what is left of its step X_1^+."""
    first = features[0]
    step = solved(first, jnp.eye(len(first)))

    def task(left: Array, X: Array) -> tuple[Array, Array]:
        left = fit(left, X, jnp.zeros((len(X), len(first))))
        return left, jnp.sum(first.T * left)

    later = jax.lax.scan(task, step, features[1:])[1]
    return jnp.append(jnp.sum(first.T * step), later)


STREAMS = 16
"""Streams of features over which one seed of a frontier is averaged."""


def _measure(p: Parameters, T_max: int) -> Measure:
    """Mean depth per fact of the oldest of T tasks [seeds]: one pass has every T. Raises UserError unless D < N."""
    N, D = p["N"], p["D"]
    if D >= N:
        raise UserError(f"regressions: D={D} examples leave N={N} weights no room; give D below N")

    def depths(key: Array) -> Array:
        features = jax.random.normal(key, (STREAMS, T_max, D, N))
        return jnp.mean(jax.vmap(oldest_depths)(features), axis=0) / D

    mean_depths = np.asarray(jax.jit(lambda keys: jax.lax.map(depths, keys))(seed_keys(range(p["seeds"]), D)))
    return lambda T: mean_depths[:, T - 1]


def _ceiling(p: Parameters) -> float:
    """Largest T with T D required <= N (1 - 1/T)^(T-1) (C7)."""
    return inversion.largest_tasks(lambda T: C7.value("ceiling", N=p["N"], T=T).value - T * p["D"] * p["required"])


SYSTEMS = (
    System(
        name="regressions",
        description="linear network of N weights that fits T regressions of D examples in turn, each exactly; depth: fraction of "
        "the oldest task's targets that its readouts retain",
        claim="C7",
        unit="fraction",
        defaults={"N": int, "D": int, "required": 0.4, "seeds": 8},
        ceiling=_ceiling,
        measure=_measure,
        points={
            "quick": [{"N": 48, "D": D} for D in (3, 6)],
            "paper": [{"N": 96, "D": D} for D in (2, 4, 8, 16)],
        },
    ),
)
