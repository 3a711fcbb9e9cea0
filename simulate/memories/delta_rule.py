"""Delta-rule memory: w <- w + eta u (y - u.w), one write per fact, and the depth at which each fact is retained (C1, C2).

The retained depth of fact i is d(readout of i)/d(target of i) after all M writes. With A the product of the later writes
(I - eta_j u_j u_j^T), the last leftmost, it is s_i = eta_i u_i^T A u_i. Telescoping the trace gives
sum_i s_i = N - tr(product of all writes) exactly. Nothing here needs codes of unit length.

Writes are applied in blocks of BLOCK facts (`simulate.delta_blocks`), bound by products of matrices. All depths cost
4 N^2 + 6 BLOCK N multiplications and additions per fact, where rank-one updates cost 4 N^2. Precision is that of the codes. A
fact of strength 0 is padding and changes nothing.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Integer

from simulate.backend import Scalar, jax, jnp
from simulate.codes import Family, active_cells, draw_active, ensemble_spectrum, magnitude_exponent
from simulate.delta_blocks import overlaps, solvers
from simulate.grid import seed_keys
from simulate.runs.experiment import Preset
from simulate.system.system import Measure, Parameters, System
from theory import annealing, retention
from theory.errors import UserError
from theory.proof import inversion

BLOCK = 32
"""Facts per block: the extra work grows with it, and so does the speed of the products."""


def write(codes: Float[Array, "M N"], targets: Float[Array, "M ..."], etas: Float[Array, " M"]) -> Float[Array, "N ..."]:
    """Really write: weights after the facts (codes, targets, strengths) in order, from zero; each output has its own weights."""
    target_blocks = _blocks(targets.reshape(len(targets), -1))

    def step(w: Array, block: tuple[Array, ...]) -> tuple[Array, None]:
        U, S, y = block
        return w + U.T @ (S @ (y - U @ w)), None

    start = jnp.zeros((codes.shape[1], target_blocks.shape[-1]), codes.dtype)
    w, _ = jax.lax.scan(step, start, (_blocks(codes), solvers(overlaps(_blocks(codes)), _blocks(etas)), target_blocks))
    return w.reshape(codes.shape[1], *targets.shape[1:])


def read(codes: Float[Array, "M N"], weights: Float[Array, "N ..."]) -> Float[Array, "M ..."]:
    """Readouts of the facts with these codes."""
    return codes @ weights


def retained_depths(codes: Float[Array, "M N"], etas: Float[Array, " M"] | float) -> Float[Array, " M"]:
    """Depths s of all facts at the end of the sequence, fraction of the target: one pass over the blocks, the last one first.

    etas: the strength of each write, or one strength for all.
    """
    if isinstance(etas, float):
        etas = jnp.full(len(codes), etas, codes.dtype)

    def step(A: Array, block: tuple[Array, Array]) -> tuple[Array, Array]:
        U, S = block
        AU = A @ U.T
        return A - AU @ (S @ U), jnp.sum((U @ AU) * S.T, axis=1)

    U = _blocks(codes)
    start = jnp.eye(codes.shape[1], dtype=codes.dtype)
    depths = jax.lax.scan(step, start, (U, solvers(overlaps(U), _blocks(etas))), reverse=True)[1]
    return depths.reshape(-1)[: len(codes)]


def trace_depth(codes: Float[Array, "M N"], etas: Float[Array, " M"]) -> Float[Array, ""]:
    """N - tr prod_j (I - eta_j u_j u_j^T), multiplied forwards: the other side of the conservation law C1."""

    def step(A: Array, block: tuple[Array, Array]) -> tuple[Array, None]:
        U, S = block
        return A - U.T @ (S @ (U @ A)), None

    U, N = _blocks(codes), codes.shape[1]
    return N - jnp.trace(jax.lax.scan(step, jnp.eye(N, dtype=codes.dtype), (U, solvers(overlaps(U), _blocks(etas))))[0])


def oldest_task_depth(
    codes: Float[Array, "M N"], etas: Float[Array, " points"], T: Integer[Array, " points"], D: Scalar
) -> Float[Array, " points"]:
    """Mean depth over the first D of T*D facts, all written with one eta, for every point (eta, T): etas [points], T [points].

    All sequences begin alike, so that the overlaps of the codes are computed once. Only codes[:T*D] are used and the loops end
    there: one compilation serves every T, D and eta. The depths s_i of the task add up to the trace of what it alone teaches,
    sum_i A eta_i u_i u_i^T. So it is enough to teach min(D, N) outputs. If D < N, output j has the target 1 at fact j and is read
    along its code. Otherwise its target is coordinate j of every code of the task, and it is read along that coordinate. This
    takes 4 N min(D, N) operations per fact.
    """
    U = _blocks(codes)
    feedback = overlaps(U)
    K, B, N = U.shape
    by_fact = D < N
    outputs = jnp.minimum(D, N)

    def point(args: tuple[Array, Array]) -> Array:
        eta, tasks = args
        M = tasks * D
        last = -(-M // B)
        fact = jnp.arange(K * B).reshape(K, B)
        S = solvers(feedback, jnp.where(fact < M, eta, 0).astype(codes.dtype))

        def panel(p: Array, total: Array) -> Array:
            """Depth of the outputs p B ... p B + B - 1."""
            output = p * B + jnp.arange(B)
            used = output < outputs
            coordinate = jnp.where(by_fact, 0, output)  # those beyond N are not used

            def step(k: Array, w: Array) -> Array:
                u = U[k]
                goals = jnp.where(by_fact, fact[k][:, None] == output, u[:, coordinate] * (fact[k] < D)[:, None])
                return w + u.T @ (S[k] @ (jnp.where(used, goals, 0) - u @ w))

            w = jax.lax.fori_loop(jnp.where(by_fact, p, 0), last, step, jnp.zeros((N, B), codes.dtype))
            readers = jnp.where(by_fact, U[p].T, jnp.arange(N)[:, None] == coordinate)
            return total + jnp.sum(jnp.where(used, readers, 0) * w)

        return jax.lax.fori_loop(0, -(-outputs // B), panel, jnp.zeros((), codes.dtype)) / D

    return jax.lax.map(point, (etas, T))


def room(M: int) -> int:
    """Length, at least M, to which sequences are drawn: 2^k or 3 2^k, so that a few compilations serve all."""
    power = 2 ** max(0, (M - 1).bit_length() - 1)
    return next(size for size in (power, 3 * power // 2, 2 * power) if size >= M)


def _blocks(x: Float[Array, "M ..."]) -> Float[Array, "K B ..."]:
    """The rows in blocks of B, the last one filled up with zeros."""
    short = -len(x) % BLOCK
    return jnp.pad(x, [(0, short), *[(0, 0)] * (x.ndim - 1)]).reshape(-1, BLOCK, *x.shape[1:])


def block_rates(N: int, blocks: int, spread: int | float) -> np.ndarray:
    """Relative rates [N] of weights in so many equal blocks, geometric from 1 down to 1/spread."""
    if not (1 <= blocks <= N and spread >= 1):
        raise UserError(f"delta_blocks: blocks={blocks}, spread={spread:g}: give 1 to N={N} blocks and a spread of at least 1")
    return np.geomspace(1, 1 / spread, blocks)[np.arange(N) * blocks // N] if blocks > 1 else np.ones(N)


def block_spectrum(spectrum: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Eigenvalues of H^1/2 Sigma H^1/2 for exchangeable codes with this spectrum (common mode first) and rates H.

    Rates of their own for parts of the weights make the write oblique, w <- w + eta H u (y - u.w). In the coordinates H^-1/2 w it
    is a symmetric one along H^1/2 u: all depths are those of a memory with the codes H^1/2 u, of length at most 1. The proof of
    C2 needs no more of the directions than that, and their independence. So T D d <= rank(Sigma) (1 - 1/T)^(T-1) holds for any
    fixed rates up to 1. `attainable_depth` holds too, as the eigenvalues add up to at most the largest rate. Rates that differ
    keep less.
    """
    common, rest = spectrum[0], spectrum[-1]
    root = np.sqrt(rates)
    return np.clip(np.linalg.eigvalsh(rest * np.diag(rates) + (common - rest) / len(rates) * np.outer(root, root)), 0, 1)


