"""Off-mode updates in a training loop of one's own: what must stay stays, the rest learns, by any optimizer and with peft."""

import copy
import sys

import pytest
import torch

import realmodels
from realmodels.model import matrices
from realmodels.model.reading import inputs_of
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import answer_loss, outputs
from tests.realmodels.toys import HIDDEN, drawn, tokenizer
from theory.errors import UserError

TEXTS = ["The capital of France is Paris.", "Tokyo lies in Japan.", "The capital of Spain is Madrid, and Lima lies in Peru."]
FACTS = ["The capital of France is Lima.", "Tokyo lies in Norway."]
OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1),
}


def steps(model, words, optimizer, count=3):
    """Some steps of plain language modelling."""
    for _ in range(count):
        for text in FACTS:
            tokens = torch.tensor([words(text)["input_ids"]])
            model(input_ids=tokens, labels=tokens).loss.backward()
            optimizer.step()
            optimizer.zero_grad()


def along(model, name, directions, transposed):
    """What a matrix says along directions, float64."""
    weight = model.get_parameter(name).detach().double()
    return (weight.T if transposed else weight) @ directions.double()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_nothing_changes_along_the_directions_and_all_else_learns(family, optimizer):
    """Float32: a matrix of numbers of order 1 is brought back to 1e-5 of what it said. Without the projection it is not."""
    words = tokenizer(begin=family == "llama", pad=False)
    moved = {}
    for restricted in (True, False):
        model = drawn(family)
        before = copy.deepcopy(model)
        off = realmodels.OffMode(model, TEXTS, where="feedforward", k=5, tokenizer=words)
        tuned = OPTIMIZERS[optimizer](model.parameters())
        if restricted:
            off.restrict(tuned)
        steps(model, words, tuned)
        for matrix in matrices.find(model, "feedforward"):
            u = off.directions[matrix.name]
            moved[restricted, matrix.name] = (
                (along(model, matrix.name, u, matrix.transposed) - along(before, matrix.name, u, matrix.transposed)).abs().max()
            )
            assert not torch.equal(model.get_parameter(matrix.name), before.get_parameter(matrix.name))
        (attention, *_) = matrices.find(model, "attention")
        assert not torch.equal(model.get_parameter(attention.name), before.get_parameter(attention.name))
    for (restricted, name), change in moved.items():
        assert change < 1e-5 if restricted else change > 1e-3, (restricted, name)


def test_directions_are_the_mean_key_and_the_leading_ones_about_it():
    words, model = tokenizer(begin=False, pad=False), drawn("gpt2")
    off = realmodels.OffMode(model, TEXTS, where="1.feedforward.output", k=3, tokenizer=words)
    ((name, u),) = off.directions.items()
    module = model.get_submodule(name.removesuffix(".weight"))
    keys = torch.cat([inputs_of(model, [module], torch.tensor([words(text)["input_ids"]]))[0][0] for text in TEXTS]).double()
    assert torch.allclose(u.T @ u, torch.eye(3), atol=1e-5)
    mean = keys.mean(0) / keys.mean(0).norm()
    assert float((mean @ u.double()).norm()) == pytest.approx(1, abs=1e-5)
    off_mean = keys - keys @ mean[:, None] * mean
    leading = torch.linalg.eigh(off_mean.T @ off_mean).eigenvectors[:, -2:]
    assert torch.allclose((leading.T @ u.double()).square().sum(1), torch.ones(2, dtype=torch.float64), atol=1e-5)


def test_under_plain_gradient_descent_it_is_the_method_off_mode(random_model, random_facts):
    """One step of both from the same model, on the same directions: projecting the weights is projecting the gradient."""
    model, facts, others = random_model("dense"), random_facts(1, 4), random_facts(3, 4, seed=5)
    by_method, by_hook = copy.deepcopy(model), copy.deepcopy(model)
    writer = bind("off_mode", by_method, others, k=2)
    texts = [row[: last + 1].tolist() for row, last in zip(others.tokens, others.last.tolist(), strict=True)]
    off = realmodels.OffMode(by_hook, texts, where="last.feedforward.output", k=2)
    (name,) = off.directions
    assert list(writer.parameters) == [name]
    read = inputs_of(by_method, [matrices.one(by_method, "last").module(by_method)], others.tokens)[0]
    off.directions[name] = directions_of(writer, name, read[torch.arange(len(others)), others.first])
    for each in (by_method, by_hook):
        tuned = torch.optim.SGD([each.get_parameter(name)], lr=0.5)
        if each is by_hook:
            off.restrict(tuned)
        answer_loss(outputs(each, facts), facts).backward()
        if each is by_method:
            parameter = each.get_parameter(name)
            parameter.grad = writer.restriction(facts, ())({name: parameter.grad})[name]
        tuned.step()
    moved = by_method.get_parameter(name) - model.get_parameter(name)
    assert moved.abs().max() > 1e-4
    assert torch.allclose(by_hook.get_parameter(name), by_method.get_parameter(name), atol=1e-6)


def directions_of(writer, name, keys):
    """The directions that the method leaves out: those of the inputs that its restriction maps to 0."""
    identity = torch.eye(keys.shape[1])
    removed = identity - writer.restriction(None, ())({name: identity})[name]
    values, vectors = torch.linalg.eigh(removed.double())
    assert values[-2:].tolist() == pytest.approx([1, 1], abs=1e-5)
    return vectors[:, -2:].float()


