"""Every figure draws from tables that are there, says so if one is not, and gives the same bytes twice."""

import json
import logging
import re
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text

import figures
from figures.build.build import compile_typst
from figures.figure import NAMES, catalogue
from figures.results import Results
from figures.style import SMALLEST, WIDTH, styled
from theory.errors import UserError


def test_the_catalogue_holds_every_figure_file():
    folder = Path(figures.__file__).parent
    binding = {path.stem for path in folder.glob("*.py") if "\nFIGURE = Figure(" in path.read_text()}
    assert binding == set(NAMES) == set(catalogue())


@pytest.mark.parametrize("name", NAMES)
def test_draws_without_warnings_to_the_same_bytes(name: str, lawful: Results, tmp_path: Path):
    figure = catalogue()[name]
    assert figure.name == name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = figure.publish(lawful, tmp_path / "one"), figure.publish(lawful, tmp_path / "two")
    assert [path.name for path in first] == [f"{name}.pdf", f"{name}.png"]
    for one, two in zip(first, second, strict=True):
        assert one.stat().st_size > 4000
        assert one.read_bytes() == two.read_bytes()
    assert not plt.get_fignums()


@pytest.mark.parametrize("name", NAMES)
def test_draws_with_one_seed(name: str, made, tmp_path: Path):
    results = made(only=catalogue()[name].tables, seeds=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths = catalogue()[name].publish(results, tmp_path / "figures")
        assert catalogue()[name].caption(results)
    assert all(path.stat().st_size > 4000 for path in paths)


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_shows_data_and_names_its_axes(name: str, lawful: Results):
    canvas = catalogue()[name].draw(lawful)
    shown = [panel for panel in canvas.axes if panel.get_visible()]
    assert shown
    for panel in shown:
        assert panel.lines or panel.collections
        assert panel.get_xlabel() or any(
            other.get_xlabel() for other in shown if other in panel.get_shared_x_axes().get_siblings(panel)
        )
        assert panel.get_ylabel() or any(other.get_ylabel() for other in shown)
    plt.close(canvas)


@pytest.mark.parametrize("name", NAMES)
def test_every_word_can_be_read_in_print(name: str, lawful: Results):
    """Set in its own size: no wider than the text, no type below 8 points, no sign that the type has elsewhere."""
    with styled():
        canvas = catalogue()[name].draw(lawful)
        canvas.canvas.draw()
        words = [word for word in canvas.findobj(Text) if word.get_text() and word.get_visible()]
        assert canvas.get_size_inches()[0] <= WIDTH + 1e-9
        assert min(word.get_fontsize() for word in words) >= SMALLEST
        plain = [re.sub(r"\$[^$]*\$", "", word.get_text()) for word in words]
        assert [word for word in plain if set(word) & set("<>|_\"'{}\\`")] == []
        plt.close(canvas)


ASCII_MATHEMATICS = re.compile(r"\^|<=|>=|->|\d[eE][-+]?\d|(?<![\w)])-\d|\*\*|sigma|lambda|`")
"""What a caption has in its formulas only, or nowhere: powers, arrows, e-notation, a hyphen for a minus sign, spelt Greek."""


@pytest.mark.parametrize("name", NAMES)
def test_the_caption_states_no_verdict_and_its_mathematics_is_mathematics(name: str, lawful: Results):
    caption = catalogue()[name].caption(lawful)
    assert "\n" not in caption
    assert not re.search(r"\bnan\b|∞|inf\b|\bsupported\b|\brefuted\b|\bundecided:", caption)
    assert caption.count("$") % 2 == 0
    outside = re.sub(r"\$[^$]*\$", "", caption)
    assert ASCII_MATHEMATICS.findall(outside) == []
    assert caption[0].isupper() or caption[0].isdigit()


def test_all_captions_are_markup_that_compiles_without_warnings(lawful: Results, tmp_path: Path):
    captions = {name: figure.caption(lawful) for name, figure in catalogue().items()}
    (tmp_path / "captions.json").write_text(json.dumps(captions))
    (tmp_path / "main.typ").write_text(
        '#set text(font: "New Computer Modern", fallback: false)\n'
        '#for caption in json("captions.json").values() { par(eval(caption, mode: "markup")) }'
    )
    assert compile_typst(tmp_path / "main.typ").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "bend", "lawful_words", "bent_words"),
    [
        ("regimes", {"one store": 9.0, "list alone": 9.0, "equal sparsity": 9.0}, "they mostly do:", "they mostly do not:"),
        ("retention_lm", {"full": 0.05}, "keeps less than every narrower", "keeps more than every narrower"),
        ("forecast", {"forecast": -1.0}, "forecasts too much in 6.", "forecasts too much in 0."),
    ],
)
def test_the_finding_follows_the_tables(name: str, bend: dict, lawful_words: str, bent_words: str, lawful: Results, made):
    figure = catalogue()[name]
    straight, bent = (figure.caption(results) for results in (lawful, made(bend=bend, only=figure.tables)))
    assert lawful_words in straight
    assert bent_words in bent


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_table_is_named_with_its_cure(name: str, tmp_path: Path):
    figure = catalogue()[name]
    with pytest.raises(UserError, match="cwb reproduce --only") as failure:
        figure.publish(Results(tmp_path), tmp_path / "figures")
    assert any(repr(table) in str(failure.value) for table in figure.tables)
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_it_declares_are_those_it_reads(name: str, made):
    figure = catalogue()[name]
    results = made(only=figure.tables)
    plt.close(figure.draw(results))
    figure.caption(results)
    assert set(results._read) == set(figure.tables)


def test_saving_a_figure_logs_no_warning(lawful: Results, tmp_path: Path, caplog):
    catalogue()["plane"].save(lawful, [tmp_path / "plane.pdf"])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