def _ensemble(p: Parameters) -> tuple[Family, np.ndarray]:
    """Code family of a system, and the spectrum of its second moment."""
    family: Family = "mean_removed" if p["centred"] else "nonnegative"
    return family, ensemble_spectrum(p["N"], p["a"], family, p["c"])


@partial(jax.jit, static_argnums=(1, 2, 4))
def _draw(keys: jax.Array, M: int, N: int, K: Scalar, family: Family, exponent: Scalar) -> jax.Array:
    return jax.lax.map(lambda key: draw_active(key, M, N, K, family, exponent), keys)


def _codes(p: Parameters, T_max: int) -> jax.Array:
    """Codes [seeds, at least D T_max, N]."""
    family, _ = _ensemble(p)
    K = active_cells(p["N"], p["a"], family, p["c"])
    return _draw(seed_keys(range(p["seeds"])), room(p["D"] * T_max), p["N"], K, family, magnitude_exponent(p["c"]))


_oldest_of = jax.jit(lambda codes, eta, T, D: jax.lax.map(lambda one: oldest_task_depth(one, eta, T, D), codes))
_all_of = jax.jit(lambda codes, etas: jax.lax.map(lambda one: retained_depths(one, etas), codes))


def _oldest(codes: jax.Array, D: int, best_eta: Callable[[int], Any]) -> Measure:
    return lambda T: np.asarray(_oldest_of(codes, jnp.array([best_eta(T)], float), jnp.array([T]), D))[:, 0]


