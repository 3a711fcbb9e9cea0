r"""Interleaved learning of threshold units, y = sign(w.x): weights that store all labels at once, up to Gardner's load (S2).

Rows of codes are scaled to unit norm: the stability of a label is sqrt(N) y w.x/(|w||x|), which is Gardner's kappa. Weights
of stability kappa are a point that two convex sets share, in the space of the P fields z:

    reachable:  z = X w with |w| <= sqrt(N)/kappa,        right:  y_mu z_mu >= 1 for every mu,

and the Douglas-Rachford iteration z <- z + right(2 reach(z) - z) - reach(z) finds it, if there is one, by projections on
either alone (Lions and Mercier 1979; on feasibility: Elser, Rankenburg and Thibault 2007, PNAS 104, 418). A pass uses every row
twice, as the perceptron rule does; close to the largest load it takes tens of passes where that rule takes thousands. The
projection on the reachable fields needs the eigenvectors of X^T X: scratch of N^2 numbers for all units together, no state.
Without a solution the iteration settles at the weights whose fields come nearest to being right.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.optimize import brentq

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError
from theory.ledger import claim

TINY = 1e-12
"""Eigenvalues of X^T X below this share of the largest are zero: directions in which no row has a part."""

REACH = 2.0
"""Root mean square to which the fields of a warm start are scaled: those of a solution of least field 1 are of this order."""


class _Span(NamedTuple):
    """X = U S V^T in its own directions: unit rows [P N], V [N N], U [P N], S [N]."""

    rows: Array
    right: Array
    left: Array
    sizes: Array


def _span(rows: Array) -> _Span:
    values, right = jnp.linalg.eigh(rows.T @ rows)
    kept = values > TINY * values[-1]
    sizes = jnp.where(kept, jnp.sqrt(jnp.where(kept, values, 1.0)), 0.0)
    return _Span(rows, right, (rows @ right) * jnp.where(kept, 1 / jnp.where(kept, sizes, 1.0), 0.0), sizes)


def _reach(span: _Span, fields: Array, radius: Array) -> Array:
    """Weights [N O] in span.right's directions, |w| <= radius, whose fields are nearest to `fields` [P O]."""
    square, parts = span.sizes[:, None] ** 2, span.sizes[:, None] * (span.left.T @ fields)

    def weights(ridge: Array) -> Array:
        total = square + ridge
        return jnp.where(total > 0, parts / jnp.where(total > 0, total, 1.0), 0.0)

    def newton(_: Scalar, ridge: Array) -> Array:  # on 1/|w| - 1/radius, nearly linear in the multiplier, from below (More 1978)
        w, total = weights(ridge), square + ridge
        norm = jnp.sum(w**2, axis=0)
        bend = jnp.sum(jnp.where(total > 0, w**2 / jnp.where(total > 0, total, 1.0), 0.0), axis=0)
        step = (jnp.sqrt(norm) / radius - 1) * norm / jnp.where(bend > 0, bend, 1.0)
        return ridge + jnp.maximum(step, 0.0)

    return weights(jax.lax.fori_loop(0, 6, newton, jnp.zeros(fields.shape[1], fields.dtype)))


def stability(codes: Float[Array, "P N"], labels: Float[Array, "P O"], weights: Float[Array, "N O"]) -> Float[Array, "P O"]:
    """Gardner's stability sqrt(N) y w.x/(|w||x|) of every label; 0 for rows or weights of zeros."""
    norms = jnp.linalg.norm(codes, axis=1)[:, None] * jnp.linalg.norm(weights, axis=0)
    scale = codes.shape[1] ** 0.5 / jnp.where(norms > 0, norms, 1.0)
    return labels * (codes @ weights) * jnp.where(norms > 0, scale, 0.0)


