"""A user's checkpoint and a user's facts: the promised keys, numbers that agree with one another, and errors that say how
to mend."""

import hashlib
import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import realmodels
from realmodels.model import checkpoint
from realmodels.text.user_facts import as_facts
from realmodels.writing import case
from realmodels.writing.case import sufficient_rate
from realmodels.writing.measure import STEPS, forecast, measure, write
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import encode, facts_from_ids, outputs, scores
from realmodels.writing.stream import write_task
from theory.errors import UserError

PLACES = [("Avonlea", "Canada"), ("Macondo", "Brazil"), ("Combray", "France"), ("Yoknapatawpha", "United States")]


def facts_file(path, entries=None):
    made = [{"prompt": f"{s} is a place in", "answer": a, "task": f"t{i // 2}"} for i, (s, a) in enumerate(PLACES)]
    path.write_text("\n".join(json.dumps(entry) for entry in (made if entries is None else entries)))
    return path


@pytest.fixture
def places(tmp_path):
    return facts_file(tmp_path / "places.jsonl")


@pytest.mark.parametrize(("architecture", "method"), [("dense", "full"), ("dense", "off_mode"), ("memory", "sparse_memory")])
def test_measure_keeps_its_contract(trained, places, architecture, method):
    answer = measure(trained[1][architecture], places, method).to_dict()
    assert (answer["facts"], answer["tasks"], answer["candidates"]) == (4, 2, 4)
    assert 1 <= answer["participation_ratio"] <= 4 + 1e-6
    assert 0 <= answer["common_mode"] <= 1
    assert abs(answer["mean_overlap"]) <= answer["rms_overlap"] <= 1
    assert 0 < answer["activation_fraction"] < 1
    assert 0 < answer["write_fraction"] <= 1
    assert sum(answer["spectrum"]) == pytest.approx(1)
    assert 1 / sum(x * x for x in answer["spectrum"]) == pytest.approx(answer["participation_ratio"], rel=1e-6)
    json.dumps(answer, allow_nan=False)


def test_forecast_of_one_task_is_what_a_small_write_does(trained, tmp_path):
    facts = facts_file(tmp_path / "one.jsonl", [{"prompt": f"{s} is a place in", "answer": a, "task": 0} for s, a in PLACES])
    path = trained[1]["dense"]
    predicted = forecast(path, facts, "last_matrix", learning_rate=1e-3).to_dict()
    measured = write(path, facts, "last_matrix", learning_rate=1e-3).to_dict()
    assert predicted["full_bits"] == 2
    assert [row["age"] for row in predicted["kernel"]] == [row["age"] for row in measured["retained"]] == [0]
    gained = measured["retained"][0]["bits"] - measured["bits_before"]
    assert predicted["kernel"][0]["bits"] - measured["bits_before"] == pytest.approx(gained, rel=0.05)


def test_write_leaves_the_model_alone_and_saves_a_copy(trained, places, tmp_path):
    path = trained[1]["dense"]
    before = (path / "model.safetensors").read_bytes()
    answer = write(path, places, "full", out=tmp_path / "taught").to_dict()
    assert (path / "model.safetensors").read_bytes() == before
    assert answer["learned"] > answer["bits_before"]
    assert [row["age"] for row in answer["retained"]] == [0, 1]
    json.dumps(answer, allow_nan=False)
    model, tokenizer, meta = checkpoint.read(tmp_path / "taught")
    assert meta["written"]["learning_rate"] == answer["learning_rate"]
    from realmodels.text.user_facts import load_facts

    facts = encode(load_facts(places), tokenizer)
    assert scores(outputs(model, facts), facts).bits.mean().item() == pytest.approx(answer["kept"], abs=1e-5)
    with pytest.raises(UserError, match="exists"):
        write(path, places, "full", out=tmp_path / "taught")


def test_a_named_stream_can_be_written(trained):
    answer = write(trained[1]["dense"], "cities", "full", learning_rate=1e-3, steps=1).to_dict()
    assert (answer["tasks"], answer["facts"], answer["candidates"]) == (10, 80, 16)
    assert answer["full_bits"] == math.log2(16)


@pytest.mark.parametrize("ask", [measure, forecast])
def test_bad_input_is_told_in_one_line(trained, tmp_path, places, ask):
    dense = trained[1]["dense"]
    bad = tmp_path / "bad.jsonl"

    def told(match, path=bad, model=dense, method="full"):
        with pytest.raises(UserError, match=match) as caught:
            ask(model, path, method)
        assert "\n" not in str(caught.value)

    facts_file(bad, [])
    told("holds no facts")
    facts_file(bad, [{"prompt": "Oz is in", "answer": "Kansas", "task": 0}])
    told("nothing to choose among: give at least two")
    same = ("zebra", "zebras", "France")
    facts_file(bad, [{"prompt": f"{answer} is in", "answer": answer, "task": 0} for answer in same])
    told("' zebra', ' zebras' begin with the same token: replace or drop all but one of each group")
    facts_file(bad, [{"prompt": "Oz " * 60, "answer": "France", "task": 0}, {"prompt": "Ix is in", "answer": "Italy", "task": 0}])
    told("does not fit a context of 64")
    told("does not exist", path=tmp_path / "none.jsonl")
    told("unknown method 'magic'", path=places, method="magic")
    told("memory layer, which this model lacks", path=places, method="sparse_memory")
    told(str(tmp_path / "nowhere"), path=places, model=tmp_path / "nowhere")


