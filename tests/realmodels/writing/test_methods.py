"""What is true of every writing method, on models trained here and on those of transformers."""

import copy
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from realmodels.writing.learning_rate import LARGEST
from realmodels.writing.methods.binding import bind, names
from realmodels.writing.methods.catalogue import RUNS
from realmodels.writing.methods.editor import Editor
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import asked
from realmodels.writing.stream import stream, write_task
from theory.errors import UserError

STEPS = 4


@dataclass(frozen=True)
class Trial:
    """A method as it is tried here. rate: one with which a toy learns. bad: options out of range, each with a part of the
    complaint."""

    rate: float
    options: dict[str, Any] = field(default_factory=dict)
    bad: tuple[tuple[dict[str, Any], str], ...] = ()
    kinds: tuple[str, ...] = ("dense", "gpt2", "llama")


EDITOR_BAD = (
    ({"where": "0"}, "one is wanted"),
    ({"where": "nowhere"}, "no matrix is called"),
    ({"clamp": 0.0}, "clamp 0.0"),
    ({"clamp": float("nan")}, "clamp nan"),
    ({"decay": -1.0}, "decay -1.0"),
    ({"decay": float("inf")}, "decay inf"),
)
FULL_BAD = (
    ({"where": "99"}, "no matrix is called"),
    ({"optimizer": "adam"}, "choose sgd or adamw"),
    ({"weight_decay": -0.1}, "weight_decay -0.1"),
    ({"weight_decay": float("nan")}, "weight_decay nan"),
)
GPM_BAD = (
    ({"threshold": 0.0}, "threshold 0.0"),
    ({"threshold": 1.01}, "threshold 1.01"),
    ({"threshold": float("nan")}, "threshold nan"),
    ({"positions": "some"}, "choose answer or all"),
    ({"where": "99"}, "no matrix is called"),
)
ASYMMETRIC_BAD = (
    ({"part": "window"}, "choose selected, compressed or both"),
    ({"part": "indexer"}, "scores no answer"),
    ({"part": "both", "slow": 0.0}, "slow 0.0"),
    ({"part": "both", "slow": float("inf")}, "slow inf"),
    ({"slow": 10.0}, "give part=both"),
)
TWO = {"fast": "0.feedforward.output", "access": "labels", "sleep": 2, "asleep": 10, "slow_rate": 0.05, "old": 2}
TRIALS = {
    "full": Trial(1e-3, bad=FULL_BAD),
    "full adamw": Trial(1e-3, {"optimizer": "adamw", "weight_decay": 0.1}),
    "full where": Trial(1e-2, {"where": "1-2.feedforward"}),
    "last_matrix": Trial(1e-2, bad=(({"where": "all"}, "one is wanted"),)),
    "off_mode": Trial(1e-2, {"k": 3}, bad=(({"k": 0}, "k 0"), ({"k": 13}, "k 13"), ({"where": "1"}, "one is wanted"))),
    "sparse_memory": Trial(
        1.0,
        bad=(
            ({"t": 0}, "t 0"),
            ({"score": "df"}, "choose tfidf, tf, idf, random or read"),
            ({"optimizer": "adam"}, "choose sgd or adamw"),
        ),
        kinds=("memory",),
    ),
    "sparse_memory adamw": Trial(1e-2, {"optimizer": "adamw", "score": "random", "t": 8}, kinds=("memory",)),
    "lora": Trial(
        1e-2,
        bad=(
            ({"rank": 0}, "rank 0"),
            ({"rank": 33}, "rank 33"),
            ({"alpha": 0.0}, "alpha 0.0"),
            ({"mode": "both"}, "choose continued or merged"),
            ({"weight_decay": -1.0}, "weight_decay -1.0"),
            ({"where": "no"}, "no matrix is called"),
        ),
    ),
    "lora merged": Trial(1e-2, {"mode": "merged", "where": "feedforward", "rank": 2}),
    "replay": Trial(1e-3, {"n": 2, "buffer": 4}, bad=(*FULL_BAD, ({"n": 0}, "n 0"), ({"n": 9, "buffer": 8}, "buffer 8"))),
    "replay adamw": Trial(1e-3, {"optimizer": "adamw"}),
    "der": Trial(
        1e-3,
        {"n": 2, "buffer": 4},
        (*FULL_BAD, ({"alpha": -0.1}, "alpha -0.1"), ({"beta": float("nan")}, "beta nan"), ({"n": 0}, "n 0")),
    ),
    "two_regimes": Trial(1.0, kinds=("memory",), bad=(({"slow": ""}, "give slow"), ({"share": 0.1}, "leave share away"))),
    "two_regimes labels": Trial(
        1e-2,
        {**TWO, "share": 0.2},
        (
            ({**TWO, "access": "all"}, "choose labels, own or none"),
            ({**TWO, "sleep": -1}, "sleep -1"),
            ({**TWO, "slow_rate": 0.0}, "slow_rate 0.0"),
            ({**TWO, "keep": 1.5}, "keep 1.5"),
            ({**TWO, "share": 1.5}, "share 1.5"),
            ({**TWO, "share": 0.0}, "share 0.0"),
            ({**TWO, "slow": "no"}, "no matrix is called"),
        ),
        ("dense", "llama"),
    ),
    "two_regimes one": Trial(1e-2, {**TWO, "fast": "feedforward", "slow": "feedforward", "sleep": 1}),
    "two_regimes none": Trial(1e-2, {**TWO, "access": "none", "keep": 0.9, "without": 1}),
    "ewc": Trial(
        1e-3,
        bad=(
            *FULL_BAD,
            ({"strength": -1.0}, "strength -1.0"),
            ({"strength": float("nan")}, "strength nan"),
            ({"strength": float("inf")}, "strength inf"),
            ({"fisher": "true"}, "choose exact, avalanche, mammoth or trace"),
            ({"anchors": "first"}, "choose last or each"),
            ({"decay": -0.1}, "decay -0.1"),
            ({"decay": float("nan")}, "decay nan"),
            ({"batch": -1}, "batch -1"),
        ),
    ),
    "ewc adamw": Trial(1e-3, {"optimizer": "adamw", "anchors": "each"}),
    "ewc avalanche": Trial(1e-3, {"fisher": "avalanche", "batch": 2, "strength": 1.0}),
    "ewc mammoth": Trial(1e-3, {"fisher": "mammoth", "decay": 0.9, "strength": 1.0}),
    "ewc trace": Trial(1e-3, {"fisher": "trace", "strength": 1.0}),
    "rome": Trial(0.2, bad=(*EDITOR_BAD, ({"ridge": 0.0}, "ridge 0.0"))),
    "memit": Trial(0.2, {"weight": 0.1}, (*EDITOR_BAD, ({"ridge": -1.0}, "ridge -1.0"), ({"weight": 0.0}, "weight 0.0"))),
    "alphaedit": Trial(
        0.2,
        {"share": 0.3},
        (*EDITOR_BAD, ({"share": 0.0}, "share 0.0"), ({"share": 1.0}, "share 1.0"), ({"ridge": 0.0}, "ridge 0.0")),
    ),
    "rls": Trial(0.2, bad=(*EDITOR_BAD, ({"prior": 0.0}, "prior 0.0"), ({"weight": -1.0}, "weight -1.0"))),
    "rls text": Trial(0.2, {"weight": 0.1}),
    "gpm": Trial(1e-2, bad=GPM_BAD),
    "gpm several": Trial(1e-3, {"where": "1-2", "threshold": 0.9, "positions": "all"}),
    "ogd": Trial(1e-2, bad=(({"most": 0}, "most 0"), ({"most": 10**12}, "lower most"), ({"where": "99"}, "no matrix is called"))),
    "ogd everything": Trial(1e-3, {"where": "", "most": 4}),
    "asymmetric": Trial(3e-2, bad=ASYMMETRIC_BAD, kinds=("nsa", "dsa", "mla_dsa")),
    "asymmetric both": Trial(3e-2, {"part": "both", "slow": 10.0}, kinds=("nsa", "dsa", "mla_dsa")),
    "asymmetric compressed": Trial(
        0.3, {"part": "compressed"}, (({"part": "compressed", "slow": 2.0}, "give part=both"),), ("nsa",)
    ),
}
CASES = [(trial, kind) for trial, one in TRIALS.items() for kind in one.kinds]
every = pytest.mark.parametrize(("trial", "kind"), CASES)


