"""Overlap and forgetting of language models by how sparsely their feed-forward layers act (E1)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import jackknife
from figures.figure import Figure
from figures.results import Results, bars, seeds
from figures.style import BLACK, BLUE, ORANGE, VERMILION, Look, letters, panels, ticks
from figures.verdicts.activity import (
    DENSE,
    LEVEL,
    MATRIX_WAYS,
    explained,
    forgotten,
    models,
    overlap,
    sparse,
)
from figures.words import paragraph

OVERLAPS = [0.02, 0.05, 0.1, 0.2]  # ticks
LOOKS = {
    "matrix": Look("last matrix", BLUE, "^"),
    "centred": Look("off its mean key", ORANGE, "D", "--"),
    "off_12": Look("off twelve directions", VERMILION, "s", "-."),
    "full": Look("all parameters", BLACK, "o", ":"),
}


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("activity")
    first, sparsest = table.iloc[0], sparse(table)[0]
    gone = {way: forgotten(table, DENSE, way) for way in ("matrix", "centred")}
    soon = {way: _next(table, DENSE, way) for way in ("matrix", "centred")}
    shares = explained(table)
    return paragraph(f"""
        Of a depth of {LEVEL:g}, written into one matrix, the dense model forgets {gone["matrix"]:.0%} and the sparsest one, of
        activity {sparsest:g}, {forgotten(table, sparsest, "matrix"):.0%}; after one further task it is {soon["matrix"]:.0%} and
        {_next(table, sparsest, "matrix"):.0%}; with all parameters written they forget {forgotten(table, DENSE, "full"):.0%} and
        {forgotten(table, sparsest, "full"):.0%}; off the mean key the dense model has
        {overlap(table, DENSE, "centred") / overlap(table, DENSE, "matrix"):.0%} of the overlap,
        {soon["centred"] / soon["matrix"]:.0%} of the forgetting by one further task and {gone["centred"] / gone["matrix"]:.0%} of
        that by all. (a) Mean squared overlap of the write directions of facts of different tasks before any write, by the largest
        share of hidden units that may act at a token; 1 is the dense model, in which
        {table.loc[table["active"] == DENSE, "acting"].mean():.0%} act. (b) Share of a task's depth, {LEVEL:g} just after its
        write, that is gone when one further task was written. (c) The same after the whole stream of {first["T"]} tasks of
        {first["D"]} facts, mean over tasks. (d) What is gone after the stream against the overlap: one mark for an activity and a
        way. A line in logarithms explains {shares["overlap"]:.0%} of it; hollow marks are what claim C2 makes of the spectrum of
        the keys of other prompts, nothing fitted, which explains {shares["law"]:.0%}. Means over {seeds(table)}; (a, b, c) 95%
        jackknife intervals, each by itself.
        """)


def _next(table: pd.DataFrame, active: float, way: str) -> float:
    """Share of a task's depth that is gone when one further task was written."""
    return forgotten(table, active, way, "kept_next")


def _lines(panel: Axes, table: pd.DataFrame, value) -> None:
    """A statistic of every way by activity, with intervals over seeds."""
    actives = [*sparse(table), DENSE]
    for index, (way, look) in enumerate(LOOKS.items()):
        found = pd.DataFrame([jackknife(lambda part, a=a, way=way: value(part, a, way), table)._asdict() for a in actives])
        x = [a * 1.03 ** (index - 1.5) for a in actives]
        panel.errorbar(x, found["mean"], yerr=bars(found), elinewidth=0.7, **look.marks(linestyle=look.line, linewidth=0.9))
    panel.set(xscale="log", xlabel="activity: units that may act")
    ticks(panel.xaxis, actives)


def _scatter(panel: Axes, table: pd.DataFrame) -> None:
    """Forgetting against overlap, measured and by C2."""
    for way in MATRIX_WAYS:
        look, actives = LOOKS[way], [*sparse(table), DENSE]
        x = [overlap(table, active, way) for active in actives]
        panel.plot(x, [forgotten(table, active, way) for active in actives], **look.marks())
        law = [forgotten(table, active, way, "law_kept") for active in actives]
        panel.plot(x, law, **look.marks(markerfacecolor="none", label=None))
    panel.set(xscale="log", xlabel="mean squared overlap")
    ticks(panel.xaxis, OVERLAPS)


def draw(results: Results) -> Canvas:
    """Four panels: overlap, forgetting by one task and by all, and forgetting against overlap."""
    table = models(results)
    canvas, axes = panels(rows=2, columns=2, ratio=0.62)
    for panel, value in zip(axes, (overlap, _next, forgotten), strict=False):
        _lines(panel, table, value)
    _scatter(axes[3], table)
    axes[0].set(ylabel="mean squared overlap", yscale="log")
    ticks(axes[0].yaxis, OVERLAPS)
    for panel in axes[1:]:
        panel.set(ylabel="share forgotten", ylim=(0, 0.85))
    handles, labels = axes[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    letters(axes, ("overlap", "forgotten after one further task", "forgotten after the stream", "forgetting against overlap"))
    return canvas


FIGURE = Figure(
    "activity",
    "Sparser activation in language models",
    (
        "H1-network-overlap",
        "H1-network-overlap-full",
        "H1-network-matrix",
        "H1-network-full",
        "H1-network-trend",
        "H1-network-centring",
        "H1-network-dissociation",
        "H1-network-law",
    ),
    ("activity",),
    caption,
    draw,
)
