"""`cwb apply` and `cwb revert` from the shell: what they print, and one line with exit status 2 for what is wrong."""

import json

import pytest
import torch

from figures.cli.entry import main
from realmodels.model.loaded import load
from realmodels.writing.recorder import Recorder
from tests.fuzz.commands import bad_paths
from tests.realmodels.toys import toy


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """(base in bfloat16, delta of two tasks on two matrices)."""
    folder = tmp_path_factory.mktemp("delta")
    loaded = load(toy("llama", folder / "base", torch.bfloat16, shards=True))
    names = [f"model.layers.{i}.mlp.down_proj.weight" for i in (1, 2)]
    recorder = Recorder(loaded, {name: loaded.model.get_parameter(name) for name in names}, per_task=True)
    for task in ("first", "second"):
        with torch.no_grad():
            for parameter in recorder.parameters.values():
                parameter.mul_(1.25)
        recorder.task_done(task)
    recorder.save(folder / "x.delta", {"method": "full", "settings": {"steps": 20}})
    return folder / "base", folder / "x.delta"


def run(capsys, *words) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([str(word) for word in words])
    found = capsys.readouterr()
    return status, found.out, found.err


def test_on_and_off_from_the_shell(pair, tmp_path, capsys):
    base, delta = pair
    status, out, err = run(capsys, "apply", base, delta, "--out", tmp_path / "new", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["folder"] == str(tmp_path / "new")
    assert told["applied"] == told["tasks"] == 2
    assert told["tensor"] == [f"model.layers.{i}.mlp.down_proj.weight" for i in (1, 2)]
    assert told["tensor_update"] == pytest.approx([1.25**2 - 1] * 2, rel=0.01)
    status, out, _ = run(capsys, "revert", tmp_path / "new", delta, "--out", tmp_path / "one", "--to-task", 1)
    assert status == 0
    assert "model.layers.2.mlp.down_proj.weight" in out
    assert "  method full" in out.splitlines()
    assert max(map(len, out.splitlines())) < 160
    status, out, _ = run(capsys, "revert", tmp_path / "one", delta, "--out", tmp_path / "old", "--json")
    assert status == 0
    assert json.loads(out)["applied"] == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "old").iterdir()} == {p.name: p.read_bytes() for p in base.iterdir()}


def test_a_dry_run_makes_nothing(pair, tmp_path, capsys):
    base, delta = pair
    before = sorted(base.parent.iterdir())
    status, out, _ = run(capsys, "apply", base, delta, "--dry-run", "--json")
    assert status == 0
    assert json.loads(out)["folder"] is None
    assert json.loads(out)["states"] == "0 to 2"
    assert run(capsys, "apply", toy("llama", tmp_path / "twin", torch.bfloat16, seed=1), delta, "--dry-run")[0] == 2
    assert sorted(base.parent.iterdir()) == before


def test_no_path_of_any_kind_brings_it_down(pair, tmp_path, capsys):
    base, delta = pair
    (tmp_path / "bad").mkdir()
    for bad in filter(None, bad_paths(tmp_path / "bad")):
        for words in (
            ("apply", bad, delta, "--out", tmp_path / "new"),
            ("apply", base, bad, "--dry-run"),
            ("revert", bad, delta, "--out", tmp_path / "new"),
            ("revert", base, delta, "--out", bad),
        ):
            status, _, err = run(capsys, *words)
            assert status == 2, (words, err)
            assert len(err.splitlines()) == 1, (words, err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["apply", "{base}", "{delta}"], "--out"),
        (["apply", "{base}", "{delta}", "--out", "{base}"], "exists"),
        (["apply", "{base}", "{delta}", "--out", "{new}", "--to-task", "3"], "no state after 3 tasks"),
        (["apply", "{base}", "{delta}", "--out", "{new}", "--to-task", "-1"], "no state after -1 tasks"),
        (["apply", "{base}", "{base}", "--out", "{new}"], "is no file"),
        (["apply", "{delta}", "{delta}", "--out", "{new}"], "GGUF"),
        (["apply", "nowhere", "{delta}", "--out", "{new}"], "nowhere is no folder"),
        (["revert", "{base}", "{delta}", "--out", "{new}"], "holds no state of"),
        (["revert", "{base}", "{delta}"], "--out"),
    ],
)
def test_what_is_wrong_is_one_line(pair, tmp_path, capsys, words, said):
    base, delta = pair
    status, out, err = run(capsys, *(word.format(base=base, delta=delta, new=tmp_path / "new") for word in words))
    assert status == 2
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "new").exists()
