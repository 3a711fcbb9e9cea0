"""The linear store against a second implementation with targets, and against the laws of the methods in their own limits."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm, null_space, orth

from realmodels.writing.linear_store import alone, dose_of, written
from realmodels.writing.methods.replay import reservoir
from realmodels.writing.retained import Matrix
from realmodels.writing.stores import Rule
from theory.methods import gpm


def keys_of(count: int, size: int, seed: int = 0, common: float = 0.0) -> torch.Tensor:
    """Random keys that share a direction, all of length 1."""
    keys = torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + common
    return torch.nn.functional.normalize(keys, dim=1)


def readouts(keys: np.ndarray, targets: np.ndarray, D: int, rule: Rule, dose: float, steps: int, left: np.ndarray) -> np.ndarray:
    """Readouts of all facts after all tasks: a vector of weights that is really written, by the flow's matrix exponential.

    left: squared error that every task leaves, for the pull.
    """
    w, seen, pull = np.zeros(keys.shape[1]), np.zeros((0, keys.shape[1])), 0.0
    for task in range(len(targets) // D):
        mine, anchor, draw = list(range(task * D, (task + 1) * D)), w.copy(), np.random.default_rng([1, task])
        old = sorted(reservoir(task * D, rule.buffer))
        free = np.eye(keys.shape[1])
        if rule.threshold and len(seen):
            rest = null_space(seen)
            free = rest @ rest.T
        for _ in range(steps):
            batch = mine + [old[i] for i in draw.permutation(len(old))[: rule.n]]
            k, share = keys[batch], dose / steps * D / len(batch)
            # the flow dw/dt = free K^T (y - K w), from 0 to `share`, by one exponential of an affine map
            size = len(w)
            flow = np.zeros((size + 1, size + 1))
            flow[:size, :size], flow[:size, size] = -free @ k.T @ k, free @ k.T @ targets[batch]
            moved = (expm(share * flow) @ np.append(w, 1))[:size] - w
            if rule.pull is not None:
                moved = (moved - pull * (w - anchor)) / (1 + pull)
            w = w + moved
        if rule.pull is not None:
            pull = pull + rule.pull.numpy() * left[task]
        seen = orth(np.vstack([seen, keys[mine]]).T).T
    return keys @ w


@pytest.mark.parametrize(
    "rule",
    [Rule(), Rule(threshold=1.0), Rule(n=2, buffer=5), Rule(pull=torch.linspace(0.1, 3, 12, dtype=torch.float64), left=0.5)],
    ids=["plain", "gpm", "replay", "ewc"],
)
def test_depth_is_how_readouts_follow_their_targets(rule):
    """Two routes: w_j is carried along, or targets are moved and the weights are written again.

    What a task leaves, on which the pull depends, is known by then: it is found task after task.
    """
    keys, beside, D, dose, steps = keys_of(18, 12, common=0.5), keys_of(4, 12, seed=9, common=0.5), 3, 2.0, 4
    found = written(keys, beside, D, rule, dose, steps, [6])
    left = np.zeros(6)
    for task in range(6):
        facts = (task + 1) * D
        k = np.vstack([keys.numpy()[:facts], beside.numpy()])
        base = readouts(k, np.zeros(facts), D, rule, dose, steps, left)
        follows = np.array([readouts(k, one, D, rule, dose, steps, left) - base for one in np.eye(facts)])  # [targets, readouts]
        mine = slice(task * D, facts)
        left[task] = np.square(np.eye(facts) - follows[:, :facts])[:, mine].sum(0).mean() / rule.left
        depth = np.diag(follows[:, :facts]) - follows[:, facts:].mean(1)
        assert found.fresh[task] == pytest.approx(depth[mine].mean(), abs=1e-8)
    assert np.allclose(found.at[6], depth.reshape(-1, D).mean(1), atol=1e-8)


NOWHERE = torch.zeros(1, 1)  # prompts at which nothing is read


def test_written_whole_it_is_the_law_of_gpm():
    keys = keys_of(40, 24)
    found = written(keys, NOWHERE, 1, Rule(threshold=1.0), 1e5, 1, [20, 40])
    assert np.allclose(found.at[40], np.diag(gpm.responses(keys.numpy())), atol=1e-6)
    assert found.at[20].sum() == pytest.approx(20)
    assert np.allclose(found.fresh[24:], 0, atol=1e-6)


def test_written_whole_and_plainly_the_oldest_decays_as_claim_c2_says():
    """Isotropic keys: (1 - 1/N)^age, here as a mean over many streams; its error is that of the mean."""
    kept = np.array([written(keys_of(30, 16, seed), NOWHERE, 1, Rule(), 1e5, 1, [30]).at[30][0] for seed in range(300)])
    assert kept.mean() == pytest.approx((1 - 1 / 16) ** 29, abs=4 * kept.std() / len(kept) ** 0.5)


def test_without_other_prompts_it_is_the_spectral_law():
    """Claim C2 in the mean over orders of the tasks: `retained.Matrix`, another implementation of the same write."""
    keys = keys_of(400, 20, common=0.3)
    matrix = Matrix(keys, 4)
    dose = matrix.dose(0.6)
    kept = []
    for seed in range(40):
        order = torch.randperm(100, generator=torch.Generator().manual_seed(seed))
        kept.append(written(keys.view(100, 4, 20)[order].flatten(0, 1), NOWHERE, 4, Rule(), dose, 3, [12]).at[12])
    error = np.std(kept, axis=0) / len(kept) ** 0.5
    assert (abs(np.mean(kept, axis=0) - [matrix.depth(dose, age) for age in range(11, -1, -1)]) < 4 * error + 0.01).all()


def test_rehearsal_of_everything_holds_everything():
    """Interleaving solves the least-squares problem of all facts: depth 1 while they are fewer than the directions."""
    found = written(keys_of(20, 32), NOWHERE, 2, Rule(n=18, buffer=20), 4000.0, 40, [10]).at[10]
    assert np.allclose(found, 1, atol=1e-3)


def test_an_endless_pull_lets_nothing_be_written_after_the_first_task():
    pull = torch.full((8,), 1e12, dtype=torch.float64)
    found = written(keys_of(12, 8), NOWHERE, 2, Rule(pull=pull), 1.0, 5, [6])
    assert found.fresh[0] > 0.3
    assert np.allclose(found.fresh[1:], 0, atol=1e-9)
    assert found.at[6][0] == pytest.approx(found.fresh[0])


@pytest.mark.parametrize("depth", [0.2, 0.6])
def test_the_dose_is_the_one_that_writes_to_the_depth(depth):
    keys, beside = keys_of(32, 20, common=0.3), keys_of(50, 20, seed=1, common=0.3)
    dose = dose_of(keys, beside, 4, depth, 8)
    assert alone(keys, beside, 4, dose, 8)[0] == pytest.approx(depth, abs=2e-3)
    first = written(keys[:4], beside, 4, Rule(), dose * 1.0, 1, [1])
    whole = alone(keys[:4], beside, 4, dose, 1)
    assert first.fresh[0] == pytest.approx(whole[0], abs=1e-9)
