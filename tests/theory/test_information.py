"""C5. Shannon's rate-distortion function by Blahut's iteration, every code of tiny stores, the Hamming code (7 facts,
4 bits, mean error 1/8), a list of labels that attains the ceiling, and binomial counts for cues."""

from fractions import Fraction
from itertools import product
from math import comb, log2

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.attacks.attack import run
from theory.attacks.information import ATTACKS, HAMMING
from theory.certificates.information import fano_admits, fewest_errors
from theory.errors import UserError
from theory.information import CLAIMS, ceiling, fact_bits, least_error, least_state, task_ceiling

(C5,) = CLAIMS


def blahut(alternatives, slope, rounds=4000):
    """A point (error, bits) of the rate-distortion function of a uniform source, by Blahut's iteration."""
    cost = np.exp(-slope * (1 - np.eye(alternatives)))
    reply = np.random.default_rng(0).dirichlet(np.full(alternatives, 5.0))
    for _ in range(rounds):
        channel = reply * cost
        channel /= channel.sum(axis=1, keepdims=True)
        reply = channel.mean(axis=0)
    error = 1 - np.trace(channel) / alternatives
    return error, np.mean(np.sum(channel * np.log2(channel / reply), axis=1))


@pytest.mark.parametrize("alternatives", [2, 3, 8])
@pytest.mark.parametrize("slope", [0.5, 2.0, 5.0])
def test_the_bits_of_a_fact_are_its_rate(alternatives, slope):
    error, bits = blahut(alternatives, slope)
    assert fact_bits(alternatives, error) == pytest.approx(bits, abs=1e-9)


def test_named_values():
    assert fact_bits(2, 0) == 1.0
    assert fact_bits(2, 0.11) == pytest.approx(0.5, abs=1e-3)  # h(0.11) = 0.4999, textbooks of coding
    assert fact_bits(1024, 0) == 10.0
    assert fact_bits(4, 0.75) == pytest.approx(0.0, abs=1e-12)
    assert ceiling(100, 2, 0) == 100
    assert ceiling(100, 4, 0) == 50
    assert task_ceiling(100, 0) == 100
    assert least_state(7, 16, 0) == 28
    with pytest.raises(UserError, match="guess"):
        ceiling(10, 2, 0.5)


@given(st.floats(2, 1e6), st.floats(0.0, 0.99), st.floats(1, 1e4))
def test_the_quantities_invert_each_other(m, part, count):
    error = part * (1 - 1 / m)
    state = least_state(count, m, error)
    assert state == pytest.approx(count * fact_bits(m, error))
    assert least_error(state, count, m) == pytest.approx(error, abs=2e-6)
    assert ceiling(state, m, error) == pytest.approx(count, rel=1e-9)
    assert least_error(count * np.log2(m) * 1.01, count, m) == 0.0
    assert least_error(0, count, m) == pytest.approx(1 - 1 / m)


@given(st.floats(0, 0.49), st.floats(1, 1e6))
def test_tasks_times_bits(error, state):
    entropy = 0.0 if error == 0 else -error * log2(error) - (1 - error) * log2(1 - error)
    assert task_ceiling(state, error) == pytest.approx(state / (1 - entropy), rel=1e-9)


@given(st.floats(2, 50), st.floats(0.001, 0.9), st.floats(0.001, 0.9), st.floats(0, 1))
def test_convex_and_falling(m, one, other, share):
    one, other = sorted(part * (1 - 1 / m) for part in (one, other))
    mixed = share * fact_bits(m, one) + (1 - share) * fact_bits(m, other)
    assert fact_bits(m, share * one + (1 - share) * other) <= mixed + 1e-12
    assert fact_bits(m, one) >= fact_bits(m, other) - 1e-12 >= -2e-12


