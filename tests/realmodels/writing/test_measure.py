"""A user's checkpoint and a user's facts: the promised keys, numbers that agree with one another, and errors that say how
to mend."""

import json
import math

import pytest

from realmodels.model import checkpoint
from realmodels.writing.measure import forecast, measure, write
from realmodels.writing.outputs import encode, outputs, scores
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
    answer = measure(trained[1][architecture], places, method)
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
    predicted, measured = forecast(path, facts, "last_matrix", dial=1e-3), write(path, "last_matrix", facts, dial=1e-3)
    assert predicted["full_bits"] == 2
    assert [row["age"] for row in predicted["kernel"]] == [row["age"] for row in measured["retained"]] == [0]
    gained = measured["retained"][0]["bits"] - measured["bits_before"]
    assert predicted["kernel"][0]["bits"] - measured["bits_before"] == pytest.approx(gained, rel=0.05)


def test_write_leaves_the_model_alone_and_saves_a_copy(trained, places, tmp_path):
    path = trained[1]["dense"]
    before = (path / "model.safetensors").read_bytes()
    answer = write(path, "full", places, out=tmp_path / "taught")
    assert (path / "model.safetensors").read_bytes() == before
    assert answer["learned"] > answer["bits_before"]
    assert [row["age"] for row in answer["retained"]] == [0, 1]
    json.dumps(answer, allow_nan=False)
    model, tokenizer, meta = checkpoint.read(tmp_path / "taught")
    assert meta["written"]["dial"] == answer["dial"]
    from realmodels.text.facts import load_facts

    facts = encode(load_facts(places), tokenizer)
    assert scores(outputs(model, facts), facts.target).bits.mean().item() == pytest.approx(answer["kept"], abs=1e-5)
    with pytest.raises(UserError, match="exists"):
        write(path, "full", places, out=tmp_path / "taught")


def test_a_named_stream_can_be_written(trained):
    answer = write(trained[1]["dense"], "full", "cities", dial=1e-3, steps=1)
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
    facts_file(bad, [{"prompt": "Oz is in", "answer": "zebra", "task": 0}, {"prompt": "Ix is in", "answer": "zebras", "task": 0}])
    told("' zebra' and ' zebras' begin with the same token: replace or drop one of the two")
    facts_file(bad, [{"prompt": "Oz " * 60, "answer": "France", "task": 0}, {"prompt": "Ix is in", "answer": "Italy", "task": 0}])
    told("does not fit a context of 64")
    told("does not exist", path=tmp_path / "none.jsonl")
    told("unknown method 'magic'", path=places, method="magic")
    told("memory layer, which this model lacks", path=places, method="sparse_memory")
    told(str(tmp_path / "nowhere"), path=places, model=tmp_path / "nowhere")
