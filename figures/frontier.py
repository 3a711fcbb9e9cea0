"""The frontier of tasks against depth per task for the delta rule, one-shot Hebbian storage and overwritten cells (C2, C3)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, BLUE, PALE, VERMILION, Look, italic, letters, panels, shades, share, ticks
from figures.words import number, paragraph
from simulate.tables import frontier

MARKS = "osD^vP"
FAMILIES = {True: Look("centred", VERMILION, "s", "--"), False: Look("non-negative", BLUE, "o")}
SWEEPS = {"sweep_delta": "delta rule", "sweep_hebbian": "one-shot Hebbian", "sweep_cells": "overwritten cells"}


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    delta, hebbian, cells = (results.table(sweep) for sweep in SWEEPS)
    both = frontier(delta).pivot_table(index=["a", "D"], columns="centred", values="measured_T")
    both = both[(both > 0).all(axis=1)]
    apart = (both.max(axis=1) - both.min(axis=1)).max(), (both[False] / both[True]).median()
    return paragraph(f"""
        Stores that correct errors hold as many tasks at every activity, with a common mode or without: codes with their mean
        hold {number(apart[1], 3)} times as many as centred ones in the median over {len(both)} settings, and at no setting do
        the two differ by more than {apart[0]:.0f} tasks. Largest number of tasks $T$ whose oldest still keeps the depth asked
        for, against facts or bits per task; lines: ceilings of theory, nothing fitted; shaded: closed. Bars reach from the
        least to the most over {delta["a"].nunique()} activities from {share(delta["a"].min())} to {share(delta["a"].max())}
        in (a), and over {hebbian["a"].nunique()} in (b). In overwritten cells (c) an activity suits one number of tasks only.
        The oldest task must keep on average {delta["required"].iloc[0]:g} of its depth in (a), a power SNR of
        {hebbian["required"].iloc[0]:g} in (b), every bit at every seed in (c). $N = {delta["N"].iloc[0]}$,
        {hebbian["N"].iloc[0]} and {cells["N"].iloc[0]}; {cells["seed"].nunique()} seeds.
        """)


def ceiling_line(panel: Axes, depth: pd.Series, ceiling_T: pd.Series) -> None:
    """Draw the ceiling, and shade what lies above it."""
    line = pd.Series(ceiling_T.to_numpy(), index=depth.to_numpy()).groupby(level=0).first()
    panel.fill_between(line.index, line, 10 * line.max(), color=PALE, linewidth=0, zorder=0)
    panel.plot(line.index, line, color=BLACK, linewidth=0.9, zorder=1)


def _ranges(panel: Axes, found: pd.DataFrame, look: Look, aside: float, label: str | None) -> None:
    """Median over activities with a bar from the least to the most, where a task is held at all."""
    held = found[found["measured_T"] > 0].groupby("D")["measured_T"].agg(["median", "min", "max"])
    lengths = [held["median"] - held["min"], held["max"] - held["median"]]
    style = look.marks(label=label, markerfacecolor="white", markersize=3.2)
    panel.errorbar(held.index * aside, held["median"], yerr=lengths, elinewidth=0.8, **style)


def draw(results: Results) -> Canvas:
    """Three panels: T against D on logarithmic axes; ranges over activities, for cells one mark an activity."""
    canvas, grid = panels(columns=3, ratio=1.0)
    for panel, sweep in zip(grid, SWEEPS, strict=True):
        found = frontier(results.table(sweep))
        ceiling_line(panel, found["D"], found["ceiling_T"])
        if sweep == "sweep_delta":
            for (centred, look), aside in zip(FAMILIES.items(), (1.05, 1 / 1.05), strict=True):
                _ranges(panel, found[found["centred"] == centred], look, aside, look.label)
        elif sweep == "sweep_hebbian":
            _ranges(panel, found, FAMILIES[False], 1.0, None)
        else:
            levels = sorted(found["a"].unique())
            for mark, a, color in zip(MARKS, levels, shades(len(levels)), strict=False):
                held = found[(found["a"] == a) & (found["measured_T"] > 0)]
                style = {"color": color, "marker": mark, "markerfacecolor": "none", "markersize": 3, "linewidth": 0.5}
                panel.plot(held["D"], held["measured_T"], label=share(a), **style)
        panel.set(xscale="log", yscale="log", ylim=(0.7, 1.6 * found["ceiling_T"].max()))
        panel.set(xlim=(found["D"].min() / 1.3, found["D"].max() * 1.3))
        panel.set_xlabel("bits per task, $D$" if sweep == "sweep_cells" else "facts per task, $D$")
        panel.text(
            0.97, 0.96 if sweep != "sweep_cells" else 0.5, italic("closed"), transform=panel.transAxes, ha="right", va="top"
        )
        for axis, values in ((panel.xaxis, found["D"]), (panel.yaxis, found["ceiling_T"])):
            span = [v for v in (1, 10, 100, 1000) if values.min() / 2 <= v <= values.max() * 1.3]
            more = [v for v in (1, 3, 10, 30, 100, 300, 1000) if values.min() / 2 <= v <= values.max() * 1.3]
            ticks(axis, more if len(span) < 3 else span)
    grid[0].set_ylabel("tasks held, $T$")
    grid[0].legend(loc="lower left", handletextpad=0.1)
    grid[2].legend(title="activity", loc="upper right", ncols=2, handletextpad=0.3, columnspacing=0.6, handlelength=1)
    letters(grid, SWEEPS.values())
    return canvas


FIGURE = Figure(
    "frontier",
    "Tasks against depth: the measured frontier and the ceilings",
    ("C2", "C3-frontier", "C2-cells"),
    ("sweep_delta", "sweep_hebbian", "sweep_cells"),
    caption,
    draw,
)
