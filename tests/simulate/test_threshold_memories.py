"""Associators with a threshold, the attractor network and stores in blocks: loops, hand-made cases, both sides of a capacity."""

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.memories import hopfield, streamed_linear, willshaw
from theory.literature import associative
from theory.predictions.ladder import fast_error, predicted, two_stores


def test_clipped_synapses_are_those_of_a_loop_and_never_miss():
    x, y = willshaw.pairs(jax.random.key(0), 12, 30, 4, 9, 0.2)
    synapses = np.zeros((30, 9), bool)
    for mu in range(12):
        for i in range(30):
            for j in range(9):
                synapses[i, j] |= bool(x[mu, i] & y[mu, j])
    np.testing.assert_array_equal(willshaw.clipped(x, y), synapses)
    answers = willshaw.recalled(x, jnp.array(synapses))
    assert not np.any(np.asarray(y) & ~np.asarray(answers))


def test_false_alarms_are_the_power_of_the_share_of_synapses_on():
    N, K, P = 400, 8, 2000
    x, y = willshaw.pairs(jax.random.key(1), P, N, K, 64, K / N)
    missed, wrong = willshaw.willshaw_errors(x, y, P)
    on = np.asarray(willshaw.clipped(x, y)).mean(axis=0)  # of each output: how often it was active scatters
    assert missed == 0
    assert float(wrong) == pytest.approx(np.mean(on**K), rel=0.1)  # Willshaw, Buneman and Longuet-Higgins 1969


def test_attractor_law_is_that_of_the_literature():
    assert hopfield.largest_load(0.9) == pytest.approx(0.138, abs=5e-4)  # Amit, Gutfreund and Sompolinsky 1987
    assert hopfield.largest_load(0.9) == pytest.approx(2 * associative.capacity(associative.LN2)[0], rel=1e-4)
    assert hopfield.largest_load(0.99) < hopfield.largest_load(0.97) <= hopfield.largest_load(0.5)


def test_retrieval_on_both_sides_of_the_capacity():
    below, above = (float(hopfield.overlaps(jax.random.key(2), 60, 256, 16, 0.1, P).mean()) for P in (18, 60))
    assert below > 0.98
    assert above < 0.8


@pytest.mark.parametrize("halvings", [1, 3])
def test_blocks_write_what_a_loop_writes(halvings):
    N, P, key = 64, 19, jax.random.key(3)
    drawn = [streamed_linear.block(key, number, 8, N, 5, halvings, 0.5) for number in range(3)]
    codes, targets = (np.concatenate([np.asarray(pair[k], float) for pair in drawn])[:P] for k in (0, 1))
    eta, looped = np.linspace(1, 0.2, P), np.zeros((N, 5))
    for u, y, strength in zip(codes, targets, eta, strict=True):
        looped += strength * np.outer(u, y - u @ looped)
    for rule, weights in (("delta", looped), ("additive", codes.T @ targets)):
        reads, _, facts, norms = map(np.asarray, streamed_linear.stored(key, P, jnp.array(eta), 8, N, 5, halvings, 0.5, rule, 4))
        real = facts < P
        assert sorted(facts[real].tolist()) == list(range(P))
        np.testing.assert_allclose(reads[real], (codes @ weights)[facts[real]], atol=1e-4)
        np.testing.assert_allclose(norms[real], np.sum(codes**2, axis=1)[facts[real]], rtol=1e-5)


def test_laws_of_the_rungs_in_their_limits():
    assert predicted("dense", 256, 256 * 60).graded == pytest.approx(1 / (2 * np.log(2)), rel=0.02)
    assert predicted("least_squares", 512, 520).error < 1e-6
    assert predicted("interleaved", 256, 512).hard == pytest.approx(2)
    assert fast_error(1.0, 3000) == pytest.approx(fast_error(1.0), rel=0.05)
    assert fast_error(1e-3) == pytest.approx(0.5, abs=0.05)  # a guess among sixteen symbols has half of the labels wrong
    assert two_stores(10**6, 2.0, 3.0).hard == pytest.approx(2 * (1 - 2 * fast_error(3.0)), abs=0.05)
