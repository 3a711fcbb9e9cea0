"""Elastic weight consolidation: importance, penalty and step against second implementations, and against the theory's law."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from realmodels.writing.contenders import fitting
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.ewc import VARIANTS, Ewc, Kept
from realmodels.writing.methods.replay import together
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import answer_loss, asked, outputs
from realmodels.writing.stream import stream, write_task
from tests.realmodels.writing.test_methods import same, values
from theory.errors import UserError
from theory.methods.ewc import responses

RATE, STEPS = 1e-2, 3


def squared(model, facts, names=None) -> dict[str, torch.Tensor]:
    """Squared gradient of the mean loss of these facts, by parameter."""
    named = {name: parameter for name, parameter in model.named_parameters() if names is None or name in names}
    gradients = torch.autograd.grad(answer_loss(outputs(model, facts), facts), list(named.values()))
    return {name: g.square() for name, g in zip(named, gradients, strict=True)}


def mean(parts, weights=None) -> dict[str, torch.Tensor]:
    weights = weights or [1 / len(parts)] * len(parts)
    return {name: sum(w * part[name] for w, part in zip(weights, parts, strict=True)) for name in parts[0]}


def agree(one, other, rtol=1e-4):
    """Whether two sets of tensors agree, relative to the norm of each."""
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert (tensor - other[name]).norm() <= rtol * tensor.norm(), name


# --- importance


@pytest.mark.parametrize("kind", ["dense", "gpt2", "llama_tied"])
def test_exact_importance_is_the_mean_of_squared_gradients_by_vmap(any_model, spelled_facts, background, kind):
    """Every fact's gradient at once by torch.func, of the log-softmax of the whole vocabulary at its answer's tokens."""
    model, task = any_model(kind), spelled_facts(1, 5)
    answer, place, there = torch.zeros(3, 5, 3, dtype=torch.long)
    for fact in range(5):
        items = torch.nonzero(task.row == fact)[:, 0]
        answer[fact, : len(items)], place[fact, : len(items)] = task.answer_tokens[items], task.place[items]
        there[fact, : len(items)] = 1

    def likelihood(parameters, tokens, answer, place, there):
        out = torch.func.functional_call(model, parameters, (tokens[None],))
        logits = out if kind == "dense" else out.logits
        logp = logits[0].log_softmax(-1)[place]
        return (logp.gather(1, answer[:, None])[:, 0] * there).sum()

    each = torch.func.vmap(torch.func.grad(likelihood), (None, 0, 0, 0, 0))
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    by_fact = each(parameters, task.tokens, answer, place, there)
    expected = {name: g.square().mean(0) for name, g in by_fact.items()}
    agree(expected, bind("ewc", model, background).importance(task))


def test_exact_importance_knows_neither_batches_nor_their_order(any_model, spelled_facts, background):
    model, task = any_model("llama"), spelled_facts(1, 6)
    writer = bind("ewc", model, background)
    whole = writer.importance(task)
    agree(whole, writer.importance(task[torch.tensor([4, 0, 5, 3, 1, 2])]), 1e-6)
    agree(whole, writer.importance(together([task, task])), 1e-6)
    agree(whole, mean([writer.importance(task[:2]), writer.importance(task[2:])], [2 / 6, 4 / 6]), 1e-6)
    batched = bind("ewc", model, background, fisher="avalanche")
    assert (batched.importance(task)["lm_head.weight"] - whole["lm_head.weight"]).norm() > 0.1 * whole["lm_head.weight"].norm()


def test_importance_equals_curvature_but_for_the_odds_of_the_answer():
    """Of a two-way choice: (1 - p)^2 x^2 against p (1 - p) x^2, as is said where the strength is explained."""
    weight, x = torch.tensor([0.7, -0.2], dtype=torch.float64), torch.tensor([1.5, 2.0], dtype=torch.float64)

    def loss(weight):
        return torch.nn.functional.softplus(-weight @ x)

    p = torch.sigmoid(weight @ x)
    importance = torch.func.grad(loss)(weight).square()
    torch.testing.assert_close(importance * p / (1 - p), torch.func.hessian(loss)(weight).diagonal())


def test_the_variants_measure_importance_as_the_libraries_do(any_model, spelled_facts, background):
    """Avalanche: squares of batch means. Mammoth: facts weighted by the answer's probability, over batches times their size."""
    model, task = any_model("gpt2"), spelled_facts(1, 5)
    batches = [task[0:2], task[2:4], task[4:5]]
    facts = [task[i : i + 1] for i in range(5)]
    p = [math.exp(-answer_loss(outputs(model, fact), fact).item()) for fact in facts]
    by_fact = [squared(model, fact) for fact in facts]
    expected = {
        ("avalanche", 2): mean([squared(model, batch) for batch in batches]),
        ("avalanche", 0): squared(model, task),
        ("avalanche", 1): mean(by_fact),
        ("mammoth", 2): mean(by_fact, [w / 6 for w in p]),
        ("mammoth", 0): mean(by_fact, [w / 5 for w in p]),
        ("exact", 0): mean(by_fact),
    }
    for (fisher, batch), value in expected.items():
        agree(value, bind("ewc", model, background, fisher=fisher, batch=batch).importance(task))


