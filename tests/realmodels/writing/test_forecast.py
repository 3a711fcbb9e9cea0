"""Forecasts where the truth is known: exactly linear models, small steps, orthogonal tasks, and claim C2 itself."""

import numpy as np
import pytest
import torch

from realmodels.writing.forecast import Setup, depth_by_age, forecasts, isolated, simulate
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import Facts, facts_from_ids, outputs, scores
from realmodels.writing.stream import write_stream
from theory.retention import retained_depth


def linear_facts(tasks: int, per_task: int, outs: int = 5) -> Facts:
    """Facts without prompts, for models that are not Transformers."""
    rng = np.random.default_rng(1)
    count = tasks * per_task
    targets = rng.integers(0, outs - 1, count).tolist()
    return facts_from_ids([[0]] * count, targets, [i // per_task for i in range(count)], list(range(outs - 1)))


def test_kernel_simulation_is_exact_for_a_linear_model():
    facts, rng = linear_facts(3, 2), torch.Generator().manual_seed(0)
    features = torch.randn(6, 5, 11, generator=rng, dtype=torch.float64)
    start = torch.randn(6, 5, generator=rng, dtype=torch.float64)
    theta = torch.einsum("iop,jqp->iojq", features, features)
    predicted = simulate(Setup(theta, start, facts, learning_rate=0.3, steps=4))
    w = torch.zeros(11, dtype=torch.float64, requires_grad=True)
    for task in range(3):  # large steps: what is checked is the algebra, not a limit
        mine = facts.task == task
        for _ in range(4):
            loss = torch.nn.functional.cross_entropy((start + features @ w)[mine], facts.target[mine])
            (g,) = torch.autograd.grad(loss, w)
            w = (w - 0.3 * g).detach().requires_grad_()
        assert torch.allclose(predicted[task + 1], start + (features @ w).detach(), atol=1e-12)


@pytest.mark.parametrize(
    ("architecture", "method", "learning_rates"),
    [
        ("dense", "full", (3e-6, 1e-5, 3e-5)),
        ("dense", "last_matrix", (3e-5, 1e-4, 3e-4)),
        ("dense", "off_mode", (3e-3, 1e-2, 3e-2)),
        ("memory", "sparse_memory", (3e-3, 1e-2, 3e-2)),
        ("dsa", "full", (3e-6, 1e-5, 3e-5)),
    ],
)
def test_kernel_simulation_becomes_true_training_at_small_steps(random_model, random_facts, architecture, method, learning_rates):
    facts, background = random_facts(3, 3), random_facts(8, 4, seed=7)
    errors, moves = [], []
    for learning_rate in learning_rates:
        model = random_model(architecture)
        writer = bind(method, model, background)
        setup = Setup(logit_kernel(model, writer, facts).response, outputs(model, facts).detach(), facts, learning_rate, 5)
        predicted = simulate(setup)[-1]
        write_stream(writer, facts, facts, learning_rate, 5, lambda model: 0.0)
        errors.append((outputs(model, facts).detach() - predicted).norm().item())
        moves.append((predicted - setup.z).norm().item())
    order = np.polyfit(np.log(learning_rates), np.log(errors), 1)[0]
    assert 1.7 < order < 2.4  # first order in the learning_rate is right: what is left over is of second order
    assert errors[0] < 0.05 * moves[0]


def test_spectral_law_is_claim_c2_for_isotropic_facts():
    # every one of n orthonormal directions occurs k times; one fact a task, order exchangeable. Left out of its own forgetting,
    # a fact meets k - 1 copies of its direction among n k - 1 others, and is contracted by 1 - eta at each: by hand,
    n, k, eta = 4, 40, 0.7
    gram = np.kron(np.eye(n), np.ones((k, k)))
    depth = depth_by_age(gram, np.arange(n * k), eta)
    ages = np.arange(n * k)
    assert np.allclose(depth, eta * (1 - eta * (k - 1) / (n * k - 1)) ** ages, rtol=1e-9)
    # and claim C2, that of infinitely many facts, in the limit
    expected = [retained_depth(np.full(n, 1 / n), eta, int(m)) for m in ages[:10]]
    assert np.allclose(depth[:10], expected, rtol=0.05)


def test_spectral_law_is_claim_c2_for_any_spectrum():
    rng = np.random.default_rng(3)
    spectrum = np.array([0.5, 0.25, 0.125, 0.125])
    count, eta = 160, 0.5
    directions = np.eye(4)[rng.permutation(np.repeat(np.arange(4), (spectrum * count).astype(int)))]
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]  # C2 knows the spectrum alone
    gram = 3.0 * directions @ rotation @ rotation.T @ directions.T  # and not the scale
    depth = depth_by_age(gram, np.arange(count), eta)
    # a fact meets the n_k - 1 others of its mode among count - 1: to order 1/count that is an age shorter by the factor
    # 1 - 1/n_k, which at age m moves a mode by m eta lambda_k / n_k = m eta / count at most
    ages = np.arange(12)
    assert np.all(np.abs(depth[:12] - retained_depth(spectrum, eta, ages)) <= 1.5 * eta * ages / count + 1e-9)


def test_orthogonal_tasks_do_not_forget():
    gram = np.kron(np.eye(4), np.array([[2.0, 1.0], [1.0, 3.0]]))
    assert np.allclose(depth_by_age(gram, np.repeat(np.arange(4), 2), 0.6), 0.6)


def test_identical_tasks_keep_what_the_next_write_leaves():
    # one direction, written to depth eta by every task: (1 - eta)^m eta
    assert np.allclose(depth_by_age(np.ones((5, 5)), np.arange(5), 0.6), 0.6 * 0.4 ** np.arange(5))


def test_forecasts_of_orthogonal_tasks_agree_and_are_the_isolated_write():
    facts = linear_facts(3, 2)
    theta = torch.einsum("ij,op->iojp", torch.eye(6), torch.eye(5))
    setup = Setup(theta, torch.zeros(6, 5), facts, learning_rate=1.0, steps=10)
    rows = forecasts(setup)
    assert len(rows) == 4 * (1 + 2 + 3)
    expected = scores(isolated(setup), facts).bits.view(3, 2).mean(1)
    for row in rows:
        if row["kind"] != "chance" or row["age"] == 0:
            assert row["bits_predicted"] == pytest.approx(expected[row["task"]].item(), rel=1e-6)
        else:
            assert row["bits_predicted"] == 0


def test_forecasts_of_colliding_tasks_fade(random_model, random_facts):
    # all facts share one key: the second task's answers replace the first's
    facts = facts_from_ids([[0]] * 2, [0, 1], [0, 1], [0, 1, 2, 3])
    theta = torch.einsum("ij,op->iojp", torch.ones(2, 2), torch.eye(5))
    found = forecasts(Setup(theta, torch.zeros(2, 5), facts, 1.0, 20))
    rows = {(r["kind"], r["written"], r["task"]): r["bits_predicted"] for r in found}
    for kind in ("kernel", "spectral"):
        assert rows[kind, 1, 0] > 1.5
        assert rows[kind, 2, 0] < 0.5 * rows[kind, 1, 0]
    assert rows["kernel", 2, 1] > 1.0
