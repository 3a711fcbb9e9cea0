"""Replay: depths against the ledger, against the derivation of a reservoir, and against plain loops."""

import numpy as np
import pytest

from simulate.learners import replay
from simulate.system.freedom import exact_depths
from simulate.system.learner import Setting
from tests.simulate.learners.streams import D, N, T, depths, depths_of_seeds, keys_of, learner
from tests.standard_errors import within_standard_errors
from theory.ledger import claim


def test_replay_is_the_affine_projection_of_the_theory():
    from theory.methods.replay import responses

    keys = keys_of(0)
    found = depths("replay", keys, B=4).ravel()
    np.testing.assert_allclose(found, np.diag(responses(np.asarray(keys).reshape(-1, N), 4)), atol=1e-8)


def test_replay_follows_its_law_with_age():
    B = 4
    law = claim("replay").value("retained_depth", N=N, B=B, age=np.arange(T * D)[::-1]).value
    assert within_standard_errors(depths_of_seeds("replay", B=B), law)


def test_no_buffer_is_the_delta_rule_at_full_strength():
    keys = keys_of(1)
    plain = learner("plain")
    full = Setting(N, T * D, D, T, (), {"eta": 1.0})
    np.testing.assert_allclose(depths("replay", keys, B=0), exact_depths(plain, full, keys, T), atol=1e-10)
    np.testing.assert_allclose(depths("replay_buffer_read", keys, B=0), exact_depths(plain, full, keys, T), atol=1e-10)


def test_a_buffer_that_is_read_delays_the_store():
    B = 5
    law = claim("finetuning").value("retained_depth", N=N, eta=1.0, age=np.maximum(0, np.arange(T * D)[::-1] - B)).value
    assert within_standard_errors(depths_of_seeds("replay_buffer_read", B=B), law)


def test_a_reservoir_as_derived_and_against_a_loop():
    B, M = 4, T * D
    assert within_standard_errors(depths_of_seeds("replay_reservoir", B=B, seeds=300), replay.reservoir_depth(N, B, M))
    assert replay.reservoir_depth(N, B, B) == pytest.approx(np.ones(B))
    share = claim("replay").value("reservoir_share", B=B, M=M).value
    assert replay.reservoir_depth(N, B, M).min() > share
    rng, runs = np.random.default_rng(0), 40_000  # the derivation's own loop: where each fact of a reservoir ends
    whole = np.zeros(M)
    for _ in range(runs // 100):
        held, kept = np.full((100, B), -1), np.ones((100, M))
        for j in range(M):
            outside = np.ones((100, M), bool)
            for run in range(100):
                outside[run, held[run][held[run] >= 0]] = False
            kept[:, :j] *= np.where(outside[:, :j], 1 - 1 / (N - B), 1.0)
            place = np.full(100, j) if j < B else rng.integers(0, j + 1, 100)
            held[place < B, place[place < B]] = j
        whole += kept.mean(axis=0)
    np.testing.assert_allclose(whole / (runs // 100), replay.reservoir_depth(N, B, M), atol=0.02)


def test_a_buffer_leaves_no_room_for_structure():
    assert replay.shared_error(32, 0, 0.7) == pytest.approx(0.7)
    rng, size, B = np.random.default_rng(0), 24, 6
    teacher, w, held, errors = rng.normal(size=size), rng.normal(size=size), [], []
    for t in range(30_000):
        x = rng.normal(size=size)
        x /= np.linalg.norm(x)
        facts = [*held[-B:], (x, teacher @ x + rng.normal())]
        K, y = np.array([u for u, _ in facts]), np.array([v for _, v in facts])
        w = w + np.linalg.pinv(K) @ (y - K @ w)
        held = facts
        if t > 500:
            errors.append(np.sum((w - teacher) ** 2) / size)
    blocks = np.array(errors[: len(errors) // 30 * 30]).reshape(30, -1).mean(axis=1)
    assert abs(blocks.mean() - replay.shared_error(size, B, 1.0)) < 5 * blocks.std() / np.sqrt(30)
