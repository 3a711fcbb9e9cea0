"""What `dissociation` measures on networks, on a linear memory whose depths and write strength are known."""

import numpy as np
import pytest

from simulate.experiments.dissociation import covered, kept_depth, predicted_depth, write_strength

T, D, N, OUTPUTS, ETA = 4, 6, 60, 300, 0.6


def linear_course(seed: int):
    """Answers before and after every task of a delta rule; the facts of a task are orthogonal, so that none disturbs another."""
    rng = np.random.default_rng(seed)
    keys = np.stack([np.linalg.qr(rng.standard_normal((N, D)))[0].T for _ in range(T)])
    labels = rng.integers(0, OUTPUTS, (T, D))
    targets = np.eye(OUTPUTS)[labels] * 5
    weights, before, after = np.zeros((N, OUTPUTS)), [], []
    for t in range(T):
        before.append(keys @ weights)
        weights = weights + ETA * keys[t].T @ (targets[t] - keys[t] @ weights)
        after.append(keys @ weights)
    return np.array(before), np.array(after), labels


def test_the_strength_of_writes_is_that_of_the_delta_rule():
    before, after, labels = linear_course(0)
    assert write_strength(before, after, labels) == pytest.approx(ETA, abs=1e-9)


def test_answers_shifted_alike_change_nothing():
    before, after, labels = linear_course(1)
    shift = np.random.default_rng(2).standard_normal((T, T, D, 1))
    assert kept_depth(before + shift, after + 3 * shift) == pytest.approx(kept_depth(before, after))
    assert write_strength(before + shift, after + 3 * shift, labels) == pytest.approx(write_strength(before, after, labels))


def test_depth_falls_by_what_later_tasks_write_over():
    kept = np.mean([kept_depth(*linear_course(seed)[:2]) for seed in range(200)], axis=0)
    assert kept == pytest.approx((1 - ETA * D / N) ** np.arange(T - 1, -1, -1), abs=0.01)


def gram(mode: float) -> np.ndarray:
    """Cosines of 2000 random vectors of N dimensions with a mode beside that all of them share."""
    keys = np.random.default_rng(0).standard_normal((2000, N)) / N**0.5
    keys = np.hstack([keys, np.full((2000, 1), mode)])
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    return keys @ keys.T


def test_c2_of_isotropic_gradients():
    law = (1 - ETA * D / N) ** np.arange(T - 1, -1, -1)
    assert predicted_depth(gram(0.0), ETA, T, D) == pytest.approx(law, abs=2e-3)


def test_a_common_mode_counts_as_one_direction_whatever_it_adds_to_the_overlap():
    pairs = np.triu_indices(2000, 1)
    assert np.mean(gram(2.0)[pairs] ** 2) > 30 * np.mean(gram(0.0)[pairs] ** 2)
    later = np.arange(T - 1, -1, -1)
    law = ((1 - ETA) ** later + (D - 1) * (1 - ETA * (D - 1) / N) ** later) / D
    assert predicted_depth(gram(2.0), ETA, T, D) == pytest.approx(law, abs=0.01)


def test_spans_of_random_vectors_cover_what_is_said():
    rng = np.random.default_rng(0)
    spectrum = np.array([0.3, *[0.5 / 30] * 30, *[0.2 / 69] * 69])
    found = np.zeros(100)
    for _ in range(200):
        basis = np.linalg.qr(rng.standard_normal((100, 20)) * spectrum[:, None] ** 0.5)[0]
        found += np.sum(basis**2, axis=1) / 200
    share = covered(spectrum, 20)
    assert share.sum() == pytest.approx(20)
    for part in (slice(0, 1), slice(1, 31), slice(31, 100)):
        assert share[part].mean() == pytest.approx(found[part].mean(), rel=0.03)
