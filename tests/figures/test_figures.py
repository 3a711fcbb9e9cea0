"""Every figure draws from tables that are there, says so if one is not, and gives the same bytes twice."""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import figures
from figures.figure import NAMES, catalogue
from figures.results import Results
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
    results = made(seeds=1)
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
def test_the_caption_is_one_paragraph_without_holes(name: str, lawful: Results):
    caption = catalogue()[name].caption(lawful)
    assert "\n" not in caption
    assert "nan" not in caption


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