# --- whole streams, beside a few lines that follow each library


def penalty(named, held, weight):
    """weight sum F (w - w*)^2 over all that is held: [importance, anchor] of each penalty."""
    return weight * sum((f[name].clone() * (p - w[name]) ** 2).sum() for f, w in held for name, p in named.items())


def measured(model, task, names, fisher):
    """Importance after a task of which a batch has all facts."""
    facts = [task[i : i + 1] for i in range(len(task))]
    if fisher == "avalanche":
        return squared(model, task, names)
    p = [math.exp(-answer_loss(outputs(model, fact), fact).item()) if fisher == "mammoth" else 1 for fact in facts]
    return mean([squared(model, fact, names) for fact in facts], [w / len(facts) for w in p])


def libraries(model, tasks, names, fisher, strength, optimizer, each, gamma):
    """The stream again, by autograd through loss and penalty: (importances and anchors at the end, penalties by task)."""
    named = {name: parameter for name, parameter in model.named_parameters() if name in names}
    rule = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[optimizer]
    weight = strength * (0.5 if fisher in ("exact", "trace") else 1)
    held, log = [], []
    total = {name: torch.zeros_like(p) for name, p in named.items()}
    for task in tasks:
        step_by = rule(named.values(), lr=RATE, weight_decay=0)
        log.append([])
        for _ in range(STEPS):
            step_by.zero_grad()
            (answer_loss(outputs(model, task), task) + penalty(named, held, weight)).backward()
            step_by.step()
            if fisher == "trace":
                for name, p in named.items():
                    total[name] += p.grad**2  # the very tensors that the penalty reads
            with torch.no_grad():
                log[-1].append(float(penalty(named, held, weight)))
        now = {name: p.detach().clone() for name, p in named.items()}
        importance = total if fisher == "trace" else measured(model, task, names, fisher)
        if held and not each and fisher != "trace":
            importance = {name: gamma * held[0][0][name] + f for name, f in importance.items()}
        held = [*held, [importance, now]] if each else [[importance, now]]
    return held, log


