"""Which predictor says, before any write, what a stream leaves of each fact in a pretrained model (P1)."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import Estimate, estimate
from figures.figure import Figure
from figures.results import Results, bars, seeds
from figures.results import within as share_intervals
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.forgetting_scores import (
    LEVELS,
    budgets,
    by_stream,
    completion,
    constant,
    error,
    in_all,
    kept,
    streams,
    within,
)
from figures.verdicts.predictors import FACTOR
from figures.words import number, paragraph

Measure = Callable[..., float]

PLACES = {
    "late": Look("block 23", VERMILION, "o"),
    "late_off": Look("block 23, off two directions", PURPLE, "s"),
    "mid": Look("block 20", BLUE, "D"),
    "early": Look("block 3", GREEN, "^"),
    "last": Look("block 29", ORANGE, "v"),
}
LAWS = {
    "bits_kernel": Look("kernel", VERMILION, "o"),
    "bits_injected": Look("change put in", ORANGE, "^"),
    "bits_spectral": Look("C2, by age", GREEN, "s"),
    "bits_gradients": Look("loss gradients", BLUE, "X"),
    "bits_later": Look("loss gradients, later tasks", SKY, "P"),
    "function": Look("size of the update, afterwards", GREY, "d"),
}
"""Predictors whose correlations are shown. The last one is known after the writes only, and is the same for all facts."""


def places(table: pd.DataFrame) -> list[str]:
    """The places that were written, in the order of PLACES."""
    return [place for place in PLACES if place in set(table["place"])]


def correlations(table: pd.DataFrame, column: str) -> dict[str, Estimate]:
    """Rank correlation of a predictor with what is left, by place; 95% interval over seeds, each by itself, on Fisher's scale."""
    wide = by_stream(table, lambda rows: in_all(rows, column))
    return {place: estimate(wide[place].dropna(), scale="fisher") for place in places(table)}


def errors(table: pd.DataFrame, place: str) -> dict[str, float]:
    """Mean over seeds of the rms error of the probability of the answer, at one place, by forecast and baseline."""
    part = table[table["place"] == place]
    found = {
        "kernel": lambda rows: error(rows, "bits_kernel"),
        "injected": lambda rows: error(rows, "bits_injected"),
        "spectral": lambda rows: error(rows, "bits_spectral"),
        "isolated": lambda rows: error(rows, "bits_isolated"),
        "gradients": lambda rows: error(rows, "bits_gradients"),
        "constant": constant,
        "later": lambda rows: error(rows, "bits_later"),
        **{f"entries_{count}": partial(_filled, count=count) for count in (10, 30, 100)},
    }
    return {name: float(by_stream(part, measure).to_numpy().mean()) for name, measure in found.items()}


def _filled(rows: pd.DataFrame, count: int) -> float:
    return completion(rows, count)[0]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("predictors")
    by_kernel, by_gradients = (correlations(table, f"bits_{law}") for law in ("kernel", "gradients"))
    low, high = (number(pick(value.mean for value in by_kernel.values())) for pick in (min, max))
    least, most = (number(pick(value.mean for value in by_gradients.values())) for pick in (min, max))
    told = budgets(table, "kernel")["off"].dropna() <= np.log2(FACTOR)
    return paragraph(f"""
        The logit kernel, simulated before any write, says which facts a stream leaves, with rank correlations of {low} to {high};
        products of loss gradients say {least} to {most}. Of the {len(told)} streams that are long enough to tell, the number of
        facts that can be written before too few are still right (the budget) is known beforehand to a factor of {FACTOR} in
        {int(told.sum())}. Marks with 95% intervals; left legend: (a) and (d), right: (b) and (c). (a) Share of the facts
        written so far that is said right, and as the kernel says (lines); dotted: a half and three quarters. (b) Spearman's
        correlation of each predictor with -log2 of the probability of the answer, over moments and facts of age 1 and more.
        (c) The same among facts of one task; the size of the update is the same for all of them, hence 0. (d) Budget said and
        measured, a mark per stream: facts until fewer than a half are right, or three quarters off directions and in block 3;
        open marks: one of the two lies beyond the end of the stream; grey: a factor of {FACTOR}. Streams of facts into
        matrices of SmolLM2-135M, {seeds(table)}.
        """)


