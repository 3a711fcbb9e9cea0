r"""Linear memories of many inputs, written in blocks of facts that are drawn when needed: N = 8192 in little room.

A block of B facts is B codes [B, N] and B targets [B, outputs], both functions of a key and the block's number, so that no fact
is kept: only the weights [N, outputs] are, in single precision. Codes: each input is active independently with probability
a = 2^-halvings, the conjunction of that many random bits, less its mean and scaled to variance 1/N; at a = 1/2 they are
+-1/sqrt(N), of norm 1 exactly. Targets are 1 with probability f, centred and scaled to variance 1.

A block of delta-rule writes is one triangular system (the WY form of a product of elementary reflections): the changes
d_i = eta_i (y_i - u_i.w_i) see the earlier ones of their block through the codes' overlaps, (I + diag(eta) L) d = eta (y - U w),
L the part of U U^T below its diagonal. Without that feedback the rule is the additive one, w += U^T y.
"""

from functools import partial
from typing import Literal

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp

Rule = Literal["additive", "delta"]
SINGLE = jnp.float32


def block(
    key: jax.Array, number: Scalar, B: int, N: int, outputs: int, halvings: int, f: float
) -> tuple[Float[Array, "{B} {N}"], Float[Array, "{B} {outputs}"]]:
    """Codes and targets of one block, a multiple of 32 inputs; both centred and scaled."""
    code_key, target_key = jax.random.split(jax.random.fold_in(key, number))
    words = jax.random.bits(code_key, (halvings, B, N // 32), jnp.uint32)
    word = words[0]
    for each in words[1:]:
        word = word & each
    bits = (word[:, :, None] >> jnp.arange(32, dtype=jnp.uint32)) & jnp.uint32(1)
    a = 0.5**halvings
    codes = (bits.reshape(B, N).astype(SINGLE) - SINGLE(a)) * SINGLE((N * a * (1 - a)) ** -0.5)
    on = jax.random.uniform(target_key, (B, outputs), SINGLE) < f
    return codes, (on.astype(SINGLE) - SINGLE(f)) * SINGLE((f * (1 - f)) ** -0.5)


def write(
    weights: Float[Array, "N outputs"], codes: Float[Array, "B N"], targets: Float[Array, "B outputs"], eta: Float[Array, " B"]
) -> Float[Array, "N outputs"]:
    """Weights after B delta-rule writes of strengths eta, in order; strength 0 writes nothing."""
    overlaps = jnp.tril(codes @ codes.T, -1)
    system = jnp.eye(len(codes), dtype=codes.dtype) + eta[:, None] * overlaps
    wanted = eta[:, None] * (targets - codes @ weights)
    return weights + codes.T @ jax.scipy.linalg.solve_triangular(system, wanted, lower=True, unit_diagonal=True)


@partial(jax.jit, static_argnames=("B", "N", "outputs", "halvings", "f", "rule", "judged"))
def stored(
    key: jax.Array,
    P: Scalar,
    eta: Float[Array, " facts"],
    B: int,
    N: int,
    outputs: int,
    halvings: int,
    f: float,
    rule: Rule,
    judged: int,
) -> tuple[Float[Array, "judged B outputs"], Float[Array, "judged B outputs"], Array, Float[Array, "judged B"]]:
    """What is read, after P facts are written, of those in `judged` blocks that lie evenly spread over the stream.

    eta: strengths of at least P facts (additive: not used); its length is static, P is not. Returns (reads, targets, fact
    numbers [judged, B], squared norms of the codes); numbers >= P mark rows to leave out, whole blocks if the stream has fewer.
    """
    blocks = (P + B - 1) // B

    def add(number: Array, weights: Array) -> Array:
        codes, targets = block(key, number, B, N, outputs, halvings, f)
        facts = number * B + jnp.arange(B)
        live = (facts < P).astype(SINGLE)
        if rule == "additive":
            return weights + codes.T @ (targets * live[:, None])
        return write(weights, codes, targets, live * eta[jnp.minimum(facts, len(eta) - 1)].astype(SINGLE))

    weights = jax.lax.fori_loop(0, blocks, add, jnp.zeros((N, outputs), SINGLE))
    taken = jnp.minimum(judged, blocks)

    def read(place: Array) -> tuple[Array, Array, Array, Array]:
        number = (2 * place + 1) * blocks // (2 * taken)  # the middle of its share: no age is preferred
        codes, targets = block(key, number, B, N, outputs, halvings, f)
        facts = jnp.where(place < taken, number * B + jnp.arange(B), P)
        return codes @ weights, targets, facts, jnp.sum(codes * codes, axis=1)

    return jax.lax.map(read, jnp.arange(judged))
