"""The store with a cross-entropy: against autograd, by hand, and in the limits of what can be kept."""

import numpy as np
import pytest
import torch

from realmodels.writing.softmax_store import Prompts, alone, rate_of, written
from realmodels.writing.stores import Rule
from theory.errors import UserError

C = 6


def prompts_of(count: int, size: int, seed: int = 0, common: float = 0.3) -> Prompts:
    """Random keys, outputs and targets: C answers, and one output for all else."""
    draw = torch.Generator().manual_seed(seed)
    keys = torch.randn(count, size, generator=draw, dtype=torch.float64) + common
    z = 0.5 * torch.randn(count, C + 1, generator=draw, dtype=torch.float64)
    return Prompts(keys, z, torch.randint(0, C, (count,), generator=draw))


def test_a_step_is_that_of_autograd_on_one_matrix():
    """Three tasks by torch's own gradient of its own cross-entropy; depth as probabilities of the answers say it."""
    prompts, D, steps, rate = prompts_of(20, 7), 4, 3, 2.0
    found = written(prompts, D, Rule(), rate, steps, [3])
    unit = prompts.keys.square().sum(1).mean()
    weights = torch.zeros(C + 1, 7, dtype=torch.float64, requires_grad=True)
    for task in range(3):
        rows = slice(task * D, (task + 1) * D)
        for _ in range(steps):
            loss = torch.nn.functional.cross_entropy(prompts.z[rows] + prompts.keys[rows] @ weights.T, prompts.target[rows])
            (g,) = torch.autograd.grad(loss, weights)
            weights = (weights - rate / unit * g).detach().requires_grad_()
    shares = (prompts.z + prompts.keys @ weights.T)[:, :C].softmax(1).detach().numpy()
    own = prompts.target.numpy()
    depth = [(shares[i, own[i]] - shares[12:, own[i]].mean()) * C / (C - 1) for i in range(12)]
    assert np.allclose(found.at[3], np.reshape(depth, (3, D)).mean(1))


def test_importance_is_that_of_the_squared_gradient():
    """The pull after the first task, taken from a store in which the second is pulled back: by hand, with all outputs apart."""
    prompts, rate = prompts_of(9, 4, seed=1), 1.0
    pull = torch.tensor([0.2, 0.4, 0.1, 0.3], dtype=torch.float64)
    found = written(prompts, 1, Rule(pull=pull, left=0.5), rate, 1, [2])
    unit = float(prompts.keys.square().sum(1).mean())
    k, z, y = prompts.keys.numpy(), prompts.z.numpy(), prompts.target.numpy()
    softmax = lambda v: np.exp(v) / np.exp(v).sum(-1, keepdims=True)  # noqa: E731
    first = np.outer(np.eye(C + 1)[y[0]] - softmax(z[0]), k[0]) * rate / unit
    left = np.square(np.eye(C + 1)[y[0]] - softmax(z[0] + first @ k[0])).sum()
    second = np.outer(np.eye(C + 1)[y[1]] - softmax(z[1] + first @ k[1]), k[1]) * rate / unit
    weights = first + second / (1 + pull.numpy() * left / 0.5)
    chance = softmax((z + k @ weights.T)[2:, :C]).mean(0)
    shares = softmax((z + k @ weights.T)[:2, :C])
    depth = [(shares[i, y[i]] - chance[y[i]]) * C / (C - 1) for i in (0, 1)]
    assert np.allclose(found.at[2], depth)


def test_off_earlier_keys_nothing_is_forgotten_and_nothing_new_is_learned():
    prompts = prompts_of(60, 24, seed=2, common=0.0)
    found = written(prompts, 4, Rule(threshold=1.0), 30.0, 20, [6, 14])
    assert found.at[14][:5].mean() == pytest.approx(found.at[6][:5].mean(), abs=0.05)  # what is said elsewhere moves a little
    assert abs(found.fresh[7:]).mean() < 0.1 < found.fresh[:5].mean()


@pytest.mark.parametrize("depth", [0.2, 0.7])
def test_the_rate_is_the_one_that_writes_to_the_depth(depth):
    prompts = prompts_of(60, 24, seed=3)
    assert alone(prompts, 4, rate_of(prompts, 4, depth, 20, 6), 20, 6)[0] == pytest.approx(depth, abs=2e-3)


def test_a_depth_out_of_reach_and_too_few_prompts_are_told():
    prompts = prompts_of(16, 4)
    with pytest.raises(UserError, match="no write reaches"):
        rate_of(prompts, 4, 1.5, 5, 2)
    with pytest.raises(UserError, match="too few"):
        written(prompts, 4, Rule(), 1.0, 5, [4])
