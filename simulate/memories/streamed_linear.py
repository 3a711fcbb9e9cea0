r"""Linear memories of many inputs, whose facts are drawn again when they are needed: N = 8192 in little room.

The facts come in blocks of B, which `simulate.delta_blocks` writes at once. Codes [B, N] and targets [B, outputs] of a block are
functions of a key and the block's number. So no fact is kept: only the weights [N, outputs] are, in single precision.

Codes: each input is active independently with probability a = 2^-halvings, the conjunction of that many random bits, less its
mean and scaled to variance 1/N. At a = 1/2 they are +-1/sqrt(N), of norm 1 exactly. Targets are 1 with probability f, centred
and scaled to variance 1. The additive rule writes w += U^T y, without the feedback of the delta rule.
"""

from functools import partial
from typing import Literal

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.delta_blocks import substituted, write

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
        strengths = live * eta[jnp.minimum(facts, len(eta) - 1)].astype(SINGLE)
        return write(weights, codes, targets, strengths, substituted)

    weights = jax.lax.fori_loop(0, blocks, add, jnp.zeros((N, outputs), SINGLE))
    count = jnp.minimum(judged, blocks)

    def read(place: Array) -> tuple[Array, Array, Array, Array]:
        number = (2 * place + 1) * blocks // (2 * count)  # the middle of its share: no age is preferred
        codes, targets = block(key, number, B, N, outputs, halvings, f)
        facts = jnp.where(place < count, number * B + jnp.arange(B), P)
        return codes @ weights, targets, facts, jnp.sum(codes * codes, axis=1)

    return jax.lax.map(read, jnp.arange(judged))
