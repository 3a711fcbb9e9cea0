"""Two stores and their controls: recall against a loop, C3's error of a dense one-shot store, what no sleep may change, limits.

Expected error of one-shot storage: Q(sqrt(N/(D - 1))), Gaussian crosstalk (C3); Gardner's stability at load 1 from S3-one's law.
"""

from functools import partial

import numpy as np
import pytest
from scipy.stats import norm

from simulate.backend import jax, jnp
from simulate.contenders import largest
from simulate.experiments.regimes import reachable_load
from simulate.grid import seed_keys
from simulate.labels import cues, error_after_sleeps, labelled_facts, tasks_of
from simulate.memories import label_list, second_order, single_store
from simulate.memories.two_stores import cells_per_unit, handed_over, numbers_per_label, one_shot_answers
from theory.ledger import claim

P, N, OUTPUTS = 24, 16, 4


@partial(jax.jit, static_argnames=("width",))
def facts_of(keys, M, T, S, width=N):
    """M facts in T tasks with cues of S entries, per key."""
    return jax.vmap(lambda key: labelled_facts(key, M, T, S, P_max=P, N=width, outputs=OUTPUTS))(keys)


def test_tasks_are_in_order_and_differ_by_one_fact_at_most():
    for M, T in ((10, 3), (24, 5), (7, 7)):
        task = np.asarray(tasks_of(P, M, T))
        sizes = np.bincount(task[:M], minlength=T)
        assert (np.diff(task[:M]) >= 0).all()
        assert sizes.max() - sizes.min() <= 1
        assert (task[M:] == T).all()


@pytest.mark.parametrize("k", [1, 2, 4])
def test_recall_against_a_loop(k):
    codes = np.asarray(cues(jax.random.key(1), P, N, 6))
    assert np.allclose(codes[:, 6:], 0)
    assert np.allclose((codes**2).sum(axis=1), 1)
    y = np.asarray(jax.random.rademacher(jax.random.key(2), (P, OUTPUTS), float))
    task = np.asarray(tasks_of(P, 20, 3))
    words = np.array([[2 * (cell >> bit & 1) - 1 for bit in range(k)] for cell in range(2**k)])
    expected = np.zeros((P, OUTPUTS))
    for t in range(4):
        rows = [i for i in range(P) if task[i] == t]
        for first in range(0, OUTPUTS, k):
            store = np.zeros((N, 2**k))
            for i in rows:
                target = np.array([(word == y[i, first : first + k]).all() for word in words]) - 2.0**-k
                store += np.outer(codes[i], target)
            for i in rows:
                expected[i, first : first + k] = words[np.argmax(codes[i] @ store)]
    np.testing.assert_array_equal(one_shot_answers(jnp.array(codes), jnp.array(y), jnp.array(task), k), expected)


def test_dense_recall_errs_as_one_shot_storage_does():
    inputs, D = 48, 16
    keys = seed_keys(range(150))

    @jax.jit
    def wrong(key):
        y = jax.random.rademacher(jax.random.fold_in(key, 1), (D, 16), float)
        return jnp.mean(one_shot_answers(cues(key, D, inputs, inputs), y, jnp.zeros(D, int), 1) != y)

    found = np.asarray(jax.lax.map(wrong, keys))
    expected = norm.sf(np.sqrt(inputs / (D - 1)))
    assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(len(found)) + 0.1 * expected


def test_sleep_keeps_what_the_slow_store_can_hold_and_loses_what_it_cannot():
    at_capacity = facts_of(seed_keys(range(6)), 16, 4, 16)
    errors = jax.vmap(lambda facts: error_after_sleeps(facts, facts.y, 4, 100))(at_capacity)
    assert float(jnp.max(errors)) == 0  # load 1
    crowded = facts_of(seed_keys(range(6)), 24, 4, 8)
    assert float(jnp.mean(jax.vmap(lambda facts: error_after_sleeps(facts, facts.y, 4, 30))(crowded))) > 0.03  # load 3


