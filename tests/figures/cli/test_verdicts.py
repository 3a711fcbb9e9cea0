"""`cwb verdicts`: counts by evidence, claims, and checks apart, in every format; the history of a verdict."""

import csv
import io
import json
import re

import pytest

from figures.cli.entry import main
from figures.cli.verdicts import show_verdicts
from figures.verdicts.counts import counts

ROW = {
    "id": "C4", "claim": "depth", "prediction": "1", "rule": "r", "why": "", "kind": "claim", "rests_on": "simulation",
    "family": "", "measured": 1.25, "interval": [1.0, 1.5], "detectable": 0.125, "seeds": 8, "verdict": "supported", "note": "",
    "pooled": None,
    "rule_set": "after", "rule_set_proved": False,
}  # fmt: skip
POOLED = {"measured": -0.75, "interval": [-1.5, 0.25], "verdict": "undecided", "seeds": [3, 17, 41]}
ROWS = [
    ROW,
    {
        **ROW,
        "id": "P6",
        "pooled": POOLED,
        "rests_on": "language model",
        "verdict": "undecided",
        "rule_set": "before",
        "rule_set_proved": True,
    },
    {**ROW, "id": "P3", "rests_on": "language model", "verdict": "not applicable", "rule_set": "before"},
    {**ROW, "id": "P4", "rests_on": "language model", "kind": "check"},
]


def printed(capsys, format: str) -> str:
    capsys.readouterr()
    show_verdicts(ROWS, format, "Verdicts (quick)")
    return capsys.readouterr().out


def test_claims_are_counted_by_what_they_rest_on_and_checks_are_not():
    words = {"refuted": 0, "undecided": 0, "not applicable": 0, "supported": 0}
    assert counts(ROWS) == [
        {**words, "rests_on": "simulation", "claims": 1, "supported": 1},
        {**words, "rests_on": "language model", "claims": 2, "undecided": 1, "not applicable": 1},
        {**words, "rests_on": "all", "claims": 3, "supported": 1, "undecided": 1, "not applicable": 1},
    ]


@pytest.mark.parametrize("format", ["text", "markdown", "latex"])
def test_counts_then_claims_then_checks(capsys, format):
    text = printed(capsys, format)
    places = [text.index(part) for part in ("claims by what they rest on", "C4", "P6", "Checks of the set-up", "P4")]
    assert places == sorted(places)
    line = next(line for line in text.splitlines() if "P6" in line.split())
    assert "before, proved" in line
    assert "0.125" in line
    assert re.search("P3.*before, not proved", text)
    assert not re.search("C4.*proved", text)
    pooled = text[text.index("Runs of the same question together") :]
    assert re.search(r"P6\b.*-0?.75.*3, 17, 41", pooled)
    assert "C4" not in pooled


def test_csv_and_json_have_every_field(capsys):
    assert json.loads(printed(capsys, "json")) == ROWS
    table = list(csv.DictReader(io.StringIO(printed(capsys, "csv"))))
    assert set(table[0]) == set(ROW)
    assert [row["kind"] for row in table] == ["claim", "claim", "claim", "check"]


@pytest.fixture
def cwb(capsys, monkeypatch):
    """A function: exit status, output and complaint of `cwb verdicts words` on made-up verdicts."""
    monkeypatch.setattr("figures.build.verdicts.verdicts", lambda layout: [{**row, "id": f"{row['id']}-x"} for row in ROWS])
    monkeypatch.setattr("figures.cli.publish.warn_stale", lambda layout: None)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["verdicts", *words])
        return status, *capsys.readouterr()

    return run


def test_the_history_of_one_verdict_or_of_all(cwb):
    status, out, _ = cwb("--history", "P6-x")
    assert status == 0
    assert "P6-x" in out
    assert "C4-x" not in out
    found = json.loads(cwb("--history", "--json")[1])
    assert [row["id"] for row in found] == ["C4-x", "P6-x", "P3-x", "P4-x"]
    assert found[0]["history"][-1]["commit"] == "now"
    assert set(found[0]) == {"id", "claim", "history", "log"}


def test_what_cannot_be_shown_is_one_line(cwb):
    for words, reason in ((["P77"], "no verdict 'P77'"), (["--history", "--preset", "quick"], "committed tables")):
        status, out, complaint = cwb(*words)
        assert (status, out) == (2, "")
        assert reason in complaint
        assert complaint.count("\n") == 1
