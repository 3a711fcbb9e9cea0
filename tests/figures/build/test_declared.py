"""A table that is made carries the proof that its rules were declared before; the committed records agree with their tables."""

import json
import shutil
from dataclasses import replace

import pytest

from figures.build.declared import committed
from figures.build.experiments import experiments, make_table
from figures.build.layout import PAPER, Layout
from figures.build.remembered import tables
from figures.results import Results
from figures.verdicts.table import RULES
from simulate.experiments import hebbian
from simulate.runs.declaration import UNKNOWN, judged_cells, read_record, record_path
from simulate.runs.fingerprint import ROOT
from simulate.runs.store import read_about

CELLS = [{"N": 64, "a": a, "P": [16, 64], "outputs": 4, "seeds": [7001, 7002]} for a in (0.1, 0.4)]
SMALL = replace(hebbian.EXPERIMENT, cells=lambda preset: CELLS)


@pytest.fixture
def layout(tmp_path) -> Layout:
    return Layout.of("quick", tmp_path)


def made(layout: Layout) -> dict:
    """The verdict C3 on a table that is made now."""
    make_table(layout, SMALL, 1, None, lambda: None)
    return RULES["C3"].record(Results(layout.results))


def test_a_rule_that_was_declared_is_proved_to_precede_its_data_and_still_says_what_had_been_seen(layout):
    found = made(layout)
    assert (found["rule_set"], found["rule_set_proved"]) == (RULES["C3"].rule_set, True)
    record = json.loads(record_path(layout.results, "hebbian").read_text())
    (declaration,) = record["declarations"].values()
    assert declaration["prediction"] == SMALL.prediction
    assert set(declaration["rules"]) == {id for id, rule in RULES.items() if "hebbian" in rule.tables}
    assert declaration["rules"]["C3"]["words"] == RULES["C3"].digest


def test_a_rule_edited_after_the_cells_is_what_it_says_of_itself(layout):
    made(layout)
    for said in ("after", "before"):
        edited = replace(RULES["C3"], rule=RULES["C3"].rule + ", or nearly so", rule_set=said)
        found = edited.record(Results(layout.results))
        assert (found["rule_set"], found["rule_set_proved"]) == (said, False)


def test_a_table_without_a_record_proves_nothing(layout):
    made(layout)
    record_path(layout.results, "hebbian").unlink()
    found = RULES["C3"].record(Results(layout.results))
    assert (found["rule_set"], found["rule_set_proved"]) == (RULES["C3"].rule_set, False)


def test_results_that_are_known_are_never_new_again(layout):
    """What the record of a table says of its cells holds in an empty workspace too."""
    made(layout)
    first = read_record(layout.results, "hebbian")
    for folder in ("cells", "begun", "declarations"):
        shutil.rmtree(layout.workspace / folder)
    make_table(layout, replace(SMALL, falsifier="another"), 1, None, lambda: None)
    assert read_record(layout.results, "hebbian")["cells"] == first["cells"]


def test_the_commit_of_a_declaration_is_that_of_its_files():
    found = committed([ROOT / "LICENSE"])
    if found["commit"] is None:
        pytest.skip("not in a repository")
    assert len(found["commit"]) == 40


@pytest.mark.parametrize("name", sorted(tables(PAPER / "results")))
def test_a_committed_record_is_sound_and_complete(name):
    record, key = read_record(PAPER / "results", name), read_about(PAPER / "results" / f"{name}.parquet")["key"]
    assert record is not None, "every table that is committed has its record"
    assert record["key"] == key
    experiment = experiments()[name]
    if key == experiment.fingerprint("paper"):
        cells = judged_cells(experiment, "paper")
        assert sorted(id for held in record["cells"].values() for id in held) == sorted(cells)
    assert set(record["cells"]) <= {UNKNOWN, *record["declarations"]}
