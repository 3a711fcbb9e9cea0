r"""Auto-associative network of units +-1 (Hopfield 1982): retrieval of a stored pattern from a noisy cue, all units at once.

J = (1/N) sum_mu xi xi^T without its diagonal, s <- sign(J s). A retrieved pattern has the overlap m = s.xi/N; at zero temperature
the replica-symmetric equations (Amit, Gutfreund and Sompolinsky 1987; theory.literature.associative solves them at any coding
level) make every x a solution at the load

    alpha(x) = 4 ((2 Phi(x) - 1)/(2x) - phi(x))^2,    m = 2 Phi(x) - 1,

so that overlaps of at least m can be had up to the greatest alpha at or beyond their x: 0.138 as long as m <= 0.967. alpha N
counts the interfering patterns, the others than the one retrieved.
"""

import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtr, ndtri

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError

STEPS = 30
"""Updates of all units: retrieval ends after about ten, close to the largest load after some more."""


def load_at(x: np.ndarray | float) -> np.ndarray:
    """alpha(x) of the mean-field solution whose fields lie x standard deviations from 0."""
    x = np.asarray(x, dtype=float)
    return 4 * ((2 * ndtr(x) - 1) / (2 * x) - np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)) ** 2


def largest_load(overlap: float) -> float:
    """Most patterns per unit with retrieval at that overlap or a greater one, N -> infinity; 0 at overlap 1."""
    x = float(ndtri((1 + overlap) / 2))
    return float(np.max(load_at(np.linspace(x, x + 6, 6001)))) if np.isfinite(x) else 0.0


def couplings(patterns: Float[Array, "P N"]) -> Float[Array, "N N"]:
    """Hebb's couplings without self-coupling; rows of zeros are not there."""
    J = patterns.T @ patterns / patterns.shape[1]
    return J - jnp.diag(jnp.diag(J))


def retrieved(J: Float[Array, "N N"], cues: Float[Array, "probes N"], steps: Scalar = STEPS) -> Float[Array, "probes N"]:
    """States after that many updates of all units; a field of 0 leaves its unit as it was."""

    def update(_: Scalar, state: Array) -> Array:
        field = state @ J
        return jnp.where(field == 0, state, jnp.sign(field))

    return jax.lax.fori_loop(0, steps, update, cues)


def overlaps(key: jax.Array, P_max: int, N: int, probes: int, noise: Scalar, P: Scalar) -> Float[Array, " {probes}"]:
    """Overlap after retrieval of the first `probes` of P <= P_max patterns, a share `noise` of each cue's units flipped."""
    pattern_key, flip_key = jax.random.split(key)
    xi = jax.random.rademacher(pattern_key, (P_max, N), jnp.float32)
    cues = jnp.where(jax.random.uniform(flip_key, (probes, N)) < noise, -xi[:probes], xi[:probes])
    J = couplings(xi * (jnp.arange(P_max) < P)[:, None])
    return jnp.mean(retrieved(J, cues) * xi[:probes], axis=1)


def _measure(p: Parameters, T_max: int) -> Measure:
    if p["noise"] >= 0.5:
        raise UserError(f"hopfield: noise={p['noise']} leaves nothing of the cue; give a share of flipped units below 0.5")
    keys, P_max, probes = seed_keys(range(p["seeds"])), p["D"] * T_max, min(p["D"], 32)

    @jax.jit
    def mean_overlap(P: jax.Array) -> jax.Array:
        return jax.lax.map(lambda key: jnp.mean(overlaps(key, P_max, p["N"], probes, p["noise"], P)), keys)

    return lambda T: np.asarray(mean_overlap(jnp.array(T * p["D"])), dtype=float)


SYSTEMS = (
    System(
        name="hopfield",
        description="auto-associative network of N units, Hebb's rule, noisy cue; depth: overlap of retrieved and stored pattern",
        claim="C3",
        unit="fraction",
        defaults={"N": int, "D": int, "noise": 0.1, "required": 0.97, "seeds": 8},
        ceiling=lambda p: (1 + p["N"] * largest_load(p["required"])) / p["D"],
        measure=_measure,
        points={
            "quick": [{"N": 256, "D": D} for D in (4, 8)],
            "paper": [{"N": 512, "D": D} for D in (5, 10, 20, 40)],
        },
    ),
)
