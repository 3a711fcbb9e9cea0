"""A population of synapses with finitely many states, really switched event by event, and read for the events it has seen (C6).

Every event gives every synapse a bit b = +-1 of its own, and the synapse moves by the stochastic matrix M+ or M-. A reader that
knows the b of an event sums b_i w_i over the N synapses. Its signal-to-noise ratio is the mean of that sum over its deviation
for an event that was never stored; given the weights w, the latter is sqrt(sum_i w_i^2) exactly, so only the mean is a sample.
One stream of L events at equilibrium has L - age events of every age, and one correlation by FFT has them all.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Array, Float, Int
from scipy.fft import next_fast_len

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.system.system import Parameters
from theory.envelope import C6, Synapse
from theory.errors import UserError

EVENTS, GROUPS = 512, 4
"""Of one measurement of a frontier: events of every age, beyond which a stream is correlated; independent groups of synapses."""

Stream = tuple[Float[Array, "L n"], Float[Array, "L n"]]


def coins(key: jax.Array, L: int, n: int) -> Stream:
    """Independent bits +-1 and uniform numbers in [0, 1), each [L, n]; both from one random word of 32 bits, for speed."""
    words = jax.random.bits(key, (L, n), jnp.uint32)
    return 1.0 - 2.0 * (words >> 31), (words & 0x7FFFFFFF) / 2.0**31


def switched(
    key: jax.Array,
    steps: Float[Array, "2 states states"],
    weights: Float[Array, " states"],
    start: Float[Array, " states"],
    L: int,
    n: int,
) -> Stream:
    """Bits b [L, n] of L events at n synapses, and their weights [L, n] right after each. L and n are static.

    steps: M- and M+, row-stochastic; weights: of the states; start: occupation of the states before the first event. Extra
    states that no row leads to change nothing, so that models of different sizes can share one compilation.
    """
    state_key, event_key = jax.random.split(key)
    b, moves = coins(event_key, L, n)
    reached = jnp.cumsum(steps, axis=-1).at[..., -1].set(1.0)
    first = jnp.cumsum(start).at[-1].set(1.0)
    states = jnp.sum(jax.random.uniform(state_key, (n, 1)) >= first, axis=-1)

    def step(state: Int[Array, " n"], event: tuple[Array, Array]) -> tuple[Array, Array]:
        bit, move = event
        state = jnp.sum(move[:, None] >= reached[(bit > 0).astype(int), state], axis=-1)
        return state, weights[state]

    return b, jax.lax.scan(step, states, (b, moves))[1]


def covariances(stream: Stream, ages: int) -> tuple[Float[Array, " ages"], Float[Array, ""]]:
    """Mean over synapses and events of b(then) w(now), for 0 ... ages - 1 events in between; and the mean of w^2.

    w is centred, as b is. `ages` is static, at most the L events of the stream.
    """
    b, w = stream
    L, n = b.shape
    length = next_fast_len(L + ages, real=True)  # room for every lag: none wraps round
    spectrum = jnp.sum(jnp.conj(jnp.fft.rfft(b, length, axis=0)) * jnp.fft.rfft(w, length, axis=0), axis=1)
    products = jnp.fft.irfft(spectrum, length)[:ages]
    return products / (n * (L - jnp.arange(ages))), jnp.mean(w * w)


def signal_to_noise(
    covariance: Float[Array, "groups ages"], variance: Float[Array, " groups"], N: Scalar
) -> tuple[Float[Array, " ages"], Float[Array, " ages"]]:
    """SNR of every age for N synapses in equal, independent groups, and an estimate of SNR^2 that is not raised by its own error.

    The square of a mean of groups is biased by the variance of that mean; the products of different groups are not.
    """
    groups, noise = len(covariance), jnp.mean(variance)
    total = jnp.sum(covariance, axis=0)
    pairs = (total**2 - jnp.sum(covariance**2, axis=0)) / (groups * (groups - 1))
    return jnp.sqrt(N / noise) * total / groups, N * pairs / noise


def group_size(N: int) -> int:
    """Synapses of each of GROUPS equal groups. Raises UserError if N has too few for one each."""
    if N < GROUPS:
        raise UserError(f"N={N} synapses: their squares are products of {GROUPS} groups; give at least {GROUPS}")
    return N // GROUPS


def powers(p: Parameters, ages: int) -> Callable[[Synapse], np.ndarray]:
    """For a synapse: SNR^2 [seeds, ages] of events 0 ... ages - 1 events old, in p["N"] of them at equilibrium.

    EVENTS events of every age, GROUPS groups of synapses, p["seeds"] seeds; compiled once for all synapses of as many states.
    Raises UserError if p["N"] < GROUPS.
    """
    n, keys = group_size(p["N"]), seed_keys(range(p["seeds"]))

    @jax.jit
    def power(steps: Array, weights: Array, start: Array) -> Array:
        def population(key: Array) -> Array:
            groups = jax.random.split(key, GROUPS)
            parts = jax.lax.map(lambda group: covariances(switched(group, steps, weights, start, EVENTS + ages, n), ages), groups)
            return signal_to_noise(*parts, GROUPS * n)[1]

        return jax.lax.map(population, keys)

    return lambda synapse: np.asarray(power(*arrays(synapse)))


def arrays(synapse: Synapse, states: int = 0) -> tuple[Array, Array, Array]:
    """(M- and M+ [2, states, states], weights [states] less their mean, equilibrium [states]), filled up with unused states."""
    extra = max(0, states - len(synapse.weights))
    steps = np.zeros((2, len(synapse.weights) + extra, len(synapse.weights) + extra))
    steps[:, : len(synapse.weights), : len(synapse.weights)] = np.stack([synapse.down, synapse.up])
    steps[:, len(synapse.weights) :, 0] = 1.0
    start = np.clip(synapse.equilibrium, 0.0, 1.0)
    centred = synapse.weights - start @ synapse.weights
    return jnp.asarray(steps), jnp.asarray(np.pad(centred, (0, extra))), jnp.asarray(np.pad(start, (0, extra)))


def ceiling(p: Parameters, states: int) -> float:
    """Largest T = M/D by C6: the oldest of M events is M - 1 events old, at most the lifetime bound at that SNR."""
    return (1 + float(C6.value("lifetime", N=p["N"] / p["required"], M_s=states).value)) / p["D"]
