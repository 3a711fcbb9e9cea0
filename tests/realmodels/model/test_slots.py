"""Reads of slots and their statistics against second implementations, known limits and each mistake's opposite."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from realmodels.model.slot_statistics import (
    concentration,
    context_information,
    effective_labels,
    entropy,
    information,
    profile,
    rank_chance,
    rank_correlation,
    shuffled,
)
from realmodels.model.slots import Reads, overlap, partners, read
from theory.errors import UserError

TABLE, EACH = 20, 4


def drawn(tokens: int, seed: int = 0) -> Reads:
    """Random reads [tokens, EACH]; two reads of a token may be of one slot."""
    rng = np.random.default_rng(seed)
    return Reads(rng.integers(0, TABLE, (tokens, EACH)), rng.dirichlet(np.ones(EACH), tokens), TABLE)


def determined(labels: np.ndarray, seed: int = 0) -> Reads:
    """Reads that are a function of the label."""
    of_label = drawn(int(labels.max()) + 1, seed)
    return of_label[labels]


def joint(reads: Reads, labels: np.ndarray) -> np.ndarray:
    """Weight of every pair of slot and label, by a loop; sums to 1."""
    table = np.zeros((reads.table, labels.max() + 1))
    for slots, weights, label in zip(reads.slots, reads.weights, labels, strict=True):
        for slot, weight in zip(slots, weights, strict=True):
            table[slot, label] += weight / len(labels)
    return table


def mutual(table: np.ndarray) -> float:
    """Mutual information in bits as a divergence from independence."""
    product = table.sum(1, keepdims=True) * table.sum(0, keepdims=True)
    return float((table[table > 0] * np.log2((table / np.where(product > 0, product, 1))[table > 0])).sum())


def test_the_reads_of_a_model_are_those_that_its_layer_reports(random_model):
    model = random_model("memory")
    tokens = torch.randint(0, model.config.vocabulary, (3, 12))
    reads, surprise = read(model, tokens)
    record: dict = {}
    with torch.no_grad():
        logits = model(tokens, record)
    assert np.array_equal(reads.slots, record["slots"][0].flatten(2).numpy())
    assert np.allclose(reads.weights.sum(-1), 1, atol=1e-6)
    losses = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    assert np.allclose(surprise.ravel() * math.log(2), losses.numpy(), atol=1e-4)
    with pytest.raises(UserError, match="choose another"):
        read(random_model("dense"), tokens)


def test_counts_shares_and_means_are_those_of_a_loop():
    reads = drawn(50)
    table = joint(reads, np.zeros(50, dtype=int))[:, 0]
    assert np.allclose(reads.shares, table)
    assert reads.counts.sum() == 50 * EACH
    assert np.allclose(reads.counts, [(reads.slots == slot).sum() for slot in range(TABLE)])
    values = np.arange(TABLE) ** 2.0
    assert np.allclose(reads.mean(values).mean(), table @ values)


def test_overlap_is_one_less_the_total_variation():
    one, other = drawn(30, 1), drawn(30, 2)
    expected = [
        1 - sum(abs(x - y) for x, y in zip(a, b, strict=True)) / 2
        for a, b in zip(one.spread().astype(float), other.spread().astype(float), strict=True)
    ]
    assert np.allclose(overlap(one, other), expected, atol=1e-6)
    assert np.allclose(overlap(one, one), 1, atol=1e-6)
    apart = Reads(other.slots + TABLE, other.weights, 2 * TABLE)
    assert np.allclose(overlap(Reads(one.slots, one.weights, 2 * TABLE), apart), 0)


def test_partners_share_a_label_and_all_are_found_where_there_are_few():
    labels = np.array([0, 1, 1, 1, 2, 2, 3])
    pairs = partners(labels, 10, np.random.default_rng(0))
    assert {frozenset(pair) for pair in pairs.tolist()} == {
        frozenset(pair) for pair in combinations(range(7), 2) if labels[pair[0]] == labels[pair[1]]
    }
    assert len(pairs) == len({tuple(pair) for pair in pairs.tolist()}) == 2 * 4
    many = partners(np.repeat([5, 6], 100), 3, np.random.default_rng(0))
    assert np.array_equal(np.bincount(many[:, 0]), np.full(200, 3))
    assert (many[:, 0] // 100 == many[:, 1] // 100).all()


def test_concentration_in_its_limits():
    even, one = concentration(np.ones(200)), concentration(np.eye(200)[3])
    assert even == pytest.approx((0.01, 200, 0, 0))
    assert one == pytest.approx((1, 1, 199 / 200, 199 / 200))
    some = np.random.default_rng(0).exponential(size=200)
    gini = np.abs(some[:, None] - some[None, :]).sum() / (2 * 200 * some.sum())
    assert concentration(some).gini == pytest.approx(gini)
    assert concentration(7 * some) == pytest.approx(concentration(some))


def test_information_is_the_divergence_from_independence():
    reads, labels = drawn(400), np.random.default_rng(1).integers(0, 5, 400)
    assert information(reads, labels, np.random.default_rng(0)).counted == pytest.approx(mutual(joint(reads, labels)))
    given = np.random.default_rng(2).integers(0, 3, 400)
    parts = [(given == g).mean() * mutual(joint(reads[given == g], labels[given == g])) for g in range(3)]
    assert information(reads, labels, np.random.default_rng(0), given).counted == pytest.approx(sum(parts))


def test_a_token_that_fixes_its_reads_tells_all_that_the_context_does():
    """Then what is counted is exact, and what is corrected lies below."""
    labels = np.random.default_rng(0).integers(0, 40, 4000)
    reads = determined(labels)
    whole, context = context_information(reads)
    found = information(reads, labels, np.random.default_rng(0))
    assert found.counted == pytest.approx(context)
    assert found.corrected < context
    assert whole == pytest.approx(entropy(reads.shares))
    other = np.random.default_rng(1).integers(0, 40, 4000)
    assert information(reads, other, np.random.default_rng(2), labels).counted == pytest.approx(0, abs=1e-9)


def test_labels_that_say_nothing_have_no_information_once_chance_is_subtracted():
    reads, labels = drawn(3000), np.random.default_rng(5).integers(0, 60, 3000)
    found = information(reads, labels, np.random.default_rng(0))
    assert found.counted > 0.05
    assert abs(found.corrected) < 0.01


def test_a_layer_that_reads_alike_everywhere_knows_no_context():
    reads = drawn(1)[np.zeros(100, dtype=int)]
    assert context_information(reads)[1] == pytest.approx(0, abs=1e-9)


def test_shuffling_keeps_each_group_its_values():
    rng = np.random.default_rng(0)
    values, given = rng.permutation(500), rng.integers(0, 7, 500)
    found = shuffled(values, given, rng)
    assert all(sorted(found[given == g]) == sorted(values[given == g]) for g in range(7))
    assert (found != values).mean() > 0.9


def test_rank_correlation_is_spearmans_and_within_groups_what_a_common_cause_leaves():
    rng = np.random.default_rng(0)
    cause = rng.integers(0, 30, 3000)
    x, y = cause + 0.5 * rng.standard_normal(3000), cause + 0.5 * rng.standard_normal(3000)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert rank_correlation(x, y) > 0.9
    assert abs(rank_correlation(x, y, cause)) < 0.06
    assert rank_correlation(x, -np.exp(x)) == pytest.approx(-1)
    assert rank_correlation(x, np.ones(3000)) == 0
    assert rank_correlation(x, cause.astype(float), cause) == 0


def test_the_chance_of_a_correlation_is_its_spread_under_shuffling():
    """The largest of 99 standard normal numbers has size 2.6 in the mean, and hardly ever less than 1.8 or more than 4.2."""
    rng = np.random.default_rng(0)
    x, y, given = rng.standard_normal(2000), rng.standard_normal(2000), rng.integers(0, 20, 2000)
    for groups in (None, given):
        assert 1.8 < rank_chance(x, y, 99, rng, groups) * math.sqrt(2000) < 4.2


def test_a_profile_averages_tenths():
    x = np.random.default_rng(0).permutation(1000).astype(float)
    assert np.allclose(profile(x, 2 * x), 2 * (np.arange(10) * 100 + 49.5))
    given = np.arange(1000) % 2
    relative = profile(x, x + 1000 * given, given)
    assert relative.mean() == pytest.approx(0, abs=1e-9)
    assert np.ptp(relative) == pytest.approx(900, rel=0.05)


def test_the_tokens_of_the_busiest_slot():
    labels = np.repeat(np.arange(8), 10)
    slots = np.stack([np.zeros(80, dtype=int), 1 + labels], 1)
    reads = Reads(slots, np.tile([0.9, 0.1], (80, 1)), 100)
    assert effective_labels(reads, labels) == pytest.approx(8)
    turned = Reads(slots, np.tile([0.01, 0.99], (80, 1)), 100)
    assert effective_labels(turned, labels) == pytest.approx(1)
