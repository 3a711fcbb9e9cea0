"""A delta-rule store of N weights per output that sleeps: held facts are presented again, at random, and relearnt (claim S4).

A presentation of fact i at strength eta moves the weights of every output by w <- w + eta u_i (y_i - u_i.w). A sleep presents
`count` facts, drawn from the held ones. Everything is linear in the targets, so a store whose targets are the rows of the
identity holds its own derivative: the readouts are d(readout)/d(target), the depths of the facts on the diagonal, the
crosstalk beside it.

The newest facts cannot tell how often the store slept before, as their targets enter with the last sleep only. By linearity
their depth after it is that of one sleep from an empty store, whatever the weights were. So a stream keeps its worst-kept task,
the newest, exactly as deep as S4 says for a single sleep, at every spacing of the sleeps.

Presentations are taken CHUNK at a time, which is exact (`simulate.delta_blocks`).
"""

from functools import partial

import numpy as np
from jaxtyping import Array, Bool, Float, Integer

from simulate.backend import Scalar, jax, jnp
from simulate.codes import draw_active
from simulate.delta_blocks import multiplied_out, write
from simulate.grid import seed_keys
from simulate.memories.delta_rule import trace_depth
from simulate.system.system import Measure, Parameters, System
from theory.consolidation import S4

CHUNK = 16
"""Presentations taken at once: a power of two."""


def sleep(
    key: jax.Array,
    weights: Float[Array, "N K"],
    codes: Float[Array, "M N"],
    targets: Float[Array, "M K"],
    facts: tuple[Scalar, Scalar],
    places: tuple[Scalar, Scalar],
    eta: Scalar,
    cyclic: Scalar,
) -> Float[Array, "N K"]:
    """Weights after the presentations places[0] .. places[1] - 1 of a sleep over the facts facts[0] .. facts[1] - 1.

    Each is presented at strength eta with its row of `targets`. cyclic: 0 draws facts at random with replacement, 1 takes them
    in turn. `places` lets a sleep be watched: it goes on where it stopped. All but the shapes may be traced.
    """
    (first, end), (begin, finish) = facts, places

    def chunk(k: Array, weights: Array) -> Array:
        place = begin + k * CHUNK + jnp.arange(CHUNK)
        at_random = jax.random.randint(jax.random.fold_in(key, place[0]), (CHUNK,), first, end)
        fact = jnp.where(cyclic, first + place % (end - first), at_random)
        etas = jnp.where(place < finish, eta, 0.0)
        return write(weights, codes[fact], targets[fact], etas, multiplied_out)

    return jax.lax.fori_loop(0, (finish - begin + CHUNK - 1) // CHUNK, chunk, weights)


def own_answers(
    weights: Float[Array, "N K"], codes: Float[Array, "M N"], targets: Float[Array, "M K"], old: Scalar
) -> Float[Array, "M K"]:
    """Targets of a store that teaches itself: its own present answers to the first `old` cues, the true targets of the rest."""
    return jnp.where((jnp.arange(len(codes)) < old)[:, None], codes @ weights, targets)


def response_snr(response: Float[np.ndarray, "*seeds M M"]) -> Float[np.ndarray, "*seeds"]:
    """Power SNR of the regression of readouts on independent targets of unit variance, one slope for all facts.

    The slope is the mean depth; the error of a fact is its crosstalk and what its own depth differs from the slope.
    """
    M = response.shape[-1]
    slope = np.trace(response, axis1=-2, axis2=-1) / M
    error = np.sum((response - slope[..., None, None] * np.eye(M)) ** 2, axis=(-2, -1)) / M
    return slope**2 / np.maximum(error, np.finfo(float).tiny)


def sign_bits(readout: Float[np.ndarray, "*seeds M K"], targets: Float[np.ndarray, "*seeds M K"]) -> Float[np.ndarray, "*seeds"]:
    """Bits per fact and output kept by the signs of the readouts of targets +-1: 1 - H(share of wrong signs)."""
    wrong: Bool[np.ndarray, "*seeds M K"] = (readout > 0) != (targets > 0)
    error = np.clip(wrong.mean(axis=(-2, -1)), 1e-300, 0.5)
    return 1 + error * np.log2(error) + (1 - error) * np.log1p(-error) / np.log(2)


def mean_depth(
    codes: Float[Array, "M N"], order: Integer[Array, " most"], count: Scalar, eta: Scalar, facts: Scalar
) -> Float[Array, ""]:
    """Mean depth of the facts that the first `count` presentations of `order` show to an empty store, `facts` in number.

    By the conservation law C1 the depths of all presentations add up to N - tr prod (1 - eta u u^T), whoever they belong to.
    """
    etas = jnp.where(jnp.arange(len(order)) < count, eta, 0.0)
    return trace_depth(codes[order], etas) / facts


def _ceiling(p: Parameters) -> float:
    """Largest T at which some keys keep the mean depth of T D facts at `required` after these sweeps (S4, any keys)."""

    def kept(T: float) -> float:
        facts = T * p["D"]
        if facts * p["sweeps"] < 1:  # not one presentation: each could deposit eta at most
            return p["eta"] * p["sweeps"]
        return float(S4.value("depth_ceiling", N=p["N"], M=facts, eta=p["eta"], sweeps=p["sweeps"]).value)

    low, high = 0.0, p["N"] / (p["D"] * p["required"])  # depth_limit: no more facts than that, however long the sleep
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) >= p["required"] else (low, middle)
    return low


@partial(jax.jit, static_argnums=(1, 2, 3))
def _slept(keys: jax.Array, N: int, room: int, most: int, facts: Scalar, sweeps: Scalar, eta: Scalar) -> Array:
    """Mean depth [seeds] after one sleep over that many facts, at most `room`, and at most `most` presentations."""

    def one(key: jax.Array) -> Array:
        code_key, order_key = jax.random.split(key)
        order = jax.random.randint(order_key, (most,), 0, facts)
        return mean_depth(draw_active(code_key, room, N, N, "gaussian"), order, jnp.round(sweeps * facts), eta, facts)

    return jax.vmap(one)(keys)


def _measure(p: Parameters, T_max: int) -> Measure:
    room = -(-p["D"] * T_max // p["N"]) * p["N"]  # one shape, one compilation for many D
    most = int(np.ceil(p["sweeps"] * room))
    keys = seed_keys(range(p["seeds"]))
    return lambda T: np.asarray(_slept(keys, p["N"], room, most, T * p["D"], p["sweeps"], p["eta"]))


SYSTEMS = (
    System(
        name="rehearsed_delta",
        description="delta-rule memory whose last sleep rehearses all T D facts at random, `sweeps` times each at strength eta; "
        "depth: retained fraction of a fact of the newest task",
        claim="S4",
        unit="fraction",
        defaults={"N": int, "D": int, "sweeps": 8.0, "eta": 1.0, "required": 0.5, "seeds": 8},
        ceiling=_ceiling,
        measure=_measure,
        points={
            "quick": [{"N": 32, "D": D} for D in (2, 4, 8)],
            "paper": [{"N": 64, "D": D} for D in (2, 4, 8, 16)],
        },
    ),
)
