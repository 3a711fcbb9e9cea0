"""Synapses that are a chain of coupled variables (beakers), written at the first one and read there (C6-chain).

Between two events the levels u_k relax, C_k du_k/dt = g_(k-1) (u_(k-1) - u_k) + g_k (u_(k+1) - u_k), for one unit of time. An
event adds b = +-1 to u_1, which is the weight (Benna and Fusi 2016: C_k = 2^(k-1), g_k = 2^-k/4, the last one leaking). The
relaxation is integrated exactly, by one matrix exponential.

Rounding moves u_1 at random to a multiple of a step, up or down so that its mean stays. With f the part of a step that is rounded
off, it adds noise of variance step^2 f (1 - f) <= step^2/4 to every event. It leaves the kernel: SNR^2 falls at all ages alike,
by 1 + step^2 E f (1 - f). Clipping u_1 makes the synapse non-linear: no law is known for its curve, only the ceilings of C6.
"""

import numpy as np
from jaxtyping import Array, Float
from scipy.linalg import expm, solve_discrete_lyapunov

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.memories.markov_synapse import EVENTS, GROUPS, Stream, coins, covariances, group_size, signal_to_noise
from simulate.system.system import Measure, Parameters, System
from theory.chain import COUPLING
from theory.envelope import power_ceiling
from theory.errors import UserError
from theory.proof import inversion


def relaxation(capacities: np.ndarray, couplings: np.ndarray) -> np.ndarray:
    """The matrix [beakers, beakers] that takes the levels from one event to the next; the last coupling is the leak."""
    C, g = capacities, couplings
    flow = np.diag(-g - np.append(0.0, g[:-1])) + np.diag(g[:-1], 1) + np.diag(g[:-1], -1)
    return expm(flow / C[:, None])


def spread(relax: np.ndarray) -> np.ndarray:
    """Covariance [beakers, beakers] of the levels after many events: S = E S E^T, plus 1 for the event at the first beaker."""
    written = np.zeros_like(relax)
    written[0, 0] = 1.0
    return solve_discrete_lyapunov(relax, written)


def written(
    key: jax.Array,
    relax: Float[Array, "beakers beakers"],
    start: Float[Array, "beakers beakers"],
    step: Scalar,
    bound: Scalar,
    L: int,
    n: int,
) -> Stream:
    """Bits b [L, n] of L events at n chains, and their weights u_1 [L, n] right after each. L and n are static.

    start: covariance of the levels before the first event (Gaussian there). step: u_1 is rounded to multiples of it, 0 not at
    all; bound: |u_1| is cut off there, inf not at all.
    """
    start_key, event_key = jax.random.split(key)
    b, raised = coins(event_key, L, n)
    size = jnp.where(step > 0, step, 1.0)
    levels = jnp.linalg.cholesky(start) @ jax.random.normal(start_key, (len(relax), n))

    def event(u: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        bit, raise_at = now
        u = relax @ u
        first = u[0] + bit
        first = jnp.where(step > 0, size * jnp.floor(first / size + raise_at), first)
        first = jnp.clip(first, -bound, bound)
        return u.at[0].set(first), first

    return b, jax.lax.scan(event, levels, (b, raised))[1]


def geometric(count: int, ratio: float = 2.0, coupling: float = COUPLING) -> np.ndarray:
    """Relaxation of the chain with C_k = ratio^(k-1) and g_k = coupling ratio^(1-k), as `theory.chain.geometric` has it."""
    steps = ratio ** np.arange(count)
    return relaxation(steps, coupling / steps)


def _measure(p: Parameters, T_max: int) -> Measure:
    """SNR^2 of the oldest of T D patterns [seeds]: one stream has every age. Raises UserError for a chain of no beakers."""
    if p["beakers"] < 1:
        raise UserError("benna_fusi: beakers=0 is no synapse; give at least 1")
    relax, ages, n = geometric(p["beakers"]), p["D"] * T_max, group_size(p["N"])

    @jax.jit
    def power(key: Array) -> Array:
        def group(key: Array) -> tuple[Array, Array]:
            return covariances(written(key, jnp.asarray(relax), jnp.asarray(spread(relax)), 0.0, jnp.inf, EVENTS + ages, n), ages)

        return signal_to_noise(*jax.lax.map(group, jax.random.split(key, GROUPS)), GROUPS * n)[1]

    found = np.asarray(jax.lax.map(power, seed_keys(range(p["seeds"]))))
    return lambda T: found[:, T * p["D"] - 1]


def _ceiling(p: Parameters) -> float:
    """Largest T = M/D with power_ceiling(N, M)/M >= required (C6)."""
    return inversion.largest_tasks(lambda M: float(power_ceiling(p["N"], M)) / M - p["required"]) / p["D"]


SYSTEMS = (
    System(
        name="benna_fusi",
        description="N synapses that are chains of `beakers` coupled variables, D patterns a task; depth: power signal-to-noise "
        "ratio of the oldest pattern",
        claim="C6",
        unit="power SNR",
        defaults={"N": int, "D": int, "beakers": 5, "required": 1.0, "seeds": 8},
        ceiling=_ceiling,
        measure=_measure,
        points={
            "quick": [{"N": 512, "D": D} for D in (1, 4)],
            "paper": [{"N": 1024, "D": D} for D in (1, 2, 4, 8, 16)],
        },
    ),
)
