"""Superposition (U1): phases of two features, dimensionalities of many, and a sequence of tasks in one embedding."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, SKY, VERMILION, Look, direct, letters, panels, ticks
from figures.verdicts.superposition import MARGIN
from figures.words import means, number, paragraph

PLATEAUS = {"1": 1, "3/4": 3 / 4, "2/3": 2 / 3, "1/2": 1 / 2, "3/8": 3 / 8}
KINDS = {
    "disjoint": Look("disjoint tasks", VERMILION, "s", "--"),
    "overlapping": Look("half shared with the next", ORANGE, "^", "-."),
    "interleaved": Look("disjoint, interleaved", BLUE, "o", "-"),
}


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("superposition", "part", "dims", "features", "D", "seed", "kind", "t", "capacities", "total_capacity")
    many, tasks = (frame[frame["part"] == part].iloc[0] for part in ("geometry", "sequence"))
    sequence = frame[frame["part"] == "sequence"]
    end = sequence[sequence["t"] == sequence["t"].max()]
    first = end.assign(first=end["capacities"].map(lambda values: values[0])).groupby("kind")["first"].mean()
    equal = min(1.0, tasks["dims"] / (end["t"].iloc[0] * tasks["D"]))
    total = (sequence["total_capacity"] / sequence["dims"]).groupby([sequence["kind"], sequence["t"]]).mean()
    return paragraph(f"""
        Features share the dimensions and new ones displace the oldest: after {end["t"].iloc[0]} disjoint tasks the first
        keeps {number(first["disjoint"])} of a dimension per feature, against an equal share of {number(equal)} and
        {number(first["interleaved"])} if tasks are interleaved. The toy model of superposition, $"ReLU"(W^T W x + b)$,
        trained from small random weights. (a) Two features in one dimension: the kind of the best model, of all seeds or
        mixed, against density and importance; shades and line are the phases of U1 and their boundary, the grey band a factor
        {MARGIN} around it. (b) Capacities of {many["features"]} equally important features in {many["dims"]} dimensions (one
        seed; larger dots: more features) and dimensions over squared norm (line), against 1/density; grey lines are the
        dimensionalities of regular polytopes. (c) Capacity per feature of the oldest of $t$ tasks of {tasks["D"]} features in
        {tasks["dims"]} dimensions; black: the equal share of disjoint tasks. (d) Loss on the oldest task over that of
        answering by the mean. The total capacity is {number(total.min())} to {number(total.max())} of the dimensions
        throughout. {means(frame)}
        """)


def _phases(panel: Axes, frame: pd.DataFrame) -> None:
    """What the best models of all seeds are, or that they differ; the phases of U1 and their boundary."""
    pair = frame.assign(pair=(frame["kind"] == "pair").astype(float))
    found = pair.groupby(["importance", "density"])[["pair", "boundary"]].mean().reset_index()
    border = found.groupby("importance")["boundary"].first()
    low, high = 0.5 * frame["density"].min(), 1.3
    for bottom, top, color in ((low, border, VERMILION), (border, high, SKY)):  # the two phases of U1
        panel.fill_between(border.index, bottom, top, color=color, alpha=0.12, zorder=-1, linewidth=0)
    panel.fill_between(border.index, border / MARGIN, border * MARGIN, color=PALE, zorder=0, linewidth=0)
    panel.plot(border.index, border, color=BLACK, linewidth=0.8, zorder=1)
    for chosen, color, marker, label in (
        ("pair", VERMILION, "s", "pair"),
        ("one", SKY, "o", "one alone"),
        ("", GREY, "X", "mixed"),
    ):
        share = found["pair"]
        which = {"pair": share == 1, "one": share == 0, "": (share > 0) & (share < 1)}[chosen]
        panel.scatter(
            found["importance"][which],
            found["density"][which],
            s=9,
            color=color,
            marker=marker,
            label=label,
            linewidth=0,
            zorder=2,
        )
    panel.set(xscale="log", yscale="log", xlabel="importance of the second feature", ylabel="density")
    ticks(panel.xaxis, (0.1, 0.2, 0.5, 1, 2, 5, 10))
    ticks(panel.yaxis, (0.03, 0.1, 0.3, 1))
    panel.set_ylim(low, high)
    panel.legend(loc="lower center", ncols=3, columnspacing=0.8, handletextpad=0.1)


def _geometry(panel: Axes, frame: pd.DataFrame) -> None:
    """Capacities of one seed, spread sideways, and dims over squared norm."""
    first = frame[frame["seed"] == frame["seed"].min()].sort_values("density")
    for height in PLATEAUS.values():
        panel.axhline(height, color=GREY, linewidth=0.5, linestyle=(0, (4, 2)), zorder=0)
    for density, capacities in zip(first["density"], first["capacities"], strict=True):
        values, counts = np.unique(np.round(np.asarray(capacities, dtype=float), 2), return_counts=True)
        panel.scatter(
            np.full(len(values), 1 / density), values, s=2 + 50 * counts / counts.sum(), color=GREEN, alpha=0.8, linewidth=0
        )
    held = by_group(frame.assign(sparsity=1 / frame["density"], held=frame["dims"] / frame["squared_norm"]), ["sparsity"], "held")
    panel.errorbar(held["sparsity"], held["mean"], yerr=bars(held), color=BLACK, linewidth=0.8, zorder=3)
    panel.set(xscale="log", xlabel="1/density", ylabel="capacity of a feature", ylim=(-0.03, 1.1))
    ticks(panel.xaxis, (1, 3, 10, 30, 100))
    turn = held.iloc[min(2, len(held) - 1)]
    direct(panel, (turn["sparsity"], turn["mean"]), "dims$\\,/|W|^2$", (6, 5))
    right = panel.secondary_yaxis("right")
    right.set_yticks(list(PLATEAUS.values()))
    right.set_yticklabels(list(PLATEAUS), color=GREY)
    right.tick_params(length=0, pad=1)
    right.spines["right"].set_visible(False)


def _sequences(shares: Axes, losses: Axes, frame: pd.DataFrame) -> None:
    """Capacity of the oldest task, and loss on it."""
    frame = frame.assign(first=frame["capacities"].map(lambda values: values[0]), lost=frame["loss"] / frame["reference_loss"])
    for kind, look in KINDS.items():
        part = frame[frame["kind"] == kind]
        for panel, column in ((shares, "first"), (losses, "lost")):
            found = by_group(part, ["t"], column)
            marks = look.marks(linestyle=look.line, linewidth=0.7)
            panel.errorbar(found["t"], found["mean"], yerr=bars(found), elinewidth=0.6, **marks)
    dims, D = frame[["dims", "D"]].iloc[0]
    t = np.linspace(1, frame["t"].max(), 200)
    shares.plot(t, np.minimum(1, dims / (t * D)), color=BLACK, linewidth=0.8, zorder=0, label="equal share")
    losses.axhline(1, color=GREY, linewidth=0.8, zorder=0)
    direct(losses, (frame["t"].max(), 1), "the mean as answer", (0, -7), color=GREY, ha="right")
    shares.set(xlabel="tasks $t$", ylabel="capacity of the oldest", ylim=(0, 1.6), yticks=(0, 0.25, 0.5, 0.75, 1))
    losses.set(xlabel="tasks $t$", ylabel="loss on the oldest, share", ylim=(-0.05, None))
    shares.legend(loc="upper right", labelspacing=0.2)


def draw(results: Results) -> Canvas:
    """Four panels: phases, dimensionalities, the oldest task's capacity, and the total with the loss."""
    frame = results.table(
        "superposition", "part", "kind", "density", "importance", "boundary", "capacities", "squared_norm", "loss"
    )
    canvas, (phases, geometry, shares, losses) = panels(rows=2, columns=2, ratio=0.68)
    _phases(phases, frame[frame["part"] == "phase"])
    _geometry(geometry, frame[frame["part"] == "geometry"])
    _sequences(shares, losses, frame[frame["part"] == "sequence"])
    letters([phases, geometry, shares, losses], ["phases", "dimensionalities", "oldest task", "loss on the oldest task"])
    return canvas


FIGURE = Figure(
    "superposition",
    "Features share the dimensions, and new ones displace the oldest",
    ("U1-phase", "U1-capacity", "U1-sequence"),
    ("superposition",),
    caption,
    draw,
)