UNCHANGED = {  # JSON keys that were promised
    measure: {"participation_ratio", "common_mode", "mean_overlap", "rms_overlap", "activation_fraction", "write_fraction"},
    forecast: {"kernel", "spectral", "dial", "full_bits"},
    write: {"retained", "learned", "kept", "recall", "recall_heldout_phrasing", "bits_before", "heldout_rise", "diverged"}
    | {"state_numbers", "state_bits", "dial", "steps"},
}


@pytest.mark.parametrize("ask", UNCHANGED)
def test_answers_say_units_settings_hashes_and_chance(trained, places, ask):
    answer = ask(trained[1]["dense"], places)
    told = answer.to_dict()
    assert UNCHANGED[ask] | {"method", "facts", "tasks", "candidates", "version"} <= set(told)
    assert told["hashes"]["facts"] == hashlib.sha256(places.read_bytes()).hexdigest()
    assert told["hashes"]["checkpoint"] == hashlib.sha256((trained[1]["dense"] / "config.json").read_bytes()).hexdigest()
    assert told["chance_recall"] == 1 / 4
    numbers = {name for name, value in answer.values().items() if isinstance(value, float)}
    assert numbers <= set(told["units"])
    assert all(meaning.endswith(".") for meaning in answer.meanings().values())
    text = answer.show()
    assert all(meaning in text for meaning in answer.meanings().values())
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


def test_a_notebook_needs_three_lines(trained):
    """Use 5 of the review of the house: train a small model and write facts into it; the model here is a tiny one, trained."""
    facts = [("Macondo is in", "Brazil"), ("Combray is in", "France")]
    answer = realmodels.write(trained[1]["memory"], facts, method="full")
    assert answer.tasks == answer.facts == 2
    assert "recalled" in answer._repr_html_()
    assert list(answer.to_frame().columns) == ["age", "bits", "low", "high"]
    assert answer.plot().get_ylabel() == "bits (bits per fact)"


def test_a_loaded_model_is_not_changed_by_writing(trained, places):
    loaded = realmodels.load(trained[1]["dense"])
    before = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    assert write(loaded, places).to_dict() == write(loaded, places).to_dict()
    assert all(torch.equal(tensor, before[name]) for name, tensor in loaded.model.state_dict().items())


def test_recall_in_other_words_needs_other_words(trained, places, tmp_path):
    path = trained[1]["dense"]
    answer = write(path, places, learning_rate=0.1)
    assert answer.recall_heldout_phrasing is None
    assert "paraphrases" in answer.heldout_phrasing
    entries = [json.loads(line) for line in places.read_text().splitlines()]
    wordings = [[f"Where is {PLACES[0][0]}? In"], [f"Go to {PLACES[1][0]} in", f"See {PLACES[1][0]} in"], [], []]
    rephrased = [{**entry, "paraphrases": w} for entry, w in zip(entries, wordings, strict=True)]
    out = tmp_path / "taught"
    asked = write(path, facts_file(tmp_path / "more.jsonl", rephrased), learning_rate=0.1, out=out)
    assert asked.kept == answer.kept
    assert asked.heldout_phrasing == "3 held-out wordings of 2 of 4 facts"
    asked_in = [wording for mine in wordings for wording in mine]
    model, tokenizer, _ = checkpoint.read(out)
    candidates = encode(as_facts(entries), tokenizer)
    target = candidates.target[[0, 1, 1]].tolist()
    facts = facts_from_ids([tokenizer.prompt(p) for p in asked_in], target, [0, 0, 0], candidates.candidates.tolist())
    right = scores(outputs(model, facts), facts).recall.tolist()
    assert asked.recall_heldout_phrasing == pytest.approx((right[0] + (right[1] + right[2]) / 2) / 2)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("ask", [forecast, write])
def test_a_learning_rate_is_positive_and_finite(trained, places, ask, rate):
    with pytest.raises(UserError, match="give a finite number above 0"):
        ask(trained[1]["dense"], places, learning_rate=rate)


def test_a_result_that_is_worthless_says_so_and_is_not_saved(trained, places, tmp_path):
    path = trained[1]["dense"]
    assert "Nothing was learned" in " ".join(write(path, places, learning_rate=1e-9).warnings)
    wrecked = write(path, places, learning_rate=1e30, out=tmp_path / "wrecked")
    assert wrecked.diverged
    assert "diverged" in wrecked.show()
    assert not (tmp_path / "wrecked").exists()
    json.dumps(wrecked.to_dict(), allow_nan=False)
    small = forecast(path, places, "last_matrix", learning_rate=1e-3)
    assert small.trial_forecast == pytest.approx(small.trial_measured, abs=0.01)
    assert small.warnings == []
    for measured in (small.trial_forecast - 0.6, small.trial_forecast + 0.6, math.nan):
        assert "outside its domain" in replace(small, trial_measured=measured).show()
    json.dumps(forecast(path, places, learning_rate=1e30).to_dict(), allow_nan=False)
    loud = write(path, places, learning_rate=30.0)
    assert loud.diverged or "lost language" in " ".join(loud.warnings)


