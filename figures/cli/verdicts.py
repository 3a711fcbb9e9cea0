"""`cwb verdicts`: what came of every claim, on what that rests, and how it came to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from figures.cli.output import Format
from simulate.runs.preset import Preset

COLUMNS = ("id", "claim", "prediction", "measured", "interval", "detectable", "verdict", "rests_on", "rule_set")
"""What is shown of a verdict in a table; JSON and CSV have all: the rule, the reason of its bands, its family, seeds, notes."""
MEANINGS = {
    "prediction": "what theory says that the measured value will be",
    "measured": "the mean over seeds of the quantity that the prediction names, in its unit",
    "interval": "95% interval of that mean [low, high]; empty if one seed gives none",
    "detectable": "the smallest violation that the run would have found with 80% power; empty if the rule looks for none",
    "verdict": "by the rule of `cwb verdicts --json`: supported, refuted, undecided where the interval covers the border, or "
    "not applicable where the premise of the claim fails",
    "rests_on": "proof, a simulation of the theorem's own model, a trained network, or a language model",
    "rule_set": "was the rule set before or after anything was seen of what it judges; proved by its tables' records or not",
}
POOLED = {
    "measured": "on the seeds in the tables, which decide",
    "pooled": "on all seeds that count, those of earlier runs of the same question included",
    "pooled_verdict": "by the same rule on all seeds; where it differs, the verdict is undecided",
    "pooled_seeds": "the seeds that count: each once, with its last run, and none on which pilots were run",
}
HISTORY = {
    "commit": "the commit that published the verdict; now: the present tables and rules",
    "rule": "whether the words of the rule were changed since the line before",
}
COLOURS = {"supported": "green", "refuted": "red", "undecided": "yellow", "not applicable": "blue"}

Rows = Sequence[Mapping[str, Any]]


def show_verdicts(rows: Rows, format: Format, title: str) -> None:
    """Print verdicts: the counts by what claims rest on, then the claims, then the checks of the set-up, which do not count.

    JSON and CSV hold every field of every verdict in one table, claims and checks told apart by `kind`.
    """
    from figures.cli.output import show_table
    from figures.verdicts.counts import checks, claims, counts

    if format in ("json", "csv"):
        show_table(rows, format)
        return
    parts = {
        f"{title}: claims by what they rest on": (counts(rows), None),
        "Claims": (_shown(claims(rows)), MEANINGS),
        "Checks of the set-up, true by construction and not counted": (_shown(checks(rows)), None),
        "Runs of the same question together": (_pooled(rows), POOLED),
    }
    for heading, (part, meanings) in parts.items():
        if part:
            print(f"**{heading}**\n" if format == "markdown" else "", end="\n" if format == "markdown" else "")
            show_table(part, format, title=heading, meanings=meanings, colours=COLOURS)
            print()


def _shown(rows: Rows) -> list[dict[str, Any]]:
    from figures.verdicts.counts import rule_set

    return [{**{name: row[name] for name in COLUMNS}, "rule_set": rule_set(row)} for row in rows]


def _pooled(rows: Rows) -> list[dict[str, Any]]:
    """The verdicts with earlier runs beside them: here and on all seeds."""
    return [
        {
            **{name: row[name] for name in ("id", "measured", "interval")},
            "pooled": row["pooled"]["measured"],
            "pooled_interval": row["pooled"]["interval"],
            "pooled_verdict": row["pooled"]["verdict"],
            "pooled_seeds": ", ".join(map(str, row["pooled"]["seeds"])),
        }
        for row in rows
        if row["pooled"]
    ]


def show_history(rows: Rows, format: Format, log: bool) -> None:
    """Print how each verdict came to be, a line per change; log: name the entries of paper/LOG.md on it below."""
    from figures.build.history import history_of, log_of
    from figures.cli.output import show_json, show_table

    if format == "json":
        show_json(
            [{"id": row["id"], "claim": row["claim"], "history": history_of(row), "log": log_of(row["id"])} for row in rows],
        )
        return
    lines = [{"id": row["id"], **line} for row in rows for line in history_of(row)]
    show_table(lines, format, title="History of the verdicts", meanings=HISTORY, colours=COLOURS)
    for row in rows if log and format == "text" else ():
        titles = log_of(row["id"])
        print(f"\n{row['id']} in paper/LOG.md:" if titles else "")
        print(*(f"  {title}" for title in titles), sep="\n")


@dataclass(frozen=True)
class Verdicts:
    """The verdict on every claim, computed from stored tables by the stated rules."""

    ids: Positional[tuple[str, ...]] = ()
    """Only these verdicts, as in `cwb verdicts --history P2-plain`. Without one, all."""
    history: bool = False
    """How each verdict came to be: every commit at which its value, its word or the words of its rule changed."""
    format: Format = "text"
    """How to print them: text, json, csv, markdown or latex."""
    json: bool = False
    """Print JSON, the same as --format json."""
    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Where the tables are read: the folder that was given to `cwb reproduce --out`."""

    def run(self) -> None:
        """Print the verdicts, or their history."""
        from figures.build.experiments import chosen
        from figures.build.layout import PAPER, Layout
        from figures.build.verdicts import verdicts
        from figures.cli.publish import warn_stale
        from theory.errors import UserError

        layout, format = Layout.of(self.preset, self.out), "json" if self.json else self.format
        if self.history and layout.base != PAPER:
            raise UserError("--history is that of the committed tables: leave --preset and --out away")
        rows = {row["id"]: row for row in verdicts(layout)}
        asked = [rows[id] for id in chosen(self.ids, rows, "verdict")]
        if self.history:
            show_history(asked, format, log=bool(self.ids))
        else:
            show_verdicts(asked, format, f"Verdicts ({layout.preset})")
        warn_stale(layout)
