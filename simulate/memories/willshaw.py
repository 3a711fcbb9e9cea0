"""One-shot associators read by a threshold: clipped Hebbian synapses (Willshaw) and the sparse covariance rule (C3).

Willshaw, Buneman and Longuet-Higgins 1969: a binary synapse is on as soon as one pair had both its sides active; an output is
active if all of its cue's synapses are on. Nothing active is ever missed, and a silent output is wrong with the K-th power of the
share of synapses that are on; at most ln 2 = 0.693 bits per binary synapse for large N (theory.literature.associative).

Tsodyks and Feigelman 1988: real synapses by the covariance rule, one threshold at the place of fewest errors. What one threshold
keeps of the read is C3's `hard_bits`, 1/(pi ln 2) = 0.459 bits per synapse at most.
"""

from functools import partial

import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.optimize import brentq

from simulate.backend import Scalar, jax, jnp
from simulate.codes import active_cells, supports
from simulate.grid import seed_keys
from simulate.memories import hebbian
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError
from theory.ledger import claim
from theory.predictions.bits import channel_bits, entropy, expected


def clipped(inputs: Bool[Array, "P N"], targets: Bool[Array, "P outputs"]) -> Bool[Array, "N outputs"]:
    """Synapses that are on after all pairs: those of which one pair had both sides active."""
    return inputs.astype(jnp.float32).T @ targets.astype(jnp.float32) > 0


def recalled(inputs: Bool[Array, "P N"], synapses: Bool[Array, "N outputs"]) -> Bool[Array, "P outputs"]:
    """Outputs all of whose active inputs have a synapse that is on."""
    return inputs.astype(jnp.float32) @ (~synapses).astype(jnp.float32) == 0


def wrong(
    answers: Bool[Array, "P outputs"], targets: Bool[Array, "P outputs"], used: Bool[Array, " P"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Shares of active targets that are missed and of silent ones that are reported, over used pairs; 0 where none is."""
    active, silent = targets & used[:, None], ~targets & used[:, None]
    missed = jnp.sum(active & ~answers) / jnp.maximum(jnp.sum(active), 1)
    return missed, jnp.sum(silent & answers) / jnp.maximum(jnp.sum(silent), 1)


def pairs(
    key: jax.Array, P: int, N: int, K: Scalar, outputs: int, f: Scalar
) -> tuple[Bool[Array, "{P} {N}"], Bool[Array, "{P} {outputs}"]]:
    """Inputs with exactly K of N active, and targets active with probability f."""
    input_key, target_key = jax.random.split(key)
    return supports(input_key, P, N, K), jax.random.bernoulli(target_key, f, (P, outputs))


def willshaw_errors(
    x: Bool[Array, "P_max N"], y: Bool[Array, "P_max outputs"], P: Scalar
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Shares of misses and false alarms once the first P pairs are stored in binary synapses."""
    used = jnp.arange(len(x)) < P
    return wrong(recalled(x, clipped(x, y & used[:, None])), y, used)


def threshold_errors(
    x: Bool[Array, "P_max N"], y: Bool[Array, "P_max outputs"], P: Scalar, f: Scalar, cut: Scalar
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The same of the covariance rule with targets of coding level f; cut: the threshold, as a share of the way from 0 to 1."""
    used = jnp.arange(len(x)) < P
    centred = x.astype(jnp.float32) - jnp.mean(x[0], dtype=jnp.float32)
    read = centred @ hebbian.store(centred, ((y - f) * used[:, None]).astype(jnp.float32)) / jnp.sum(centred[0] ** 2)
    return wrong(read + f > cut, y, used)


def _kept(errors: tuple[jax.Array, jax.Array], f: float) -> np.ndarray:
    """Share of a target's bits that is left after errors [seeds]."""
    return np.asarray(channel_bits(np.asarray(errors[0]), np.asarray(errors[1]), f) / entropy(f))


def _drawn(p: Parameters, T_max: int, f: float) -> tuple[jax.Array, jax.Array]:
    """Pairs of every seed: inputs [seeds, D T_max, N] and targets [seeds, D T_max, outputs]. Raises UserError."""
    if p["outputs"] < 1:
        raise UserError(f"outputs={p['outputs']} leaves nothing to recall; give at least 1")
    one = partial(pairs, P=p["D"] * T_max, N=p["N"], K=active_cells(p["N"], p["a"]), outputs=p["outputs"], f=f)
    return jax.jit(lambda keys: jax.lax.map(one, keys))(seed_keys(range(p["seeds"])))


def _willshaw(p: Parameters, T_max: int) -> Measure:
    f = active_cells(p["N"], p["a"]) / p["N"]
    x, y = _drawn(p, T_max, f)
    errors = jax.jit(lambda P: jax.lax.map(lambda pair: willshaw_errors(*pair, P), (x, y)))
    return lambda T: _kept(errors(jnp.array(T * p["D"])), f)


def _sparse(p: Parameters, T_max: int) -> Measure:
    f = p["f"]
    x, y = _drawn(p, T_max, f)
    errors = jax.jit(lambda P, cut: jax.lax.map(lambda pair: threshold_errors(*pair, P, f, cut), (x, y)))

    def measure(T: int) -> np.ndarray:
        snr = p["N"] / max(T * p["D"] - 1, 1)
        return _kept(errors(jnp.array(T * p["D"]), claim("C3-threshold").value("threshold", snr=snr, f=f).value), f)

    return measure


def _willshaw_ceiling(p: Parameters) -> float:
    """ln 2 bits for each of N binary synapses of an output, of which a pair takes `required` of its H(a)."""
    return float(np.log(2) * p["N"] / (p["D"] * p["required"] * entropy(active_cells(p["N"], p["a"]) / p["N"])))


def _sparse_ceiling(p: Parameters) -> float:
    """(1 + N/SNR)/D, SNR the one at which a threshold leaves `required` of the bits (C3)."""
    f = p["f"]
    snr = np.exp(brentq(lambda x: float(expected(np.exp(x), f).hard / entropy(f)) - p["required"], np.log(1e-4), np.log(900)))
    return float((1 + p["N"] / snr) / p["D"])


SYSTEMS = (
    System(
        name="willshaw",
        description="clipped Hebbian binary synapses, exact cue, outputs with all synapses on; depth: bits kept of a fact",
        claim="C3",
        unit="fraction of bits",
        defaults={"N": int, "D": int, "a": 0.03, "outputs": 64, "required": 0.9, "seeds": 8},
        ceiling=_willshaw_ceiling,
        measure=_willshaw,
        points={
            "quick": [{"N": 128, "D": D, "a": 0.05, "outputs": 32} for D in (16, 64)],
            "paper": [{"N": 256, "D": D} for D in (16, 32, 64, 128)],
        },
    ),
    System(
        name="tsodyks_feigelman",
        description="sparse covariance rule, exact cue, one threshold at the place of fewest errors; depth: bits kept of a fact",
        claim="C3",
        unit="fraction of bits",
        defaults={"N": int, "D": int, "a": 0.1, "f": 0.1, "outputs": 64, "required": 0.9, "seeds": 8},
        ceiling=_sparse_ceiling,
        measure=_sparse,
        points={
            "quick": [{"N": 192, "D": D} for D in (4, 16)],
            "paper": [{"N": 512, "D": D} for D in (4, 8, 16, 32, 64)],
        },
    ),
)
