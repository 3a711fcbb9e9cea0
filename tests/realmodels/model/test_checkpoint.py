"""Checkpoints: what is read is what was written, and a damaged or foreign file is named."""

import json

import pytest
import torch

from realmodels.model import checkpoint
from realmodels.model.architectures import ARCHITECTURES, config_for
from realmodels.model.transformer import Transformer
from realmodels.text.tokenizer import train
from theory.errors import UserError

TOKENIZER = train([f"the city of {a}{b} is in a place" for a in ("bar", "lem", "tis") for b in ("vok", "run", "sal")], 290)
TOKENS = torch.arange(12)[None]


@pytest.fixture(params=ARCHITECTURES)
def written(request, tmp_path):
    model = Transformer(config_for(request.param, "tiny"), seed=3)
    checkpoint.write(tmp_path / "model", model, TOKENIZER, {"log": [1.5]})
    return tmp_path / "model", model


def test_reading_gives_back_the_model_the_tokenizer_and_what_is_known(written):
    folder, model = written
    found, made, meta = checkpoint.read(folder)
    assert found.config == model.config
    assert not found.training
    assert torch.equal(found(TOKENS), model(TOKENS))
    assert made.to_str() == TOKENIZER.to_str()
    assert meta == {"log": [1.5]}


def test_the_same_model_is_the_same_bytes_and_nothing_is_overwritten(written, tmp_path):
    folder, model = written
    checkpoint.write(tmp_path / "again", model, TOKENIZER, {"log": [1.5]})
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()}
    with pytest.raises(FileExistsError):
        checkpoint.write(folder, model, TOKENIZER, {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "model"]


@pytest.mark.parametrize("name", [checkpoint.MODEL, checkpoint.TOKENIZER, checkpoint.CONFIG])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing", "empty"])
def test_a_damaged_file_is_named(written, name, damage):
    path = written[0] / name
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        half = len(data) // 2
        path.write_bytes(
            {"truncated": data[:half], "empty": b"", "flipped": data[:half] + b"\x01\x02" + data[half + 2 :]}[damage]
        )
    with pytest.raises(UserError, match=name) as raised:
        checkpoint.read(written[0])
    assert "\n" not in str(raised.value)


def test_a_file_of_another_model_is_named(written, tmp_path):
    folder, model = written
    checkpoint.write(tmp_path / "other", Transformer(model.config, seed=4), TOKENIZER, {})
    (folder / checkpoint.MODEL).write_bytes((tmp_path / "other" / checkpoint.MODEL).read_bytes())
    with pytest.raises(UserError, match=r"model\.safetensors is damaged or belongs to another model"):
        checkpoint.read(folder)


@pytest.mark.parametrize("content", ["[]", json.dumps({"format": "pickle"}), json.dumps({"format": checkpoint.FORMAT})])
def test_another_format_is_told(written, content):
    (written[0] / checkpoint.CONFIG).write_text(content)
    with pytest.raises(UserError, match=r"config\.json"):
        checkpoint.read(written[0])


def test_a_checkpoint_of_the_old_format_is_refused_in_one_line(written):
    path = written[0] / checkpoint.CONFIG
    path.write_text(path.read_text().replace(checkpoint.FORMAT, "compression-writability model 1"))
    with pytest.raises(UserError, match="has an old format that this version cannot read: train the model anew") as raised:
        checkpoint.read(written[0])
    assert "\n" not in str(raised.value)


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(UserError, match="give the folder of a model"):
        checkpoint.read(tmp_path / "none")
