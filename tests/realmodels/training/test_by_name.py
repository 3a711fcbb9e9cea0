"""Training by name: options are checked before anything is made, threads are chosen by trial, preparing is told."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realmodels.model import checkpoint
from realmodels.text.encoded import encoded
from realmodels.training import by_name
from realmodels.training.by_name import SEEDS, faster_threads, planned, window_bytes
from realmodels.training.pretrain import text_of
from realmodels.training.recipe import PretrainConfig
from theory.errors import UserError

WHOLE = st.none() | st.integers(-2, 9) | st.sampled_from([10**7, 2**31, 2**63, 2**64, 10**30, -(10**30)])
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 3) | st.sampled_from([-1, 2**63 - 1, 2**63, 2**64, 10**30]),
        "steps": WHOLE,
        "batch": WHOLE,
        "threads": WHOLE,
        "processes": st.integers(-1, 9) | st.sampled_from([10**7, 2**64]),
        "device": st.sampled_from(["cpu", "meta", "mkldnn", "abacus", "cuda:99", "", "cpu:x", "vulkan", "xla", "hpu"]),
        "size": st.sampled_from(["tiny", "small", "", "giant"]),
        "preset": st.sampled_from(["quick", "paper", ""]),
    },
)


@given(st.sampled_from(["dense", "memory", "", "..", "Dense"]), OPTIONS)
@settings(max_examples=150, deadline=None)
def test_options_are_right_or_refused_in_one_line(architecture, options):
    """What is not refused can be trained: whole numbers in range, a device that computes, batches that fit and are shared."""
    try:
        plan = planned(architecture, **options)
    except UserError as error:
        message, plan = str(error), None
    else:
        message = "fine"
    assert message.isprintable()
    if plan is not None:
        recipe = plan.config
        assert 0 <= recipe.seed < SEEDS
        assert min(recipe.steps, recipe.batch, plan.processes, plan.threads or 1) >= 1
        assert recipe.batch % plan.processes == 0
        assert recipe.batch * window_bytes(recipe.model) < 2**45
        assert plan.device == options.get("device", "cpu") == "cpu"


def test_a_batch_that_cannot_fit_is_told_with_one_that_would(monkeypatch):
    monkeypatch.setattr("realmodels.model.memory.available", lambda: 2**30)
    monkeypatch.setattr(by_name, "available", lambda: 2**30)
    with pytest.raises(UserError, match=r"a batch of about [0-9,]+ would fit") as raised:
        planned("dense", batch=10**7)
    fits = int(re.search("about ([0-9,]+) would", str(raised.value)).group(1).replace(",", ""))
    assert planned("dense", batch=fits).config.batch == fits > 8
    with pytest.raises(UserError, match="GiB"):
        planned("dense", batch=fits + 1)


def test_a_folder_that_cannot_hold_checkpoints_is_told(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_text("")
    for bad in ("loop", "loop/x", "file", "file/x", "x" * 300, "null\0byte"):
        with pytest.raises(UserError, match="output folder") as raised:
            planned("dense", out=f"{tmp_path}/{bad}")
        assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match="empty"):
        planned("dense", out=" ")
    assert planned("dense", out=tmp_path / "new" / "folder").workspace == tmp_path / "new" / "folder"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


def test_threads_are_the_faster_ones_and_the_environment_is_honoured(trained, monkeypatch):
    workspace, folders = trained
    meta = checkpoint.read(folders["dense"])[2]
    config, text = PretrainConfig.from_json(meta["pretraining"]), text_of(meta, workspace)
    monkeypatch.setattr(by_name, "TRIAL", 0.02)
    threads, speeds = faster_threads(config, text, 2)
    assert set(speeds) == {1, 2}
    assert all(speed > 0 for speed in speeds.values())
    assert threads == (2 if speeds[2] > by_name.WORTH * speeds[1] else 1)
    plan = by_name.Plan(config, workspace, "cpu", None, 1)
    said: list[str] = []
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert plan._threads(text, said.append) == 3
    assert said == []
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert plan._threads(text, said.append) in (1, 2)
    assert re.search(r"1 thread [\d,]+ tokens/s, 2 threads [\d,]+ tokens/s; training with [12]", said[0])
    assert by_name.Plan(config, workspace, "cpu", None, 2)._threads(text, said.append) == 1


def test_what_is_prepared_is_told_and_a_finished_model_is_found(trained):
    workspace, folders = trained
    meta = checkpoint.read(folders["dense"])[2]
    plan = by_name.Plan(PretrainConfig.from_json(meta["pretraining"]), workspace, "cpu", 1, 1)
    said: list[str] = []
    assert plan.prepared(said.append).run() == folders["dense"]
    assert said == [f"found: {folders['dense']} holds this model already"]
    other = PretrainConfig.from_json({**meta["pretraining"], "seed": 7, "steps": 2})
    folder = by_name.Plan(other, workspace, "cpu", 1, 1).prepared(said.append).run()
    assert folder.is_dir()
    assert [line.split(":")[0] for line in said[1:]] == ["preparing", said[2].split(":")[0]]
    assert f"{len(encoded(other.corpus, other.model.vocabulary, workspace).train):,} training tokens" in said[2]