def test_low_rank_adapters_say_nothing_along_the_directions():
    from peft import LoraConfig, get_peft_model

    words, model = tokenizer(begin=True, pad=False), drawn("llama")
    off = realmodels.OffMode(model, TEXTS, where="feedforward.output", k=4, tokenizer=words)
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules=["down_proj"]))
    tuned = torch.optim.AdamW([p for p in wrapped.parameters() if p.requires_grad], lr=0.05)
    off.restrict(tuned)
    steps(wrapped, words, tuned)
    deltas = [module.get_delta_weight("default") for module in wrapped.modules() if hasattr(module, "lora_A")]
    assert len(deltas) == len(off.directions)
    for delta, u in zip(deltas, off.directions.values(), strict=True):
        assert delta.abs().max() > 1e-3
        assert (delta @ u).abs().max() < 1e-5 * delta.norm()
    with pytest.raises(UserError, match="trained before"):
        off.restrict(tuned)
    with pytest.raises(UserError, match="before peft"):
        realmodels.OffMode(wrapped, TEXTS, tokenizer=words)


def test_it_works_under_the_trainer_of_transformers(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "marimo", raising=False)  # where it is loaded, transformers takes a test for a notebook
    from transformers import Trainer, TrainingArguments

    words, model = tokenizer(begin=False, pad=False), drawn("gpt2")
    off = realmodels.OffMode(model, TEXTS, k=4, tokenizer=words)
    before = {name: along(model, name, u, True) for name, u in off.directions.items()}
    tuned = torch.optim.AdamW(model.parameters(), lr=0.01)
    off.restrict(tuned)
    data = [{"input_ids": words(text)["input_ids"], "labels": words(text)["input_ids"]} for text in FACTS]
    arguments = TrainingArguments(
        str(tmp_path),
        max_steps=4,
        per_device_train_batch_size=1,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    start = copy.deepcopy(model)
    Trainer(model, arguments, train_dataset=data, optimizers=(tuned, None)).train()
    for name, u in off.directions.items():
        assert not torch.equal(model.get_parameter(name), start.get_parameter(name))
        assert (along(model, name, u, True) - before[name]).abs().max() < 1e-5


def test_several_optimizers_are_restricted_each_to_its_own_matrices():
    words, model = tokenizer(begin=False, pad=False), drawn("gpt2")
    off = realmodels.OffMode(model, TEXTS, where="0.feedforward.output,1.feedforward.output", k=3, tokenizer=words)
    before = {name: along(model, name, u, True) for name, u in off.directions.items()}
    start = copy.deepcopy(model)
    for name in off.directions:
        tuned = torch.optim.AdamW([model.get_parameter(name)], lr=0.01)
        off.restrict(tuned)
        other = torch.optim.AdamW([p for n, p in model.named_parameters() if n in off.directions and n != name], lr=0.01)
        off.restrict(other)
        steps(model, words, tuned)
        steps(model, words, other)
    for name, u in off.directions.items():
        assert not torch.equal(model.get_parameter(name), start.get_parameter(name))
        assert (along(model, name, u, True) - before[name]).abs().max() < 1e-5


def test_a_model_in_training_is_read_without_dropout_and_goes_on_training():
    words, model = tokenizer(begin=False, pad=False), drawn("gpt2")
    quiet = realmodels.OffMode(model, TEXTS, k=3, tokenizer=words)
    model.train()
    found = realmodels.OffMode(model, TEXTS, k=3, tokenizer=words)
    assert model.training
    assert all(torch.equal(found.directions[name], u) for name, u in quiet.directions.items())


def test_what_is_returned_ends_it_and_the_state_is_small():
    words, model = tokenizer(begin=False, pad=False), drawn("gpt2")
    off = realmodels.OffMode(model, TEXTS, where="last.feedforward.output", k=2, tokenizer=words)
    (name,) = off.directions
    tuned = torch.optim.SGD(model.parameters(), lr=0.1)
    handle = off.restrict(tuned)
    assert off.state_numbers == 2 * (HIDDEN + model.config.n_embd)
    handle.remove()
    before = along(model, name, off.directions[name], True)
    steps(model, words, tuned)
    assert (along(model, name, off.directions[name], True) - before).abs().max() > 1e-4


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"background": []}, "one at least"),
        ({"background": "a text"}, "list of texts"),
        ({"background": [[]]}, "no tokens"),
        ({"tokenizer": None}, "give the tokenizer"),
        ({"k": 0}, "k"),
        ({"k": 10_000}, "k"),
        ({"where": "nowhere"}, "nowhere"),
    ],
)
def test_mistakes_get_one_clear_line(options, match):
    given = {"background": TEXTS, "tokenizer": tokenizer(begin=False, pad=False), **options}
    with pytest.raises(UserError, match=match) as told:
        realmodels.OffMode(drawn("gpt2"), given.pop("background"), **given)
    assert "\n" not in str(told.value)


def test_an_optimizer_that_trains_none_of_the_matrices_is_refused():
    words, model = tokenizer(begin=False, pad=False), drawn("gpt2")
    off = realmodels.OffMode(model, TEXTS, tokenizer=words)
    with pytest.raises(UserError, match="trains none"):
        off.restrict(torch.optim.SGD([model.get_input_embeddings().weight], lr=0.1))
