"""Pretraining: stages, learning rates, resuming after a kill, and stopping when the loss is no number."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from realmodels.model import checkpoint
from realmodels.model.architectures import ARCHITECTURES, config_for
from realmodels.model.transformer import Transformer
from realmodels.text.corpora import CorpusConfig
from realmodels.text.encoded import encoded
from realmodels.training import loop, pretrain, recipe
from realmodels.training.evaluate import bits, bits_per_byte
from realmodels.training.loop import Run, windows
from realmodels.training.optimisers import groups
from realmodels.training.recipe import PretrainConfig
from theory.errors import UserError

STAGED = ("dsa", "mla_dsa")
CORPUS = CorpusConfig(wiki=80_000, dictionary=40_000, factbook=0, heldout=4_000)


def small(architecture: str, **changes) -> PretrainConfig:
    stages = {"warmup_steps": 4, "sparse_steps": 6} if architecture in STAGED else {}
    made = PretrainConfig(
        config_for(architecture, "tiny"), CORPUS, seed=0, steps=20, batch=4, evaluations=2, save_every=3, **stages
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def text(workspace):
    return encoded(CORPUS, 320, workspace)


def contents(folder: Path) -> dict[str, bytes]:
    """The checkpoint's files; what the training took is no part of its identity."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "training.json"}


RUNNER = """
import json, sys
from pathlib import Path
from realmodels.training import pretrain, recipe
print(pretrain.train(recipe.PretrainConfig.from_json(json.loads(sys.argv[1])), Path(sys.argv[2])))
"""


@pytest.mark.parametrize("architecture", ["memory", "dsa"])
def test_a_run_killed_and_resumed_ends_in_the_same_bytes(architecture, workspace, tmp_path):
    """kill -9 after a first saved state, for DSA once more in the sparse stage; then a run to the end."""
    config = small(architecture, steps=60, sparse_steps=30 if architecture == "dsa" else 0)
    expected = contents(pretrain.train(config, workspace))
    (tmp_path / "text").symlink_to(workspace / "text")
    command = [sys.executable, "-c", RUNNER, json.dumps(config.to_json()), str(tmp_path)]
    state, folder = tmp_path / "models" / f".{config.key}.safetensors", tmp_path / "models" / config.key
    for least in (3, 36) if architecture == "dsa" else (3,):
        process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=Path(__file__).parents[3])
        while process.poll() is None and (not state.exists() or saved_step(state) < least):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not folder.exists()
        assert least <= saved_step(state) < config.total_steps
    assert contents(pretrain.train(config, tmp_path)) == expected
    assert not state.exists()


def saved_step(state: Path) -> int:
    from safetensors import safe_open

    with safe_open(state, "pt") as file:
        return json.loads(file.metadata()["run"])["step"]


def test_a_damaged_state_is_dropped_and_a_finished_model_is_found(workspace, tmp_path):
    config = small("dense")
    expected = pretrain.train(config, workspace)
    (tmp_path / "text").symlink_to(workspace / "text")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / f".{config.key}.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    assert contents(pretrain.train(config, tmp_path)) == contents(expected)
    calls = []
    assert pretrain.train(config, workspace, lambda *a: calls.append(a)) == expected
    assert calls == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_models_learn_and_the_checkpoint_tells_how(architecture, workspace, text):
    """After 100 steps of 256 tokens: below three quarters of the bits of an untrained model, which spends log2(320) a token."""
    calls = []
    config = small(architecture, steps=100, batch=8)
    folder = pretrain.train(config, workspace, lambda *a: calls.append(a))
    model, _, meta = checkpoint.read(folder)
    assert [call[:2] for call in calls] == [(s, config.total_steps) for s in range(1, config.total_steps + 1)]
    start = bits_per_byte(Transformer(config.model), text)["all"]
    assert bits_per_byte(model, text)["all"] == pytest.approx(meta["log"][-1]["bits_per_byte"]["all"], rel=1e-6)
    assert meta["log"][-1]["bits_per_byte"]["all"] < 0.75 * start
    assert [entry["step"] for entry in meta["log"]] == [config.total_steps // 2, config.total_steps]
    took = json.loads((folder / "training.json").read_text())
    assert took["seconds"] > 0
    assert took["tokens_per_second"] == pytest.approx(meta["log"][-1]["tokens"] / took["seconds"])
    assert meta["log"][-1]["tokens"] == config.total_steps * 8 * 32
    assert pretrain.text_of(meta, workspace).heldout.keys() == text.heldout.keys()


def snapshot(run: Run) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in run.model.named_parameters()}


def test_dsa_stages_train_what_they_should_and_attention_is_sparse_only_in_the_last(text):
    """Dense: all but the indexer moves. Warm-up: the indexer alone. Sparse: everything."""
    run = Run(small("dsa"), text, "cpu")
    assert [run.config.stage(step) for step in range(24)] == ["dense"] * 14 + ["warmup"] * 4 + ["sparse"] * 6
    for step in range(run.config.total_steps):
        before, stage = snapshot(run), run.config.stage(step)
        run.advance()
        moved = {name for name, p in snapshot(run).items() if not torch.equal(p, before[name])}
        indexer = {name for name in before if ".indexer." in name}
        assert all(block.attention.stage == stage for block in run.model.blocks)
        if stage == "dense" and step > 0:
            assert moved == set(before) - indexer
        if stage == "warmup":
            assert moved == indexer
        if stage == "sparse":
            assert moved == set(before)


