"""A sweep gives the same bytes however it is run: one process or two, a cluster, killed and resumed, with a damaged shard."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from simulate.experiments import hebbian, sweep_cells, sweep_delta, sweep_hebbian, sweep_shared
from simulate.runs.fingerprint import ROOT
from simulate.runs.store import write_table
from simulate.runs.sweep import run_cells
from theory.errors import UserError

CELLS = [{"N": 24, "a": a, "P": [12, 48], "outputs": 4, "seeds": [0, 1]} for a in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)]
SMALL = replace(hebbian.EXPERIMENT, cells=lambda preset: CELLS)

SCRIPT = """
import sys, time
from dataclasses import replace
from pathlib import Path
from simulate.experiments import hebbian
from simulate.runs.sweep import run_cells

def told():
    print("cell", flush=True)
    time.sleep(0.2)

if __name__ == "__main__":
    cells = eval(sys.argv[2])
    experiment = replace(hebbian.EXPERIMENT, cells=lambda preset: cells)
    run_cells(experiment, "quick", Path(sys.argv[1]), workers=int(sys.argv[3]), on_cell=told)
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


def sweep_process(tmp_path: Path, workers: int) -> subprocess.Popen:
    """A process that sweeps into tmp_path/w, in a group of its own."""
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "w"), repr(CELLS), str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment, start_new_session=True)


def end_group(process: subprocess.Popen) -> None:
    """Kill what a process left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_sweep_goes_on_where_it_stopped(reference, tmp_path, workers):
    process = sweep_process(tmp_path, workers)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)] == ["cell\n"] * 3
    process.send_signal(signal.SIGKILL)  # the workers live on for a while, and finish what they were at
    process.wait()
    if workers > 1:
        assert table_bytes(tmp_path, run_cells(SMALL, "quick", tmp_path / "w")) == reference[1]
        end_group(process)
        assert table_bytes(tmp_path, run_cells(SMALL, "quick", tmp_path / "w")) == reference[1]
        return
    end_group(process)
    left = {name: data for name, data in contents(tmp_path / "w").items() if not name.startswith(".")}
    assert 3 <= len(left) < len(CELLS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "w/cells/hebbian").glob("[!.]*.parquet")}

    frame = run_cells(SMALL, "quick", tmp_path / "w")
    assert all(path.stat().st_mtime_ns == when for path, when in before.items()), "a finished cell was computed again"
    assert table_bytes(tmp_path, frame) == reference[1]
    assert {name: data for name, data in contents(tmp_path / "w").items() if not name.startswith(".")} == reference[2]


def test_two_sweeps_at_once_into_one_store(reference, tmp_path, capsys):
    process = sweep_process(tmp_path, 1)
    assert process.stdout is not None
    assert process.stdout.readline() == "cell\n"
    frame = run_cells(SMALL, "quick", tmp_path / "w")
    assert process.wait() == 0
    assert table_bytes(tmp_path, frame) == reference[1]
    assert table_bytes(tmp_path, run_cells(SMALL, "quick", tmp_path / "w")) == reference[1]
    assert contents(tmp_path / "w") == reference[2]
    assert not capsys.readouterr().err
    end_group(process)


def test_a_truncated_shard_is_computed_again(reference, tmp_path, capsys):
    run_cells(SMALL, "quick", tmp_path / "w")
    victim = next((tmp_path / "w/cells/hebbian").iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    frame = run_cells(SMALL, "quick", tmp_path / "w")
    assert victim.name in capsys.readouterr().err
    assert table_bytes(tmp_path, frame) == reference[1]
    assert contents(tmp_path / "w") == reference[2]


def small(cell: dict, points: int = 2) -> dict:
    """The same cell with its first points in T and one seed."""
    per_point = ("T", "eta", "layout", "ceiling_depth")
    return {**cell, **{name: cell[name][:points] for name in per_point if name in cell}, "seeds": [0]}


def compilations(module, function: str, cells: list[dict], tmp_path: Path) -> int:
    """How often a jitted function of an experiment is compiled in a sweep over these cells."""
    jitted = getattr(module, function)
    jitted.clear_cache()
    run_cells(replace(module.EXPERIMENT, cells=lambda preset: cells), "quick", tmp_path)
    return jitted._cache_size()


def test_delta_compiles_once_a_family_and_length(tmp_path):
    cells = [small(cell) for cell in sweep_delta.cells("quick") if cell["D"] in (1, 3, 20) and cell["a"] in (0.1, 0.4)]
    lengths = {(cell["centred"], cell["M_max"]) for cell in cells}
    assert len(cells) > len(lengths)
    assert compilations(sweep_delta, "_depths", cells, tmp_path) == len(lengths)
    lengths = [{cell["M_max"] for cell in sweep_delta.cells(preset)} for preset in ("quick", "paper")]
    assert all(len(found) <= 6 for found in lengths)


@pytest.mark.parametrize(
    ("module", "function", "step"), [(sweep_hebbian, "_snr", 23), (sweep_cells, "_decoded", 23), (sweep_shared, "_decoded", 41)]
)
def test_one_compilation_serves_a_sweep(module, function, step, tmp_path):
    cells = [small(cell) for cell in module.cells("quick")[::step]]
    assert len(cells) >= 3
    assert len({cell.get("D", cell.get("D_s")) for cell in cells}) > 1
    assert compilations(module, function, cells, tmp_path) == 1


def test_an_error_in_a_cell_is_not_swallowed(tmp_path):
    broken = replace(SMALL, cells=lambda preset: [{**CELLS[0], "N": -1}])
    with pytest.raises(UserError, match="N=-1"):
        run_cells(broken, "quick", tmp_path)
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("options", [{"workers": 0}, {"cluster": "tcp://127.0.0.1:9"}, {"cluster": "nonsense"}])
def test_bad_workers_and_clusters_are_told(options, tmp_path):
    with pytest.raises(UserError):
        run_cells(SMALL, "quick", tmp_path, **options)
