"""The benchmarks run, at a size that takes no time; nothing is asked of the times."""

import numpy as np
import pytest
import torch

from realmodels.text.corpora import CorpusConfig
from realmodels.training import recipe
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import contexts, nanogpt, parts, race, tables
from tests.benchmarks.delta_rule import exponent, rank_one_loop, unit_codes
from theory.conservation import depths


def test_the_delta_rule_s_prints_its_table(capsys):
    assert benchmarks.main(["delta_rule", "--size", "32", "--N", "32", "--M", "40", "--repeats", "1"]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("float32", "float64", "GF/s", "time ~ N^", "time ~ M^", "time ~ seeds^"))


def test_that_of_commands_has_a_line_for_every_command(capsys):
    assert benchmarks.main(["commands", "--repeats", "1", "--only", "import theory", "cwb --help"]) == 0
    assert [line[:36].strip() for line in capsys.readouterr().out.splitlines()[-2:]] == ["import theory", "cwb --help"]


def test_that_of_parts_has_a_line_for_every_architecture(capsys, tmp_path, monkeypatch):
    text = CorpusConfig(wiki=300_000, dictionary=100_000, factbook=0, heldout=20_000)
    monkeypatch.setitem(recipe.CORPORA, "quick", text)
    parts.main(["--size", "tiny", "--batch", "1", "--repeats", "1", "--product", "32", "--workspace", str(tmp_path)])
    told = capsys.readouterr().out
    assert all(f"\n{name} " in told for name in parts.ARCHITECTURES)
    assert "bfloat16 tokens/s" in told


def test_a_staged_model_s_step_counts_every_stage_as_often_as_it_is_trained():
    config = recipe.config("dsa", "tiny", 0, "quick", steps=140)
    assert parts.stages(config) == {0: 100 / 140, 100: 10 / 140, 110: 40 / 140}
    assert [config.stage(step) for step in parts.stages(config)] == ["dense", "warmup", "sparse"]
    assert parts.stages(recipe.config("dense", "tiny", 0, "quick")) == {0: 1.0}


def test_a_larger_table_holds_three_numbers_more_a_number(capsys):
    """The table and two moments, 4 bytes each, and 32 numbers a slot at size "tiny"; sub-keys are not counted per slot."""
    (_, small), (_, large) = (tables.memory_step(keys, "tiny", 1, 4) for keys in (8, 16))
    subkeys = 3 * 4 * 2 * 2 * 8 * 8  # of both halves and heads, 8 more of 8 numbers, with two moments
    assert large - small == (256 - 64) * 3 * 4 * 32 + subkeys
    tables.main(["--size", "tiny", "--batch", "1", "--repeats", "1", "--topk", "4", "--keys", "8", "16"])
    assert "256" in capsys.readouterr().out


def test_that_of_contexts_counts_what_selections_see(capsys):
    assert contexts.layer_pass("dense", 32, "tiny")[1] == 1.0
    assert 0.2 < contexts.layer_pass("dsa", 64, "tiny")[1] < 0.6  # 16 of up to 64 tokens
    contexts.main(["--size", "tiny", "--repeats", "1", "--lengths", "32"])
    assert "nsa gathered" in capsys.readouterr().out


def test_the_race_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(race.CORPORA, "quick", CorpusConfig(wiki=300_000, dictionary=100_000, factbook=0, heldout=20_000))
    race.main(["--seconds", "1", "--repeats", "1", "--calls", "1", "--batch", "2", "--workspace", str(tmp_path)])
    told = capsys.readouterr().out
    assert told.count("tokens/s") == told.count("nats a token held out") == 3


def test_the_recipe_raced_against_has_nanogpt_s_numbers():
    """Parameters as nanoGPT counts them, positions left out; rates of warm-up and cosine; a start that knows nothing."""
    training = nanogpt.Training(65)
    count = sum(p.numel() for p in training.model.parameters()) - training.model.positions.weight.numel()
    assert count == 65 * 128 + 4 * (12 * 128**2 + 2 * 128) + 128  # 0.80M, as its log says
    assert training.rate() == pytest.approx(1e-3 / 101)
    training.done = 2000
    assert training.rate() == pytest.approx(1e-4)
    training.done = 1050
    assert training.rate() == pytest.approx(5.5e-4)
    first = training.step(torch.randint(0, 65, (12, 65), generator=torch.Generator().manual_seed(0)))
    assert first == pytest.approx(np.log(65), abs=0.3)


def test_the_loop_is_the_definition():
    codes, etas = unit_codes(20, 7, "float64"), np.linspace(0.1, 1, 20)
    np.testing.assert_allclose(rank_one_loop(codes, etas), depths(codes, etas), atol=1e-12)


def test_an_exponent_is_a_slope():
    assert exponent([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2)
