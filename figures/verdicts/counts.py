"""How many claims came out how, by what each rests on, and when their rules were set; checks of the set-up are not counted."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from figures.verdicts.rule import ORDER, Evidence

Rows = Sequence[Mapping[str, Any]]

EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)


def claims(verdicts: Rows) -> list[Mapping[str, Any]]:
    """The verdicts that count: those on claims."""
    return [row for row in verdicts if row["kind"] == "claim"]


def checks(verdicts: Rows) -> list[Mapping[str, Any]]:
    """The verdicts that do not count: checks of the set-up."""
    return [row for row in verdicts if row["kind"] == "check"]


def rule_set(row: Mapping[str, Any]) -> str:
    """When the rule was set, in words: "before" or "after" a pilot, and what the records of its tables prove."""
    proved = ", proved" if row["rule_set_proved"] else ", not proved"
    if row["rule_set"] == "after" and row["rule_set_proved"]:
        return "after a pilot, before these data"  # as the records prove
    return row["rule_set"] + (proved if row["rule_set"] == "before" else "")


def counts(verdicts: Rows) -> list[dict[str, Any]]:
    """{rests_on, claims, supported, refuted, undecided, not applicable} for each kind of evidence that there is, then for all."""
    rows = claims(verdicts)
    kinds = [kind for kind in EVIDENCE if any(row["rests_on"] == kind for row in rows)]
    return [
        {"rests_on": name, "claims": len(held), **{word: sum(row["verdict"] == word for row in held) for word in ORDER}}
        for name, held in [*((kind, [row for row in rows if row["rests_on"] == kind]) for kind in kinds), ("all", rows)]
    ]
