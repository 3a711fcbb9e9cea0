"""Scenarios: a specification is its JSON, kernels are kept, and the experiments on streams run end to end on a tiny model."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from realmodels.experiments import development, forecast, format_finetuning, kernel, streams
from realmodels.writing import kernel_cache, models
from realmodels.writing.format_finetuning import FormatFinetuning
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.catalogue import RUNS
from realmodels.writing.models import ModelSpec, model_spec
from realmodels.writing.scenario import TUNING_SEED, ScenarioSpec, scenario, scenario_spec
from simulate.runs.columns import fault

EXPERIMENTS = (development, forecast, format_finetuning, kernel, streams)


@pytest.fixture
def tiny(trained, monkeypatch) -> ScenarioSpec:
    """One task of 4 facts and a tiny dense model after one step of format finetuning."""
    monkeypatch.setattr(models, "pretrained", lambda *_: trained[1]["dense"])
    finetuning = FormatFinetuning("cities", steps=1, each=4, batch=32, texts=2, evaluations=1)
    spec = scenario_spec("dense", "quick", 3)
    return replace(spec, model=replace(spec.model, format_finetuning=finetuning), T=2, D=4, steps=2)


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_a_specification_is_its_json(preset):
    for architecture in ("dense", "memory", "dsa"):
        model, spec = model_spec(architecture, preset, 7), scenario_spec(architecture, preset, 7)
        assert ModelSpec.from_json(json.loads(json.dumps(model.to_json()))) == model
        assert ScenarioSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
        assert spec.model == model
        assert scenario_spec(architecture, preset, TUNING_SEED).model.seed == 0  # the development model


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_cells_differ_and_are_json(preset):
    for experiment in EXPERIMENTS:
        cells = [json.dumps(dict(cell), sort_keys=True) for cell in experiment.cells(preset)]
        assert len(set(cells)) == len(cells) > 0
    runs = {(cell["scenario"]["model"]["architecture"], cell["method"]) for cell in streams.cells(preset)}
    assert runs == set(RUNS)


def test_a_kernel_is_computed_once_per_writer(tiny, trained, monkeypatch):
    setting = scenario(tiny, trained[0])
    writer = bind("last_matrix", setting.model, setting.background)
    first = kernel_cache.cached_kernel(tiny, setting, writer, "last_matrix", trained[0])
    monkeypatch.setattr(kernel_cache, "logit_kernel", None)  # a second computation would fail
    again = kernel_cache.cached_kernel(tiny, setting, writer, "last_matrix", trained[0])
    assert torch.equal(first.response, again.response)
    with pytest.raises(TypeError):
        kernel_cache.cached_kernel(tiny, setting, writer, "off_mode", trained[0])
    with pytest.raises(TypeError):
        kernel_cache.cached_kernel(replace(tiny, seed=4), setting, writer, "last_matrix", trained[0])


def test_the_experiments_run_end_to_end_and_keep_their_columns(tiny, trained):
    about = {"method_code": code("last_matrix")}
    cells = {
        development: tiny.model.to_json(),
        format_finetuning: tiny.model.to_json(),
        kernel: {"scenario": tiny.to_json(), "scope": "last_matrix", **about},
        streams: {"scenario": tiny.to_json(), "method": "last_matrix", "learning_rate": 1e-3, "tuning": False, **about},
        forecast: {"scenario": tiny.to_json(), "method": "last_matrix", "learning_rates": [1e-3], **about},
    }
    tables = {}
    for experiment, cell in cells.items():
        tables[experiment] = pd.DataFrame(list(experiment.run(cell, trained[0])))
        assert fault(tables[experiment], experiment.EXPERIMENT.columns) is None
    measured = tables[streams].query("age >= 0").set_index(["written", "task"]).bits
    predicted = tables[forecast].query("kind == 'kernel'").set_index(["written", "task"]).bits_predicted
    assert (measured - predicted).abs().max() < 0.01  # small steps: the forecast is exact to first order