def shares(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Share of the facts written so far that is said right: columns place, seed, written, facts, share."""
    parts = [kept(rows, column).assign(place=place, seed=seed) for (place, seed), rows in streams(table).items()]
    return pd.concat(parts, ignore_index=True)


def _shares(panel: Axes, table: pd.DataFrame) -> None:
    """Share kept against facts written, measured and by the kernel."""
    measured, said = (shares(table, column) for column in ("exact", "exact_kernel"))
    for place in places(table):
        look = PLACES[place]
        found = share_intervals(measured[measured["place"] == place], ["facts"], "share", 1.0)
        panel.errorbar(found["facts"], found["mean"], yerr=bars(found), **look.marks(elinewidth=0.7))
        line = said[said["place"] == place].groupby("facts")["share"].mean()
        panel.plot(line.index, line.to_numpy(), color=look.color, linewidth=0.9)
    for level in sorted(set(LEVELS.values())):
        panel.axhline(level, color=BLACK, linewidth=0.7, linestyle=":")
    panel.set_xscale("log", base=2)
    ticks(panel.xaxis, [8, 16, 32, 64, 128])
    panel.set(xlabel="facts written", ylabel="share still right", ylim=(0, 1.05))


def _by_place(panel: Axes, table: pd.DataFrame, measure: Measure, label: str) -> None:
    """Correlations by place, a mark per predictor."""
    names = places(table)
    for index, (column, look) in enumerate(LAWS.items()):
        wide = by_stream(table, partial(measure, said=column))
        found = pd.DataFrame([estimate(wide[place].dropna(), scale="fisher")._asdict() for place in names])
        rows = np.arange(len(names)) + 0.13 * (index - 2.5)
        panel.errorbar(found["mean"], rows, xerr=bars(found), **look.marks(elinewidth=0.7))
    panel.axvline(0.0, color=BLACK, linewidth=0.6)
    panel.set_yticks(range(len(names)), [PLACES[place].label for place in names])
    panel.invert_yaxis()
    panel.set(xlabel=label, ylabel="matrix of", xlim=(-1, 1))


def _budgets(panel: Axes, table: pd.DataFrame) -> None:
    """Budget said against that measured, a mark per stream."""
    told = budgets(table, "kernel")
    ends = np.array([3.0, 1.2 * told["most"].max()])
    panel.fill_between(ends, ends / FACTOR, ends * FACTOR, color=PALE, linewidth=0)
    panel.plot(ends, ends, color=BLACK, linewidth=0.6)
    for place in places(table):
        part, look = told[told["place"] == place], PLACES[place]
        cut = ~np.isfinite(part[["said", "measured"]]).all(axis=1)
        for rows, fill in ((part[~cut], "full"), (part[cut], "none")):
            at = [rows[name].clip(upper=rows["most"]) for name in ("said", "measured")]
            panel.plot(*at, **look.marks(fillstyle=fill))
    panel.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="budget said, facts", ylabel="budget measured, facts")
    for axis in (panel.xaxis, panel.yaxis):
        ticks(axis, [4, 8, 16, 32, 64, 128])


def draw(results: Results) -> Canvas:
    """Four panels: shares kept, correlations over all facts and within tasks, and budgets."""
    table = results.table("predictors")
    canvas, grid = panels(rows=2, columns=2, ratio=0.85)
    _shares(grid[0], table)
    _by_place(grid[1], table, in_all, "rank correlation, all facts")
    _by_place(grid[2], table, within, "rank correlation, facts of one task")
    _budgets(grid[3], table)
    for panel, place in ((grid[0], "outside lower left"), (grid[1], "outside lower right")):
        handles, labels = panel.get_legend_handles_labels()
        canvas.legend(handles, labels, loc=place, ncols=2, handletextpad=0.2, columnspacing=0.8)
    letters(grid, ["what is kept", "which predictor", "within a task", "budgets"])
    return canvas


FIGURE = Figure(
    "predictors",
    "Which predictor says what is forgotten",
    (
        "P1-gradients",
        "P1-gradients-task",
        "P1-share",
        "P1-entries",
        "P1-flips",
        "P1-budget",
        "P1-budget-aim",
        "P1-early",
        "P1-last",
    ),
    ("predictors",),
    caption,
    draw,
)