@pytest.mark.parametrize(
    ("fisher", "strength", "optimizer", "options"),
    [
        ("avalanche", 20.0, "sgd", {}),
        ("avalanche", 20.0, "sgd", {"anchors": "last", "decay": 0.5}),
        ("avalanche", 20.0, "adamw", {}),
        ("mammoth", 500.0, "sgd", {"decay": 0.9}),
        ("mammoth", 500.0, "adamw", {}),
        ("trace", 10.0, "sgd", {}),
        ("trace", 10.0, "adamw", {}),
        ("exact", 20.0, "adamw", {"anchors": "each"}),
        ("exact", 20.0, "adamw", {"decay": 0.25}),
    ],
)
def test_a_stream_is_the_librarys(any_model, spelled_facts, background, fisher, strength, optimizer, options):
    """AdamW in feed-forward matrices alone: elsewhere it makes whole steps of the rounding of a gradient of 0 (key biases)."""
    facts, ours, theirs, plain = spelled_facts(3, 3), any_model("gpt2"), any_model("gpt2"), any_model("gpt2")
    start, where = values(ours), {"optimizer": optimizer, "where": "" if optimizer == "sgd" else "feedforward"}
    writer = bind("ewc", ours, background, fisher=fisher, strength=strength, **where, **options)
    log = []
    for written in stream(writer, facts, RATE, STEPS):
        log += [writer.penalties] if written else []
    list(stream(bind("full", plain, background, **where), facts, RATE, STEPS))
    tasks, names = [facts.of_task(task) for task in range(3)], set(writer.parameters)
    ways = {"each": options.get("anchors", VARIANTS[fisher].anchors) == "each", "gamma": options.get("decay", 1.0)}
    held, expected = libraries(theirs, tasks, names, fisher, strength, optimizer, **ways)
    moved = {name: value - start[name] for name, value in values(theirs).items() if name in names}
    agree(moved, {name: value - start[name] for name, value in values(ours).items() if name in moved}, 5e-3)
    apart = {name: (values(plain)[name] - start[name] - change).norm() / change.norm() for name, change in moved.items()}
    assert max(apart.values()) > 0.03  # the penalty is no trifle here
    assert len(held) == len(writer.kept)
    for (importance, anchor), kept in zip(held, writer.kept, strict=True):
        agree(importance, kept.importance, 5e-3)
        agree(anchor, kept.anchor, 5e-3)
    np.testing.assert_allclose(log, expected, rtol=1e-2)


# --- penalty and step


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("fisher", VARIANTS)
def test_strength_0_is_full_finetuning_to_the_bit(any_model, spelled_facts, background, fisher, optimizer):
    facts, models = spelled_facts(3, 2), [any_model("llama"), any_model("llama")]
    common = {"optimizer": optimizer, "weight_decay": 0.1}
    writer = bind("ewc", models[1], background, fisher=fisher, strength=0.0, **common)
    for one in (bind("full", models[0], background, **common), writer):
        list(stream(one, facts, RATE, STEPS))
    assert same(values(models[0]), values(models[1]))
    assert writer.penalties == [0.0] * STEPS
    assert writer.kept


@pytest.mark.parametrize("fisher", VARIANTS)
@pytest.mark.parametrize("kind", ["dense", "gpt2"])
def test_the_penalty_is_0_in_the_first_task_and_above_after_every_later_step(any_model, spelled_facts, background, kind, fisher):
    model, facts = any_model(kind), spelled_facts(3, 2)
    writer = bind("ewc", model, background, fisher=fisher, strength=1.0)
    assert writer.penalties == []
    for written in stream(writer, facts, 1e-3, STEPS):
        if written == 1:
            assert writer.penalties == [0.0] * STEPS
        if written > 1:
            assert len(writer.penalties) == STEPS
            assert min(writer.penalties) > 0


def test_the_penalty_is_the_sum_by_hand_and_its_gradient_by_autograd_enters_the_step(any_model, spelled_facts, background):
    """Last penalty of the second task, and of its second step the implicit form: w = w_before - rate (g + h (w - w*))."""
    model, facts = any_model("gpt2"), spelled_facts(2, 3)
    writer = bind("ewc", model, background, strength=50.0)
    tasks = [facts.of_task(task) for task in range(2)]
    write_task(writer, tasks[0], RATE, 2)
    (kept,) = writer.kept
    write_task(writer, tasks[1], RATE, 1, tasks[:1])
    named = dict(model.named_parameters())
    leaves = {name: p.detach().clone().double().requires_grad_() for name, p in named.items()}
    by_hand = 25.0 * sum((kept.importance[n].double() * (leaves[n] - kept.anchor[n].double()) ** 2).sum() for n in named)
    assert writer.penalties == [pytest.approx(float(by_hand), rel=1e-5)]
    task_gradient = writer.gradient(tasks[1], "")
    restored, before = {f"0/{part}/{n}": t for part, v in kept._asdict().items() for n, t in v.items()}, values(model)
    writer.restore(restored)
    write_task(writer, tasks[1], RATE, 1, tasks[:1])
    after = {name: p.detach().double().requires_grad_() for name, p in named.items()}
    pulled = 25.0 * sum((kept.importance[n].double() * (after[n] - kept.anchor[n].double()) ** 2).sum() for n in named)
    gradient = dict(zip(named, torch.autograd.grad(pulled, list(after.values())), strict=True))
    expected = {n: -RATE * (task_gradient[n].double() + gradient[n]) for n in named}
    agree(expected, {n: after[n].detach() - before[n].double() for n in named}, 1e-3)
    assert any(gradient[n].norm() > 1e-3 * task_gradient[n].norm() for n in named)