def test_the_divergence_falls_in_the_warmup(text):
    def divergence(run: Run) -> float:
        record: dict = {}
        with torch.no_grad():
            run.model(windows(text.train, run.config, 999)[:, :-1], record)
        return float(sum(record["auxiliary"]))

    run = Run(small("dsa", steps=60, warmup_steps=40, sparse_steps=20, batch=8), text, "cpu")
    while run.config.stage(run.step) == "dense":
        run.advance()
    run._enter("warmup")
    before = divergence(run)
    while run.config.stage(run.step) == "warmup":
        run.advance()
    assert divergence(run) < 0.9 * before


def test_learning_rates_rise_stay_and_fall_over_the_steps_of_the_language_model():
    config = small("dsa", steps=1000, warmup_steps=100, sparse_steps=300, rise=0.1, fall=0.4)
    rates = [config.rate(step) for step in range(config.total_steps)]
    assert rates[0] == pytest.approx(0.005)
    assert rates[150:600] == [1.0] * 450
    assert len(set(rates[699:800])) <= 2
    assert rates[-1] == pytest.approx(0.5 / 400)
    assert max(abs(a - b) for a, b in pairwise(rates)) < 0.011


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_parameter_belongs_to_one_group(architecture):
    model = Transformer(config_for(architecture, "tiny"))
    found = groups(model)
    assert sorted(id(p) for g in found.values() for p in g) == sorted(id(p) for p in model.parameters())
    assert bool(found["indexer"]) == (architecture in STAGED)
    assert bool(found["values"]) == (architecture in ("memory", "peer"))


def test_windows_pass_over_the_text_once_before_any_comes_again():
    config, train = small("dense", batch=5), np.arange(32 * 20 + 1, dtype=np.uint16)
    seen = torch.cat([windows(train, config, step) for step in range(8)])
    assert sorted(seen[:20, 0].tolist()) == sorted(seen[20:, 0].tolist()) == list(range(0, 640, 32))
    assert seen[:20, 0].tolist() != seen[20:, 0].tolist()
    assert torch.equal(seen[3], torch.arange(33) + seen[3, 0])
    other = windows(train, replace(config, seed=1), 0)
    assert not torch.equal(other, windows(train, config, 0))


def test_bits_are_those_of_one_token_after_another():
    """A loop that gives every token its half context and more, as the windows do, one forward pass each."""
    model = Transformer(config_for("dense", "tiny"), seed=1)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(0))
    tokens = torch.randint(0, 320, (75,), generator=torch.Generator().manual_seed(2))
    total = 0.0
    for target in range(1, 75):
        start = max(0, ((target - 1) // 16 - 1) * 16)
        with torch.no_grad():
            logits = model(tokens[None, start:target])[0, -1]
        total -= float(torch.log_softmax(logits.double(), -1)[tokens[target]]) / np.log(2)
    assert bits(model, tokens) == pytest.approx(total, rel=1e-5)


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_nothing(workspace, tmp_path):
    (tmp_path / "text").symlink_to(workspace / "text")
    encoded(CORPUS, 320, tmp_path)
    with pytest.raises(UserError, match=r"dense, seed 0, step \d+: .*(loss is|not finite).*lower"):
        pretrain.train(small("dense", lr_embedding=1e30, lr_matrices=1e30), tmp_path)
    assert not (tmp_path / "models").exists() or not list((tmp_path / "models").glob("[!.]*"))


def test_presets_are_single_passes_and_a_configuration_survives_json():
    for preset in ("quick", "paper"):
        for architecture in ARCHITECTURES:
            config = recipe.config(architecture, "small", 1, preset)
            assert PretrainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    with pytest.raises(UserError, match="quick, paper"):
        recipe.config("dense", "small", 0, "huge")
    assert recipe.config("dense", "small", 0, "quick").key != recipe.config("dense", "small", 1, "quick").key


def test_how_often_a_training_is_evaluated_or_saved_makes_no_other_model(workspace, tmp_path):
    (tmp_path / "text").symlink_to(workspace / "text")
    config = small("dense")
    often = replace(config, evaluations=5, save_every=7)
    assert config.key == often.key != replace(config, seed=1).key
    folder = pretrain.train(config, tmp_path)
    assert pretrain.train(often, tmp_path) == folder
    assert pretrain.train(config, tmp_path, logged=True) == folder
    other = pretrain.train(often, tmp_path, logged=True)
    assert other != folder
    assert [entry["step"] for entry in checkpoint.read(other)[2]["log"]] == [4, 8, 12, 16, 20]
    assert (other / checkpoint.MODEL).read_bytes() == (folder / checkpoint.MODEL).read_bytes()
    curve = json.loads((folder / "training.json").read_text())["curve"]
    assert [point["step"] for point in curve] == list(range(1, 21))
    first = checkpoint.read(other)[2]["log"][0]["train_loss"]
    assert np.mean([point["train_loss"] for point in curve[:4]]) == pytest.approx(first)


def test_a_disk_that_is_full_at_a_saved_state_is_told_as_such(text, tmp_path, monkeypatch):
    def full(*_args, **_options):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(loop, "save_file", full)
    with pytest.raises(OSError, match="No space left") as raised:
        Run(small("dense"), text, "cpu").save(tmp_path / "state")
    assert raised.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())
