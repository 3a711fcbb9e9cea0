"""The history of every verdict: `python -m figures.build.history` reads it from git and keeps it in paper/results/history.json.

A commit that changed the committed verdicts gives a point per verdict. Before verdicts were committed, the tables of a commit are
judged by the rules of that commit, in a working tree of its own. A point is kept where the measured value, the verdict or the
words of the rule changed. What is kept is not read again, so that a clone without history has it too.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures.build.layout import PAPER
from simulate.runs.files import atomic, digest, read_json, read_text, write_json
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

HISTORY = PAPER / "results" / "history.json"
LOG = PAPER / "LOG.md"
STORED = "paper/results/verdicts.json"
PAGES = ("README.md", "paper/CLAIMS.md")
JUDGE = """
import json
from pathlib import Path
from figures.results import Results
try:
    from figures.verdicts.table import verdicts
except ImportError:
    from figures.verdicts import verdicts
print(json.dumps(verdicts(Results(Path("paper/results")))))
"""
"""What a commit without committed verdicts is asked; its rules lay in one of two places."""

Point = Mapping[str, Any]
"""{commit, date, measured, interval, verdict, words: digest of claim, prediction and rule}."""


def git(*words: str) -> str:
    """What git prints. Raises UserError outside a repository."""
    try:
        return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"git {' '.join(words)} fails ({error}): run this in a clone with its history") from None


def judged_at(commit: str) -> list[dict[str, Any]]:
    """The verdicts as committed at a commit; where none were, those of its own rules on its own tables.

    Raises UserError if its code does not run here.
    """
    if git("ls-tree", commit, STORED):
        return list(json.loads(git("show", f"{commit}:{STORED}"))["value"])
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--detach", str(tree), commit)
        try:
            run = subprocess.run(
                [sys.executable, "-c", JUDGE], cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True
            )
        finally:
            git("worktree", "remove", "--force", str(tree))
    if run.returncode:
        raise UserError(
            f"the code of {commit} does not run here: {run.stderr.strip().splitlines()[-1]}; take history.json from git"
        )
    return list(json.loads(run.stdout))


def commits() -> list[tuple[str, str]]:
    """(commit, date) of every commit that published other verdicts than the one before it, oldest first.

    That is every commit that changed the committed verdicts; before there were any, the values and verdicts in a table of the
    README or of CLAIMS.md.
    """
    found, before = [], ""
    for line in git("log", "--reverse", "--format=%h %cI", "--", STORED, *PAGES).splitlines():
        commit, date = line.split()
        now = git("ls-tree", commit, STORED) or "".join(_rows(commit, page) for page in PAGES)
        if now and now != before:
            found.append((commit, date))
            before = now
    return found


def _rows(commit: str, page: str) -> str:
    """The values and verdicts in the table of a page at a commit."""
    text = git("show", f"{commit}:{page}") if git("ls-tree", commit, page) else ""
    return "\n".join(
        " ".join(row) for row in re.findall(r"^\| ([^ |]+) \|.*\| ([^|]+) \| \*\*([^|*]+)\*\* \|$", text, re.MULTILINE)
    )


def words(row: Mapping[str, Any]) -> str:
    """Digest of what a rule said at the time."""
    return digest([row[name] for name in ("claim", "prediction", "rule")])


def point(row: Mapping[str, Any], commit: str, date: str) -> Point:
    """A verdict at a commit."""
    return {
        "commit": commit,
        "date": date,
        **{name: row[name] for name in ("measured", "interval", "verdict")},
        "words": words(row),
    }


def differs(one: Point, other: Point) -> bool:
    """Whether two points say different things, to four digits."""
    values = [f"{p['measured']:.4g} {p['verdict']} {p['words']}" for p in (one, other)]
    return values[0] != values[1]


def read() -> dict[str, Any]:
    """{"commits": those that were read, "verdicts": {id: points, oldest first}} as kept."""
    if not HISTORY.is_file():
        return {"commits": [], "verdicts": {}}
    stored: dict[str, Any] = read_json(HISTORY, "restore it with git")
    return stored


def update() -> list[str]:
    """Read the commits that are not in the history yet; returns them."""
    history = read()
    new = [pair for pair in commits() if pair[0] not in history["commits"]]
    for commit, date in new:
        history["commits"].append(commit)
        for row in judged_at(commit):
            points = history["verdicts"].setdefault(row["id"], [])
            latest = point(row, commit, date)
            if not points or differs(points[-1], latest):
                points.append(latest)
        with atomic(HISTORY) as temporary:
            write_json(temporary, history)
    return [commit for commit, _ in new]


def history_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All points of a verdict up to `row`, as it is now: {date, commit, measured, interval, verdict, rule}.

    rule: "first", "same words" or "reworded" since the point before.
    """
    points: Sequence[Point] = read()["verdicts"].get(row["id"], [])
    present = point(row, "now", "")
    if not points or differs(points[-1], present):
        points = [*points, present]
    return [
        {
            "date": at["date"][:16].replace("T", " "),
            "commit": at["commit"],
            **{name: at[name] for name in ("measured", "interval", "verdict")},
            "rule": "first" if not index else "same words" if at["words"] == points[index - 1]["words"] else "reworded",
        }
        for index, at in enumerate(points)
    ]


def log_of(id: str) -> list[str]:
    """Titles of the entries of the log that name a verdict, oldest first."""
    entries = read_text(LOG, "restore it with git").split("\n## ")[1:]
    naming = [entry for entry in entries if re.search(rf"(?<![\w-]){re.escape(id)}(?![\w-])", entry)]
    return [entry.split("\n")[0] for entry in reversed(naming)]


if __name__ == "__main__":
    print(f"read {len(update())} commits into {HISTORY}")
