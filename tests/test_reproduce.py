"""Killed in the middle, the same command goes on from what was finished, to the same bytes; a second call computes nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "figures.cli", "reproduce", "quick", "--only", "retention", "--workers", "2", "--out"]


def table(out: Path) -> Path:
    return out / "quick" / "results" / "retention.parquet"


def shards(out: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (out / "cells").rglob("[!.]*.parquet")}


def test_kill_resume_and_second_call(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run([*COMMAND, str(whole)], check=True, capture_output=True, timeout=300)

    killed = subprocess.Popen(
        [*COMMAND, str(broken)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 240
    while not shards(broken) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    kept = shards(broken)
    assert kept, "no cell was finished before the kill"
    assert not table(broken).exists() or len(kept) == len(shards(whole))

    subprocess.run([*COMMAND, str(broken)], check=True, capture_output=True, timeout=300)
    assert {path: time for path, time in shards(broken).items() if path in kept} == kept, "a finished cell was computed again"
    assert table(broken).read_bytes() == table(whole).read_bytes()

    before = shards(whole)
    again = subprocess.run([*COMMAND, str(whole)], check=True, capture_output=True, text=True, timeout=300)
    assert "fresh" in again.stdout
    assert shards(whole) == before
