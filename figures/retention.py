"""Retained depth by age (C2), fixed against annealed writes, and the total depth that no schedule exceeds (C1)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLUE, GREEN, GREY, VERMILION, letters, panels
from figures.verdicts import sentence
from theory.claim import claim

LOOKS = {
    "full": (r"fixed, $\eta=1$", BLUE, "o", "-"),
    "best": (r"fixed, best $\eta$", VERMILION, "s", "--"),
    "annealed": (r"annealed, $\eta_j=N/(N+j)$", GREEN, "^", "-."),
}


def schedules(results: Results):
    """The table with a column `kind`: annealed, full (one eta = 1) or best (one smaller eta)."""
    frame = results.table("retention", "schedule", "eta", "age", "depth", "predicted_depth", "total_depth", "trace_depth")
    kind = np.where(frame["schedule"] == "annealed", "annealed", np.where(frame["eta"] == 1, "full", "best"))
    return frame.assign(kind=kind)


def caption(results: Results) -> str:
    """What the panels show, and the verdicts on C1 and C2."""
    frame = schedules(results)
    return (
        f"A delta-rule memory of N = {frame['N'].iloc[0]} parameters. (a) Depth kept by a fact against its age, in units of one write, for "
        f"M = {frame['M'].max()} facts: centred codes (filled) and non-negative codes of activity {frame['a'].max():g} (open), which decay "
        "slower in most directions and at once in the common one. Lines are theory, no fitted parameter. (b) Depth summed over all facts, "
        "which equals N - tr prod(I - eta u u^T) and stays below N for every schedule, against the number of facts. "
        f"Means over {frame['seed'].nunique()} seeds with 95% intervals. " + sentence(results, "C1", "C2-age")
    )


def _ages(panel: Axes, frame) -> None:
    """Depth against age + 1 at the largest M: centred codes filled, non-negative ones of the largest activity open."""
    frame = frame[(frame["M"] == frame["M"].max()) & (frame["a"] == frame["a"].max())]
    for (kind, centred), part in frame.groupby(["kind", "centred"]):
        label, color, marker, line = LOOKS[kind]
        found, law = by_group(part, ["age"], "depth"), by_group(part, ["age"], "predicted_depth")
        known = law["mean"].notna()
        panel.plot(law["age"][known] + 1, law["mean"][known], color=color, linestyle=line, linewidth=0.8)
        panel.errorbar(
            found["age"] + 1, found["mean"], yerr=bars(found), elinewidth=0.6, color=color, marker=marker, linestyle="none",
            markerfacecolor=color if centred else "white", label=label if centred else None,
        )  # fmt: skip
    panel.set(xscale="log", yscale="log", xlabel="age + 1 (writes since)", ylabel="retained depth (fraction)")


def _totals(panel: Axes, frame) -> None:
    """Total depth over N against M/N, centred codes; the ceiling 1 is labelled."""
    frame = frame[frame["centred"].astype(bool) & (frame["a"] == frame["a"].max())]
    frame = frame.assign(load=frame["M"] / frame["N"], share=frame["total_depth"] / frame["N"])
    for kind, part in frame.groupby("kind"):
        label, color, marker, line = LOOKS[str(kind)]
        found = by_group(part, ["load"], "share")
        panel.errorbar(found["load"], found["mean"], yerr=bars(found), color=color, marker=marker, linestyle=line, linewidth=0.8, label=label)
    ceiling = claim("C1").value("ceiling", N=1).value
    panel.axhline(ceiling, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    panel.text(frame["load"].min(), ceiling, "ceiling $N$", color=GREY, va="bottom")
    panel.set(xscale="log", xlabel="facts written, $M/N$", ylabel=r"total depth, $\sum_i s_i/N$", ylim=(0, 1.12))


def draw(results: Results) -> Canvas:
    """Two panels: depth by age against theory; total depth against the number of facts."""
    frame = schedules(results)
    canvas, (left, right) = panels(columns=2, ratio=0.85)
    _ages(left, frame)
    _totals(right, frame)
    right.legend(loc="lower right")
    letters([left, right], ["one fact, by age", "all facts together"])
    return canvas


FIGURE = Figure("retention", "Retained depth by age and in all", ("C1", "C2-age"), ("retention",), caption, draw)