def _fixed(p: Parameters, T_max: int) -> Measure:
    spectrum = _ensemble(p)[1]
    return _oldest(_codes(p, T_max), p["D"], lambda T: _best_eta(spectrum, T, p["D"]))


def _best_eta(spectrum: np.ndarray, T: int, D: int) -> Any:
    """The strength that keeps most of the oldest task; all directions but the common one are alike."""
    return retention.C2.value("best_eta", N=1 / spectrum[-1], T=T, D=D).value


def _annealed(p: Parameters, T_max: int) -> Measure:
    """Facts are kept alike, so that any task may be the worst: the one kept worst in the mean over seeds is taken."""
    codes, D = _codes(p, T_max), p["D"]
    rates = annealing.annealed_rate(_rank(p), np.arange(codes.shape[1]))

    def measure(T: int) -> np.ndarray:
        depths = np.asarray(_all_of(codes, jnp.asarray(np.where(np.arange(len(rates)) < T * D, rates, 0.0))))
        tasks = depths[:, : T * D].reshape(-1, T, D).mean(axis=2)
        return tasks[:, int(np.argmin(tasks.mean(axis=0)))]

    return measure


def _by_block(p: Parameters, T_max: int) -> Measure:
    rates = block_rates(p["N"], p["blocks"], p["spread"])
    mixed = block_spectrum(_ensemble(p)[1], rates)
    total = mixed.sum()

    def best_eta(T: int) -> float:
        return min(1.0, retention.best_eta(mixed / total, T, p["D"]) / total)

    return _oldest(_codes(p, T_max) * jnp.sqrt(rates), p["D"], best_eta)


def _rank(p: Parameters) -> int:
    return p["N"] - bool(p["centred"])


def _fixed_law(p: Parameters, T: int) -> float:
    """Depth of the oldest of T tasks at the strength that is written with (C2)."""
    spectrum = _ensemble(p)[1]
    return retention.task_depth(spectrum, float(_best_eta(spectrum, T, p["D"])), T, p["D"])


def _annealed_law(p: Parameters, T: int) -> float:
    """The equal depth of all facts (C2), where the codes have no mean direction in common."""
    return float(annealing.annealed_depth(_rank(p), T * p["D"])) if p["centred"] else math.nan


def _annealed_ceiling(p: Parameters) -> float:
    return inversion.largest_tasks(lambda tasks: float(annealing.annealed_task_depth(_rank(p), tasks, p["D"])) - p["required"])


def _points(N: int, depths: tuple[int, ...]) -> list[dict[str, int]]:
    return [{"N": N, "D": D} for D in depths]


DEFAULTS: dict[str, Any] = {"N": int, "D": int, "a": 0.1, "c": 0.75, "centred": 1, "required": 0.1, "seeds": 8}
FIXED_POINTS: dict[Preset, list[dict[str, int]]] = {
    "quick": _points(64, (2, 8, 32)),
    "paper": _points(256, (4, 8, 16, 32, 64, 128)),
}

SYSTEMS = (
    System(
        name="delta",
        description="delta-rule memory of N weights, one fixed eta; depth: retained fraction of a fact of the oldest task",
        claim="C2",
        unit="fraction",
        defaults=DEFAULTS,
        ceiling=lambda p: retention.largest_tasks(_rank(p), p["D"], p["required"]),
        measure=_fixed,
        law=_fixed_law,
        points=FIXED_POINTS,
    ),
    System(
        name="delta_annealed",
        description="the same with eta = N/(N + j) after j facts; depth: retained fraction of a fact of the worst-kept task",
        claim="C2",
        unit="fraction",
        defaults=DEFAULTS,
        ceiling=_annealed_ceiling,
        measure=_annealed,
        law=_annealed_law,
        points={"quick": _points(64, (2, 8, 32)), "paper": _points(128, (4, 8, 16, 32, 64))},
    ),
    System(
        name="delta_blocks",
        description="the same, each block of weights with a fixed eta of its own, the fastest `spread` times the slowest; depth: "
        "retained fraction of a fact of the oldest task",
        claim="C2",
        unit="fraction",
        defaults={**DEFAULTS, "blocks": 2, "spread": 4.0},
        ceiling=lambda p: retention.largest_tasks(_rank(p), p["D"], p["required"]),
        measure=_by_block,
        points=FIXED_POINTS,
    ),
)
