"""A sweep gives the same bytes however it is run: one process or two, a cluster, killed and resumed, with a damaged shard."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simulate.experiments import hebbian, sweep_delta
from simulate.fingerprint import ROOT
from simulate.store import write_table
from simulate.sweep import run_cells
from theory.errors import UserError

CELLS = [{"N": 24, "a": a, "P": [12, 48], "outputs": 4, "seeds": [0, 1]} for a in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)]
SMALL = replace(hebbian.EXPERIMENT, cells=lambda preset: CELLS)

SCRIPT = """
import sys, time
from dataclasses import replace
from pathlib import Path
from simulate.experiments import hebbian
from simulate.sweep import run_cells

def told():
    print("cell", flush=True)
    time.sleep(0.2)

if __name__ == "__main__":
    cells = eval(sys.argv[2])
    run_cells(replace(hebbian.EXPERIMENT, cells=lambda preset: cells), "quick", Path(sys.argv[1]), on_cell=told)
"""


def contents(workspace: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((workspace / "cells" / "hebbian").iterdir())}


def table_bytes(folder: Path, frame) -> bytes:
    write_table(folder / "table.parquet", frame, "key")
    return (folder / "table.parquet").read_bytes()


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """(table, its bytes, bytes of the shards) of an uninterrupted run in this process."""
    workspace = tmp_path_factory.mktemp("reference")
    told = []
    frame = run_cells(SMALL, "quick", workspace, on_cell=lambda: told.append(1))
    assert len(told) == len(CELLS)
    assert frame["a"].drop_duplicates().tolist() == [cell["a"] for cell in CELLS]
    return frame, table_bytes(tmp_path_factory.mktemp("table"), frame), contents(workspace)


def test_two_workers_give_the_same_bytes(reference, tmp_path):
    frame = run_cells(SMALL, "quick", tmp_path / "w", workers=2)
    assert table_bytes(tmp_path, frame) == reference[1]
    assert contents(tmp_path / "w") == reference[2]


def test_a_cluster_gives_the_same_bytes(reference, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        frame = run_cells(SMALL, "quick", tmp_path / "w", cluster=cluster.scheduler_address)
    assert table_bytes(tmp_path, frame) == reference[1]


def test_a_killed_sweep_goes_on_where_it_stopped(reference, tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "w"), repr(CELLS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)] == ["cell\n"] * 3
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = {name: data for name, data in contents(tmp_path / "w").items() if not name.startswith(".")}
    assert 3 <= len(left) < len(CELLS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "w/cells/hebbian").glob("[!.]*.parquet")}

    frame = run_cells(SMALL, "quick", tmp_path / "w")
    assert all(path.stat().st_mtime_ns == when for path, when in before.items()), "a finished cell was computed again"
    assert table_bytes(tmp_path, frame) == reference[1]
    assert {name: data for name, data in contents(tmp_path / "w").items() if not name.startswith(".")} == reference[2]


def test_a_truncated_shard_is_computed_again(reference, tmp_path, capsys):
    run_cells(SMALL, "quick", tmp_path / "w")
    victim = next((tmp_path / "w/cells/hebbian").iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    frame = run_cells(SMALL, "quick", tmp_path / "w")
    assert victim.name in capsys.readouterr().err
    assert table_bytes(tmp_path, frame) == reference[1]
    assert contents(tmp_path / "w") == reference[2]


def test_one_compilation_serves_a_sweep(tmp_path):
    cells = [cell for cell in sweep_delta.cells("quick") if cell["D"] <= 2 and cell["a"] in (0.1, 0.4)]
    cells = [{**cell, "T": cell["T"][:3], "eta": cell["eta"][:3], "M_max": 300, "seeds": [0]} for cell in cells]
    assert len(cells) == 8
    before = sweep_delta._depths._cache_size()
    run_cells(replace(sweep_delta.EXPERIMENT, cells=lambda preset: cells), "quick", tmp_path)
    assert sweep_delta._depths._cache_size() - before == 2  # one a code family


def test_an_error_in_a_cell_is_not_swallowed(tmp_path):
    broken = replace(SMALL, cells=lambda preset: [{**CELLS[0], "N": -1}])
    with pytest.raises(UserError, match="N=-1"):
        run_cells(broken, "quick", tmp_path)
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("options", [{"workers": 0}, {"cluster": "tcp://127.0.0.1:9"}, {"cluster": "nonsense"}])
def test_bad_workers_and_clusters_are_told(options, tmp_path):
    with pytest.raises(UserError):
        run_cells(SMALL, "quick", tmp_path, **options)
