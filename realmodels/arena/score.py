"""The automatic score of a study: how much of the story each system remembers, by age of the memory. No vote is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from scipy.stats import binomtest

from realmodels.arena.intervals_plot import by_age
from realmodels.arena.ranking.by_group import BANDS, age_bands
from realmodels.arena.study import Study
from simulate.runs.answer import Answer, field

ALL = "all"


@dataclass(frozen=True)
class Score(Answer):
    """What systems remember of a story. The columns are a row per system and band of ages."""

    study: str = field("", "Name of the study.")
    questions: int = field("questions", "Questions about the story, each put to every system.")
    system: Sequence[str] = field("", "Id of the system.", column=True)
    ages: Sequence[str] = field("", "Age of the memory, in chapters.", column=True)
    asked: Sequence[int] = field("questions", "Questions of this age.", column=True)
    right: Sequence[float] = field("share", "Answers that name what is true now before anything else.", column=True)
    low: Sequence[float] = field("share", "Lower end of its 95% interval (Clopper and Pearson).", column=True)
    high: Sequence[float] = field("share", "Upper end.", column=True)
    outdated: Sequence[float] = field("share", "Answers that name what was true once: contradictions.", column=True)
    x: ClassVar[str] = "ages"

    def plot(self, **options: Any) -> Any:
        """Draw the share of right answers by age of the memory, with intervals; return the axes (None without questions)."""
        frame = self.to_frame()
        chosen = {"ylabel": "share right", "title": self.study, "ylim": (-0.02, 1.02), **options}
        return by_age(frame[frame["ages"] != ALL], "right", "ages", **chosen)


def scored(study: Study, bands: Sequence[int] = BANDS) -> Score:
    """The score of every system of a study, by age and over all ages. bands: first age of each band."""
    asked = [item for item in study.items if item.kind == "question"]
    of = age_bands(study, pd.Series([item.id for item in asked]), bands)
    rows = []
    for system in study.systems:
        marked = pd.DataFrame([vars(study.answers[item.id, system.id]) for item in asked])
        groups = [(band, marked[(of == band).to_numpy()]) for band in sorted(of.dropna().unique())]
        for band, part in [*groups, (ALL, marked)]:
            if len(part):
                interval = binomtest(int(part["right"].sum()), len(part)).proportion_ci()
                share, outdated = float(part["right"].mean()), float(part["outdated"].mean())
                rows.append((system.id, band, len(part), share, interval.low, interval.high, outdated))
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(7)]
    return Score(study.name, len(asked), *columns)
