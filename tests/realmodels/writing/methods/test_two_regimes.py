"""Two regimes: what is written by day, what a sleep teaches and with which answers, what goes back, and what is counted."""

import math

import pytest
import torch

from realmodels.experiments.two_regimes import looked_up
from realmodels.model.reading import logits_at
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.two_regimes import own_answers, written_by_winners
from realmodels.writing.outputs import answer_loss, asked, outputs
from realmodels.writing.stream import stream

FAST, LAST = "0.feedforward.output", "last"


def weights(model) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def test_without_sleep_and_slow_part_it_is_sparse_memory_to_the_bit(random_model, random_facts):
    models = [random_model("memory"), random_model("memory")]
    background, facts = random_facts(8, 4, seed=7), random_facts(3, 4)
    sparse = bind("sparse_memory", models[0], background, t=5)
    alone = bind("two_regimes", models[1], background, t=5, slow="", sleep=0, keep=1.0)
    for writer in (sparse, alone):
        list(stream(writer, facts, 0.5, 4))
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))
    assert (alone.state_numbers, alone.state_bits) == (sparse.state_numbers, sparse.state_bits)


def test_own_answers_are_the_likeliest_tokens_one_after_another(any_model, spelled_facts):
    model, facts = any_model("dense"), spelled_facts(2, 4)
    said = own_answers(model, facts)
    item = 0
    for fact in range(len(facts)):
        begin = int(facts.first[fact])
        text = facts.tokens[fact, : begin + 1].tolist()
        for _ in range(int(facts.count[fact])):
            with torch.no_grad():
                last = torch.tensor([len(text) - 1])
                token = int(logits_at(model, torch.tensor([text]), torch.tensor([0]), last).argmax())
            assert int(said.answer_tokens[item]) == token
            text.append(token)
            item += 1
        assert said.tokens[fact, : len(text) - 1].tolist() == text[:-1]  # the last token of an answer is not read
    assert item == len(said.row)
    assert torch.allclose(asked(model, said).bits, torch.zeros(len(facts), dtype=torch.float64))  # one option has no bits


def test_the_taught_answers_reach_a_sleep_with_many_passes_alone(any_model, random_facts, background):
    """A day that writes next to nothing: with labels the slow part learns the answers, with own answers what it said before."""
    facts, losses = random_facts(2, 4), {}
    for access in ("labels", "own"):
        model = any_model("dense")
        options = {"fast": FAST, "sleep": 2, "asleep": 20, "slow_rate": 0.05}
        said = own_answers(model, facts)
        writer = bind("two_regimes", model, background, access=access, **options)
        list(stream(writer, facts, 1e-12, 1))
        losses[access] = (answer_loss(outputs(model, facts), facts).item(), answer_loss(outputs(model, said), said).item())
        assert len(writer.heard) == 1
    assert losses["labels"][0] < losses["own"][0] - 0.1
    assert losses["own"][1] < losses["labels"][1] - 0.1


@pytest.mark.parametrize("keep", [0.0, 1.0])
def test_a_sleep_takes_the_fast_part_back_and_teaches_the_slow_one(any_model, random_facts, background, keep):
    model = any_model("dense")
    before, seen = weights(model), {}
    writer = bind("two_regimes", model, background, fast=FAST, sleep=2, slow_rate=1e-2, keep=keep)
    for written in stream(writer, random_facts(2, 4), 1e-2, 4):
        seen[written] = weights(model)
    (fast,), (slow,) = writer.fast, writer.slow
    assert not torch.equal(seen[1][fast], before[fast])
    assert torch.equal(seen[1][slow], before[slow])
    assert torch.equal(seen[2][fast], before[fast]) == (keep == 0)
    assert not torch.equal(seen[2][slow], before[slow])


def test_one_store_does_not_go_back(any_model, random_facts, background):
    model = any_model("dense")
    before = weights(model)
    writer = bind("two_regimes", model, background, fast=LAST, slow=LAST, sleep=1, slow_rate=1e-30)
    list(stream(writer, random_facts(1, 4), 1e-2, 4))
    (name,) = writer.parameters
    assert not torch.equal(weights(model)[name], before[name])
    assert writer.before == {}


def test_winners_change_the_gradient_and_nothing_that_is_read():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(10, 3, bias=False))
    x = torch.randn(4, 10)
    plain = model(x)
    with written_by_winners(model, {"0.weight": 2}):
        y = model(x)
        (gradient,) = torch.autograd.grad((y * torch.arange(3.0)).sum(), [model[0].weight])
    assert torch.equal(y, plain)
    kept = torch.stack([torch.where(row.abs() >= row.abs().sort().values[-2], row, 0.0) for row in x])
    assert torch.allclose(gradient, torch.arange(3.0)[:, None] * kept.sum(0))
    assert not model[0]._forward_hooks


def test_state_is_what_goes_back_and_the_prompts_with_an_answer_each(any_model, random_facts, background):
    model, facts = any_model("dense"), random_facts(3, 4)
    writer = bind("two_regimes", model, background, fast=FAST, sleep=1, slow_rate=1e-3)
    (fast,) = writer.fast
    size = model.get_parameter(fast).numel()
    assert (writer.state_numbers, writer.state_bits) == (size, 32 * size)
    list(stream(writer, facts, 1e-2, 2))
    tokens = int((facts.last + 2).sum())
    assert writer.state_numbers == size + tokens
    assert writer.state_bits == 32 * size + math.ceil(tokens * math.log2(model.config.vocabulary))


def test_a_list_holds_the_facts_that_fit_into_its_bits(random_facts):
    facts = random_facts(2, 4)
    each = (facts.last + 2).tolist()  # tokens of a prompt and its answer; 256 tokens are 8 bits
    assert looked_up(facts, 8 * sum(each), 256) == 1.0
    assert looked_up(facts, 8 * sum(each) - 1, 256) == 7 / 8
    assert looked_up(facts, 8 * sum(each[:3]), 256) == 3 / 8
    assert looked_up(facts, 8 * each[0] - 1, 256) == 0.0
