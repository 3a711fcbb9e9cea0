"""The verdicts on the tables of a preset, judged once and remembered for just these tables and rules."""

from typing import Any

from figures.build.layout import Layout
from figures.build.remembered import CODE, earlier_runs, keep, libraries, records, remembered, sources, tables
from simulate.runs.files import digest

RULES = (
    "figures/verdicts",
    "figures/estimate.py",
    "figures/results.py",
    "figures/build/dictionary.py",
    "figures/build/layout.py",
)

NOTE = "judging the verdicts anew, some 20 seconds"


def verdicts(layout: Layout) -> list[dict[str, Any]]:
    """The verdict of every claim, computed from the tables of this layout, or remembered for just these tables and rules."""

    def compute() -> list[dict[str, Any]]:
        from figures.results import Results
        from figures.verdicts.table import verdicts

        return verdicts(Results(layout.results))

    key = _verdicts_key(layout)
    return remembered(f"verdicts-{layout.preset}", key, compute, [layout.verdicts], layout.workspace, NOTE)


def _verdicts_key(layout: Layout) -> str:
    """Digest of all that the verdicts follow from: tables, their records, earlier runs, rules and what they import, libraries."""
    stored = (tables(layout.results), records(layout.results), earlier_runs(layout.results))
    return digest(*stored, sources(*CODE, *RULES), libraries())


def publish_verdicts(layout: Layout) -> None:
    """Write the verdicts beside the tables, where `verdicts` finds them in a fresh clone too."""
    keep(layout.verdicts, _verdicts_key(layout), verdicts(layout))


def tables_of_rules() -> dict[str, tuple[str, ...]]:
    """{verdict: the tables on which it is judged}; remembered."""

    def compute() -> dict[str, Any]:
        from figures.verdicts.table import RULES

        return {id: rule.tables for id, rule in RULES.items()}

    read = remembered("rules", sources(*CODE, *RULES, "figures/build"), compute)
    return {id: tuple(names) for id, names in read.items()}
