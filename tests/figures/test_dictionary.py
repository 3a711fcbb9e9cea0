"""The data dictionary: the committed page is that of the declarations, and a table that departs from them is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from figures.build import dictionary
from figures.build.experiments import experiments
from figures.cli.entry import main
from figures.results import Results
from simulate.runs.store import read_table, write_table
from theory.errors import UserError

PAGE = Path(__file__).parents[2] / "paper" / "results" / "README.md"


def test_the_committed_page_is_up_to_date_and_every_table_is_on_it(tmp_path):
    assert PAGE.read_text() == dictionary.page(experiments().values()), "run `cwb paper`, or figures.build.dictionary.update"
    for table in PAGE.parent.glob("*.parquet"):
        assert f"\n## {table.stem}\n" in PAGE.read_text()
    copy = tmp_path / "README.md"
    assert dictionary.update(copy, experiments().values())
    assert not dictionary.update(copy, experiments().values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.assign(snr=np.nan), "column 'snr' has no value"),
        (lambda frame: frame.assign(snr=frame["snr"].where(frame.index != 5, np.inf)), "column 'snr' holds inf"),
        (lambda frame: frame.assign(snr=frame["snr"].astype(str)), "column 'snr' holds values of type"),
        (lambda frame: frame.drop(columns="snr"), "column 'snr' is missing"),
        (lambda frame: frame.assign(more=1.0), "column 'more' is not declared"),
    ],
)
def test_a_table_that_is_not_as_declared_is_named_with_column_and_cure(lawful: Results, tmp_path, change, words):
    write_table(tmp_path / "hebbian.parquet", change(read_table(lawful.directory / "hebbian.parquet")[0]), "key")
    with pytest.raises(UserError) as failure:
        Results(tmp_path).table("hebbian", "a")
    assert words in str(failure.value)
    assert "cwb reproduce --only hebbian" in str(failure.value)
    assert "\n" not in str(failure.value)


def test_the_command_explains_every_column_of_one_table(capsys):
    assert main(["simulate", "experiments", "streams", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    held = next(row for row in about["columns"] if row["column"] == "heldout_bits_per_byte")
    assert held["unit"] == "bits per byte"
    assert held["optional"]
    assert main(["simulate", "experiments", "hebbian"]) == 0
    out = capsys.readouterr().out
    assert "bits_per_synapse" in out
    assert "Power signal-to-noise ratio" in out
    assert main(["simulate", "experiments", "hebbain"]) == 2
    assert "hebbian" in capsys.readouterr().err
