"""A block of delta-rule writes at once: the compact WY form, from which every delta-rule memory here is made.

A write of fact i at strength eta_i is w <- w + eta_i u_i (y_i - u_i.w). Take B facts in order. Let U [B, N] hold their codes as
rows, E their strengths on a diagonal, and L the strictly lower part of U U^T. Write i changes the weights by u_i times

    d_i = eta_i (y_i - u_i.w - sum_(j < i) u_i.u_j d_j),        that is    (I + E L) d = E (y - U w),

and the block changes w by U^T d. With S = (I + E L)^-1 E the block is w + U^T S (y - U w), and the product of all its writes is

    (I - eta_B u_B u_B^T) ... (I - eta_1 u_1 u_1^T) = I - U^T S U    [exact, for any directions and strengths].

This is the compact WY form of Householder products (Bischof and Van Loan 1987; Schreiber and Van Loan 1989), for writes that need
not be reflections. A fact of strength 0 changes nothing: it is padding.

I + E L has ones on its diagonal. Three ways to solve with it give the same numbers up to rounding, and each is the fastest
somewhere. `substituted` serves one block at a time. `multiplied_out` serves small blocks under `vmap`, where a substitution
becomes a slow loop. `inverse_by_halves` serves many blocks at once, whose solvers S are used for many targets.
"""

from collections.abc import Callable

from jaxtyping import Array, Float

from simulate.backend import jax, jnp

SMALL = 4
"""Size up to which `inverse_by_halves` inverts triangles row by row."""

Solve = Callable[[Float[Array, "B B"], Float[Array, "B K"]], Float[Array, "B K"]]
"""solve(F, x) = (I + F)^-1 x for strictly lower F."""


def write(
    weights: Float[Array, "N K"],
    codes: Float[Array, "B N"],
    targets: Float[Array, "B K"],
    etas: Float[Array, " B"],
    solve: Solve,
) -> Float[Array, "N K"]:
    """Weights after the B writes (codes, targets, strengths) in order, for K outputs."""
    feedback = jnp.tril(etas[:, None] * (codes @ codes.T), -1)
    return weights + codes.T @ solve(feedback, etas[:, None] * (targets - codes @ weights))


def substituted(feedback: Float[Array, "B B"], x: Float[Array, "B K"]) -> Float[Array, "B K"]:
    """(I + F)^-1 x by forward substitution."""
    system = jnp.eye(len(x), dtype=x.dtype) + feedback
    return jax.scipy.linalg.solve_triangular(system, x, lower=True, unit_diagonal=True)


def multiplied_out(feedback: Float[Array, "B B"], x: Float[Array, "B K"]) -> Float[Array, "B K"]:
    """(I + F)^-1 x by products alone, B a power of two: F^B = 0, so that (I - F)(I + F^2)(I + F^4) ... ends."""
    one = jnp.eye(len(feedback))
    inverse, power, exponent = one - feedback, feedback @ feedback, 2
    while exponent < len(feedback):  # now inverse (I + F) = I - F^exponent
        inverse, power, exponent = inverse @ (one + power), power @ power, 2 * exponent
    return inverse @ x


def overlaps(codes: Float[Array, "K B N"]) -> Float[Array, "K B B"]:
    """L, the strictly lower part of U U^T, of each of K blocks."""
    return jnp.tril(jax.lax.batch_matmul(codes, codes.transpose(0, 2, 1)), -1)


def solvers(overlaps: Float[Array, "K B B"], etas: Float[Array, "K B"]) -> Float[Array, "K B B"]:
    """S = (I + E L)^-1 E of each of K blocks, lower triangular."""
    return inverse_by_halves(etas[:, :, None] * overlaps) * etas[:, None, :]


def inverse_by_halves(feedback: Float[Array, "K B B"]) -> Float[Array, "K B B"]:
    """(I + F)^-1 of each of K blocks; F is strictly lower.

    The two halves of the diagonal come first, then the corner: -(inverse of the later half) F_21 (inverse of the earlier half).
    Blocks of at most SMALL rows are substituted row by row, all blocks at once.
    """
    K, B, _ = feedback.shape
    if B <= SMALL:
        small, rows = feedback.transpose(1, 2, 0), []  # blocks last: they are what the loop over the elements runs along
        for i in range(B):
            unit = jnp.eye(B, dtype=feedback.dtype)[i][:, None]
            rows.append(unit - sum(small[i, j] * rows[j] for j in range(i)))
        return jnp.stack([jnp.broadcast_to(row, (B, K)) for row in rows]).transpose(2, 0, 1)
    h = B // 2
    both = inverse_by_halves(jnp.concatenate([feedback[:, :h, :h], feedback[:, h:, h:]]))
    early, late = both[:K], both[K:]
    corner = -late @ feedback[:, h:, :h] @ early
    return jnp.concatenate(
        [jnp.concatenate([early, jnp.zeros_like(early)], axis=2), jnp.concatenate([corner, late], axis=2)], axis=1
    )
