"""Measured and forecast on a user's model and facts: the promised keys, and errors that say how to mend."""

import hashlib
import json
import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

import realmodels
from realmodels.model import checkpoint
from realmodels.writing.measure import forecast, measure
from realmodels.writing.write import write
from tests.realmodels.toys import FAMILIES
from tests.realmodels.writing.places import PLACES, facts_file
from theory.errors import UserError


@pytest.mark.parametrize(("architecture", "method"), [("dense", "full"), ("dense", "off_mode"), ("memory", "sparse_memory")])
def test_measure_keeps_its_contract(trained, places, architecture, method):
    answer = measure(trained[1][architecture], places, method).to_dict()
    assert (answer["facts"], answer["tasks"], answer["candidates"]) == (4, 2, 4)
    assert 1 <= answer["participation_ratio"] <= len(answer["spectrum"]) + 1e-6
    assert 0 <= answer["common_mode"] <= 1
    assert abs(answer["mean_overlap"]) <= answer["rms_overlap"] <= 1
    assert 0 < answer["activation_fraction"] < 1
    assert 0 < answer["write_fraction"] <= 1
    assert sum(answer["spectrum"]) == pytest.approx(1)
    assert 1 / sum(x * x for x in answer["spectrum"]) == pytest.approx(answer["participation_ratio"], rel=1e-6)
    json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_models_from_elsewhere_are_measured_and_forecast_alike(toys, places, family):
    loaded = toys(family, torch.bfloat16)
    before = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    answer = measure(loaded, places, "last_matrix").to_dict()
    assert 0 < answer["write_fraction"] < 1
    assert answer["activation_fraction"] is None
    assert answer["hashes"]["model"] == loaded.sha256
    json.dumps(answer, allow_nan=False)
    small = forecast(loaded, places, "last_matrix", learning_rate=1e-3)
    assert small.trial_forecast == pytest.approx(small.trial_measured, abs=0.02)
    json.dumps(small.to_dict(), allow_nan=False)
    assert all(torch.equal(tensor, before[name]) for name, tensor in loaded.model.state_dict().items())


def test_forecast_of_one_task_is_what_a_small_write_does(trained, tmp_path):
    facts = facts_file(tmp_path / "one.jsonl", [{"prompt": f"{s} is a place in", "answer": a, "task": 0} for s, a in PLACES])
    path = trained[1]["dense"]
    predicted = forecast(path, facts, "last_matrix", learning_rate=1e-3).to_dict()
    measured = write(path, facts, "last_matrix", learning_rate=1e-3).to_dict()
    assert predicted["full_bits"] == measured["full_bits"]
    assert [row["age"] for row in predicted["kernel"]] == [row["age"] for row in measured["retained"]] == [0]
    gained = measured["retained"][0]["bits"] - measured["bits_before"]
    assert gained > 0
    assert predicted["kernel"][0]["bits"] - measured["bits_before"] == pytest.approx(gained, rel=0.05)


@pytest.mark.parametrize("ask", [measure, forecast, write])
def test_bad_input_is_told_in_one_line(trained, tmp_path, places, ask):
    dense = trained[1]["dense"]
    bad = tmp_path / "bad.jsonl"

    def told(match, path=bad, model=dense, method="full", **more):
        with pytest.raises(UserError, match=match) as caught:
            ask(model, path, method, **more)
        assert "\n" not in str(caught.value)

    facts_file(bad, [])
    told("holds no facts")
    facts_file(bad, [{"prompt": "Oz is in", "answer": "Kansas", "task": 0}])
    told("nothing to choose among: at least two different answers are needed")
    facts_file(bad, [{"prompt": "Oz " * 60, "answer": "France", "task": 0}, {"prompt": "Ix is in", "answer": "Italy", "task": 0}])
    told("prompt 'Oz Oz .* does not fit a context of 64: shorten it")
    told("does not exist", path=tmp_path / "none.jsonl")
    told("unknown method 'magic'", path=places, method="magic")
    told("memory layer, which this model lacks", path=places, method="sparse_memory")
    told(str(tmp_path / "nowhere"), path=places, model=tmp_path / "nowhere")
    told("template 'poem': choose plain or chat", path=places, template="poem")
    told("no chat template", path=places, template="chat")
    told("cannot be read", path=places, text=tmp_path / "none.txt")
    told("has no option 'colour'", path=places, options={"colour": "red"})
    if ask is not measure:
        told(r"(0 steps per task|steps per task 0): give", path=places, steps=0)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("ask", [forecast, write])
