"""The history of a verdict is what git says: the published verdicts of every commit, and every change of them."""

import json
import re
import subprocess
from itertools import pairwise

import pytest

from figures.build import history
from simulate.runs.fingerprint import ROOT

POINTS = history.read()["verdicts"]
README = re.compile(r"^\| (?P<id>[^ |]+) \| .* \| (?P<measured>[^|]+) \| \*\*(?P<verdict>[^|*]+)\*\* \|$", re.MULTILINE)


def shown(commit: str, path: str) -> str | None:
    """A file at a commit; None where there is no such history."""
    run = subprocess.run(["git", "-C", str(ROOT), "show", f"{commit}:{path}"], capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else None


def at(id: str, commit: str) -> dict:
    """The point of a verdict that holds at a commit."""
    commits = history.read()["commits"]
    return [point for point in POINTS[id] if commits.index(point["commit"]) <= commits.index(commit)][-1]


def test_p2_plain_went_to_and_fro():
    assert [point["verdict"] for point in POINTS["P2-plain"]][:4] == ["undecided", "supported", "undecided", "supported"]
    measured = [round(point["measured"], 2) for point in POINTS["P2-plain"]]
    assert measured[:4] == [0.12, 0.36, 0.29, 0.23], "as paper/LOG.md has it"


@pytest.mark.parametrize("commit", ["c90807b", "8f7e2d7", "6c659dd", "08fc028", "2f01306"])
def test_it_agrees_with_the_readme_of_the_time(commit):
    readme = shown(commit, "README.md")
    if readme is None:
        pytest.skip("a copy without history")
    rows = [match.groupdict() for match in README.finditer(readme)]
    assert len(rows) >= 20
    for row in rows:
        point = at(row["id"], commit)
        assert f"{point['measured']:.3g}" == row["measured"], row["id"]
        assert point["verdict"] == row["verdict"], row["id"]


def test_it_agrees_with_the_verdicts_that_were_committed():
    commits = [commit for commit in history.read()["commits"] if shown(commit, "paper/results/verdicts.json")]
    if not commits:
        pytest.skip("a copy without history")
    for commit in commits:
        for row in json.loads(shown(commit, "paper/results/verdicts.json"))["value"]:
            point = at(row["id"], commit)
            assert (f"{point['measured']:.4g}", point["verdict"]) == (f"{row['measured']:.4g}", row["verdict"])


def test_no_two_neighbours_are_the_same():
    for id, points in POINTS.items():
        assert all(history.differs(one, other) for one, other in pairwise(points)), id


def test_the_present_verdict_ends_the_history(monkeypatch, tmp_path):
    row = {"id": "X", "claim": "c", "prediction": "p", "rule": "r", "measured": 1.0, "interval": None, "verdict": "supported"}
    points = [history.point(row, "abc", "2026-11-22T01:16:54+00:00"), history.point({**row, "rule": "s"}, "def", "2026-11-23")]
    kept = tmp_path / "history.json"
    kept.write_text(json.dumps({"commits": ["abc", "def"], "verdicts": {"X": points}}))
    monkeypatch.setattr(history, "HISTORY", kept)
    found = history.history_of({**row, "rule": "s", "verdict": "refuted"})
    assert [line["rule"] for line in found] == ["first", "reworded", "same words"]
    assert [line["commit"] for line in found] == ["abc", "def", "now"]
    assert found[0]["date"] == "2026-11-22 01:16"
    assert len(history.history_of({**row, "rule": "s"})) == 2, "nothing has changed since"
    assert [line["rule"] for line in history.history_of({**row, "id": "Y"})] == ["first"]


def test_the_log_is_searched_by_id(monkeypatch, tmp_path):
    log = tmp_path / "LOG.md"
    entries = ("2026-02-02  second\n\nP2-plain: 0.3.", "2026-01-01  first (P2)\n\nOf (P2-plain) more.", "2025  P2-plainer\n")
    log.write_text("# Log\n\n## " + "\n\n## ".join(entries))
    monkeypatch.setattr(history, "LOG", log)
    assert history.log_of("P2-plain") == ["2026-01-01  first (P2)", "2026-02-02  second"]
    assert history.log_of("P2") == ["2026-01-01  first (P2)"]