def test_an_endless_strength_freezes_what_has_importance_and_nothing_else(any_model, spelled_facts, background):
    facts, model = spelled_facts(2, 3), any_model("llama")
    writer = bind("ewc", model, background, strength=1e25)
    tasks = [facts.of_task(task) for task in range(2)]
    write_task(writer, tasks[0], RATE, STEPS)
    (kept,), before = writer.kept, values(model)
    gradient = writer.gradient(tasks[1], "")
    write_task(writer, tasks[1], RATE, 1, tasks[:1])
    free = 0
    for name, value in values(model).items():
        held = kept.importance[name] > 1e-18
        assert (value - before[name])[held].abs().max() <= 1e-6 * before[name].abs().max(), name
        loose = kept.importance[name] == 0
        assert torch.equal(value[loose], (before[name] - RATE * gradient[name])[loose])
        free += int((value != before[name])[loose].sum())
    assert free > 50  # embeddings of tokens that the first task does not read
    write_task(writer, tasks[1], 1.0, 30, tasks[:1])  # and it stays stable
    assert all(math.isfinite(value) for value in writer.penalties)


def test_plain_descent_on_a_penalty_that_is_too_stiff_diverges_and_says_so(any_model, spelled_facts, background):
    facts, model = spelled_facts(2, 3), any_model("gpt2")
    writer = bind("ewc", model, background, fisher="avalanche", strength=1e12)
    with pytest.raises(Diverged, match=r"task 2, .* lower the learning rate"):
        list(stream(writer, facts, RATE, 20))


# --- the law


class Linear(Ewc):
    """w [N, M] whose tasks are facts x^T w = e_i of a linear memory. importance: the diagonal of the Hessian of x^T w."""

    def gradient(self, task, names):
        key, index = task
        return {"w": torch.outer(key, key @ self.parameters["w"] - torch.eye(self.parameters["w"].shape[1]).double()[index])}

    def importance(self, task, number="task"):
        return {"w": task[0].square()[:, None].expand_as(self.parameters["w"])}


def linear(keys, **more):
    start = torch.nn.Parameter(torch.zeros(keys.shape[1], len(keys), dtype=torch.float64))
    options = {"strength": 1.0, "fisher": "exact", "each": False, "decay": 1.0, "batch": 0, **more}
    return Linear(torch.nn.Linear(1, 1), {"w": start}, **options)


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_a_linear_memory_written_to_the_end_follows_the_law(rate):
    """Responses of `theory.methods.ewc`: exact solutions of each write under the diagonal. The implicit step rests there, also
    at a rate with which plain descent on this penalty would diverge."""
    keys, ridge = np.random.default_rng(0).normal(size=(7, 4)) / 2, 0.3
    writer = linear(keys)
    start = torch.full((4, 7), ridge, dtype=torch.float64)
    writer.kept = [Kept({"w": start}, {"w": torch.zeros(4, 7, dtype=torch.float64)})]
    for index, key in enumerate(torch.from_numpy(keys)):
        writer.write((key, index), [None] * index, rate, 400)
    found = keys @ writer.parameters["w"].detach().numpy()
    np.testing.assert_allclose(found, responses(keys, ridge, diagonal=True), atol=1e-6)


def test_one_penalty_a_task_pulls_to_the_mean_of_the_anchors_weighted_by_importance():
    keys = np.eye(2)
    writer = linear(keys, each=True, strength=2.0)
    one, other = (torch.full((2, 2), value, dtype=torch.float64) for value in (1.0, 4.0))
    writer.kept = [Kept({"w": one}, {"w": 0 * one}), Kept({"w": 2 * one}, {"w": other})]
    writer.write((torch.zeros(2, dtype=torch.float64), 0), [None], 10.0, 200)
    torch.testing.assert_close(writer.parameters["w"].detach(), torch.full((2, 2), 8 / 3, dtype=torch.float64))
    assert writer.penalties[-1] == pytest.approx(4 * ((8 / 3) ** 2 + 2 * (4 / 3) ** 2))
    assert len(writer.kept) == 3


