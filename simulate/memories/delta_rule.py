"""Delta-rule memory: w <- w + eta u (y - u.w), one write a fact, and the depth at which each fact is retained (C1, C2).

The retained depth of fact i is d(readout of i)/d(target of i) after all M writes. With
    A_i = A_{i+1} (I - eta_i u_i u_i^T),  A_{M+1} = I,   s_i = eta_i u_i^T A_{i+1} u_i,
one backward pass gives it for every fact, and telescoping the trace gives sum_i s_i = N - tr A_1 exactly.
"""

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp


def write(codes: Float[Array, "M N"], targets: Float[Array, " M"], etas: Float[Array, " M"]) -> Float[Array, " N"]:
    """Really write: weights after the facts (codes, targets, strengths) in order, from zero."""

    def step(w: Array, fact: tuple[Array, ...]) -> tuple[Array, None]:
        u, y, eta = fact
        return w + eta * u * (y - u @ w), None

    return jax.lax.scan(step, jnp.zeros(codes.shape[-1]), (codes, targets, etas))[0]


def read(codes: Float[Array, "M N"], weights: Float[Array, " N"]) -> Float[Array, " M"]:
    """Readouts of the facts with these codes."""
    return codes @ weights


def retained_depths(codes: Float[Array, "M N"], etas: Float[Array, " M"]) -> Float[Array, " M"]:
    """Depths s of all facts at the end of the sequence, fraction of the target; a fact with eta = 0 is padding."""

    def step(A: Array, fact: tuple[Array, ...]) -> tuple[Array, Array]:
        u, eta = fact
        Au = A @ u
        return A - eta * jnp.outer(Au, u), eta * (u @ Au)

    return jax.lax.scan(step, jnp.eye(codes.shape[-1]), (codes, etas), reverse=True)[1]


def trace_depth(codes: Float[Array, "M N"], etas: Float[Array, " M"]) -> Float[Array, ""]:
    """N - tr prod_j (I - eta_j u_j u_j^T), multiplied forwards: the other side of the conservation law C1."""

    def step(A: Array, fact: tuple[Array, ...]) -> tuple[Array, None]:
        u, eta = fact
        return A - eta * jnp.outer(u, u @ A), None

    N = codes.shape[-1]
    return N - jnp.trace(jax.lax.scan(step, jnp.eye(N), (codes, etas))[0])


def oldest_task_depth(codes: Float[Array, "M N"], eta: Scalar, T: Scalar, D: Scalar) -> Float[Array, ""]:
    """Mean depth over the first D of T*D facts, all written with one eta.

    Only codes[:T*D] are used and the loop runs T*D times, so that one compilation serves every T, D and eta.
    """

    def step(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        A, total = state
        i = T * D - 1 - k
        u = codes[i]
        Au = A @ u
        return A - eta * jnp.outer(Au, u), total + jnp.where(i < D, eta * (u @ Au), 0.0)

    return jax.lax.fori_loop(0, T * D, step, (jnp.eye(codes.shape[-1]), 0.0))[1] / D
