"""The ranking of parts of the votes: by age of the memory, by kind of item, by reader; and the reasons given against systems."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from realmodels.arena.ranking.comparisons import Comparisons, components
from realmodels.arena.ranking.davidson import fit, terms_of
from realmodels.arena.ranking.intervals import clusters, covariance, interval, quantile
from realmodels.arena.study import Study

BANDS = (0, 3, 10)
"""First age, in chapters, of each band: what has just happened, what happened lately, and what is long past."""

COLUMNS = ("group", "system", "strength", "low", "high", "votes", "note")


def grouped(votes: Comparisons, group: pd.Series, position: bool, length: bool) -> pd.DataFrame:
    """A ranking of the votes of each group: COLUMNS, a row per group and system.

    group [votes]: names, or None for votes to leave out. Strengths (log odds) have the sum 0 in each group, with the effects of
    position and length estimated anew. votes: in which the system stands. A group whose systems were not all compared has no
    strengths, and its note says so.
    """
    rows = []
    for name in sorted(group.dropna().unique()):
        rows += _group(str(name), votes.part((group == name).to_numpy(bool)), position, length)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def age_bands(study: Study, items: Any, bands: Sequence[int] = BANDS) -> pd.Series:
    """The band [votes] of each vote's item, as "00-02 chapters"; None for scenes, which have no age.

    bands: first age of each band, ascending. Names sort by age.
    """
    wide = len(str(bands[-1]))
    ends = [f"-{end - 1:0{wide}d}" for end in bands[1:]] + [" or more"]
    labels = [f"{start:0{wide}d}{end} chapters" for start, end in zip(bands, ends, strict=True)]

    def label(age: int | None) -> str | None:
        return None if age is None or age < bands[0] else labels[int(np.searchsorted(bands, age, "right")) - 1]

    return items.map({item.id: label(item.age) for item in study.items})


def kinds(study: Study, items: Any) -> pd.Series:
    """The kind [votes] of each vote's item: of a question about a probe of the story, what it asks for; else the item's own.

    An item belongs to the probe whose question, chapter and age it has.
    """
    probes: dict[tuple[str, int, int | None], str] = {
        (probe.question, probe.asked, probe.age): f"question: {probe.kind}" for probe in study.story.probes
    }
    return items.map({item.id: probes.get((item.text, item.chapter, item.age), item.kind) for item in study.items})


def readers(votes: pd.DataFrame) -> pd.Series:
    """The reader [votes] by nickname, with the beginning of the id where two readers have the same."""
    people: Any = votes.drop_duplicates("reader")
    twice = people["nickname"].duplicated(keep=False)
    label = people["nickname"].where(~twice, people["nickname"] + " " + people["reader"].str[:6])
    every: Any = votes["reader"]
    return every.map(dict(zip(people["reader"], label, strict=True)))


def reasons(votes: pd.DataFrame) -> pd.DataFrame:
    """How often each reason was given against each system: system, reason, count, share of the votes in which it stands."""
    stands = pd.concat([votes["left"], votes["right"]]).value_counts()
    given = [(vote[one["side"]], one["reason"]) for vote in votes.to_dict("records") for one in vote["reasons"]]
    count = pd.DataFrame(given, columns=["system", "reason"]).value_counts(sort=False).reset_index(name="count")
    return count.assign(share=[n / stands[system] for system, n in zip(count["system"], count["count"], strict=True)])


def _group(name: str, votes: Comparisons, position: bool, length: bool) -> list[tuple]:
    stands = np.bincount(np.concatenate([votes.left, votes.right]))
    if len(components(len(votes.systems), votes.left, votes.right)) > 1:
        none = (np.nan, np.nan, np.nan)
        return [(name, system, *none, n, "not compared with all") for system, n in zip(votes.systems, stands, strict=True)]
    terms, _ = terms_of(votes, position, length)
    estimate = fit(votes, terms)
    cluster, by, _ = clusters(votes.reader)
    ends = interval(estimate, covariance(estimate, cluster), quantile(estimate, cluster, by), estimate.contrast)
    note = f"interval by {by}" + ", with the prior" * estimate.infinite
    rows = zip(votes.systems, ends, stands, strict=True)
    return [(name, system, *(float(x) for x in end), int(n), note) for system, end, n in rows]
