"""A sweep on a real Dask scheduler with worker processes: a worker killed costs nothing, one with other code is refused."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from simulate.experiments import hebbian
from simulate.runs.fingerprint import ROOT
from simulate.runs.store import write_table
from simulate.runs.sweep import run_cells
from theory.errors import UserError

distributed = pytest.importorskip("distributed")

CELLS = [{"N": 24, "a": a / 40, "P": [12, 48], "outputs": 4, "seeds": [0, 1]} for a in range(4, 20)]
SMALL = replace(hebbian.EXPERIMENT, cells=lambda preset: CELLS)


@contextmanager
def started(module: str, *arguments: str, root: Path = ROOT):
    """A process of Dask's, killed in the end."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduler(tmp_path: Path):
    """Address of a scheduler process on loopback."""
    file = tmp_path / "scheduler.json"
    with (
        started("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)),
        distributed.Client(scheduler_file=str(file), set_as_default=False, timeout=60) as client,
    ):
        yield client.scheduler.address, client


def worker(address: str, root: Path = ROOT):
    return started("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", root=root)


def table_bytes(folder: Path, frame) -> bytes:
    write_table(folder / "table.parquet", frame, "key")
    return (folder / "table.parquet").read_bytes()


def test_a_worker_killed_mid_sweep_costs_nothing(tmp_path):
    here = table_bytes(tmp_path, run_cells(SMALL, "quick", tmp_path / "here"))
    done = []
    with scheduler(tmp_path) as (address, client), worker(address) as first, worker(address), worker(address):
        client.wait_for_workers(3, timeout=120)

        def told() -> None:
            done.append(1)
            if len(done) == 2:
                first.send_signal(signal.SIGKILL)

        frame = run_cells(SMALL, "quick", tmp_path / "there", cluster=address, on_cell=told)
        assert first.wait() == -signal.SIGKILL
    assert len(done) == len(CELLS)
    assert table_bytes(tmp_path, frame) == here
    for shard in sorted((tmp_path / "here/cells/hebbian").iterdir()):
        assert (tmp_path / "there/cells/hebbian" / shard.name).read_bytes() == shard.read_bytes()


def test_a_worker_with_other_code_is_refused(tmp_path):
    other = tmp_path / "other"
    for package in ("theory", "simulate"):
        shutil.copytree(ROOT / package, other / package, ignore=shutil.ignore_patterns("__pycache__"))
    edited = other / "simulate" / "memories" / "hebbian.py"
    edited.write_text(edited.read_text() + "\nEDITED = True\n")
    with scheduler(tmp_path) as (address, client), worker(address, other):
        client.wait_for_workers(1, timeout=120)
        with pytest.raises(UserError, match=r"other code of simulate\.experiments\.hebbian"):
            run_cells(SMALL, "quick", tmp_path / "w", cluster=address)
    assert not list(tmp_path.glob("w/**/*.parquet"))
