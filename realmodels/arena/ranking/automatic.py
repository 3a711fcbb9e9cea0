"""Whether readers prefer what the automatic score calls right.

Only votes between an answer that has a mark and one that lacks it speak of this. The mark is `right`, or `outdated`, which is a
contradiction of what happened since. Supported: the 95% interval of the share of votes for the better answer lies above 1/2.
Refuted: it lies below. Undecided: neither.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from realmodels.arena.ranking.comparisons import LEFT, OUTCOMES, TIE
from realmodels.arena.ranking.intervals import clusters, share
from realmodels.arena.study import Study

RULE = (
    "Readers prefer the answer that the automatic score calls right (or not outdated) to one that it does not: share of the "
    "votes between two such answers, a vote for both counting half. Supported if its 95% interval, by "
    "reader where there are enough, lies above 1/2, refuted if below, else undecided."
)
"""The rule that a study declares when it is made."""

MARKS = {"right": True, "outdated": False}
"""Marks of the automatic score, and whether the better answer has them."""


def followed(study: Study, votes: pd.DataFrame, strengths: dict[str, float]) -> pd.DataFrame:
    """A row per mark: mark, votes, ties, share, low, high, verdict, rank_correlation, systems, by.

    share: of the votes for the better answer, with its 95% interval by reader (`intervals.share`); a vote for both is half a vote
    for each. rank_correlation: Spearman's, over systems, of log strength with the share of answers with the mark; NaN for fewer
    than three systems or where all are alike. by: whether the interval is by readers or by votes.
    """
    rows = [_followed(study, votes, strengths, mark, better) for mark, better in MARKS.items()]
    columns = ["mark", "votes", "ties", "share", "low", "high", "verdict", "rank_correlation", "systems", "by"]
    return pd.DataFrame(rows, columns=columns)


def verdict(low: float, high: float) -> str:
    """supported, refuted or undecided, by the interval of the share of votes for the better answer (see above)."""
    return "supported" if low > 0.5 else "refuted" if high < 0.5 else "undecided"


def _followed(study: Study, votes: pd.DataFrame, strengths: dict[str, float], mark: str, better: bool) -> tuple:
    marks = np.array(
        [
            [getattr(study.answers[item, system], mark) for system in sides]
            for item, *sides in votes[["item", "left", "right"]].itertuples(index=False)
        ],
        dtype=object,
    )
    told = np.array([{*sides} == {True, False} for sides in marks], bool)
    correlation, systems = _correlation(study, strengths, mark)
    if not told.any():
        return mark, 0, 0, np.nan, np.nan, np.nan, "undecided", correlation, systems, "none"
    outcome = votes.loc[told, "choice"].map(OUTCOMES).to_numpy()
    left_better = np.array([sides[0] is better for sides in marks[told]])
    for_better = np.where(outcome == TIE, 0.5, ((outcome == LEFT) == left_better) * 1.0)
    cluster, by, _ = clusters(pd.factorize(votes.loc[told, "reader"])[0])
    mean, low, high = share(for_better, cluster, by)
    return mark, len(outcome), int((outcome == TIE).sum()), mean, low, high, verdict(low, high), correlation, systems, by


def _correlation(study: Study, strengths: dict[str, float], mark: str) -> tuple[float, int]:
    """(Spearman's correlation of strength with the share of answers with the mark, systems)."""
    marked = {name: [] for name in strengths}
    for answer in study.answers.values():
        value = getattr(answer, mark)
        if answer.system in marked and value is not None:
            marked[answer.system].append(value)
    both = [(strengths[name], float(np.mean(values))) for name, values in marked.items() if values]
    if len(both) < 3 or any(np.ptp(column) == 0 for column in zip(*both, strict=True)):
        return np.nan, len(both)
    strength, share = np.array(both).T
    found: Any = stats.spearmanr(strength, share)
    return float(found.statistic), len(both)
