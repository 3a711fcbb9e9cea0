"""GF(2) code: encoder against parities in plain Python, decoder against all messages that agree with what was received."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulate.backend import jax, jnp
from simulate.memories import erasure_code as code

CAPACITY, ROWS = 70, 16
decode, encode = jax.jit(code.decode), jax.jit(code.encode)
random_generator, random_message = (
    jax.jit(code.random_generator, static_argnums=(1, 2)),
    jax.jit(code.random_message, static_argnums=1),
)


def unpack(packed):
    return np.array([(int(word) >> p) & 1 for word in np.asarray(packed) for p in range(64)], dtype=bool)


def matrix(generator, D):
    """Coefficients [rows, D] (0/1) of a packed generator."""
    return np.array([unpack(generator[:, row])[:D] for row in range(generator.shape[1])], dtype=int)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), D=st.integers(1, CAPACITY))
def test_encoder_gives_parities(seed, D):
    book_key, message_key = jax.random.split(jax.random.key(seed))
    generator = random_generator(book_key, CAPACITY, ROWS, D)
    message = random_message(message_key, CAPACITY, D)
    assert not unpack(message)[D:].any()
    parities = (matrix(np.asarray(generator), D) @ unpack(message)[:D]) % 2
    np.testing.assert_array_equal(encode(generator, message), parities.astype(bool))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**31), D=st.integers(1, 9), survivors=st.integers(0, ROWS))
def test_decoder_agrees_with_brute_force(seed, D, survivors):
    book_key, message_key = jax.random.split(jax.random.key(seed))
    generator = random_generator(book_key, CAPACITY, ROWS, D)
    message = random_message(message_key, CAPACITY, D)
    received = np.asarray(encode(generator, message))
    known = np.zeros(ROWS, dtype=bool)
    known[np.random.default_rng(seed).permutation(ROWS)[:survivors]] = True
    garbled = jnp.array(np.where(known, received, ~received))  # an erased bit must not be looked at

    candidates = np.array(list(itertools.product((0, 1), repeat=D)))
    agrees = ((candidates @ matrix(np.asarray(generator), D)[known].T) % 2 == received[known]).all(axis=1)
    solutions = candidates[agrees].astype(bool)
    forced = (solutions == solutions[0]).all(axis=0)

    bits, determined = map(unpack, decode(generator, garbled, jnp.array(known), D))
    np.testing.assert_array_equal(determined[:D], forced)
    np.testing.assert_array_equal(bits[:D], solutions[0] & forced)
    assert not bits[D:].any()
    assert not determined[D:].any()


@pytest.mark.parametrize(("extra", "least", "most"), [(24, 1.0, 1.0), (0, 0.1, 0.5), (-24, 0.0, 0.0)])
def test_threshold_on_both_sides(extra, least, most):
    # a random square system over GF(2) is regular with probability prod (1 - 2^-k) = 0.289; 0.1 .. 0.5: 4 sigma of 100 trials
    D, rows = 100, 160

    def trial(key):
        book_key, message_key = jax.random.split(key)
        generator = code.random_generator(book_key, D, rows, D)
        message = code.random_message(message_key, D, D)
        bits, determined = code.decode(generator, code.encode(generator, message), jnp.arange(rows) < D + extra, D)
        return jnp.all(bits == message) & (code.count(determined) == D)

    rate = float(jnp.mean(jax.lax.map(trial, jax.random.split(jax.random.key(1), 100))))
    assert least <= rate <= most


def test_pack_and_count():
    bits = np.random.default_rng(0).random(128) < 0.3
    packed = code.pack(jnp.array(bits))
    np.testing.assert_array_equal(unpack(packed), bits)
    assert int(code.count(packed)) == bits.sum()