def train(
    codes: Float[Array, "P N"],
    labels: Float[Array, "P O"],
    sweeps: Scalar,
    kappa: Scalar = 0.0,
    weights: Float[Array, "N O"] | None = None,
    used: Float[Array, " P"] | None = None,
) -> tuple[Float[Array, "N O"], Float[Array, " O"]]:
    """Weights of O units that give P codes their labels +-1 with a stability of at least kappa, and each unit's wrong labels.

    sweeps: most passes over all rows; a unit stops as soon as all its labels have the stability (at kappa = 0: are right), and
    all stop with the last. kappa >= 0. weights: where to start, returned as they are by units that are right already; zeros if
    not given. used: 0/1 mask of rows that count (all, if not given). Wrong: y w.x <= 0. The scale of the weights is free.
    Shapes are static under jit, everything else may be traced; O is the batch, so that no vmap over units is needed.
    """
    N, kappa = codes.shape[1], jnp.asarray(kappa, codes.dtype)
    mask = jnp.ones(len(codes), codes.dtype) if used is None else used.astype(codes.dtype)
    norms = jnp.linalg.norm(codes, axis=1) * mask
    rows = codes * jnp.where(norms > 0, mask / jnp.where(norms > 0, norms, 1.0), 0.0)[:, None]
    signs = labels * mask[:, None]
    counted = mask[:, None] > 0
    span = _span(rows)
    # a thousandth inside the ball: a point on its surface is approached, one inside is reached
    radius = 0.999 * N**0.5 / jnp.maximum(kappa, 1e-150)

    def right(w: Array, fields: Array) -> Bool[Array, " O"]:
        """Units all of whose counted labels have the stability kappa."""
        margin = signs * fields * N**0.5 - kappa * jnp.linalg.norm(w, axis=0)
        return jnp.all(~counted | ((margin >= 0) & (signs * fields > 0)), axis=0)

    def unfinished(carry: tuple) -> Array:
        return (carry[0] < sweeps) & ~jnp.all(carry[-1])

    def one_pass(carry: tuple) -> tuple:
        count, z, w, done = carry
        found = _reach(span, z, radius)
        fields = rows @ (span.right @ found)
        corrected = signs * jnp.maximum(signs * (2 * fields - z), 1.0)
        w = jnp.where(done, w, found)
        return count + 1, jnp.where(done, z, z + corrected - fields), w, done | right(found, fields)

    if weights is None:
        start, z, done = jnp.zeros((N, labels.shape[1]), codes.dtype), signs, jnp.zeros(labels.shape[1], bool)
    else:
        start, fields = span.right.T @ weights, rows @ weights
        power = jnp.sqrt(jnp.sum(fields**2, axis=0) / jnp.maximum(jnp.sum(mask), 1.0))
        z, done = jnp.where(power > 0, REACH * fields / jnp.where(power > 0, power, 1.0), signs), right(start, fields)
    found = span.right @ jax.lax.while_loop(unfinished, one_pass, (jnp.array(0), z, start, done))[2]
    if weights is not None:
        found = jnp.where(done, weights, found)
    return found, jnp.sum(counted & (signs * (rows @ found) <= 0), axis=0).astype(codes.dtype)


def solved(key: jax.Array, P_max: int, N: int, outputs: int, sweeps: Scalar, P: Scalar) -> Float[Array, ""]:
    """Share of units that give all of P <= P_max random codes their random labels after training."""
    code_key, label_key = jax.random.split(key)
    codes = jax.random.normal(code_key, (P_max, N))
    labels = jax.random.rademacher(label_key, (P_max, outputs), float)
    _, wrong = train(codes, labels, sweeps, used=(jnp.arange(P_max) < P).astype(float))
    return jnp.mean(wrong == 0)


@partial(jax.jit, static_argnums=(1, 2, 3))
def _shares(keys: jax.Array, P_max: int, N: int, outputs: int, sweeps: Scalar, P: Scalar) -> Array:
    """`solved` for every key [seeds]."""
    return jax.lax.map(lambda key: solved(key, P_max, N, outputs, sweeps, P), keys)


def _measure(p: Parameters, T_max: int) -> Measure:
    if p["outputs"] < 1:
        raise UserError(f"perceptron: outputs={p['outputs']} leaves no unit to train; give at least 1")
    keys = seed_keys(range(p["seeds"]))
    room = -(-p["D"] * T_max // p["N"]) * p["N"]  # one shape, one compilation for many D
    return lambda T: np.asarray(_shares(keys, room, p["N"], p["outputs"], p["sweeps"], T * p["D"]))


def _ceiling(p: Parameters) -> float:
    """Most facts, over D, that a share `required` of all units can answer: Cover's count at finite N (S2), 2N/D at one half."""
    N = p["N"]

    def spare(P: float) -> float:
        return float(claim("S2").value("separable", N=N, P=P).value) - p["required"]

    return float(brentq(spare, N * (1 + 1e-9), 20.0 * N + 100)) / p["D"] if p["required"] < 1 else N / p["D"]


SYSTEMS = (
    System(
        name="perceptron",
        description="threshold units of N weights, all facts interleaved; depth: share of units with no label wrong",
        claim="S2",
        unit="fraction of units",
        defaults={"N": int, "D": int, "outputs": 8, "sweeps": 100, "required": 0.5, "seeds": 8},
        ceiling=_ceiling,
        measure=_measure,
        points={
            "quick": [{"N": 48, "D": D} for D in (4, 12)],
            "paper": [{"N": 96, "D": D} for D in (4, 8, 16, 32)],
        },
    ),
)
