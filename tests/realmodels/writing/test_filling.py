"""Streams that fill a place: facts put together, and the kernel simulation with and without what is said everywhere."""

import numpy as np
import pytest
import torch

from realmodels.writing.filling import Simulated, joined, oldest
from realmodels.writing.forecast import Setup, simulate
from realmodels.writing.outputs import Facts


def facts(count: int, per_task: int, length: int, first: int = 0, answers: int = 3) -> Facts:
    """Facts with answers of one token, by numbers alone."""
    draw = torch.Generator().manual_seed(count + length)
    last = torch.randint(1, length, (count,), generator=draw)
    last[0] = length - 1
    rows = torch.arange(count)
    options = (100 + torch.arange(answers)).expand(count, -1)
    return Facts(
        torch.randint(0, 50, (count, length), generator=draw), last, first + rows // per_task, rows, last,
        torch.randint(0, answers, (count,), generator=draw), options, answers, last - 1,
    )  # fmt: skip


def setup(count: int = 12, per_task: int = 2) -> Setup:
    """A plan with a random positive kernel."""
    some, outs = facts(count, per_task, 5), 4
    draw = torch.Generator().manual_seed(1)
    J = torch.randn(count * outs, 30, generator=draw, dtype=torch.float64) + 0.5
    return Setup((J @ J.T).view(count, outs, count, outs) / 30, torch.randn(count, outs, generator=draw), some, 0.3, 5)


def test_joined_facts_are_those_of_both_sets():
    first, second = facts(4, 2, 6), facts(3, 1, 9, first=2)
    both = joined(first, second)
    for index in range(7):
        one, of = both[index : index + 1], first[index : index + 1] if index < 4 else second[index - 4 : index - 3]
        for name in ("tokens", "last", "task", "place", "target", "options", "subject"):
            assert torch.equal(getattr(one, name), getattr(of, name)), name
    assert both.row.tolist() == list(range(7))


@pytest.mark.parametrize("tasks", [1, 10, 11, 39])
def test_the_oldest_are_a_tenth_and_one_at_least(tasks):
    ages = oldest(tasks)
    assert len(ages) == max(1, tasks // 10)
    assert ages[-1] == tasks - 1


def test_the_simulation_sums_what_the_softmax_gives():
    """Depth from probabilities by its definition."""
    plan = setup()
    simulated, z = Simulated(plan), simulate(plan)
    for T in (1, 3, 6):
        p = z[T][:, :-1].softmax(1).numpy()
        own = p[np.arange(12), plan.facts.target.numpy()]
        depth = ((3 * own - 1) / 2)[: 2 * T]
        assert simulated.after(0.3, T) == pytest.approx((depth[:2].mean(), depth.sum()), rel=1e-9)
    assert np.isnan(simulated.after(0.3, 7)).all()


def test_what_is_said_at_tasks_that_are_never_written_is_no_depth():
    """The last two tasks of the plan are asked after the fourth, when neither is written."""
    plan = setup()
    found = Simulated(plan, 4).after(0.3, 4)
    p = simulate(plan)[4][:, :-1].softmax(1).numpy()
    target = plan.facts.target.numpy()
    depth = (p[np.arange(8), target[:8]] - p[8:].mean(0)[target[:8]]) * 3 / 2
    assert found == pytest.approx((depth[:2].mean(), depth.sum()), rel=1e-9)
    assert np.isnan(Simulated(plan, 4).after(0.3, 5)).all()
