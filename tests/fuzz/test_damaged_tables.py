"""A damaged table is refused in one line that names it, by figures, verdicts and tables alike; it never passes for a result."""

import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import figures.build.experiments
import figures.build.verdicts
import figures.verdicts.table
from figures.build.layout import Layout
from figures.cli.entry import main
from simulate.runs.store import read_table, write_table
from tests.figures.conftest import Maker

NAME = "hebbian"
COMMANDS = ("figures capacity", "verdicts --json", f"tables {NAME}", f"tables {NAME} --format csv", "tables")


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """A layout of its own that holds one good table, and only the rules and the figure that read it."""
    layout = Layout.of("quick", tmp_path_factory.mktemp("tables"))
    write_table(layout.results / f"{NAME}.parquet", pd.DataFrame(Maker().hebbian()), "key", preset="quick")
    rules = {id: rule for id, rule in figures.verdicts.table.RULES.items() if rule.tables == (NAME,)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures.verdicts.table, "RULES", rules)
        patch.setattr(figures.build.verdicts, "tables_of_rules", lambda: {id: rule.tables for id, rule in rules.items()})
        patch.setattr(figures.build.experiments, "fingerprints", lambda layout: {NAME: "key"})
        yield layout


def run(capsys, layout, command: str) -> tuple[int, str, str]:
    """Exit status, output and complaint of `cwb command` on the tables of a layout."""
    capsys.readouterr()
    status = main([*command.split(), "--preset", "quick", "--out", str(layout.workspace)])
    return status, *capsys.readouterr()


@pytest.fixture
def table(layout):
    """Path of the table, which is good again afterwards."""
    path = layout.results / f"{NAME}.parquet"
    whole = path.read_bytes()
    yield path
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(whole)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_good_table_is_served(capsys, layout, command):
    status, out, complaint = run(capsys, layout, command)
    assert (status, complaint) == (0, "")
    assert out


def _with_value(column, value):
    def change(frame):
        frame[column] = frame[column].astype(type(value) if isinstance(value, str) else float)
        frame.loc[3, column] = value
        return frame

    return change


FRAMES = {
    "NaN": _with_value("snr", float("nan")),
    "infinite": _with_value("bits_per_synapse", float("inf")),
    "all NaN": lambda frame: frame.assign(snr=np.nan),
    "text": _with_value("snr", "many"),
    "text for a whole number": _with_value("P", "9"),
    "column missing": lambda frame: frame.drop(columns="snr"),
    "column too many": lambda frame: frame.assign(more=1.0),
    "no rows": lambda frame: frame[:0],
    "no columns": lambda frame: frame[[]],
    "lists": lambda frame: frame.assign(snr=[[1.0]] * len(frame)),
    "times": lambda frame: frame.assign(snr=pd.Timestamp("2026-01-01")),
    "true": lambda frame: frame.assign(snr=True),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_table_that_is_not_as_declared_is_refused(capsys, layout, table, kind):
    frame, about = read_table(table)
    write_table(table, FRAMES[kind](frame), about["key"], preset="quick")
    for command in COMMANDS[:4]:
        status, out, complaint = run(capsys, layout, command)
        assert (status, out) == (2, ""), command
        assert len(complaint.splitlines()) == 1
        assert NAME in complaint
        assert f"cwb reproduce --only {NAME}" in complaint


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_table_of_few_rows_brings_nothing_down(capsys, layout, table, rows):
    frame, about = read_table(table)
    write_table(table, frame[:rows], about["key"], preset="quick")
    for command in COMMANDS:
        status, _, complaint = run(capsys, layout, command)
        assert status in (0, 2), complaint
        assert len(complaint.splitlines()) == (1 if status == 2 else 0)


DAMAGE = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
    st.tuples(st.just("insert"), st.floats(0, 1), st.binary(max_size=9)),
    st.tuples(st.just("overwrite"), st.floats(0, 1), st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("replace"), st.just(0.0), st.binary(max_size=60) | st.just(b"PAR1" * 5)),
)


def test_damaged_bytes_are_refused_or_read_as_what_they_say(capsys, layout, table):
    whole = table.read_bytes()

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(DAMAGE, st.sampled_from(COMMANDS[1:]))
    def try_it(damage, command):
        kind, place, data = damage
        at = int(place * len(whole))
        table.write_bytes(
            {"cut": whole[:at], "insert": whole[:at] + data + whole[at:], "replace": data}.get(
                kind, whole[:at] + data + whole[at + len(data) :]
            )
        )
        status, _, complaint = run(capsys, layout, command)
        assert status in (0, 2), (damage, complaint)
        assert len(complaint.splitlines()) <= 1, (damage, complaint)
        assert status == 0 or NAME in complaint

    try_it()


def test_metadata_that_is_no_text_makes_a_table_stale(capsys, layout, table):
    content = pq.read_table(table).replace_schema_metadata({b"cwb.key": b"\xff\xfe", b"cwb.preset": b"quick", b"\xff": b"\xff"})
    pq.write_table(content, table)
    status, out, complaint = run(capsys, layout, "tables")
    assert status == 0
    assert "stale" in out
    assert len(complaint.splitlines()) == 1
    assert isinstance(pq.read_schema(table), pa.Schema)


def test_a_folder_in_place_of_a_table_and_a_table_of_no_experiment_are_named(capsys, layout, table):
    (layout.results / "zzz.parquet").write_bytes(b"PAR1")
    status, _, complaint = run(capsys, layout, "tables")
    (layout.results / "zzz.parquet").unlink()
    assert status == 0
    assert "belong to no experiment: zzz" in complaint
    table.unlink()
    table.mkdir()
    for command in COMMANDS[:4]:
        status, _, complaint = run(capsys, layout, command)
        assert status == 2
        assert "no table 'hebbian'" in complaint
