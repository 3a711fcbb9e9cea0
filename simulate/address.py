"""Where a fact lives in a sparse store: a frozen, random function of its key, the same whenever the key returns.

A key is rounded to 2^-24 and hashed to 32 bits (multiply, add, and the finaliser of MurmurHash3), and every slot hashes them
again with its own number. So a code or a support costs no state, is independent from fact to fact, and owes nothing to the
overlap of keys: two keys that differ anywhere have independent codes.
"""

from jaxtyping import Array, Bool, Float, UInt32

from simulate.backend import jax, jnp

ODD = 2654435769  # 2^32 over the golden ratio
SIGN = 0x5BD1E995


def mixed(h: UInt32[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    """MurmurHash3's finaliser: every bit of the input changes half of the bits."""
    h = (h ^ (h >> 16)) * jnp.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * jnp.uint32(0xC2B2AE35)
    return h ^ (h >> 16)


def address(key: Float[Array, " N"]) -> UInt32[Array, ""]:
    """Hash of a fact's key. Entries of magnitude up to 64 are told apart."""
    grains = jax.lax.stop_gradient(jnp.round(key * 2.0**24)).astype(jnp.int32).astype(jnp.uint32)
    place = jnp.arange(1, key.size + 1, dtype=jnp.uint32) * jnp.uint32(ODD)
    return mixed(jnp.sum(mixed(grains + place), dtype=jnp.uint32))


def support(key: Float[Array, " N"], slots: int, active: int) -> Bool[Array, " {slots}"]:
    """`active` of `slots` slots at random, those of a fact."""
    drawn = mixed(address(key) + jnp.arange(1, slots + 1, dtype=jnp.uint32) * jnp.uint32(ODD))
    return drawn <= jnp.sort(drawn)[active - 1]


def code(key: Float[Array, " N"], slots: int, active: int) -> Float[Array, " {slots}"]:
    """Unit code of a fact: random signs on its support."""
    signs = mixed(address(key) ^ (jnp.arange(1, slots + 1, dtype=jnp.uint32) * jnp.uint32(SIGN))) >> 31
    return support(key, slots, active) * (2.0 * signs - 1.0) / active**0.5


def chosen(key: Float[Array, " N"], count: Array) -> Array:
    """One of 0 .. count - 1 at random, that of a fact; count may be traced, up to 2^16 (bias below 2^-16)."""
    return (mixed(address(key) + jnp.uint32(SIGN)) % count.astype(jnp.uint32)).astype(jnp.int32)
