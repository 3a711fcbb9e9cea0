"""Baselines: distributions that sum to one, and texts whose entropy is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realmodels.text.encoded import Encoded, stream
from realmodels.text.tokenizer import train
from realmodels.training.baselines import Bigram, Unigram, lzma_bits, text_bytes, tuned_bigram

CHAIN = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.5, 0.25, 0.25]])


def walk(n: int, seed: int) -> np.ndarray:
    """n steps of the Markov chain CHAIN."""
    draws, state, out = np.random.default_rng(seed).random(n), 0, []
    edges = CHAIN.cumsum(1)
    for draw in draws:
        state = int((draw > edges[state]).sum())
        out.append(state)
    return np.array(out, np.uint16)


def entropies() -> tuple[float, float]:
    """(entropy of the stationary distribution, entropy rate), bits."""
    values, vectors = np.linalg.eig(CHAIN.T)
    p = np.real(vectors[:, np.argmax(np.real(values))])
    p /= p.sum()
    return float(-(p * np.log2(p)).sum()), float(-(p[:, None] * CHAIN * np.log2(CHAIN)).sum())


@given(st.lists(st.integers(0, 7), min_size=2, max_size=50), st.floats(0.05, 0.95))
def test_predictions_are_distributions(tokens, discount):
    train_tokens = np.array(tokens, np.uint16)
    for p in (Unigram(train_tokens, 8).p, Bigram(train_tokens, 8, discount).p):
        assert (p > 0).all()
        np.testing.assert_allclose(p.sum(-1), 1.0, rtol=1e-12)


def test_on_a_markov_chain_the_unigram_finds_its_entropy_and_the_bigram_its_rate():
    """20,000 steps held out: the standard error of the mean of a code length (deviation below 1.5 bits) is about 0.01."""
    learn, test = walk(50_000, 0), walk(20_000, 1)
    stationary, rate = entropies()
    assert abs(Unigram(learn, 3).bits(test) / (len(test) - 1) - stationary) < 0.03
    assert abs(tuned_bigram(learn, 3)[0].bits(test) / (len(test) - 1) - rate) < 0.03


def test_the_discount_matters_where_pairs_are_rare_and_tuning_finds_a_good_one():
    """2,000 tokens of a 3,000-step chain over 64 x 3 states have mostly unseen pairs: smoothing decides."""
    rng = np.random.default_rng(2)
    learn, test = ((walk(3000, s).astype(np.int64) * 64 + rng.integers(0, 64, 3000)).astype(np.uint16) for s in (3, 4))
    model, discount = tuned_bigram(learn, 192)
    others = [Bigram(learn, 192, d).bits(test) for d in (0.3, 0.95)]
    assert model.bits(test) <= min(others) * 1.005
    assert discount > 0.3


def test_lzma_pays_for_the_new_and_not_for_the_repeated():
    rng = np.random.default_rng(0)
    old, new = rng.bytes(200_000), rng.bytes(10_000)
    found = lzma_bits(old, {"old": old[1000:11_000], "new": new})
    assert found["old"] < 0.05 * 8 * 10_000
    assert 0.99 * 8 * 10_000 < found["new"] < 1.02 * 8 * 10_000


def test_tokens_turn_back_into_the_bytes_they_are_charged_for():
    made = train([f"word{i} is a wörd in France" for i in range(200)], 320)
    tokens = stream(made, ["ä in France", "b\nc"])
    text = Encoded(made, tokens, {"x": tokens})
    assert text_bytes(text, tokens) == "ä in France\0b\nc\0".encode()
    assert text.bytes_of(tokens[1:]) == len(text_bytes(text, tokens))


@pytest.mark.parametrize("count", [1, 3])
def test_the_unigram_is_smoothed_frequency(count):
    model = Unigram(np.array([1] * count + [2], np.uint16), 4)
    np.testing.assert_allclose(model.p, np.array([0.5, count + 0.5, 1.5, 0.5]) / (count + 3))
