"""What `ranked` answers: strengths of systems with intervals, and all that stands beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from realmodels.arena import intervals_plot
from simulate.runs.answer import Answer, field, short

TABLES = {
    "preferences": "Chance that the first is preferred to the second, ties left out",
    "by_age": "By age of the memory",
    "by_kind": "By kind of item",
    "by_reader": "By reader",
    "reasons": "Reasons given",
    "automatic": "Do votes follow the automatic score?",
}
"""Tables of a ranking, and what stands above each."""


@dataclass(frozen=True)
class Ranking(Answer):
    """Who remembers the story better, by votes. The columns are a table of systems, the strongest first."""

    study: str = field("", "Name of the study.")
    simulated: bool = field("", "Whether the readers were simulated; if so, this says nothing of people.")
    votes: int = field("votes", "Votes that count.")
    readers: int = field("readers", "Readers who cast them.")
    both_good: int = field("votes", "Votes that called both answers good; ties.")
    both_bad: int = field("votes", "Votes that called both answers bad; ties.")
    intervals_by: str = field("", "What the intervals take as independent: readers, or votes where readers are too few.")
    ties: float = field("", "Davidson's nu: of equal systems the share nu / (2 + nu) of votes is a tie.")
    position: Mapping[str, float] | None = field("log odds", "Advantage of the left side, with its 95% interval.")
    length: Mapping[str, float] | None = field("log odds per log ratio", "Advantage of being longer, with its 95% interval.")
    system: Sequence[str] = field("", "Id of the system.", column=True)
    title: Sequence[str] = field("", "Its title.", column=True)
    strength: Sequence[float] = field("log odds", "Log strength; they sum to 0.", column=True)
    low: Sequence[float] = field("log odds", "Lower end of its 95% interval (sandwich).", column=True)
    high: Sequence[float] = field("log odds", "Upper end.", column=True)
    bootstrap_low: Sequence[float] = field("log odds", "Lower end by the bootstrap.", column=True)
    bootstrap_high: Sequence[float] = field("log odds", "Upper end by the bootstrap.", column=True)
    stands: Sequence[int] = field("votes", "Votes in which the system stands.", column=True)
    preferences: pd.DataFrame = field("", "Pairs: chance that first is preferred to second, with intervals.")
    by_age: pd.DataFrame = field("", "Rankings by age of the memory; strengths sum to 0 in each group.")
    by_kind: pd.DataFrame = field("", "Rankings by kind of item.")
    by_reader: pd.DataFrame = field("", "Rankings by reader.")
    reasons: pd.DataFrame = field("", "How often each reason was given against each system.")
    agreement: Mapping[str, Any] = field("", "Krippendorff's alpha between readers, and the shares behind it.")
    automatic: pd.DataFrame = field("", "Whether votes follow the automatic score, mark by mark.")
    notes: Sequence[str] = field("", "What has to be known before this is believed.")

    def lines(self) -> list[tuple[str, Any, str, str]]:
        """As `Answer.lines`, without the tables and notes, which `show` prints below."""
        return [line for line in super().lines() if line[0] not in TABLES and line[0] != "notes"]

    def show(self) -> str:
        """Plain text: whether it is simulated, notes, numbers, the systems, then every table under its heading."""
        head = [f"SIMULATED READERS: {self.study}"] if self.simulated else []
        parts = ["\n".join([*head, *(f"Note: {note}" for note in self.notes)]), super().show()]
        for name, heading in TABLES.items():
            table: pd.DataFrame = getattr(self, name)
            parts.append(f"{heading}\n{_text(table) if len(table) else 'none'}")
        return "\n\n".join(part for part in parts if part)

    def plot(self, by_age: bool = False, **options: Any) -> Any:
        """Draw strengths with their 95% intervals and return the axes: a line per system, or bands of ages.

        options: those of `DataFrame.plot` (ax, figsize, title, ...).
        """
        title = f"{self.study}{' (simulated readers)' if self.simulated else ''}"
        if by_age:
            return self._plot_ages(title, **options)
        frame = self.to_frame()[::-1].reset_index(drop=True)
        frame["place"] = range(len(frame))
        errors = [frame["strength"] - frame["low"], frame["high"] - frame["strength"]]
        chosen = {"kind": "scatter", "xlabel": "log strength (log odds)", "ylabel": "", "title": title, **options}
        axes = frame.plot(x="strength", y="place", xerr=errors, **chosen)
        axes.set_yticks(frame["place"], frame["title"])
        axes.axvline(0, color="grey", linewidth=0.5)
        return axes

    def _plot_ages(self, title: str, **options: Any) -> Any:
        known = self.by_age.dropna(subset=["strength"])
        if known.empty:
            return pd.DataFrame({"no votes by age": [0.0]}).plot(**{"title": title, **options})
        return intervals_plot.by_age(
            known, "strength", "group", **{"ylabel": "log strength (log odds)", "title": title, **options}
        )


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, na_rep="", float_format=short)
