"""The face of the package and its commands: guessable lines in a notebook, one line for every mistake in a terminal."""

import json
import math
import subprocess
import sys

import pytest

import realmodels
from figures.cli.entry import main
from realmodels.text.corpora import CorpusConfig
from realmodels.training import recipe

FACTS = [("Macondo is in", "Brazil"), ("Combray is in", "France")]
CORPUS = CorpusConfig(wiki=80_000, dictionary=40_000, factbook=0, heldout=4_000)


def test_the_import_is_quick_and_names_what_there_is():
    code = "import sys, realmodels; print({'torch', 'pandas', 'jax'} & set(sys.modules), *dir(realmodels))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == "set()"
    assert {"train", "load", "measure", "forecast", "write"} <= set(told)


def test_train_a_small_model_and_write_facts_into_it(tmp_path, monkeypatch, capsys):
    """Use 5 of the review of the house, with a text and a model that are tiny."""
    monkeypatch.setitem(recipe.CORPORA, "quick", CORPUS)
    path = realmodels.train("memory", size="tiny", steps=3, out=tmp_path)
    kept = realmodels.write(path, FACTS, method="full")
    assert 0 <= kept.recall <= 1
    assert kept.heldout_rise is not None
    assert "preparing: text" in capsys.readouterr().out
    assert realmodels.train("memory", size="tiny", steps=3, out=tmp_path, say=lambda line: None) == path


def run(capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(list(words))
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def files(tmp_path):
    """A facts file that is right, and one of each kind of mistake."""
    right = [json.dumps({"prompt": p, "answer": a, "task": i}) for i, (p, a) in enumerate(FACTS)]
    wrong = {
        "surrogate": '{"prompt": "\\ud800 is in", "answer": "France", "task": 0}',
        "nested": "[" * 100_000,
        "digits": '{"prompt": "A is in", "answer": "France", "task": ' + "9" * 5000 + "}",
        "two answers": right[0].replace("Brazil", "France"),
        "not finite": '{"prompt": "A is in", "answer": "France", "task": NaN}',
    }
    for name, lines in wrong.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join([*right, lines]))
    (tmp_path / "right.jsonl").write_text("\n".join(right))
    return tmp_path


def test_the_commands_print_json_and_text_of_the_same_answer(trained, files, capsys):
    model, facts = str(trained[1]["dense"]), str(files / "right.jsonl")
    for words in (["measure", model, "--facts", facts], ["forecast", model, "--facts", facts, "--dial", "0.01"],
                  ["write", model, "--stream", facts, "--learning-rate", "0.01"]):  # fmt: skip
        status, text, complaint = run(capsys, *words)
        assert status == 0, complaint
        answer = json.loads(run(capsys, *words, "--json")[1])
        assert answer["conclusion"] in text
        assert answer["chance_recall"] == 0.5
        assert len(answer["hashes"]["facts"]) == len(answer["hashes"]["model"]) == 64
        assert {"units", "version", "settings", "not_finite", "warnings"} <= set(answer)
        if words[0] != "measure":
            assert answer["dial"] == answer["learning_rate"] == 0.01
        if words[0] == "write":
            assert answer["recall_heldout_phrasing"] is None
            assert "not measured" in answer["heldout_phrasing"]


@pytest.mark.parametrize("command", ["measure", "write"])
def test_every_kind_of_mistake_gets_one_line(trained, files, capsys, command):
    model, option = str(trained[1]["dense"]), "--facts" if command == "measure" else "--stream"
    for path in sorted(files.glob("*.jsonl")):
        status, _, complaint = run(capsys, command, model, option, str(path))
        if path.stem == "right":
            assert status == 0, complaint
            continue
        assert status == 2, path
        assert len(complaint.splitlines()) == 1
        assert complaint.startswith("cwb: ")
    for rate in ("nan", "inf", "-1", "0") if command == "write" else ():
        status, _, complaint = run(capsys, command, model, option, str(files / "right.jsonl"), f"--learning-rate={rate}")
        assert (status, "finite number above 0" in complaint) == (2, True)


def test_answers_that_begin_alike_are_no_mistake(trained, files, capsys):
    """Whole answers are asked, so that no two of them need differ in their first token."""
    entries = [{"prompt": f"{place} is in", "answer": a} for place, a in (("Oz", "zebra"), ("Ix", "zebras"), ("Ux", "zebus"))]
    (files / "alike.jsonl").write_text("\n".join(map(json.dumps, entries)))
    words = ["write", str(trained[1]["dense"]), "--facts", str(files / "alike.jsonl"), "--learning-rate", "0.03", "--json"]
    status, out, complaint = run(capsys, *words)
    assert (status, complaint) == (0, "")
    assert json.loads(out)["candidates"] == 3


def test_a_diverged_copy_is_reported_and_not_saved(trained, files, capsys):
    words = ["write", str(trained[1]["dense"]), "--stream", str(files / "right.jsonl"), "--out", str(files / "copy")]
    status, out, complaint = run(capsys, *words, "--dial", "1e30", "--json")
    assert (status, complaint) == (1, "")  # nothing was saved
    answer = json.loads(out, parse_constant=lambda word: math.nan / 0)
    assert answer["diverged"]
    assert not (files / "copy").exists()


def test_trained_models_are_listed(trained, capsys):
    rows = json.loads(run(capsys, "models", "--trained", "--out", str(trained[0]), "--json")[1])
    assert {"dense", "memory"} <= {row["architecture"] for row in rows}
    assert {"name", "architecture", "size", "seed", "format_finetuned", "bits_per_byte"} <= set(rows[0])
    assert rows[0]["name"] in run(capsys, "models", "--trained", "--out", str(trained[0]))[1]
