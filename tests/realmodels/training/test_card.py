"""The model card: what it says is what the checkpoint, its text and its training say."""

import json

import pytest

from figures.cli.models import _card
from realmodels.model import checkpoint
from realmodels.model.architectures import config_for
from realmodels.model.transformer import Transformer
from realmodels.training.card import about, markdown, samples
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.pretrain import text_of


def test_the_card_tells_data_time_bits_and_samples(trained):
    workspace, folders = trained
    folder = folders["memory"]
    card = about(folder, workspace)
    model, tokenizer, meta = checkpoint.read(folder)
    text = text_of(meta, workspace)
    assert card["parameters"] == sum(p.numel() for p in model.parameters()) > card["active_parameters"]
    assert card["tokens"] == 10 * 4 * 64
    assert card["training_tokens"] == len(text.train)
    assert card["bits_per_byte"]["model"]["all"] == pytest.approx(bits_per_byte(model, text)["all"])
    assert set(card["bits_per_byte"]) == {"model", "unigram", "bigram", "lzma"}
    assert card["training"] == json.loads((folder / "training.json").read_text())
    for one in card["samples"]:
        start = tokenizer.decode(text.heldout[one["source"]][:9].tolist())
        assert one["start"] == " ".join(start.split())
    assert json.loads(json.dumps(card)) == card
    told = markdown(card, "curve.png")
    assert f"{card['bits_per_byte']['model']['all']:.3f}" in told
    assert f"{card['parameters']:,}" in told
    assert "](curve.png)" in told


def test_a_model_of_a_short_context_writes_as_much_as_fits(trained):
    workspace, folders = trained
    _, tokenizer, meta = checkpoint.read(folders["dense"])
    model = Transformer(config_for("dense", "tiny"))
    for one in samples(model, tokenizer, text_of(meta, workspace)):
        assert one["start"]
        assert one["continued"]


def test_writing_the_card_adds_files_and_changes_none(trained):
    workspace, folders = trained
    folder = folders["dense"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    path = _card(folder, workspace)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert path.read_text().startswith("# dense, size tiny, seed 0\n")
    assert set(after) - set(before) <= {"card.md", "curve.png"}
    assert all(after[name] == data for name, data in before.items())
    assert after["curve.png"].startswith(b"\x89PNG")
    assert checkpoint.read(folder)[0].config.architecture == "dense"
