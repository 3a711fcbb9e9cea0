"""The record of a table proves that a prediction and a rule were declared before the cells, and cannot be changed unseen."""

import json
from dataclasses import replace

import pytest

from simulate.experiments import hebbian
from simulate.runs import sweep
from simulate.runs.declaration import (
    UNKNOWN,
    adopt,
    cell_id,
    declare,
    declared_before,
    now,
    read_record,
    record,
    restamped,
    sealed,
    write_record,
)
from simulate.runs.sweep import run_cells
from theory.errors import UserError

CELLS = [{"N": 24, "a": a, "P": [12], "outputs": 2, "seeds": [0]} for a in (0.1, 0.2, 0.4)]
SMALL = replace(hebbian.EXPERIMENT, cells=lambda preset: CELLS)


def declaration(words: str = "above 1") -> dict:
    return {"declared": now(), "commit": None, "prediction": "one", "rules": {"C3": {"words": words}}}


def run(workspace, words: str = "above 1") -> dict:
    """Declare, compute what is missing, and give the record."""
    run_cells(SMALL, "quick", workspace, declaration=declare(workspace, SMALL.name, declaration(words)))
    return record(workspace, SMALL, "quick", "key")


def killed_after(monkeypatch, workspace, cells: int, words: str = "above 1") -> None:
    """Declare and run, and be killed when that many cells were finished."""
    left = [None] * cells
    compute = sweep._compute

    def mortal(*job):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return compute(*job)

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "_compute", mortal)
        with pytest.raises(KeyboardInterrupt):
            run(workspace, words)


def test_every_cell_is_begun_after_the_declaration_that_it_names(tmp_path):
    found = run(tmp_path)
    (own,) = found["declarations"]
    assert set(found["cells"][own]) == {cell_id(SMALL, cell) for cell in CELLS}
    assert all(found["declarations"][own]["declared"] <= begun <= now() for begun in found["cells"][own].values())
    assert declared_before(found, "key", "C3", "above 1")
    assert not declared_before(found, "key", "C3", "above 2"), "other words"
    assert not declared_before(found, "key", "C4", "above 1"), "a rule that was not declared"
    assert not declared_before(found, "other", "C3", "above 1"), "another table"
    assert not declared_before(None, "key", "C3", "above 1")


def test_two_processes_keep_the_same_record(tmp_path):
    key = declare(tmp_path, SMALL.name, declaration())
    run_cells(SMALL, "quick", tmp_path, workers=2, declaration=key)
    assert set(record(tmp_path, SMALL, "quick", "key")["cells"]) == {key}


def test_words_edited_after_the_first_cell_come_after(tmp_path, monkeypatch):
    killed_after(monkeypatch, tmp_path, 1)
    found = run(tmp_path, "above 2")
    assert [len(cells) for cells in found["cells"].values()] == [1, 2]
    assert len(found["declarations"]) == 2, "the first declaration stays"
    assert not declared_before(found, "key", "C3", "above 1")
    assert not declared_before(found, "key", "C3", "above 2")


def test_killed_between_declaration_and_first_cell_nothing_was_seen(tmp_path, monkeypatch):
    killed_after(monkeypatch, tmp_path, 0)
    assert declared_before(run(tmp_path, "above 2"), "key", "C3", "above 2")


def test_the_same_words_declared_again_are_the_first_declaration(tmp_path, monkeypatch):
    killed_after(monkeypatch, tmp_path, 1)
    found = run(tmp_path)
    assert len(found["declarations"]) == 1
    assert declared_before(found, "key", "C3", "above 1")


def test_a_cell_computed_again_stays_under_its_first_declaration(tmp_path):
    first = run(tmp_path)
    for shard in (tmp_path / "cells" / SMALL.name).glob("*.parquet"):
        shard.unlink()
    assert run(tmp_path, "above 2")["cells"] == first["cells"]


def test_cells_of_before_declarations_were_kept_prove_nothing(tmp_path):
    run_cells(SMALL, "quick", tmp_path)
    found = run(tmp_path)
    assert set(found["cells"]) == {UNKNOWN}
    assert not declared_before(found, "key", "C3", "above 1")


def test_a_result_that_a_record_tells_of_is_not_new_in_another_workspace(tmp_path):
    first = run(tmp_path / "one")
    adopt(tmp_path / "two", first)
    assert run(tmp_path / "two", "above 2") == first


def test_cells_that_only_tune_are_no_part_of_the_record(tmp_path):
    tuned = replace(SMALL, cells=lambda preset: [*CELLS, {**CELLS[0], "tuning": True}])
    assert sum(map(len, record(tmp_path, tuned, "quick", "key")["cells"].values())) == len(CELLS)
    # a cell that names the seeds it tunes on is judged
    tunes = replace(SMALL, cells=lambda preset: [{**cell, "tuning": [100, 101]} for cell in CELLS])
    assert sum(map(len, record(tmp_path, tunes, "quick", "key")["cells"].values())) == len(CELLS)


def test_a_table_that_is_kept_under_another_fingerprint_keeps_its_record(tmp_path, monkeypatch):
    found = run(tmp_path / "one")
    assert restamped(found, SMALL, "new") == sealed({**found, "key": "new"})
    renamed = replace(SMALL, cells=lambda preset: [{**cell, "code": "new"} for cell in CELLS])
    kept = restamped(found, renamed, "new")
    assert declared_before(kept, "new", "C3", "above 1")
    (before,), (after,) = found["cells"].values(), kept["cells"].values()
    assert list(after) == [cell_id(renamed, cell) for cell in renamed.cells("quick")]
    assert list(after.values()) == list(before.values())
    killed_after(monkeypatch, tmp_path / "two", 1)
    assert set(restamped(run(tmp_path / "two", "above 2"), renamed, "new")["cells"]) == {UNKNOWN}, "their order is not known"


def edited(found: dict, edit) -> dict:
    copy = json.loads(json.dumps(found))
    edit(copy)
    return copy


def earlier(found: dict) -> None:
    next(iter(found["declarations"].values()))["declared"] = "2020-01-01T00:00:00.000000+00:00"


def begun_earlier(found: dict) -> None:
    cells = next(iter(found["cells"].values()))
    cells[next(iter(cells))] = "2020-01-01T00:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("edit", "reseal", "complaint"),
    [
        (earlier, False, "its digest does not match"),
        (earlier, True, "does not match its digest"),
        (begun_earlier, False, "its digest does not match"),
        (begun_earlier, True, "was begun before its declaration"),
        (lambda found: found["declarations"].clear(), True, "is missing"),
        (lambda found: found.pop("cells"), False, "no record"),
        (lambda found: found.update(experiment="methods"), True, "no record"),
    ],
)
def test_a_changed_record_is_named_in_one_line(tmp_path, edit, reseal, complaint):
    found = run(tmp_path / "w")
    write_record(tmp_path, found)
    assert read_record(tmp_path, SMALL.name) == found
    changed = edited(found, edit)
    (tmp_path / "records" / f"{SMALL.name}.json").write_text(json.dumps(sealed(changed) if reseal else changed))
    with pytest.raises(UserError, match=complaint) as caught:
        read_record(tmp_path, SMALL.name)
    assert "\n" not in str(caught.value)
    assert read_record(tmp_path, "methods") is None