def test_importance_that_is_not_finite_is_told():
    writer = linear(np.full((1, 2), 1e200))
    with pytest.raises(Diverged, match=r"^task 1, after its last step: the importance of a parameter is not finite$"):
        writer.write((torch.full((2,), 1e200, dtype=torch.float64), 0), [], 1e-300, 0)


# --- state


@pytest.mark.parametrize(("options", "penalties"), [({}, [0, 1, 1, 1]), ({"fisher": "avalanche"}, [0, 1, 2, 3])])
def test_state_is_importance_and_anchor_of_each_penalty(any_model, spelled_facts, background, options, penalties):
    model = any_model("llama_tied")
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    size = sum(parameter.numel() for parameter in model.parameters())  # the tied embedding once
    writer, counted = bind("ewc", model, background, **options), []
    for _ in stream(writer, spelled_facts(3, 2), 1e-4, 1):
        counted.append(writer.state_numbers)
        assert writer.state_bits == 32 * writer.state_numbers
        assert sum(tensor.numel() for tensor in writer.state().values()) == writer.state_numbers
        assert all(tensor.dtype == torch.float32 and not tensor.requires_grad for tensor in writer.state().values())
    assert counted == [2 * size * count for count in penalties]


def test_a_method_bound_twice_begins_twice(any_model, spelled_facts, background):
    model, facts = any_model("gpt2"), spelled_facts(2, 2)
    one = bind("ewc", model, background)
    list(stream(one, facts, 1e-4, 2))
    other = bind("ewc", model, background)
    assert other.state() == {}
    assert (other.penalties, other.state_numbers) == ([], 0)
    before = {name: tensor.clone() for name, tensor in one.state().items()}
    list(stream(other, facts, 1e-4, 2))
    assert same(before, one.state())
    assert len(one.penalties) == 2


def test_what_the_loss_does_not_reach_stays_as_under_full_finetuning(random_model, random_facts):
    """An indexer of sparse attention has no gradient: weight decay leaves it alone, with the penalty as without."""
    model, facts = random_model("dsa"), random_facts(2, 3)
    before = values(model)
    list(stream(bind("ewc", model, random_facts(2, 2, seed=7), strength=10.0, weight_decay=0.5), facts, 1e-3, 2))
    changed = {name for name, value in values(model).items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if ".indexer." not in name}


def test_where_keeps_importance_of_the_chosen_matrices_alone(any_model, spelled_facts, background):
    writer = bind("ewc", any_model("gpt2"), background, where="1.feedforward")
    write_task(writer, spelled_facts(1, 2), 1e-3, 1)
    assert set(writer.kept[0].importance) == set(writer.parameters)
    assert len(writer.parameters) == 2
    assert asked(writer.model, spelled_facts(1, 2)).loss.isfinite().all()


# --- as a contender, and options that do not go together


def test_it_is_compared_where_facts_are_written_and_has_no_forecast(any_model, background):
    loaded = SimpleNamespace(model=any_model("gpt2"), ours=False)
    question = SimpleNamespace(loaded=loaded, background=background, facts=background.prompts)
    measured, forecast = ([one.method for one in fitting(question, {}, measure)] for measure in (True, False))
    assert {"full", "ewc", "replay", "lora"} <= set(measured)
    assert "full" in forecast
    assert "ewc" not in forecast


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"decay": 0.5, "fisher": "avalanche"}, "anchors=last only"),
        ({"decay": 0.5, "anchors": "each"}, "anchors=last only"),
        ({"decay": 0.5, "fisher": "trace"}, "not in trace"),
        ({"anchors": "each", "fisher": "trace"}, "one sum of importance"),
        ({"batch": 2}, "'exact' measures no batches"),
        ({"batch": 2, "fisher": "trace"}, "'trace' measures no batches"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_one_line(any_model, background, options, word):
    with pytest.raises(UserError) as raised:
        bind("ewc", any_model("gpt2"), background, **options)
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)
