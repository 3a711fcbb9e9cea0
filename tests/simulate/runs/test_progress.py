"""Reports of work under way: those of running processes are shown, all others are not, and are removed."""

import json
import os
import subprocess
import sys
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.runs import progress
from simulate.runs.progress import FOLDER, STALE, clear, report, reports


def rewritten(workspace, label, **changes):
    path = workspace / FOLDER / f"{label}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_running_process_is_shown_and_withdrawn_when_done(tmp_path):
    report(tmp_path, "dense small 0", 3, 10, "loss 2")
    (entry,) = reports(tmp_path)
    assert (entry["label"], entry["done"], entry["total"], entry["note"]) == ("dense small 0", 3, 10, "loss 2")
    assert entry["pid"] == os.getpid()
    report(tmp_path, "dense small 0", 10, 10)
    assert reports(tmp_path) == []


def test_a_killed_process_is_not_shown_as_live(tmp_path):
    code = f"from pathlib import Path; from simulate.runs.progress import report; report(Path({str(tmp_path)!r}), 'nsa', 1, 9)"
    process = subprocess.Popen([sys.executable, "-c", f"{code}; import time; print('told', flush=True); time.sleep(600)"],
                               stdout=subprocess.PIPE)  # fmt: skip
    process.stdout.readline()
    assert [entry["label"] for entry in reports(tmp_path)] == ["nsa"]
    process.kill()
    process.wait()
    assert reports(tmp_path) == []
    assert not list((tmp_path / FOLDER).iterdir())


def test_a_number_that_went_to_another_process_is_not_taken_for_the_old_one(tmp_path):
    report(tmp_path, "nsa", 1, 9)
    if progress._start(os.getpid()) is not None:
        rewritten(tmp_path, "nsa", start="1")
        assert reports(tmp_path) == []


def test_another_machine_is_believed_for_a_while(tmp_path):
    for label, age in (("fresh", STALE / 2), ("stale", 2 * STALE)):
        report(tmp_path, label, 1, 9)
        rewritten(tmp_path, label, host="elsewhere", pid=1, time=time.time() - age)
    assert [entry["label"] for entry in reports(tmp_path)] == ["fresh"]


def test_clearing_leaves_what_is_under_way_elsewhere(tmp_path):
    for label in ("mine", "theirs", "dead"):
        report(tmp_path, label, 1, 9)
    rewritten(tmp_path, "dead", pid=2**22 - 1, start="1")
    clear(tmp_path, "mine")
    clear(tmp_path)
    assert [path.stem for path in (tmp_path / FOLDER).iterdir()] == ["theirs"]


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=4), lambda v: st.lists(v, max_size=2), max_leaves=3
)


@given(st.binary(max_size=20) | st.dictionaries(st.sampled_from(["pid", "host", "time", "start", "done", "total"]), VALUES))
@settings(max_examples=60, deadline=None)
def test_a_damaged_report_does_no_harm(tmp_path_factory, damage):
    workspace = tmp_path_factory.mktemp("progress")
    report(workspace, "one", 1, 9)
    if isinstance(damage, bytes):
        (workspace / FOLDER / "one.json").write_bytes(damage)
    else:
        rewritten(workspace, "one", **damage)
    for entry in reports(workspace):
        assert entry["done"] < entry["total"]
