"""Low-rank adapters: their law, plain loops, and the best product of a rank."""

import numpy as np
import pytest

from simulate.backend import jax
from simulate.system.freedom import exact_depths, jacobian_depths
from simulate.system.learner import Setting, answers, written
from tests.simulate.learners.streams import D, N, T, depths, depths_of_seeds, keys_of, learner, setting
from tests.standard_errors import within_standard_errors
from theory.ledger import claim


def test_merged_adapters_follow_their_law():
    tasks, r = 6, 3
    law = claim("lora").value("retained_depth", N=N, rank=r, T=np.repeat(np.arange(tasks, 0, -1), r)).value
    assert within_standard_errors(depths_of_seeds("lora", T=tasks, rank=r), law)


def test_adapters_against_a_loop():
    keys, r = keys_of(4, D=5), 2
    flat = np.asarray(keys).reshape(-1, N)
    weights = np.zeros((N, len(flat)))
    for task in range(T):
        for first in range(0, 5, r):
            rows = np.arange(task * 5 + first, task * 5 + min(first + r, 5))
            weights += np.linalg.pinv(flat[rows]) @ (np.eye(len(flat))[rows] - flat[rows] @ weights)
    np.testing.assert_allclose(depths("lora", keys, rank=r).ravel(), np.diag(flat @ weights), atol=1e-8)


def test_rank_one_is_the_delta_rule_at_full_strength():
    keys = keys_of(5)
    full = Setting(N, T * D, D, T, (), {"eta": 1.0})
    np.testing.assert_allclose(depths("lora", keys, rank=1), exact_depths(learner("plain"), full, keys, T), atol=1e-10)


def test_a_joint_adapter_is_the_best_product_of_its_rank():
    D, outputs, r = 5, 4, 2
    keys, targets = keys_of(6, T=1, D=D), jax.random.normal(jax.random.key(9), (1, D, outputs))
    at = setting("lora_joint", outputs=outputs, D=D, T=1, rank=r)
    found = np.asarray(answers(learner("lora_joint"), at, written(learner("lora_joint"), at, keys, targets, 1), keys))[0]
    left, values, right = np.linalg.svd(np.asarray(targets[0]))
    np.testing.assert_allclose(found, left[:, :r] * values[:r] @ right[:r], atol=1e-9)
    # Candes, Sing-Long and Trzasko 2013: divergence of a truncated singular value decomposition
    square = values**2
    gaps = sum(square[j] / (square[i] - square[j]) for i in range(r) for j in range(r, outputs))
    depth = np.asarray(jacobian_depths(learner("lora_joint"), at, keys, targets, 1))
    assert depth.sum() * outputs == pytest.approx(r * (D + outputs - r) + 2 * gaps, rel=1e-6)


def test_a_joint_adapter_of_full_rank_is_finetuning():
    keys, targets = keys_of(7), jax.random.normal(jax.random.key(9), (T, D, 2))
    joint = setting("lora_joint", outputs=2, rank=2)
    exact = setting("lora", outputs=2, rank=D)
    one, other = (
        answers(learner(name), at, written(learner(name), at, keys, targets, T), keys)
        for name, at in (("lora_joint", joint), ("lora", exact))
    )
    np.testing.assert_allclose(one, other, atol=1e-8)
