"""A stream of writes that is killed, at whatever moment, ends with the same bytes and the same report when it is given again."""

import math
import os
import signal
import subprocess
import sys

import pytest
import torch

from realmodels.model.loaded import load
from realmodels.writing.write import write
from simulate.runs.fingerprint import ROOT
from tests.realmodels.writing.places import facts_file, reported, stream_of_three

KILLED = """
import os, signal, sys
from pathlib import Path
from realmodels.writing import run
from realmodels.writing.write import write
model, facts, out, method, rate, after, moment, per_task = sys.argv[1:9]
plain, count = {"stream": run.save_state, "delta": run.Recorder.save}, [0]

def laid_down(*given):
    count[0] += 1
    if moment == "while" and count[0] == int(after):
        from simulate.runs import files
        files.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    plain["stream"](*given)
    if moment == "stream" and count[0] == int(after):
        os.kill(os.getpid(), signal.SIGKILL)

def saved(*given):
    if moment == "delta":
        os.kill(os.getpid(), signal.SIGKILL)
    return plain["delta"](*given)

run.save_state, run.Recorder.save = laid_down, saved
rate = None if rate == "None" else float(rate)
write(model, facts, method, rate, out=Path(out), per_task=per_task == "True", steps=8, text=Path(facts), ruin=float("inf"))
"""


def killed(*words: object) -> None:
    """A stream in a process of its own, which ends by SIGKILL."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, words)], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-600:]


@pytest.mark.parametrize(
    ("family", "method", "rate", "after", "moment", "per_task"),
    [
        ("llama", "full", None, 2, "while", True),
        ("gpt2", "lora", 0.01, 1, "stream", False),
        ("llama", "replay", 0.01, 3, "stream", False),
        ("gemma2", "rls", 0.5, 0, "delta", True),
    ],
)
def test_killed_it_ends_with_the_same_bytes_and_report(toys, tmp_path, family, method, rate, after, moment, per_task):
    loaded = toys(family, torch.bfloat16)
    facts = facts_file(tmp_path / "facts.jsonl", stream_of_three())
    given = {"method": method, "learning_rate": rate, "ruin": math.inf, "per_task": per_task, "steps": 8, "text": facts}
    whole = write(loaded, facts, out=tmp_path / "whole", **given)
    killed(loaded.path, facts, tmp_path / "out", method, rate, after, moment, per_task)
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.partial").exists()
    said = []
    resumed = write(load(loaded.path), facts, out=tmp_path / "out", say=said.append, **given)
    done = {"stream": after, "while": after - 1, "delta": 3}[moment]
    assert any(f"going on after task {done}" in line for line in said)
    assert not any("learning rate" in line for line in said), "the rate was sought again"
    assert len([line for line in said if line.startswith("task ")]) == 3 - done
    assert (tmp_path / "out").read_bytes() == (tmp_path / "whole").read_bytes()
    assert reported(resumed) == reported(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.jsonl", "out", "whole"]