def method(trial: str) -> str:
    return trial.split()[0]


@pytest.fixture
def bound(any_model, background):
    """Factory (trial, model, more options) -> the trial's method bound to the model."""

    def make(trial: str, model: torch.nn.Module, **more: Any):
        return bind(method(trial), model, background, **{**TRIALS[trial].options, **more})

    return make


def values(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether the same tensors are in both, bit for bit."""
    bits = {4: torch.int32, 8: torch.int64}
    return one.keys() == other.keys() and all(
        torch.equal(a.view(bits[a.element_size()]), other[name].view(bits[a.element_size()])) for name, a in one.items()
    )


def test_every_method_is_tried():
    assert {method(trial) for trial in TRIALS} == set(names()) >= {name for _, name in RUNS}


@every
def test_tasks_are_learned_and_nothing_else_changes(any_model, spelled_facts, bound, trial, kind):
    model, facts = any_model(kind), spelled_facts()
    before, held = values(model), dict(model.named_parameters())
    modules = [(name, id(module), module.training) for name, module in model.named_modules()]
    writer = bound(trial, model)
    losses = []
    for _ in stream(writer, facts, TRIALS[trial].rate, STEPS):
        losses.append([asked(model, facts.of_task(task)).loss.mean().item() for task in range(2)])
    assert losses[1][0] < losses[0][0] - 0.01
    assert losses[2][1] < losses[1][1] - 0.01
    changed = {name for name, value in values(model).items() if not torch.equal(value, before[name])}
    assert changed
    assert changed <= set(writer.parameters)
    assert all(parameter is held[name] and parameter.requires_grad for name, parameter in model.named_parameters())
    assert modules == [(name, id(module), module.training) for name, module in model.named_modules()]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@every
def test_two_streams_in_one_process_are_two_streams_apart(any_model, spelled_facts, bound, trial, kind):
    """Nothing is kept outside of the writer: two streams whose writes alternate leave the same bits as one alone."""
    facts, alone = spelled_facts(3, 2), any_model(kind)
    list(stream(bound(trial, alone), facts, TRIALS[trial].rate, 2))
    models = [any_model(kind) for _ in range(2)]
    torch.manual_seed(123)  # nor does it depend on the global generator
    running = [stream(bound(trial, model), facts, TRIALS[trial].rate, 2) for model in models]
    for _ in zip(*running, strict=True):
        torch.rand(1)
    assert same(values(alone), values(models[0]))
    assert same(values(alone), values(models[1]))


@every
def test_a_stream_goes_on_from_its_state(any_model, spelled_facts, bound, trial, kind):
    """Parameters and state, taken up by a writer that is bound to the model as it was before the first task, are all there is."""
    facts, rate, model = spelled_facts(3, 2), TRIALS[trial].rate, any_model(kind)
    writer = bound(trial, model)
    running = stream(writer, facts, rate, 2)
    for _ in range(2):
        next(running)
    parameters, state = values(model), writer.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}
    list(running)
    assert same(kept, state)  # what was given does not change with later writes
    again = any_model(kind)
    other = bound(trial, again)
    for name, parameter in other.parameters.items():
        parameter.data.copy_(parameters[name])
    other.restore({name: tensor.clone() for name, tensor in kept.items()})
    list(stream(other, facts, rate, 2, begin=1))
    assert same(values(again), values(model))
    assert same(other.state(), writer.state())


@every
def test_a_trial_write_is_taken_back_with_parameters_and_state(any_model, spelled_facts, bound, trial, kind):
    facts, rate, model = spelled_facts(), TRIALS[trial].rate, any_model(kind)
    writer = bound(trial, model)
    before, state = values(model), writer.state()
    ends = []
    for _ in range(2):
        write_task(writer, facts.of_task(0), rate, 2)
        ends.append(values(model))
        for name, parameter in writer.parameters.items():
            parameter.data.copy_(before[name])
        writer.restore(state)
    assert same(*ends)
    assert not same(ends[0], before)


@every
def test_a_rate_that_is_far_too_large_diverges_and_says_where(any_model, spelled_facts, bound, trial, kind):
    """Where a norm without a mean (llama, ours) follows what is written, the numbers may stay finite: it divides by anything."""
    model = any_model(kind)
    modules = [(name, id(module)) for name, module in model.named_modules()]
    writer = bound(trial, model, **({"clamp": 1e30} if isinstance(bound(trial, model), Editor) else {}))
    said = ""
    try:
        list(stream(writer, spelled_facts(), LARGEST, STEPS))
    except Diverged as error:
        said = str(error)
    if kind == "gpt2" or said:
        assert re.fullmatch(r"task 1, [^\n]* at learning rate 1e\+30: lower the learning rate", said)
    else:
        assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    assert modules == [(name, id(module)) for name, module in model.named_modules()]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("trial", "options", "word"), [(trial, options, word) for trial, one in TRIALS.items() for options, word in one.bad]
)
def test_options_out_of_range_are_one_line(any_model, background, trial, options, word):
    with pytest.raises(UserError) as raised:
        bind(method(trial), any_model(TRIALS[trial].kinds[0]), background, **options)
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)


@every
def test_rates_to_try_hold_the_one_that_works_and_state_is_counted_with_its_bits(any_model, bound, trial, kind):
    writer = bound(trial, any_model(kind))
    lowest, highest = writer.rates
    assert 0 < lowest < TRIALS[trial].rate < highest
    assert (writer.state_numbers > 0) == (writer.state_bits > 0)
    carried = sum(tensor.numel() for tensor in writer.state().values())
    assert writer.state_numbers > 0 or carried == 0


def test_methods_that_do_not_fit_say_so(any_model, background):
    with pytest.raises(UserError, match="unknown method 'magic': choose one of alphaedit, asymmetric, der, ewc"):
        bind("magic", any_model("dense"), background)
    with pytest.raises(UserError, match="memory layer, which this model lacks"):
        bind("sparse_memory", any_model("gpt2"), background)
    for kind in ("gpt2", "dense"):
        with pytest.raises(UserError, match="flows of sparse attention \\(nsa, dsa, mla_dsa\\), which this model lacks"):
            bind("asymmetric", any_model(kind), background)
    with pytest.raises(UserError, match="has no option 'colour': it has where"):
        bind("last_matrix", any_model("dense"), background, colour="red")


@pytest.mark.parametrize("name", ["rome", "memit", "alphaedit"])
def test_editors_that_protect_text_refuse_to_go_without(any_model, background, name):
    with pytest.raises(UserError, match=f"method '{name}' protects what a text reads and was given none"):
        bind(name, any_model("dense"), background.prompts)


def test_copies_are_written_like_their_models(any_model, spelled_facts, background):
    """A deep copy of a model, as `Loaded.copy` makes it, is written to the same bits."""
    model, facts = any_model("llama"), spelled_facts(1, 3)
    other = copy.deepcopy(model)
    for one in (model, other):
        write_task(bind("lora", one, background), facts, 1e-2, 2)
    assert same(values(model), values(other))