@given(st.integers(1, 3), st.integers(2, 3), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_no_random_code_beats_the_bound(facts, alternatives, states, seed):
    rng = np.random.default_rng(seed)
    messages = np.array(list(product(range(alternatives), repeat=facts)))
    state = rng.integers(states, size=len(messages))
    right = sum(np.max(np.bincount(messages[state == s, k], minlength=alternatives)) for s in range(states) for k in range(facts))
    error = Fraction(facts * len(messages) - int(right), facts * len(messages))
    assert fano_admits(facts, alternatives, states, error)
    spent = facts * fact_bits(alternatives, float(error))
    target(spent / np.log2(states), label="Fano's bits over the state's")
    assert spent <= np.log2(states) + 1e-9


def test_every_code_of_two_facts():
    # two bits in three states: one pair of messages shares a state, and one of its eight answers is wrong
    assert fewest_errors(2, 2, 3) == 1
    assert fewest_errors(2, 2, 2) == 2
    assert fewest_errors(3, 2, 2) == 6  # the majority of three bits
    assert not fano_admits(2, 2, 2, Fraction(1, 100))
    assert fano_admits(2, 2, 4, Fraction(0))


def test_the_hamming_code_spends_four_fifths():
    linear = next(attack for attack in ATTACKS if attack.name == "linear")
    ratio = linear.ratio({"generator": HAMMING.astype(int).tolist()})
    assert ratio == pytest.approx(7 * fact_bits(2, 1 / 8) / 4)


def test_a_list_of_labels_attains_the_ceiling():
    rng, facts, alternatives = np.random.default_rng(0), 20, 8
    labels = rng.integers(alternatives, size=facts)
    state = sum(int(label) * alternatives**k for k, label in enumerate(labels))
    assert state.bit_length() <= least_state(facts, alternatives, 0) == 60
    assert [(state // alternatives**k) % alternatives for k in range(facts)] == labels.tolist()


@given(st.integers(1, 10), st.floats(0, 1), st.floats(0, 0.4))
def test_cues_are_counted(cue, part, error):
    cues = 2**cue
    count = max(1, round(part * cues))  # up to every cue there is
    found = C5.value("state_with_cues", M=count, m=2, error=error, cue=cue).value
    facts = count * fact_bits(2, error)
    exact = log2(comb(cues, count)) + facts
    assert least_state(count, 2, error) - 1e-9 <= found <= exact + 1e-9
    sharp = exact - count * log2(cues / (cues - count + 1)), facts + count * log2(cues / count)
    assert found >= max(sharp) - 1e-9
    target((found - facts) / max(exact - facts, 1.0), label="bits of the cues over the exact ones")


def test_the_edges_of_cues():
    assert C5.value("state_with_cues", M=8, m=2, error=0, cue=3).value == pytest.approx(8)  # all cues there are: one set
    assert C5.value("state_with_cues", M=6, m=2, error=0, cue=3).value == pytest.approx(6 + 6 * log2(8 / 6))
    assert C5.value("state_with_cues", M=3, m=2, error=0, cue=2000).value == pytest.approx(3 * 2001 - log2(6))
    with pytest.raises(UserError, match="distinct"):
        C5.value("state_with_cues", M=100, m=2, error=0, cue=5)


def test_noisy_cells():
    assert C5.value("read_bits", N=10, b=8, snr=3).value == 10.0
    assert C5.value("read_bits", N=10, b=0.5, snr=3).value == 5.0
    assert C5.value("noisy_ceiling", N=10, b=8, snr=15, m=4, error=0).value == pytest.approx(10.0)
    binary = 1 - np.mean(np.log2(1 + np.exp(-2 * (1 + np.random.default_rng(0).normal(size=200000)))))
    assert binary < C5.value("read_bits", N=1, b=1, snr=1).value == 0.5


@pytest.mark.parametrize(
    ("attack", "weak"), list(zip(ATTACKS, (0.9, 0.75, 0.9), strict=True)), ids=lambda item: getattr(item, "name", "")
)
def test_attacks_break_a_weakened_bound_and_replay(attack, weak):
    outcome = run(attack, tries=1500)
    assert not outcome.broken
    assert outcome.ratio > weak
    assert attack.ratio(outcome.witness) == outcome.ratio
