"""Forecasts of answers of several tokens, of many tasks, and the rate that the linearised model asks for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from realmodels.writing import forecast, spectral
from realmodels.writing.forecast import Setup, forecasts, isolated, said, setup_of, simulate
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.kernel_rate import kernel_rate
from realmodels.writing.measured import measured
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import asked, facts_from_ids, outputs
from realmodels.writing.sampled import Sampled
from realmodels.writing.spectral import depth_by_age
from realmodels.writing.stream import write_task
from tests.realmodels.writing.test_streamed import facts_of, model_of

FACTS = facts_of([5, 2, 9, 4, 7, 6], [1, 3, 2, 2, 1, 1], tasks=3)


def orthogonal(facts, learning_rate: float = 1.0, steps: int = 10) -> Setup:
    """Items whose writes do not meet, all outputs at 0."""
    count, outs = facts.options.shape[0], facts.options.shape[1] + 1
    real = torch.cat([facts.options >= 0, torch.ones(count, 1, dtype=torch.bool)], 1)
    theta = torch.einsum("ij,op->iojp", torch.eye(count), torch.eye(outs)) * real[:, :, None, None] * real
    return Setup(theta, torch.zeros(count, outs).masked_fill(~real, -torch.inf), facts, learning_rate, steps)


def test_items_with_fewer_options_give_numbers():
    rows = forecasts(orthogonal(FACTS), whole=True)
    assert all(np.isfinite([r["bits_predicted"], r["exact_predicted"], r["probability_predicted"]]).all() for r in rows)
    by = {(r["kind"], r["written"], r["task"]): r for r in rows}
    for task in range(3):
        for name in ("bits_predicted", "exact_predicted", "probability_predicted"):
            kept = by["kernel", 3, task][name]
            assert kept == pytest.approx(by["kernel", task + 1, task][name])  # what does not meet does not fade
            assert kept == pytest.approx(by["no_forgetting", 3, task][name])
        assert by["chance", 3, task]["bits_predicted"] == by["chance", 3, task]["exact_predicted"] == 0 or task == 2


def test_an_answer_is_said_exactly_if_each_of_its_tokens_wins():
    facts = facts_of([3, 4], [2, 1])
    own = facts.target
    z = torch.full((3, 5), -1.0)
    z[torch.arange(3), own] = 2.0
    setup = replace(orthogonal(facts), z=z)
    assert said(setup, z).exact.tolist() == [1, 1]
    worse = z.clone()
    worse[1, (own[1] + 1) % 2] = 3.0  # another option of the first answer's second token
    assert said(setup, worse).exact.tolist() == [0, 1]
    rest = z.clone()
    rest[2, -1] = 2.5  # the other tokens together are likelier than the answer, but each alone is not
    assert said(setup, rest).exact.tolist() == [1, 0]
    assert said(replace(setup, rest=torch.tensor([-1.0, -1.0, -1.0])), rest).exact.tolist() == [1, 1]


def test_at_the_start_what_is_predicted_is_what_the_model_says():
    model = model_of("llama")
    writer = bind("full", model, FACTS, where="2")
    write_task(writer, FACTS.of_task(0), 0.02, 30)  # so that some are said
    setup = setup_of(model, logit_kernel(model, writer, FACTS), FACTS)
    now = asked(model, FACTS)
    predicted = said(setup, setup.z)
    assert 0 < now.exact.sum() < len(FACTS)
    assert torch.equal(predicted.exact, now.exact)
    assert torch.allclose(predicted.bits_raw, now.bits_raw, atol=1e-4)
    assert torch.allclose(predicted.probability, now.probability, rtol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "gemma2"])
def test_simulation_becomes_true_training_of_whole_answers(family):
    errors, moves = [], []
    for rate in (1e-5, 1e-4):
        model = model_of(family)
        writer = bind("full", model, FACTS, where="1")
        setup = replace(measured(model, writer, FACTS)[1], learning_rate=rate, steps=5)
        predicted = simulate(setup)[-1]
        by_task = [FACTS.of_task(task) for task in range(3)]
        for number, task in enumerate(by_task):
            write_task(writer, task, rate, 5, by_task[:number])
        real = setup.z.isfinite()
        errors.append((outputs(model, FACTS).detach() - predicted)[real].norm().item())
        moves.append((predicted - setup.z)[real].norm().item())
    assert errors[0] < 0.05 * moves[0]
    assert errors[1] / errors[0] > 20  # of second order


def test_measured_samples_many_options_and_says_what_it_needs():
    model = model_of("llama")
    rng = np.random.default_rng(0)
    prompts = [rng.integers(3, 90, 4).tolist() for _ in range(8)]
    facts = facts_from_ids(prompts, rng.integers(0, 50, 8).tolist(), list(range(8)), list(range(100, 150)))
    writer = bind("last_matrix", model, facts)
    told: list[str] = []
    kernel, setup = measured(model, writer, facts, say=told.append)
    assert isinstance(setup.facts, Sampled)
    assert kernel.response.shape == (8, 10, 8, 10)
    assert "the kernel of 8 facts (8 answer tokens, 10 outputs each) takes" in told[0]
    everything, all_of_it = measured(model, writer, facts, most=50)
    assert all_of_it.facts is facts
    assert everything.response.shape == (8, 51, 8, 51)
    # the sampled forecast of bits is near the whole one's
    rates = [kernel_rate(setup), kernel_rate(all_of_it)]
    assert abs(np.log2(rates[0][0] / rates[1][0])) < 0.5
    fresh = [float(said(s, isolated(replace(s, learning_rate=rates[1][0]))).bits.mean()) for s in (setup, all_of_it)]
    assert fresh[0] == pytest.approx(fresh[1], abs=0.5)


def test_kernel_rate_is_the_smallest_that_learns():
    setup = orthogonal(FACTS)
    rate, reached = kernel_rate(setup)

    def learned(rate):
        now = said(setup, isolated(replace(setup, learning_rate=rate)))
        return min(float(now.exact.mean()), float((now.bits / FACTS.full_bits.clamp(min=1e-9)).mean()))

    assert reached
    assert learned(rate) >= 0.9 > learned(0.98 * rate)
    assert kernel_rate(setup, rates=(2.0**-14, 2.0**-6)) == (2.0**-6, False)
    assert kernel_rate(setup, rates=(2 * rate, 2.0**8)) == (2 ** np.floor(np.log2(2 * rate)), True) or learned(2 * rate) < 0.9


def test_kernel_rate_learns_in_truth(random_model):
    model = model_of("llama")
    facts = facts_of([5, 6, 4, 7], [1, 2, 1, 1], tasks=4)
    writer = bind("off_mode", model, facts_of([5, 6, 4], [1, 1, 1], seed=5), where="last")
    _, setup = measured(model, writer, facts)
    rate, reached = kernel_rate(replace(setup, steps=20))
    assert reached
    before = {name: p.detach().clone() for name, p in writer.parameters.items()}
    exact = []
    for task in range(4):
        write_task(writer, facts.of_task(task), rate, 20)
        exact.append(float(asked(model, facts.of_task(task)).exact.mean()))
        with torch.no_grad():
            for name, p in writer.parameters.items():
                p.copy_(before[name])
    assert np.mean(exact) >= 0.75


def test_many_tasks_are_forecast_at_some_moments_and_by_some_tasks(monkeypatch):
    facts = facts_from_ids([[0]] * 10, [0, 1] * 5, list(range(10)), [0, 1, 2])
    rng = np.random.default_rng(0)
    keys = torch.from_numpy(rng.standard_normal((10, 4)))
    theta = torch.einsum("ik,jk,op->iojp", keys, keys, torch.eye(4))
    setup = Setup(theta, torch.zeros(10, 4), facts, 0.1, 5)
    whole = forecasts(setup)
    monkeypatch.setattr(forecast, "ALL_MOMENTS", 3)
    few = forecasts(setup)
    assert {row["written"] for row in few} == {1, 2, 4, 8, 10}
    assert few == [row for row in whole if row["written"] in (1, 2, 4, 8, 10)]
    gram, task = (keys @ keys.T).numpy(), np.arange(10)
    together = depth_by_age(gram, task, 0.8, together=True)
    assert np.allclose(together, depth_by_age(gram, task, 0.8))
    monkeypatch.setattr(spectral, "MANY", 2)
    assert abs(depth_by_age(gram, task, 0.8).mean() - together.mean()) < 0.2


def test_a_large_task_is_written_in_portions(monkeypatch):
    setup = replace(orthogonal(FACTS), steps=3)
    expected = simulate(setup)
    monkeypatch.setattr(forecast, "WHOLE", 30)
    for one, other in zip(simulate(setup), expected, strict=True):
        assert torch.allclose(one[one.isfinite()], other[one.isfinite()])