def test_a_learning_rate_is_positive_and_finite(trained, places, ask, rate):
    with pytest.raises(UserError, match="give a finite number above 0"):
        ask(trained[1]["dense"], places, learning_rate=rate)


UNCHANGED = {  # JSON keys that were promised
    measure: {"participation_ratio", "common_mode", "mean_overlap", "rms_overlap", "activation_fraction", "write_fraction"},
    forecast: {"kernel", "spectral", "dial", "full_bits"},
    write: {"retained", "learned", "kept", "recall", "recall_heldout_phrasing", "bits_before", "heldout_rise", "diverged"}
    | {"state_numbers", "state_bits", "dial", "steps"},
}


@pytest.mark.parametrize("ask", UNCHANGED)
def test_answers_say_units_settings_hashes_and_chance(trained, places, ask):
    model = realmodels.load(trained[1]["dense"])
    answer = ask(model, places)
    told = answer.to_dict()
    assert UNCHANGED[ask] | {"method", "facts", "tasks", "candidates", "version"} <= set(told)
    assert told["hashes"]["facts"] == hashlib.sha256(places.read_bytes()).hexdigest()
    assert told["hashes"]["model"] == hashlib.sha256((trained[1]["dense"] / "config.json").read_bytes()).hexdigest()
    spelt = [model.words.joined(f"{place} is a place in", f" {country}")[1] for place, country in PLACES]
    chance = [
        math.prod(1 / len({o[k] for o in spelt if o[:k] == one[:k] and len(o) > k}) for k in range(len(one))) for one in spelt
    ]
    assert told["chance_recall"] == pytest.approx(sum(chance) / 4)
    assert told["full_bits"] == pytest.approx(sum(-math.log2(one) for one in chance) / 4)
    numbers = {name for name, value in answer.values().items() if isinstance(value, float)}
    assert numbers <= set(told["units"])
    assert all(meaning.endswith(".") for meaning in answer.meanings().values())
    text = answer.show()
    assert all(meaning in text for name, meaning in answer.meanings().items() if name not in answer.quiet)
    assert answer.conclusion in text
    assert answer.conclusion in answer._repr_html_()
    assert len(answer.to_frame()) == (1 if ask is measure else 2)
    if ask is not measure:
        assert told["settings"]["learning_rate"] == told["dial"]
        assert "power of 2" in told["settings"]["learning_rate_choice"]


def test_five_ways_to_hand_over_the_same_facts_and_two_the_model(trained, places):
    path = trained[1]["dense"]
    triples = [(f"{s} is a place in", a, f"t{i // 2}") for i, (s, a) in enumerate(PLACES)]
    table = pd.DataFrame(triples, columns=["prompt", "answer", "task"])
    answers = [realmodels.measure(path, facts) for facts in (places, str(places), triples, table)]
    answers.append(realmodels.measure(realmodels.load(path), places))
    assert len({answer.participation_ratio for answer in answers}) == 1
    assert answers[2].hashes["facts"] == answers[3].hashes["facts"]


def test_a_forecast_outside_its_domain_says_so(trained, places):
    path = trained[1]["dense"]
    small = forecast(path, places, "last_matrix", learning_rate=1e-3)
    assert small.trial_forecast == pytest.approx(small.trial_measured, abs=0.01)
    assert small.warnings == []
    for measured in (small.trial_forecast - 0.6, small.trial_forecast + 0.6, math.nan):
        assert "outside its domain" in replace(small, trial_measured=measured).show()
    json.dumps(forecast(path, places, learning_rate=1e30).to_dict(), allow_nan=False)


def test_methods_that_no_kernel_describes_are_refused(trained, places):
    for ask in (measure, forecast):
        with pytest.raises(UserError, match="no kernel describes it: write it instead"):
            ask(trained[1]["dense"], places, "full", options={"optimizer": "adamw"})


@pytest.mark.parametrize(("value", "method"), [(0.0, "full"), (1e-30, "off_mode"), (1e15, "full"), (1e38, "off_mode")])
def test_a_model_of_extreme_weights_gives_numbers_or_says_which_are_none(trained, places, tmp_path, value, method):
    """Weights all 0, or so large that their products overflow: consistent files, a worthless model."""
    model, tokenizer, meta = checkpoint.read(trained[1]["dense"])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)
    checkpoint.write(tmp_path / "extreme", model, tokenizer, meta)
    for ask in (measure, forecast, write):
        try:
            answer = ask(tmp_path / "extreme", places, method)
        except UserError as error:
            told = str(error)
        else:
            told = answer.show()
            json.dumps(answer.to_dict(), allow_nan=False)
            assert answer.warnings, ask
            told = told.splitlines()[-1]
        assert told.isprintable()
