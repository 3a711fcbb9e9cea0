"""Progress of long work, told across processes through small files, so that it works on one machine and on a cluster alike."""

import json
from collections.abc import Callable
from pathlib import Path

from simulate.runs.store import atomic

FOLDER = "progress"


def report(workspace: Path, label: str, done: int, total: int, note: str = "") -> None:
    """Tell whoever watches `workspace` that `label` has done so many of `total` steps; a finished label is withdrawn."""
    path = workspace / FOLDER / f"{label}.json"
    if done >= total:
        path.unlink(missing_ok=True)
        return
    with atomic(path) as temporary:
        temporary.write_text(json.dumps({"label": label, "done": done, "total": total, "note": note}))


def reports(workspace: Path) -> list[dict]:
    """What is under way in `workspace`: dictionaries of label, done, total, note, sorted by label."""
    found = []
    for path in sorted((workspace / FOLDER).glob("[!.]*.json")):
        try:
            found.append(json.loads(path.read_text()))
        except (OSError, ValueError):  # withdrawn or replaced between listing and reading
            continue
    return found


def clear(workspace: Path) -> None:
    """Forget the reports that a killed run left behind."""
    for path in (workspace / FOLDER).glob("*.json"):
        path.unlink(missing_ok=True)


def reporter(workspace: Path, label: str, every: int = 10) -> Callable[[int, int, float], None]:
    """A callback (step, steps, loss) that reports training under way as `label`, every so many steps."""

    def tell(step: int, steps: int, loss: float) -> None:
        if step % every == 0 or step == steps:
            report(workspace, label, step, steps, f"loss {loss:.2f}")

    return tell
