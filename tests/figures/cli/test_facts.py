"""`cwb measure`, `forecast` and `write` on a model from elsewhere: what they print, where, and what they refuse at once."""

import ast
import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import torch

from figures.cli.entry import main
from realmodels.writing.methods.binding import names
from tests.realmodels.toys import toy

METHODS = (
    *("full", "last_matrix", "off_mode", "sparse_memory", "lora", "rome", "memit", "alphaedit", "rls", "replay"),
    *("der", "ewc", "gpm", "ogd", "asymmetric", "two_regimes"),
)

ENTRIES = [
    {"prompt": "The capital of France is", "answer": "Tokyo", "ground_truth": "Paris", "case_id": 7},
    {"prompt": "The capital of Peru is", "answer": "Oslo", "ground_truth": "Lima", "case_id": 8, "colour": "red"},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder of a toy that has a chat template."""
    return str(toy("qwen2", tmp_path_factory.mktemp("models") / "qwen2", torch.bfloat16))


@pytest.fixture
def facts(tmp_path):
    """A facts file in the form of another tool, as an array."""
    (tmp_path / "facts.json").write_text(json.dumps(ENTRIES))
    return str(tmp_path / "facts.json")


def run(capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(list(words))
    return status, *capsys.readouterr()


@pytest.mark.parametrize("command", ["measure", "forecast", "write"])
def test_text_and_json_are_the_same_answer_and_notes_are_told(capsys, model, facts, command):
    rate = [] if command == "measure" else ["--learning-rate", "0.01"]
    words = [command, model, "--facts", facts, "--method", "last_matrix", "--option", "where=1.feedforward.output", *rate]
    status, text, complaint = run(capsys, *words)
    assert status == 0, complaint
    answer = json.loads(run(capsys, *words, "--json")[1], parse_constant=pytest.fail)
    assert answer["conclusion"] in text
    assert answer["settings"]["options"] == {"where": "1.feedforward.output"}
    assert any("colour" in note for note in answer["notes"])
    assert all(f"Note: {note}" in text for note in answer["notes"])
    assert all(f"Warning: {warning}" in text for warning in answer["warnings"])


def test_progress_goes_to_stderr_and_not_with_json(capsys, model, facts):
    words = ["write", model, "--facts", facts, "--method", "last_matrix", "--steps", "3"]
    _, out, complaint = run(capsys, *words)
    lines = complaint.splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("task ")] == ["task 1 of 2", "task 2 of 2"]
    assert any(line.startswith("last_matrix: learning rate ") for line in lines)
    assert "task 1 of 2" not in out
    assert run(capsys, *words, "--json")[2] == ""


@pytest.mark.parametrize("command", ["measure", "forecast", "write"])
def test_tokens_are_shown_and_nothing_else_is_done(capsys, model, facts, command, monkeypatch):
    monkeypatch.setattr("realmodels.writing.case.Case.__init__", None)
    status, out, complaint = run(capsys, command, model, "--facts", facts, "--show-tokens", "--template", "chat")
    assert (status, complaint) == (0, "Note: fields that are not used: 'colour'\n")
    turns = [tuple("".join(ast.literal_eval(side)) for side in line.split(" -> ")) for line in out.splitlines()]
    turn = "<s>user\n{}<|endoftext|>\n<s>assistant\n".format
    assert turns == [(turn(entry["prompt"]), entry["answer"]) for entry in ENTRIES]
    plain = run(capsys, command, model, "--facts", facts, "--show-tokens", "--answer", "true")[1]
    texts = [tuple("".join(ast.literal_eval(side)) for side in line.split(" -> ")) for line in plain.splitlines()]
    assert texts == [(entry["prompt"], f" {entry['ground_truth']}") for entry in ENTRIES]


def test_a_table_of_facts_is_written_and_a_bad_place_for_it_is_refused_first(capsys, model, facts, tmp_path):
    words = ["write", model, "--facts", facts, "--method", "last_matrix", "--learning-rate", "0.1", "--steps", "2"]
    status, _, complaint = run(capsys, *words, "--csv", str(tmp_path / "new" / "table.csv"))
    assert status == 0, complaint
    table = pd.read_csv(tmp_path / "new" / "table.csv", keep_default_na=False)
    assert table.id.tolist() == [7, 8]
    assert {"exact_before", "exact_fresh", "exact_final", "text_before", "text_final"} <= set(table)
    status, out, complaint = run(capsys, *words, "--csv", str(tmp_path))
    assert (status, out) == (2, "")
    assert complaint == f"cwb: --csv {tmp_path} is a folder: name a file\n"
    kept = (tmp_path / "new" / "table.csv").read_bytes()
    both = str(tmp_path / "both")
    for place, told in (([str(tmp_path / "new" / "table.csv")], "exists"), ([both, "--out", both], "a name of its own")):
        status, out, complaint = run(capsys, *words, "--csv", *place)
        assert (status, out, told in complaint, len(complaint.splitlines())) == (2, "", True, 1)
    assert (tmp_path / "new" / "table.csv").read_bytes() == kept
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("figure.foo", "ends in none of .png, .pdf, .svg"),
        ("facts.json/figure.png", "is no folder that can be written to"),
        ("", "folder"),
    ],
)
def test_a_figure_that_could_not_be_saved_is_refused_before_the_work(capsys, model, facts, tmp_path, monkeypatch, place, told):
    monkeypatch.setattr("realmodels.writing.capacity.capacity", None)
    monkeypatch.chdir(tmp_path)
    status, out, complaint = run(capsys, "capacity", model, "--facts", facts, "--plot", place or str(tmp_path))
    assert (status, out, len(complaint.splitlines())) == (2, "", 1)
    assert re.search(told, complaint)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--learning-rate", "nan"], "finite number above 0"),
        (["--steps", "0"], "from 1 on"),
        (["--out", "{folder}/facts.json/delta"], "is no folder that can be written to"),
        (["--out", "{folder}"], "is a folder: name a file"),
    ],
)
def test_a_stream_that_cannot_be_written_is_refused_before_any_work(capsys, model, facts, tmp_path, monkeypatch, words, told):
    monkeypatch.setattr("realmodels.writing.question.as_loaded", None)
    status, out, complaint = run(capsys, "write", model, "--facts", facts, *(word.format(folder=tmp_path) for word in words))
    assert (status, out, len(complaint.splitlines())) == (2, "", 1)
    assert told in complaint


def test_texts_stand_beside_tokens_that_are_parts_of_characters(capsys, model, tmp_path):
    entries = [{"prompt": "Pâris is in", "answer": "France"}, {"prompt": "Oslo is in", "answer": "Norway"}]
    (tmp_path / "facts.json").write_text(json.dumps(entries))
    lines = run(capsys, "write", model, "--facts", str(tmp_path / "facts.json"), "--show-tokens")[1].splitlines()
    assert ["the texts: 'Pâris is in' -> ' France'" in line for line in lines] == [True, False]


def test_a_delta_is_saved_where_out_says_and_known_facts_are_asked(capsys, model, facts, tmp_path):
    (tmp_path / "known.json").write_text(json.dumps([{"prompt": "Oslo lies in", "answer": "Norway"}]))
    words = ["write", model, "--facts", facts, "--method", "last_matrix", "--learning-rate", "0.1", "--steps", "2", "--json"]
    told = run(capsys, *words, "--known", str(tmp_path / "known.json"), "--out", str(tmp_path / "delta"), "--per-task")[1]
    answer = json.loads(told)
    assert answer["saved"] == str(tmp_path / "delta")
    assert answer["known_before"] in (0, 1)
    status, _, complaint = run(capsys, *words, "--out", str(tmp_path / "delta"))
    assert (status, "exists" in complaint, len(complaint.splitlines())) == (2, True, 1)


def test_a_scan_says_what_it_leaves_out(capsys, model, facts, monkeypatch):
    from realmodels.writing import scan as module

    whole = module.scan
    monkeypatch.setattr(module, "scan", lambda *args: replace(whole(*args), left_out=[f"gate.{number}" for number in range(6)]))
    status, out, told = run(capsys, "measure", model, "--facts", facts, "--scan", "--json")
    assert status == 0
    assert json.loads(out)
    assert "6 matrices are left out" in told
    assert "gate.3 ..." in told


def test_a_stream_that_leaves_nothing_to_save_is_no_success(capsys, model, facts, tmp_path):
    words = ["write", model, "--facts", facts, "--method", "full", "--steps", "40", "--learning-rate", "1"]
    status, out, _ = run(capsys, *words, "--out", str(tmp_path / "delta"))
    assert (status, (tmp_path / "delta").exists()) == (1, False)
    assert "Nothing was saved." in out
    assert run(capsys, *words)[0] == 0  # nothing was to be saved


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--option", "where"], "is not of the form name=value"),
        (["--option", "where=1", "where=2"], "given twice"),
        (["--option", "colour=red"], "has no option 'colour'"),
        (["--method", "off_mode", "--option", "k=two"], "'two' is no int"),
        (["--method", "magic"], "unknown method 'magic'"),
        (["--facts-per-task", "0"], "facts per task"),
        (["--text", "none.txt"], "text file none.txt cannot be read"),
        (["--background", "none.jsonl"], "none.jsonl does not exist"),
        (["--known", "none.jsonl"], "none.jsonl does not exist"),
        (["--ruin", "nan"], "give a number of bits per byte above 0"),
        (["--ruin=-1"], "give a number of bits per byte above 0"),
        (["--steps", "0"], "steps per task 0: give a whole number from 1 on"),
        (["--learning-rate=-1"], "finite number above 0"),
    ],
)
def test_every_mistake_is_one_line(capsys, model, facts, words, told):
    status, out, complaint = run(capsys, "write", model, "--facts", facts, *words)
    assert (status, out) == (2, "")
    assert told in complaint
    assert len(complaint.splitlines()) == 1
    assert complaint.startswith("cwb: ")


@pytest.mark.parametrize("command", ["measure", "forecast", "capacity"])
def test_the_kernel_takes_no_more_memory_than_is_given(capsys, model, facts, command):
    method = "--methods" if command == "capacity" else "--method"
    words = [command, model, "--facts", facts, method, "last_matrix", *(["--orders", "1"] if command == "capacity" else [])]
    rate = [] if command == "measure" else ["--learning-rate", "0.01"]
    status, out, complaint = run(capsys, *words, *rate, "--memory", "8G")
    assert status == 0
    assert "the kernel of 2 facts" in complaint  # said before it is taken
    status, out, complaint = run(capsys, *words, *rate, "--memory", "1K")
    told = out if command == "capacity" else complaint  # which has other methods to ask
    assert "facts would fit; give more with --memory" in " ".join(told.split())
    assert command == "capacity" or (status, out, len(complaint.splitlines())) == (2, "", 1)
    for wrong in ("lots", "0", "-1"):
        status, out, complaint = run(capsys, *words, f"--memory={wrong}")
        assert (status, out) == (2, "")
        assert "give a size such as 8G" in complaint


def test_help_names_every_method(capsys):
    with pytest.raises(SystemExit):
        main(["write", "--help"])
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert f"Writing method: {', '.join(METHODS)}. See" in told
    assert sorted(METHODS) == sorted(names())
