"""Random linear erasure code over GF(2), and its decoder: Gaussian elimination on bit-packed columns.

A message of D bits is sent as many coded bits, each the parity of the message with one row of a public random matrix.
Whoever holds any D + 8 coded bits that survived recovers the message with probability above 1 - 2^-8.

Bits are packed 64 to a word. The matrix is held as generator[words, rows]: bit p of word q of row r is coefficient 64 q + p.
"""

from jaxtyping import Array, Bool, Integer, UInt64

from simulate.backend import Scalar, jax, jnp

WORD = 64

SPARE_ROWS = 32
"""Equations that the decoder takes beyond the capacity of the code; a random system then fails with probability 2^-32."""


def words(bits: int) -> int:
    """Words needed for so many bits."""
    return -(-bits // WORD)


def _first_bits(count: Scalar, size: int) -> UInt64[Array, " {size}"]:
    """Mask with the first `count` bits set."""
    filled = jnp.clip(count - WORD * jnp.arange(size), 0, WORD).astype(jnp.uint64)
    full = jnp.uint64(2**64 - 1)
    return jnp.where(filled == 0, jnp.uint64(0), full >> (jnp.uint64(WORD) - jnp.maximum(filled, 1)))


def random_generator(key: jax.Array, capacity: int, rows: int, D: Scalar) -> UInt64[Array, "words {rows}"]:
    """Public code book, words(capacity) words a row, for messages of D <= capacity bits."""
    size = words(capacity)
    return jax.random.bits(key, (size, rows), jnp.uint64) & _first_bits(D, size)[:, None]


def random_message(key: jax.Array, capacity: int, D: Scalar) -> UInt64[Array, " words"]:
    """D random bits, packed into words(capacity) words; the bits beyond D are zero."""
    return jax.random.bits(key, (words(capacity),), jnp.uint64) & _first_bits(D, words(capacity))


def encode(generator: UInt64[Array, "words rows"], message: UInt64[Array, " words"]) -> Bool[Array, " rows"]:
    """Coded bits: parity of each row with the message."""
    folded = jax.lax.reduce(generator & message[:, None], jnp.uint64(0), jax.lax.bitwise_xor, (0,))
    return (jax.lax.population_count(folded) & 1).astype(bool)


def decode(
    generator: UInt64[Array, "words rows"], received: Bool[Array, " rows"], known: Bool[Array, " rows"], D: Scalar
) -> tuple[UInt64[Array, " words"], UInt64[Array, " words"]]:
    """Solve for the message from the coded bits that survived.

    received: coded bits, of which the first 64 * words + SPARE_ROWS that are known are used: more are not needed.
    D: message length (the loop runs D times).
    Returns (bits, determined), packed: a bit is determined if the equations leave it one value; no bit
    is guessed, the others are zero.
    """
    size = generator.shape[0]
    capacity = size * WORD
    rows = min(generator.shape[1], capacity + SPARE_ROWS)
    chosen = jnp.nonzero(known, size=rows, fill_value=0)[0]
    usable = jnp.arange(rows) < jnp.sum(known)

    def bit_of(table: Array, p: Array) -> Array:
        return ((table[p // WORD] >> (p % WORD).astype(jnp.uint64)) & 1).astype(bool)

    def eliminate(p: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        table, value, free, pivots = state
        column = bit_of(table, p)
        candidates = column & free
        row, exists = jnp.argmax(candidates), jnp.any(candidates)
        hit = column & exists & (jnp.arange(rows) != row)
        table = table ^ jnp.where(hit, table[:, row][:, None], jnp.uint64(0))
        value = value ^ (hit & value[row])
        free = free & ~(exists & (jnp.arange(rows) == row))
        return table, value, free, pivots.at[p].set(jnp.where(exists, row, -1))

    start = (jnp.where(usable, generator[:, chosen], jnp.uint64(0)), received[chosen] & usable, usable, jnp.full(capacity, -1))
    table, value, _, pivots = jax.lax.fori_loop(0, D, eliminate, start)
    alone = jnp.sum(jax.lax.population_count(table), axis=0) == 1
    determined = (pivots >= 0) & alone[pivots]
    return pack(determined & value[pivots]), pack(determined)


def pack(bits: Bool[Array, " bits"]) -> UInt64[Array, " words"]:
    """Pack bits, a multiple of 64, into words."""
    places = jnp.uint64(1) << jnp.arange(WORD, dtype=jnp.uint64)
    return jnp.sum(bits.reshape(-1, WORD) * places, axis=1, dtype=jnp.uint64)


def count(packed: UInt64[Array, " words"]) -> Integer[Array, ""]:
    """Number of bits set."""
    return jnp.sum(jax.lax.population_count(packed)).astype(int)
