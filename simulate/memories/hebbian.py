"""One-shot Hebbian memory: the covariance rule W = sum_mu (x_mu - a)(y_mu - a)^T, N inputs, read at the exact cue (C3).

Patterns x have exactly K = round(a N) active inputs; targets y are Bernoulli(a), one per pattern and output neuron. The
readout h = (x - a).W is a signal proportional to (y - a) plus the crosstalk of the other P - 1 patterns. Because the
inputs have a fixed sum, codes live in N - 1 dimensions: the expected power SNR is (N - 1)/(P - 1) at every coding level.
"""

import math
from functools import partial

import numpy as np
from jaxtyping import Array, Float, Integer

from simulate.backend import Scalar, jax, jnp
from simulate.codes import active_cells, supports
from simulate.grid import seed_keys
from simulate.system.system import Measure, Parameters, System
from theory.hebbian import largest_patterns


def patterns(
    key: jax.Array, P: int, N: int, K: Scalar, outputs: int
) -> tuple[Float[Array, "{P} {N}"], Float[Array, "{P} {outputs}"]]:
    """Centred inputs and centred targets, both at coding level K/N."""
    input_key, target_key = jax.random.split(key)
    a = K / N
    return supports(input_key, P, N, K) - a, jax.random.bernoulli(target_key, a, (P, outputs)) - a


def store(inputs: Float[Array, "P N"], targets: Float[Array, "P outputs"]) -> Float[Array, "N outputs"]:
    """Weights of the covariance rule; order does not matter, and rows of zeros are not there."""
    return inputs.T @ targets


def power_snr(
    readout: Float[Array, "P outputs"], targets: Float[Array, "P outputs"], variance: Scalar, used: Float[Array, " P"]
) -> Float[Array, ""]:
    """Power SNR beta^2 Var[y] / Var[error] of the regression readout = beta target + error over all used facts and outputs.

    readout and targets are centred; variance: Var[y]; used: 0/1 mask of facts to judge.
    F = beta^2 sum y^2 / error variance follows a non-central F law under Gaussian crosstalk; the two corrections below make
    the estimate unbiased then, however few facts are judged.
    """
    y, h = targets * used[:, None], readout * used[:, None]
    freedom = jnp.sum(used) * targets.shape[-1] - 1
    energy = jnp.sum(y * y)
    beta = jnp.sum(y * h) / energy
    error = jnp.sum((h - beta * y) ** 2) / freedom
    noncentrality = (freedom - 2) / freedom * beta**2 * energy / error - 1
    return noncentrality * variance / energy


def stored_snr(
    key: jax.Array, P_max: int, N: int, outputs: int, K: Scalar, P: Integer[Array, " loads"]
) -> Float[Array, " loads"]:
    """Power SNR of the facts stored, for every number of facts in P, each at most P_max; all are read and judged.

    P_max, N, outputs are static: one compilation serves every K = a N and P.
    """
    x, y = patterns(key, P_max, N, K, outputs)
    a = K / N

    def load(facts: Integer[Array, ""]) -> Float[Array, ""]:
        used = (jnp.arange(P_max) < facts).astype(float)
        return power_snr(x @ store(x, y * used[:, None]), y, a * (1 - a), used)

    return jax.lax.map(load, P)


def _measure(p: Parameters, T_max: int) -> Measure:
    N, D, keys = p["N"], p["D"], seed_keys(range(p["seeds"]))
    one = partial(stored_snr, P_max=D * T_max, N=N, outputs=p["outputs"], K=active_cells(N, p["a"]))
    snr = jax.jit(lambda P: jax.lax.map(lambda key: one(key, P=P), keys))
    return lambda T: np.asarray(snr(jnp.array([T * D])))[:, 0]


SYSTEMS = (
    System(
        name="hebbian",
        description="one-shot covariance rule, N inputs a neuron, exact cue; depth: power signal-to-noise ratio of a fact",
        claim="C3",
        unit="power SNR",
        defaults={"N": int, "D": int, "a": 0.1, "outputs": 64, "required": 1.0, "seeds": 8},
        ceiling=lambda p: largest_patterns(p["N"], p["required"]) / p["D"],
        measure=_measure,
        law=lambda p, T: (p["N"] - 1) / (T * p["D"] - 1) if T * p["D"] > 1 else math.nan,
        points={
            "quick": [{"N": 128, "D": D} for D in (2, 8, 32)],
            "paper": [{"N": 256, "D": D} for D in (2, 4, 8, 16, 32, 64)],
        },
    ),
)
