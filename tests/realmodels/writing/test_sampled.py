"""Sampled options: what stays exact, what is right in the mean, and that a fact's draw is its own affair."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from realmodels.model.reading import logits_at
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import Facts, answer_loss, facts_from_ids, outputs, scores
from realmodels.writing.sampled import Sampled, sampled
from tests.realmodels.writing.test_streamed import facts_of, model_of
from theory.errors import UserError

CANDIDATES = list(range(100, 160))


def many(count: int = 6, seed: int = 0) -> Facts:
    """Facts with answers of one token, each one of 60."""
    rng = np.random.default_rng(seed)
    prompts = [rng.integers(3, 90, rng.integers(2, 7)).tolist() for _ in range(count)]
    return facts_from_ids(prompts, rng.integers(0, 60, count).tolist(), list(range(count)), CANDIDATES)


def test_own_and_likeliest_options_are_tracked_and_weights_count_all():
    model, facts = model_of("llama"), many()
    some = sampled(model, facts, 8)
    assert isinstance(some, Sampled)
    assert some.options.shape == (6, 9)
    assert torch.equal(some.answer_tokens, facts.answer_tokens)
    assert torch.equal(some.known, facts.known)
    assert torch.equal(some.full_bits, facts.full_bits)
    logits = logits_at(model, facts.tokens, facts.row, facts.place)[:, CANDIDATES].detach()
    for item in range(6):
        own = int(facts.target[item])
        order = [100 + n for n in logits[item].argsort(descending=True).tolist() if n != own]
        assert some.options[item, 1:5].tolist() == order[:4]
        assert set(some.options[item, 5:].tolist()) <= set(order[4:])
        assert len(set(some.options[item].tolist())) == 9
        assert some.weight[item].tolist() == [1, 1, 1, 1, 1, *[55 / 4] * 4]


def test_loss_and_its_gradient_are_exact():
    model, facts = model_of("qwen2"), many()
    some = sampled(model, facts, 4)
    losses = [answer_loss(outputs(model, each), each) for each in (facts, some)]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-6)
    weight = model.get_parameter("model.layers.1.mlp.down_proj.weight")
    one, other = (torch.autograd.grad(loss, weight)[0] for loss in losses)
    assert torch.allclose(one, other, atol=1e-6 * float(one.abs().max()))
    assert torch.allclose(
        scores(outputs(model, facts), facts).probability, scores(outputs(model, some), some).probability, rtol=1e-5
    )


def test_sums_over_all_options_are_right_in_the_mean_also_after_the_logits_moved():
    model, facts = model_of("llama"), many()
    logits = logits_at(model, facts.tokens, facts.row, facts.place).detach().double()
    moved = logits + torch.randn(logits.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    draws = [sampled(model, facts, 8, seed) for seed in range(400)]
    for now in (logits, moved):
        found = torch.stack([(now.gather(1, d.options).exp() * d.weight).sum(1) for d in draws])
        expected = now[:, CANDIDATES].exp().sum(1)
        error = found.std(0) / 20
        assert ((found.mean(0) - expected).abs() < 4 * error).all()
        assert (error < 0.2 * expected).all()


def test_retained_bits_are_nearly_right_in_the_mean():
    model, facts = model_of("llama"), many(40, seed=3)
    everything = scores(outputs(model, facts).detach(), facts).bits_raw
    draws = torch.stack(
        [scores(outputs(model, d).detach(), d).bits_raw for d in (sampled(model, facts, 16, s) for s in range(20))]
    )
    assert abs(float(draws.mean() - everything.mean())) < 0.1


def test_few_options_are_all_tracked_and_exact():
    model, facts = model_of("llama"), facts_of([5, 2, 9, 1, 7], [1, 3, 2, 2, 1])
    assert sampled(model, facts, 8) is facts
    wide = replace(facts, options=torch.cat([facts.options, torch.full((len(facts.row), 20), -1)], 1))
    wide.options[0, 4:] = torch.arange(300, 320)  # one item alone has many
    some = sampled(model, wide, 6)
    assert some.known.tolist() == wide.known.tolist()
    assert set(some.weight[1:].unique().tolist()) <= {0.0, 1.0}
    full, part = (scores(outputs(model, each).detach(), each) for each in (wide, some))
    same = torch.arange(5) != 0
    assert torch.allclose(full.bits_raw[same], part.bits_raw[same], atol=1e-5)
    assert torch.allclose(full.loss, part.loss, atol=1e-4)


def test_a_draw_does_not_depend_on_the_other_facts():
    model, facts = model_of("llama"), many(12)
    whole = sampled(model, facts)
    rows = torch.tensor([7, 3, 10])
    alone = sampled(model, facts[rows])
    assert torch.equal(alone.options, whole[rows].options)
    assert torch.equal(whole[rows].weight, whole.weight[rows])
    padded = replace(facts, tokens=torch.nn.functional.pad(facts.tokens, (0, 5)))
    assert torch.equal(sampled(model, padded).options, whole.options)
    assert not torch.equal(sampled(model, facts, seed=1).options, whole.options)
    # one more answer in the file: it comes in for some items, and no other option does
    more = facts_from_ids(
        [ids[: n + 1].tolist() for ids, n in zip(facts.tokens, facts.last, strict=True)],
        facts.target.tolist(),
        list(range(12)),
        [*CANDIDATES, 170],
    )
    for before, after in zip(whole.options.tolist(), sampled(model, more).options.tolist(), strict=True):
        assert set(after) - set(before) <= {170}


def test_kernel_of_sampled_facts_is_part_of_the_whole_one():
    model, facts = model_of("gpt2"), many()
    some = sampled(model, facts, 4)
    writer = bind("last_matrix", model, facts)
    whole, part = (logit_kernel(model, writer, each).response for each in (facts, some))
    at = some.options - 100
    items = torch.arange(6)
    expected = whole[items[:, None, None, None], at[:, :, None, None], items[:, None], at]
    assert torch.allclose(part[:, :-1, :, :-1], expected, atol=1e-5 * float(whole.abs().max()))


def test_wrong_input_is_one_line():
    with pytest.raises(UserError, match="1 sampled options: give 2 or more"):
        sampled(model_of("llama"), many(), 1)
