"""How many sequential edits a pretrained model holds, said before any is made and measured past the end (P1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.results import within as share_intervals
from figures.style import BLACK, BLUE, GREY, PALE, VERMILION, Look, letters, panels, ticks
from figures.verdicts.edit_budget import LEVELS, budgets, extrapolated, streams
from figures.verdicts.predictors import FACTOR
from figures.words import number, paragraph

EDITORS = {
    "rome": Look("ROME", VERMILION, "o"),
    "memit": Look("MEMIT", BLUE, "s"),
}
LAWS = {"right_law": "-", "right_constant": (0, (4, 2)), "extrapolated": (0, (1, 1))}
WORDS = {0.75: "three quarters", 0.5: "a half"}
MARKS = {0.75: "o", 0.5: "D"}


def editors(table: pd.DataFrame) -> list[str]:
    """The editors that wrote, in the order of EDITORS."""
    return [name for name in EDITORS if name in set(table["editor"])]


def mean_budget(table: pd.DataFrame, editor: str, level: float, law: str) -> str:
    """Geometric mean of a budget over draws, in words; "more than" where a stream ends before."""
    found = budgets(table, editor, level)
    cut = np.minimum(found[law], found["most"])
    beyond = "" if np.isfinite(found[law]).all() else "more than "
    return f"{beyond}{np.exp(np.log(cut).mean()):.0f}"


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("edit_budget")
    first = table.iloc[0]
    last = table[table["facts"] == table["facts"].max()].groupby("editor")["right"].mean()
    ends = ", ".join(f"{EDITORS[name].label} {number(last[name])}" for name in editors(table))
    names = ("law", "measured", "known", "known_law")
    said, measured, known, known_said = (mean_budget(table, "rome", 0.5, name) for name in names)
    return paragraph(f"""
        After {first["T"] * first["D"]} sequential edits of SmolLM2-135M the share still right is: {ends}. ROME makes {measured}
        edits until half of them are lost; the law, from edits of {first["lent"] * first["D"]} other facts, says {said}. Half of
        the known capitals are lost after {known}, by the law after {known_said}. (a) Share of the facts written so far that is
        right (marks with 95% intervals); by the law of edits (lines), by it if later edits were as large as the first (dashed),
        and by the stream's own first edits, extrapolated (dotted). (b) Budgets said by the law and measured, a mark per draw
        and level; open: one of the two lies beyond the end, left out: both do; grey: a factor of {FACTOR}. (c) Capitals that
        the model knew and that are still right: measured (marks) and by the law (lines). (d) Rise of the cross-entropy of text.
        Feed-forward output matrix of block 3, {first["D"]} facts at a time; means over {seeds(table)}.
        """)


def _shares(panel: Axes, table: pd.DataFrame) -> None:
    """Share still right against facts written: measured, and as it is said."""
    for name in editors(table):
        look, part = EDITORS[name], table[table["editor"] == name]
        found = share_intervals(part, ["facts"], "right", 1.0)
        panel.errorbar(found["facts"], found["mean"], yerr=bars(found), **look.marks(elinewidth=0.6, markersize=3))
        rows = pd.concat([stream.assign(extrapolated=extrapolated(stream)) for stream in streams(table, name).values()])
        for law, style in LAWS.items():
            line = rows.groupby("facts")[law].mean()
            panel.plot(line.index, line.to_numpy(), color=look.color, linewidth=0.9, linestyle=style)
    for level in LEVELS:
        panel.axhline(level, color=GREY, linewidth=0.6, linestyle=":")
    panel.set(xlabel="facts written", ylabel="share still right", ylim=(0, 1.05), xlim=(0, None))


def _budgets(panel: Axes, table: pd.DataFrame) -> None:
    """Budget said against that measured, a mark per draw, editor and level."""
    ends = np.array([10.0, 1.25 * table["facts"].max()])
    panel.fill_between(ends, ends / FACTOR, ends * FACTOR, color=PALE, linewidth=0)
    panel.plot(ends, ends, color=BLACK, linewidth=0.6)
    for name in editors(table):
        for level in LEVELS:
            found = budgets(table, name, level)
            told = found[np.isfinite(found[["law", "measured"]]).any(axis=1)]
            cut = ~np.isfinite(told[["law", "measured"]]).all(axis=1)
            label = f"{EDITORS[name].label}, {WORDS[level]}"
            for rows, fill in ((told[~cut], "full"), (told[cut], "none")):
                if len(rows):
                    at = [np.minimum(rows[column], rows["most"]) for column in ("law", "measured")]
                    style = {"color": EDITORS[name].color, "marker": MARKS[level], "fillstyle": fill}
                    panel.plot(*at, linestyle="none", markersize=3.5, label=label, **style)
                    label = "_"
    panel.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="budget said, facts", ylabel="budget measured, facts")
    for axis in (panel.xaxis, panel.yaxis):
        ticks(axis, [12, 24, 48, 96, 192])
    if panel.get_legend_handles_labels()[1]:
        panel.legend(loc="upper left", handletextpad=0.2)


def _beside(panel: Axes, table: pd.DataFrame, column: str, label: str) -> None:
    """What is lost beside the stream, against facts written."""
    for name in editors(table):
        part, look = table[table["editor"] == name], EDITORS[name]
        style = (
            look.marks(elinewidth=0.6, markersize=3)
            if column == "known"
            else look.curve(marker=look.marker, elinewidth=0.6, markersize=3, linewidth=0.8)
        )
        found = share_intervals(part, ["facts"], column, 1.0) if column == "known" else by_group(part, ["facts"], column)
        panel.errorbar(found["facts"], found["mean"], yerr=bars(found), **style)
        if column == "known":
            line = part.groupby("facts")["known_law"].mean()
            panel.plot(line.index, line.to_numpy(), color=look.color, linewidth=0.9)
    panel.set(xlabel="facts written", ylabel=label, xlim=(0, None))


def draw(results: Results) -> Canvas:
    """Four panels: shares right, budgets, capitals, text."""
    table = results.table("edit_budget")
    canvas, grid = panels(rows=2, columns=2, ratio=0.8)
    _shares(grid[0], table)
    _budgets(grid[1], table)
    _beside(grid[2], table, "known", "known capitals still right")
    grid[2].set_ylim(0, 1.05)
    _beside(grid[3], table, "text_rise", "rise of text, bits per byte")
    grid[0].legend(loc="lower left", handletextpad=0.2)
    letters(grid, ["what is kept", "budgets", "related knowledge", "text"])
    return canvas


FIGURE = Figure(
    "edit_budget",
    "Edits until collapse",
    (
        "P1-edits-half",
        "P1-edits-quarters",
        "P1-edits-memit",
        "P1-edits-shrinking",
        "P1-edits-extrapolated",
        "P1-edits-first",
        "P1-edits-known",
    ),
    ("edit_budget",),
    caption,
    draw,
)
