"""Damage to the shards of a sweep: cut, emptied, exchanged, a bit turned over. Always seen, named, and computed again."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from simulate.experiments import hebbian
from simulate.runs.store import Store, read_table, write_table
from simulate.runs.sweep import run_cells

CELLS = [{"N": 24, "a": a, "P": [12, 48], "outputs": 4, "seeds": [0, 1]} for a in (0.2, 0.5)]
SMALL = replace(hebbian.EXPERIMENT, cells=lambda preset: CELLS)


@pytest.fixture
def swept(tmp_path):
    """(workspace, table, shard of the first cell) of a finished sweep."""
    frame = run_cells(SMALL, "quick", tmp_path)
    return tmp_path, frame, Store(tmp_path / "cells/hebbian").path(SMALL.key(CELLS[0]))


def again(swept, capsys) -> None:
    """Sweep once more: the damaged shard is named, computed again, and all is as it was before; a third run is silent."""
    workspace, frame, shard = swept
    pd.testing.assert_frame_equal(run_cells(SMALL, "quick", workspace), frame)
    assert shard.name in capsys.readouterr().err
    pd.testing.assert_frame_equal(run_cells(SMALL, "quick", workspace), frame)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("size", [0, 4, 100, -1])
def test_a_shard_that_was_cut(swept, capsys, size):
    shard = swept[2]
    shard.write_bytes(shard.read_bytes()[:size])
    again(swept, capsys)


def test_the_shard_of_another_cell_in_its_place(swept, capsys):
    shard = swept[2]
    shard.write_bytes(Store(shard.parent).path(SMALL.key(CELLS[1])).read_bytes())
    again(swept, capsys)


def test_a_well_formed_shard_of_the_right_name_that_holds_something_else(swept, capsys):
    frame, about = read_table(swept[2])
    write_table(swept[2], frame.assign(snr=frame["snr"] + 1), about["key"])
    again(swept, capsys)


def silently_other(shard) -> bytes | None:
    """The bytes of the shard with one bit turned over that reads without an error, under the same key, as other numbers."""
    whole, (frame, about) = shard.read_bytes(), read_table(shard)
    for place in range(4, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 16
        shard.write_bytes(bytes(damaged))
        try:
            read, key = read_table(shard)
        except (OSError, pa.ArrowException, ValueError, UnicodeDecodeError):
            continue
        if key == about and list(read) == list(frame) and len(read) == len(frame) and not read.equals(frame):
            return bytes(damaged)
    return None


def test_a_bit_turned_over_in_a_page_that_reads_back_silently(swept, capsys):
    shard = swept[2]
    damaged = silently_other(shard)
    assert damaged is not None, "Parquet has become safe by itself: the digests are no longer needed"
    shard.write_bytes(damaged)
    assert Store(shard.parent).get(shard.stem) is not None  # the store alone does not see it
    again(swept, capsys)


def test_a_shard_whose_digest_was_lost_is_read(swept, capsys):
    workspace, frame, shard = swept
    before = shard.stat().st_mtime_ns
    (workspace / "digests/hebbian" / f"{shard.stem}.sha256").unlink()
    pd.testing.assert_frame_equal(run_cells(SMALL, "quick", workspace), frame)
    assert shard.stat().st_mtime_ns == before
    assert (workspace / "digests/hebbian" / f"{shard.stem}.sha256").exists()
    assert not capsys.readouterr().err
