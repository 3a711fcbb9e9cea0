"""The memory of gradients against weights that are really written, and against the linear store where both say the same."""

import numpy as np
import pytest
import torch

from realmodels.writing import linear_store
from realmodels.writing.gradient_memory import GradientMemory, mean_keys
from realmodels.writing.stores import Rule
from theory.errors import UserError

D, TASKS, BESIDE, OUTS = 2, 3, 4, 4
COUNT = D * TASKS + BESIDE


def jacobians(size: int = 40, seed: int = 0, common: float = 0.3) -> torch.Tensor:
    """Gradients [F, O, P] that all facts partly share."""
    draw = torch.Generator().manual_seed(seed)
    own = torch.randn(COUNT, OUTS, size, generator=draw, dtype=torch.float64)
    return own + common * torch.randn(OUTS, size, generator=draw, dtype=torch.float64)


def kernel_of(J: torch.Tensor) -> torch.Tensor:
    return torch.einsum("iap,jbp->iajb", J, J)


def outputs_after(J: np.ndarray, targets: np.ndarray, time: float, steps: int = 4000) -> np.ndarray:
    """Outputs [F, O] of a linear model with gradients J after its tasks: weights moved by small steps down the squared error."""
    w = np.zeros(J.shape[2])
    for task in range(TASKS):
        rows = J[task * D : (task + 1) * D].reshape(D * OUTS, -1)
        for _ in range(steps):
            w += time / steps * rows.T @ (targets[task * D : (task + 1) * D].ravel() - rows @ w)
    return np.einsum("iap,p->ia", J, w)


def test_depth_is_what_exchanging_an_answer_moves_in_weights_really_written():
    """Euler steps of 1/4000 of the time: they miss the flow by about (rate of the fastest mode)² × time²/8000."""
    J = jacobians()
    J = J - J.mean(1, keepdim=True)  # what is common to all outputs changes no probability
    memory = GradientMemory(kernel_of(jacobians()), D, TASKS)
    dose = 1.5
    time, answers = dose / memory.unit, OUTS - 1
    found = memory.written(dose, [TASKS]).at[TASKS]
    depth = []
    start = np.zeros((COUNT, OUTS))
    before = outputs_after(J.numpy(), start, time)
    for fact in range(D * TASKS):
        moved = np.zeros((answers, OUTS))
        for answer in range(answers):
            targets = start.copy()
            targets[fact, answer] = 1.0
            targets[fact, :answers] -= 1 / answers
            after = outputs_after(J.numpy(), targets, time) - before
            moved[answer] = after[fact] - after[D * TASKS :].mean(0)
        own = moved[:, :answers]
        depth.append((np.trace(own) - own.sum() / answers) / (answers - 1))
    assert found == pytest.approx(np.reshape(depth, (TASKS, D)).mean(1), abs=2e-3)


@pytest.mark.parametrize("dose", [0.3, 5.0])
def test_with_the_same_keys_for_all_outputs_it_is_the_linear_store(dose):
    """theta_ij = (k_i . k_j) times the projector off the sum: every output is a store of its own."""
    draw = torch.Generator().manual_seed(3)
    keys = torch.randn(COUNT, 7, generator=draw, dtype=torch.float64) + 0.5
    free = torch.eye(OUTS, dtype=torch.float64) - 1 / OUTS
    theta = torch.einsum("ij,ab->iajb", keys @ keys.T, free)
    memory = GradientMemory(theta, D, TASKS)
    assert memory.unit == pytest.approx(float(keys.square().sum(1)[: D * TASKS].mean()), rel=0.5)
    unit = float(keys[: D * TASKS].square().sum(1).mean())
    found = memory.written(dose * memory.unit / unit, [1, TASKS])
    store = linear_store.written(keys[: D * TASKS], keys[D * TASKS :], D, Rule(), dose, 1, [1, TASKS])
    assert found.fresh == pytest.approx(store.fresh, abs=1e-10)
    for T in (1, TASKS):
        assert found.at[T] == pytest.approx(store.at[T], abs=1e-10)


def test_a_dose_that_reaches_a_depth_is_found_and_one_that_does_not_exist_is_said():
    memory = GradientMemory(kernel_of(jacobians()), D, TASKS)
    assert memory.alone(memory.dose_of(0.4, TASKS), TASKS) == pytest.approx(0.4, abs=1e-3)
    with pytest.raises(UserError, match="no write reaches a depth"):
        memory.dose_of(1.5, TASKS)


def test_prompts_beside_the_written_ones_are_asked_for():
    with pytest.raises(ValueError, match="too few"):
        GradientMemory(kernel_of(jacobians())[: D * TASKS, :, : D * TASKS], D, TASKS)


def test_mean_keys_have_the_mean_response_as_inner_products():
    """Against the definition: the mean over outputs of the gradients' products, what they have in common taken out."""
    J = jacobians()
    J = J - J.mean(1, keepdim=True)
    keys = mean_keys(kernel_of(jacobians()))
    assert (keys @ keys.T).numpy() == pytest.approx(torch.einsum("iap,jap->ij", J, J).numpy() / (OUTS - 1), rel=1e-6, abs=1e-4)
