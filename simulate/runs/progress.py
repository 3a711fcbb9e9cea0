"""Progress of long work, told across processes through small files, so that it works on one machine and on a cluster alike.

A report says which process of which machine wrote it, and when. A report whose process has ended is not shown and is removed: on
the same machine the process is looked up, on another one a report is believed for STALE seconds.
"""

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulate.runs.files import atomic

FOLDER = "progress"
STALE = 900.0  # seconds for which the report of another machine is believed


def _start(pid: int) -> str | None:
    """When a process of this machine was started, in ticks since boot; None if that cannot be seen, "" if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self/stat").exists() else None
    except (OSError, IndexError):
        return None


def _path(workspace: Path, label: str) -> Path:
    return workspace / FOLDER / f"{label.replace('/', '-')}.json"


def report(workspace: Path, label: str, done: int, total: int, note: str = "") -> None:
    """Tell whoever watches `workspace` that `label` has done so many of `total` steps; a finished label is withdrawn."""
    path = _path(workspace, label)
    if done >= total:
        path.unlink(missing_ok=True)
        return
    who = {"pid": os.getpid(), "start": _start(os.getpid()), "host": socket.gethostname(), "time": time.time()}
    with atomic(path) as temporary:
        temporary.write_text(json.dumps({"label": label, "done": done, "total": total, "note": note, **who}))


def _alive(entry: dict[str, Any]) -> bool:
    """Whether the process that wrote a report still runs, as far as can be seen from here."""
    if entry["host"] != socket.gethostname():
        return time.time() - entry["time"] < STALE
    try:
        os.kill(entry["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # there is such a process, of another user
        pass
    now = _start(entry["pid"])
    return now is None or entry["start"] is None or now == entry["start"]  # else its number went to another process


def reports(workspace: Path) -> list[dict[str, Any]]:
    """What is under way in `workspace`, sorted by label: dictionaries of label, done, total, note, pid, host, time.

    What a dead process left behind, and what is no report, is removed.
    """
    live = []
    for path in sorted((workspace / FOLDER).glob("[!.]*.json")):
        try:
            entry = json.loads(path.read_text())
            alive = _alive(entry) and entry["total"] > entry["done"] >= 0 and bool(entry["label"])
        except OSError:  # withdrawn or replaced between listing and reading
            continue
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            alive, entry = False, {}
        if alive:
            live.append(entry)
        else:
            path.unlink(missing_ok=True)
    return live


def clear(workspace: Path, label: str | None = None) -> None:
    """Withdraw the report of a label, or those that dead processes left behind; what is under way elsewhere stays."""
    if label is None:
        reports(workspace)
    else:
        _path(workspace, label).unlink(missing_ok=True)


def reporter(workspace: Path, label: str, every: int = 10) -> Callable[[int, int, float], None]:
    """A callback (step, steps, loss) that reports training under way as `label`, every so many steps."""

    def tell(step: int, steps: int, loss: float) -> None:
        if step % every == 0 or step == steps:
            report(workspace, label, step, steps, f"loss {loss:.2f}")

    return tell
