"""Code ensembles: random unit write directions u[M, N] with exactly K = round(a N) active cells each.

The magnitude of an active cell is g = U^k, U uniform on (0, 1), with k chosen so that E[g]^2 / E[g^2] = c. At k = 0
all are equal and c = 1; at k = 1 they are uniform and c = 3/4. It is c that couples the coding level to the common mode (I2).

Because the cells are exchangeable, every family here has, exactly,
    E[kappa^2] = 1/N + (E[(sum_i u_i)^2] - 1)^2 / (N (N - 1)),
so the only thing that sparsity can change is the projection of a code on the mean direction. Without it (mean_removed) this is
1/(N - 1) at every a, and Sigma is exactly isotropic on N - 1 directions.
"""

import math
from typing import Literal, get_args

import numpy as np
from jaxtyping import Array, Bool, Float

from simulate.backend import Scalar, jax, jnp
from theory.errors import UserError

Family = Literal["nonnegative", "mean_removed", "signed", "gaussian"]
FAMILIES: dict[Family, str] = {
    "nonnegative": "magnitudes U^k on a random support of K = round(a N) cells; all inputs share a mean direction",
    "mean_removed": "the non-negative codes less their part along the mean direction, normalised again",
    "signed": "the non-negative codes with a random sign on every active cell: centred, isotropic",
    "gaussian": "standard normal values on the support: centred, isotropic",
}
LIMIT = 2**28
"""Most numbers that one call may hold in memory, 2 GiB."""
CENTRED: tuple[Family, ...] = ("mean_removed", "signed", "gaussian")


def magnitude_exponent(c: float) -> float:
    """Exponent k for which g = U^k has E[g]^2 / E[g^2] = (2k + 1) / (k + 1)^2 = c."""
    return ((1 - c) + (1 - c) ** 0.5) / c


def active_cells(N: int, a: float, family: str = "nonnegative", c: float = 1.0) -> int:
    """K = round(a N), after checking the ensemble. Raises UserError where it does not exist."""
    if family not in get_args(Family):
        raise UserError(f"family {family!r}: no such code family; choose from {', '.join(get_args(Family))}")
    if not (1 <= N < math.inf and 0 < a <= 1 and 0 < c <= 1):
        raise UserError(f"codes with N={N}, a={a}, c={c}: N must be at least 1, a and c in (0, 1]")
    K = max(1, round(a * N))
    if family == "mean_removed" and K == N and c == 1:
        raise UserError("mean_removed codes with a = 1 and c = 1 are zero: lower a or c")
    return K


def supports(key: jax.Array, M: int, N: int, K: Scalar) -> Bool[Array, "{M} {N}"]:
    """M random supports of exactly K cells; K may be traced."""
    rank_key = jax.random.uniform(key, (M, N))
    return rank_key <= jnp.sort(rank_key, axis=-1)[:, K - 1][:, None]


def draw(
    key: int | jax.Array, M: int, N: int, a: float = 1.0, c: float = 1.0, family: Family = "nonnegative"
) -> Float[Array, "{M} {N}"]:
    """M random unit codes of N cells, K = round(a N) of them active, in the precision that JAX is set to.

    key: a seed, or a key of JAX. a: share of active cells. c: E[g]^2/E[g^2] of their magnitudes g, 1 if all are equal. family:
    one of FAMILIES. Raises UserError for sizes or a family that do not exist, and for codes that would not fit in memory.
    """
    K = active_cells(N, a, family, c)
    if not (isinstance(M, int | np.integer) and isinstance(N, int | np.integer) and M >= 0):
        raise UserError(f"codes with M={M}, N={N}: give whole numbers, M at least 0")
    if M * N > LIMIT:
        raise UserError(f"codes with M={M}, N={N} are {M * N:.1e} numbers, above {LIMIT:.1e}: lower M or N")
    return draw_active(seeded(key), int(M), int(N), K, family, magnitude_exponent(c))


def seeded(key: int | jax.Array) -> jax.Array:
    """A key of JAX from a seed of at least 0 and below 2^63, or from a key. Raises UserError for any other number."""
    if not isinstance(key, int | np.integer):
        return key
    if not 0 <= key < 2**63:
        raise UserError(f"seed {key}: give a whole number of at least 0 and below 2^63")
    return jax.random.key(int(key))


def draw_active(key: jax.Array, M: int, N: int, K: Scalar, family: Family, exponent: Scalar = 0.0) -> Float[Array, "{M} {N}"]:
    """M unit codes of `family` with K active cells and magnitudes U^exponent. M, N, family are static under jit."""
    on_key, size_key, sign_key = jax.random.split(key, 3)
    on = supports(on_key, M, N, K)
    if family == "gaussian":
        code = on * jax.random.normal(size_key, (M, N))
    else:
        code = on * jax.random.uniform(size_key, (M, N), minval=jnp.finfo(jnp.result_type(float)).tiny) ** exponent
    if family == "signed":
        code = code * jax.random.rademacher(sign_key, (M, N), float)
    if family == "mean_removed":
        code = code - jnp.mean(code, axis=-1, keepdims=True)
    return code / jnp.linalg.norm(code, axis=-1, keepdims=True)


def ensemble_spectrum(N: int, a: float, family: Family, c: float = 1.0) -> np.ndarray:
    """Eigenvalues [N] of Sigma = E[u u^T], the common mode first; they sum to 1.

    Cells are exchangeable: one eigenvalue E[(sum_i u_i)^2] / N for the mean direction, N - 1 equal ones for the rest. The first
    is, for non-negative codes, (1 + (K - 1) c) / N: exact at c = 1, otherwise of leading order in 1/K.
    """
    K = active_cells(N, a, family, c)
    common = {"nonnegative": (1 + (K - 1) * c) / N, "mean_removed": 0.0}.get(family, 1 / N)
    return np.array([common, *[(1 - common) / (N - 1)] * (N - 1)])