def test_wrong_labels_that_are_handed_over_are_kept():
    facts = jax.tree.map(lambda part: part[0], facts_of(seed_keys([3]), 12, 3, 16))
    labels = facts.y.at[5, 2].multiply(-1)
    assert float(error_after_sleeps(facts, labels, 3, 100)) == pytest.approx(1 / (12 * OUTPUTS))
    assert float(error_after_sleeps(facts, handed_over(facts, 16, 1), 12, 100)) >= 0


def test_one_store_holds_little_and_loses_to_many_tasks():
    keys = seed_keys(range(6))
    stability = jnp.array(0.75 * single_store.largest_stability(np.arange(1, P + 1) / N))

    def lost(M, T):
        one = jax.vmap(lambda one: single_store.error_after_sleeps(one, T, 2.25 / T**0.5, stability, 30))
        return float(jnp.mean(one(facts_of(keys, M, T, N))))

    assert lost(2, 2) == 0
    assert lost(22, 2) > 0.05


def test_gardners_stability_is_that_of_the_law():
    kappa = single_store.largest_stability(np.array([0.3, 1.0, 1.7]))
    np.testing.assert_allclose(claim("S3-one").value("capacity", stability=kappa).value, [0.3, 1.0, 1.7], rtol=1e-4)
    assert single_store.largest_stability(np.array([2.5]))[0] == 0


def test_least_squares_answers_as_many_labels_as_weights_and_pays_for_its_matrix():
    errors = jax.vmap(lambda one: second_order.error_after_tasks(one, 4, 1e-8))
    assert float(jnp.max(errors(facts_of(seed_keys(range(5)), 16, 4, N)))) == 0
    # a projection on 16 of 24 directions: the read is y h plus noise of variance h(1 - h), h = 16/24, near enough Gaussian
    share = errors(facts_of(seed_keys(range(60)), 24, 4, N))
    assert float(jnp.mean(share)) == pytest.approx(norm.sf(2**0.5), abs=4 * float(jnp.std(share)) / 60**0.5 + 0.01)
    assert second_order.width(101, 10**9) == 100
    width = second_order.width(96, 1000)
    assert width + width * (width + 1) / 2000 <= 96 < width + 1 + (width + 1) * (width + 2) / 2000


def test_lists_count_whole_numbers():
    assert [int(label_list.numbers(n, 16)) for n in (1, 16, 17)] == [1, 1, 2]
    assert label_list.capacity(96) == 96
    assert label_list.capacity(96, 16) == 1536


def test_bisection_finds_every_seeds_own_threshold_from_any_guess():
    thresholds = np.array([0, 1, 17, 40])
    for guess in (0, 1, 16, 17, 40, 99):
        found = largest(lambda M: jnp.where(np.asarray(M) <= thresholds, 0.0, 1.0), 4, 40, 0.01, guess)
        np.testing.assert_array_equal(found, thresholds)


def test_predictions_come_from_the_laws():
    assert numbers_per_label(1, 0.01) == pytest.approx(norm.isf(0.01) ** 2, rel=1e-6)
    assert 2 * np.log(2) < numbers_per_label(4, 0.01) < numbers_per_label(1, 0.01) < numbers_per_label(2, 0.01)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_numbers_per_label_is_what_a_large_store_needs(k):
    """A store of 800 facts with the inputs that the law asks for has 1% of its labels wrong, within sampling error."""
    D, outputs = 800, 64
    inputs = round(numbers_per_label(k, 0.01) * D / cells_per_unit(k))
    code_key, label_key = jax.random.split(jax.random.key(k))
    codes = cues(code_key, D, inputs, inputs)
    y = jax.random.rademacher(label_key, (D, outputs), float)
    wrong = float(jnp.mean(one_shot_answers(codes, y, jnp.zeros(D, int), k) != y))
    # wrong labels come k/2 at a time (in the mean) and cluster in cells with many facts: twice the binomial error, fourfold
    assert wrong == pytest.approx(0.01, abs=4 * 2 * (0.01 / (D * outputs)) ** 0.5 + 0.0005)
    assert reachable_load(10) < reachable_load(30) < reachable_load(100) < 2
    assert claim("S2").value("corrections", load=reachable_load(30)).value == pytest.approx(30)
