"""The notebooks: marimo finds nothing to mend, each runs from top to bottom, and what it exports needs no network."""

import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from figures.build.notebooks import FOLDER, notebooks, page, summary
from figures.cli.entry import main
from figures.cli.explore import Explore
from realmodels.model.architectures import config_for
from realmodels.text.corpora import CorpusConfig
from realmodels.training.pretrain import train
from realmodels.training.recipe import PretrainConfig
from theory.errors import UserError

ROOT = FOLDER.parents[1]
NAMES = ("ceiling", "common_mode", "language_model", "plane", "regimes", "replay")
NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


@cache
def exported(name: str) -> str:
    """The page of a notebook; each notebook is run once for all tests."""
    return page(notebooks()[name])


def test_every_notebook_is_tested_and_says_what_it_is_in_one_line():
    assert tuple(notebooks()) == NAMES
    assert all(20 < len(summary(path)) < 120 for path in notebooks().values())


def test_marimo_has_no_complaint():
    command = [sys.executable, "-m", "marimo", "check", "--strict", *map(str, notebooks().values())]
    done = subprocess.run(command, env={**os.environ, **NOWHERE}, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_its_page_has_the_picture_the_settings_and_all_that_can_be_saved(name: str):
    text = exported(name)
    assert text.count('<img class="cwb-plot" src="data:image/svg+xml;base64,') == 1
    assert text.count('media="(max-width: 800px)"') == 1  # the narrow picture
    assert [kind for kind in ("png", "svg", "pdf", "csv") if f'download="{name}.{kind}"' in text] == ["png", "svg", "pdf", "csv"]
    assert text.count("<output>") >= 4
    assert "Your numbers here" in text
    assert "<math" in text
    assert "<details>" in text or name == "language_model"
    assert "<marimo-" not in text  # no element that waits for a program that is not there
    assert "e+" not in text.split("<details>")[0].split("</style>")[1].replace("data:", "").split("base64")[0]
    assert not plt.get_fignums()


ENDS = {
    "ceiling": [
        {"N": 16, "D": 256, "T": 400, "eta": 1.0, "centred": False},
        {"N": 2**20, "D": 1, "T": 1, "eta": 0.01, "centred": True},
    ],
    "common_mode": [{"N": 16, "a": 0.005, "c": 0.05}, {"N": 2**20, "a": 1.0, "c": 1.0}],
    "plane": [{"eta": 0.01, "deep": 0.1, "share": 0.001}, {"eta": 1.0, "deep": 1.0, "share": 1.0}],
    "regimes": [
        {"N": 64, "b": 1, "R": 90, "T": 200, "D": 0.2},
        {"N": 2**24, "b": 16, "R": 0, "T": 1, "D": 100},
    ],
    "replay": [
        {"load": 0.125, "eta": 0.03, "sweeps": 0.25},
        {"load": 2.0, "eta": 1.0, "sweeps": 64},
    ],
}


@pytest.mark.parametrize("name", ENDS)
def test_sliders_can_stand_at_either_end(name: str, monkeypatch):
    app = runpy.run_path(str(notebooks()[name]))["app"]
    monkeypatch.setattr("paper.notebooks.drawing.Picture.links", "")
    for settings in ENDS[name]:
        outputs, made = app.run(defs={key: SimpleNamespace(value=value) for key, value in settings.items()})
        text = "".join(output.text for output in outputs if hasattr(output, "text")).split("<details>")[0]
        assert not re.search(r"[\d.]e[+-]\d|\bnan\b|\binf\b", re.sub(r"base64,[^\"]*", "", text))
        assert len(made["picture"].numbers) > 50


def test_the_ceiling_can_be_simulated_at_ones_own_numbers(monkeypatch):
    app = runpy.run_path(str(notebooks()["ceiling"]))["app"]
    monkeypatch.setattr("paper.notebooks.drawing.Picture.links", "")
    settings = {"N": 32, "D": 4, "T": 3, "eta": 0.3, "centred": True, "button": True}
    _, made = app.run(defs={key: SimpleNamespace(value=value) for key, value in settings.items()})
    simulated = made["simulated"]
    assert max(simulated.T) * 4 <= 6 * 32
    assert all(low <= ceiling for low, ceiling in zip(simulated.low, simulated.ceiling, strict=True))
    numbers = made["picture"].numbers
    assert set(numbers.loc[numbers["series"] == "simulated now", "T"]) == set(simulated.T)


@pytest.mark.parametrize("shape", ["wide", "narrow"])
def test_no_label_of_a_legend_is_cut_off(shape: str):
    from paper.notebooks.drawing import Picture

    panels = []

    def draw(panel, narrow):
        panels.append(panel)
        for place in range(6):
            panel.plot([0, 1], [place, place], label=f"a long name, but one fit for a phone ({place})")

    Picture("long", "A finding", draw, pd.DataFrame()).file("png", shape)
    (legend,) = panels[0].figure.legends
    extent = legend.get_window_extent()
    assert extent.x0 >= 0
    assert extent.x1 <= panels[0].figure.bbox.width


def test_an_answer_says_what_is_missing_instead_of_failing():
    from paper.notebooks.drawing import asked

    def refuse(N):
        raise UserError("N = 0 violates N > 0")

    assert "Fill in every field." in asked({"$N$": SimpleNamespace(value=None)}, refuse).text
    assert "N = 0 violates" in asked({"$N$": SimpleNamespace(value=0)}, refuse).text


def test_what_is_off_every_scale_is_explained_and_not_printed():
    from paper.notebooks.drawing import number, percent, times

    assert number(371_602.4, "facts") == "371,602 facts"
    assert number(0.25) == "0.25"
    assert number(3e9, "bits") == "3 billion bits"
    assert "atoms" in number(6e120)
    assert "effectively without end" in number(6.04e23, "facts")
    assert number(5.017e-21, "private bits") == "effectively no private bits (less than a millionth)"
    assert number(0.000042) == "0.000042"
    assert percent(0.123) == "12.3%"
    assert percent(1e-7) == "less than 0.01%"
    assert times(2.5) == "2.5 times as much"
    assert "more than a million" in times(8.03e59)
    assert all("e+" not in number(10.0**k) and "e-" not in number(10.0**k) for k in range(-30, 200))


def test_facts_of_ones_own_are_written_into_a_model(tmp_path: Path):
    notebook = runpy.run_path(str(notebooks()["language_model"]))
    corpus = CorpusConfig(wiki=80_000, dictionary=40_000, factbook=0, heldout=4_000)
    shape = replace(config_for("dense", "tiny"), context=64, vocabulary=1024)
    model = train(PretrainConfig(shape, corpus, seed=0, steps=10, batch=4, evaluations=1), tmp_path)
    said: list[str] = []
    written = notebook["write_facts"](str(model), notebook["FACTS"], "full", 0.1, said.append)
    assert said == ["writing 12 facts"]
    assert list(written.age) == [0, 1, 2, 3]
    assert written.candidates == 12
    with pytest.raises(UserError, match="line 2: write prompt"):
        notebook["write_facts"](str(model), "Paris is in | France | 1\nRome is in Italy", "full", 0.1, said.append)


def test_a_jupyter_notebook_has_the_picture_in_it(tmp_path: Path):
    assert main(["explore", "common_mode", "--export", str(tmp_path), "--format", "ipynb"]) == 0
    made = nbformat.read(tmp_path / "common_mode.ipynb", as_version=4)
    nbformat.validate(made)
    outputs = [output for cell in made.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any("data:image/svg+xml" in str(output.get("data", "")) for output in outputs)


def test_the_names_are_listed(capsys):
    assert main(["explore", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(NAMES)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["celing"], "did you mean ceiling?"),
        ([""], "empty argument"),
        (["ceiling", "--export", ""], "empty argument"),
        (["ceiling", "--export", "/dev/full"], "not a folder"),
        (["ceiling", "--export", __file__], "not a folder"),
        (["ceiling", "--export", f"{__file__}/below"], "check the path"),
        (["ceiling", "--format", "pdf", "--export", "x"], "html"),
        (["ceiling", "--port", "0"], "1 to 65535"),
        (["ceiling", "--port", "70000"], "1 to 65535"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: list[str], complaint: str, capsys):
    assert main(["explore", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert complaint in told.err


def test_a_folder_in_the_place_of_the_page_is_left_alone(tmp_path: Path):
    (tmp_path / "plane.html").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        Explore("plane", export=tmp_path).run()


def test_without_notebooks_the_folder_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="no notebooks in"):
        notebooks(tmp_path / "missing")