def test_facts_that_do_not_fit_into_memory_are_counted(trained, monkeypatch):
    monkeypatch.setattr("realmodels.writing.room.available", lambda: 12_000_000)
    monkeypatch.setattr("realmodels.model.memory.available", lambda: 12_000_000)
    names = [first + second for first in "abcdefgh" for second in "abcdefgh"]
    many = [(f"{name} is a place in", PLACES[i % 4][1]) for i, name in enumerate(names)]
    with pytest.raises(UserError, match=r"about ([0-9]+) facts would fit") as raised:
        measure(trained[1]["dense"], many)
    fits = int(re.search("about ([0-9]+) facts", str(raised.value)).group(1))
    assert 4 < fits < 64
    assert measure(trained[1]["dense"], many[:fits]).facts == fits
    with pytest.raises(UserError, match="GiB"):
        measure(trained[1]["dense"], many[: fits + 1])
    one_task = [(f"{letter}{prompt}", answer, 0) for letter in "abcdefgh" for prompt, answer in many]
    with pytest.raises(UserError, match=r"about ([0-9]+) facts per task would fit"):
        write(trained[1]["dense"], one_task, learning_rate=0.1)


def test_the_learning_rate_is_the_smallest_that_teaches_by_trial(trained, places, monkeypatch):
    """By the rule, on writes of each task alone into a fresh copy: the smallest that teaches 90%, or what teaches most."""
    rates = 2.0 ** np.arange(-6, 1)
    monkeypatch.setattr(case, "LEARNING_RATES", rates)
    loaded = realmodels.load(trained[1]["dense"])
    encoded = encode(as_facts(places), loaded.tokenizer)
    learned = []
    for rate in rates.tolist():
        bits = []
        for task in (encoded.of_task(0), encoded.of_task(1)):
            model = loaded.copy()
            write_task(bind("last_matrix", model, encoded), task, rate, STEPS)
            bits.append(scores(outputs(model, task), task.target).bits.mean().item())
        learned.append(np.mean(bits))
    enough = [rate for rate, bits in zip(rates, learned, strict=True) if bits >= 0.9 * 2]
    answer = forecast(loaded, places, "last_matrix")
    assert answer.learning_rate == (enough[0] if enough else rates[np.argmax(learned)])
    assert answer.trial_measured == pytest.approx(learned[rates.tolist().index(answer.learning_rate)], rel=1e-6)
    assert answer.settings["learning_rate_choice"].startswith("the smallest" if enough else "no power of 2")


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (lambda rate: 2.0, (2.0**-14, True)),
        (lambda rate: 2.0 if rate >= 1 else 0.1, (1.0, True)),
        (lambda rate: 1.5 if rate == 4 else 0.1, (4.0, False)),
        (lambda rate: math.nan, (2.0**-14, False)),
        (lambda rate: rate if rate < 1 else math.nan, (0.5, False)),
    ],
)
def test_the_choice_among_learning_rates(bits, expected):
    assert sufficient_rate(bits, 2.0) == expected


@pytest.mark.parametrize("value", [0.0, 1e-30, 1e15, 1e38])
@pytest.mark.parametrize("method", ["full", "off_mode"])
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


def test_answers_may_all_begin_with_the_same_tokens(trained):
    """With 320 tokens every answer begins with a space: it ends the prompt, and the letters after it are chosen among."""
    loaded = realmodels.load(trained[1]["dense"])
    facts = [("The capital of France is", "Paris"), ("The capital of Japan is", "Tokyo")]
    encoded, plain = encode(as_facts(facts), loaded.tokenizer), loaded.tokenizer
    for row, (prompt, answer) in enumerate(facts):
        length = int(encoded.last[row]) + 1
        whole = [*encoded.tokens[row, :length].tolist(), int(encoded.candidates[encoded.target[row]])]
        assert whole == [*plain.prompt(prompt), *plain.encode(f" {answer}")][: length + 1]
        assert length > len(plain.prompt(prompt))
    paraphrased = [(*fact, i) for i, fact in enumerate(facts)]
    entries = [{"prompt": p, "answer": a, "task": t, "heldout_prompt": f"{p} called"} for p, a, t in paraphrased]
    answer = write(loaded, entries, learning_rate=0.03)
    assert answer.facts == 2
    assert answer.recall_heldout_phrasing is not None
    for bad in (("Q", "QX"), ("Q", "QX", "Z", "ZX")):
        with pytest.raises(UserError, match="begin with the same token") as raised:
            encode(as_facts([(f"{i} is", a) for i, a in enumerate(bad)]), plain)
        assert all(repr(f" {a}") in str(raised.value) for a in bad)
