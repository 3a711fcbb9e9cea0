"""Lists: of the architectures, counted once and kept; of the checkpoints in a workspace, without PyTorch."""

import json
import subprocess
import sys

import pytest

from realmodels.model import architectures, checkpoint, listing
from realmodels.model.about import checkpoints
from realmodels.model.listing import listed
from realmodels.writing.applied import apply
from realmodels.writing.write import write
from theory.errors import UserError


def test_models_are_counted_once_and_again_when_a_file_changes(tmp_path, monkeypatch):
    rows = listed(("tiny",), True, tmp_path)
    assert rows == json.loads(json.dumps(architectures.models(("tiny",), flops=True)))
    counted = []
    monkeypatch.setattr(architectures, "models", lambda sizes, flops: counted.append(sizes) or [{"sizes": list(sizes)}])
    assert listed(("tiny",), True, tmp_path) == rows
    assert counted == []
    assert listed((), False, tmp_path) == [{"sizes": list(architectures.SIZES)}]
    assert listed((), False, tmp_path)
    assert listed(("tiny",), True, tmp_path) == rows
    assert len(counted) == 1
    monkeypatch.setattr(listing, "_key", lambda: "other")
    listed(("tiny",), True, tmp_path)
    assert len(counted) == 2


@pytest.mark.parametrize("damage", [b"", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"x": 1}'])
def test_a_damaged_list_is_counted_again(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(architectures, "models", lambda sizes, flops: [{"sizes": list(sizes)}])
    (tmp_path / "models.json").write_bytes(damage)
    assert listed(("tiny",), False, tmp_path) == [{"sizes": ["tiny"]}]
    assert listed(("tiny",), False, tmp_path) == [{"sizes": ["tiny"]}]


def test_an_unknown_size_is_told(tmp_path):
    for size in ("giant", ""):
        with pytest.raises(UserError, match="unknown size"):
            listed((size,), False, tmp_path)


def test_checkpoints_are_listed_by_what_they_are(trained, tmp_path):
    folders = trained[1]
    (tmp_path / "models").mkdir()
    for name, folder in folders.items():
        (tmp_path / "models" / name).symlink_to(folder)
    facts = [("Macondo is in", "Brazil"), ("Combray is in", "France")]
    write(folders["dense"], facts, "full", learning_rate=0.01, out=tmp_path / "delta")
    apply(folders["dense"], tmp_path / "delta", tmp_path / "models" / "taught")
    (tmp_path / "models" / "no checkpoint").mkdir()
    rows = checkpoints(tmp_path)
    assert [(row["architecture"], row["name"], row["written"]) for row in rows] == [
        ("dense", "dense", None), ("dense", "taught", "full"), ("memory", "memory", None),
    ]  # fmt: skip
    meta = checkpoint.read(folders["memory"])[2]
    assert rows[2]["bits_per_byte"] == meta["log"][-1]["bits_per_byte"]["all"]
    assert rows[1]["bits_per_byte"] is None
    assert {(row["size"], row["seed"], row["steps"], row["format_finetuned"]) for row in rows} == {("tiny", 0, 10, False)}
    assert checkpoints(tmp_path / "nowhere") == []


def test_lists_need_no_pytorch(tmp_path):
    (tmp_path / "models.json").write_text("{}")
    code = "import sys, realmodels.model.about, realmodels.model.listing; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
