"""Retained depth by age (C2), fixed against annealed writes, and the total depth that no schedule exceeds (C1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLUE, GREEN, GREY, VERMILION, Look, direct, letters, panels, ticks
from figures.words import means, number, paragraph
from theory.ledger import claim

LOOKS = {
    "full": Look(r"fixed, $\eta=1$", BLUE, "o", "-"),
    "best": Look(r"fixed, best $\eta$", VERMILION, "s", "--"),
    "annealed": Look(r"annealed, $N/(N+j)$", GREEN, "^", "-."),
}
SHALLOW = 2e-3  # depths below this are left out of the panels


def schedules(results: Results) -> pd.DataFrame:
    """Rows of the densest codes, with a column `kind`: annealed, full (every eta is 1) or best (one smaller eta)."""
    frame = results.table("retention", "schedule", "eta", "age", "depth", "predicted_depth", "total_depth", "trace_depth")
    kind = np.where(frame["schedule"] == "annealed", "annealed", np.where(frame["eta"] == 1, "full", "best"))
    return frame.assign(kind=kind)[frame["a"] == frame["a"].max()]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = schedules(results)
    centred = frame["centred"].astype(bool)
    longest = frame[frame["M"] == frame["M"].max()]
    kept = longest[longest["kind"] == "full"].groupby(["age", "centred"])["depth"].mean().unstack()
    worst = (kept[True] - kept[False]).idxmax()
    most = frame[centred].groupby(["kind", "M"])["total_depth"].mean().max() / frame["N"].iloc[0]
    return paragraph(f"""
        A fixed learning rate forgets geometrically and an annealed one keeps all facts alike, and all share one total: no
        schedule keeps more than {number(most)} of the $N$ facts' worth of depth that {frame["N"].iloc[0]} parameters allow.
        Depth kept by one fact against its age after {frame["M"].max()} writes of the delta rule, (a) for centred codes, (b)
        for the same codes with their mean (activity {frame["a"].iloc[0]:g}), which costs a fact written at $eta = 1$ most at
        age {worst}, where it keeps {number(kept[False][worst])} instead of {number(kept[True][worst])}. Lines are theory from
        the spectrum of the codes, nothing fitted; depths below {SHALLOW:g} are not drawn. (c) Depth summed over all facts of
        centred codes. {means(frame)}
        """)


def _ages(panel: Axes, frame: pd.DataFrame) -> None:
    """Depth against age + 1 at the largest M."""
    for kind, look in LOOKS.items():
        part = frame[frame["kind"] == kind]
        found, law = by_group(part, ["age"], "depth"), by_group(part, ["age"], "predicted_depth")
        seen, known = found["mean"] > SHALLOW, law["mean"] > SHALLOW / 10
        panel.plot(law["age"][known] + 1, law["mean"][known], color=look.color, linestyle=look.line, linewidth=0.8)
        panel.errorbar(
            found["age"][seen] + 1,
            found["mean"][seen],
            yerr=bars(found)[:, seen],
            elinewidth=0.6,
            **look.marks(markerfacecolor="white"),
        )
    panel.set(xscale="log", yscale="log", ylim=(SHALLOW, 1.4), xlabel="age + 1 (writes since)")
    ticks(panel.xaxis, (1, 10, 100))
    ticks(panel.yaxis, (0.01, 0.1, 1))


def _totals(panel: Axes, frame: pd.DataFrame) -> None:
    """Total depth over N against M/N; the ceiling is labelled."""
    frame = frame.assign(load=frame["M"] / frame["N"], share=frame["total_depth"] / frame["N"])
    for kind, look in LOOKS.items():
        found = by_group(frame[frame["kind"] == kind], ["load"], "share")
        style = look.marks(markerfacecolor="white", linestyle=look.line, linewidth=0.8)
        panel.errorbar(found["load"], found["mean"], yerr=bars(found), elinewidth=0.6, **style)
    ceiling = claim("C1").ceiling(N=1)
    panel.axhline(ceiling, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    direct(panel, (frame["load"].min(), ceiling), "ceiling $N$", (0, 6), color=GREY)
    panel.set(xscale="log", xlabel="facts written, $M/N$", ylabel="total depth / $N$", ylim=(0, 1.18))
    ticks(panel.xaxis, sorted(frame["load"].unique()))


def draw(results: Results) -> Canvas:
    """Three panels: depth by age of centred and of non-negative codes against theory; total depth against the number of facts."""
    frame = schedules(results)
    centred = frame["centred"].astype(bool)
    longest = frame["M"] == frame["M"].max()
    canvas, grid = panels(columns=3, ratio=1.0)
    _ages(grid[0], frame[centred & longest])
    _ages(grid[1], frame[~centred & longest])
    _totals(grid[2], frame[centred])
    grid[0].set_ylabel("retained depth (fraction)")
    grid[2].legend(loc="lower right", handletextpad=0.2)
    letters(grid, ["centred codes", "non-negative codes", "all facts together"])
    return canvas


FIGURE = Figure("retention", "Retained depth by age and in all", ("C1", "C2-age"), ("retention",), caption, draw)
