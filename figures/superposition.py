"""Superposition (U1): phases of two features, dimensionalities of many, and a sequence of tasks in one embedding."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.superposition import MARGIN
from figures.verdicts.table import sentence

PLATEAUS = {"1": 1, "3/4": 3 / 4, "2/3": 2 / 3, "1/2": 1 / 2, "2/5": 2 / 5, "3/8": 3 / 8}
KINDS = {
    "disjoint": Look("disjoint tasks", VERMILION, "s", "--"),
    "overlapping": Look("half shared with the next", ORANGE, "^", "-."),
    "interleaved": Look("disjoint, interleaved", BLUE, "o", "-"),
}


def caption(results: Results) -> str:
    """What the panels show, and the verdicts on the three parts of U1."""
    frame = results.table("superposition", "part", "dims", "features", "D", "seed")
    many, tasks = (frame[frame["part"] == part].iloc[0] for part in ("geometry", "sequence"))
    return (
        "The toy model of superposition, ReLU of W'Wx + b, trained from small random weights. (a) Two features in one dimension: "
        "the kind of the best model, of all seeds or mixed, against density and importance; shades and line are the phases of U1 "
        f"and their boundary, the grey band a factor {MARGIN} around it. (b) Capacities of {many['features']} equally important "
        "features in "
        f"{many['dims']} dimensions (dots, one seed) and dimensions over squared norm (line), against 1/density; "
        "grey lines are the dimensionalities of regular polytopes, from the triangle (2/3) and the antipodal pair (1/2) to the "
        f"square antiprism (3/8). (c) Capacity per feature of the oldest of t tasks of {tasks['D']} features in {tasks['dims']} "
        "dimensions; the black line is the equal share of disjoint tasks. (d) Total capacity over dimensions (filled) and loss "
        "on the oldest task, as a share of that of answering by the mean (open). Means over "
        f"{frame['seed'].nunique()} seeds with 95% intervals. " + sentence(results, "U1-phase", "U1-capacity", "U1-sequence")
    )


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
        values = np.sort(np.asarray(capacities, dtype=float))
        spread = np.exp(0.1 * (np.arange(len(values)) / max(len(values) - 1, 1) - 0.5) * 2)
        panel.scatter(spread / density, values, s=1.5, color=GREEN, linewidth=0, zorder=2)
    means = by_group(
        frame.assign(sparsity=1 / frame["density"], held=frame["dims"] / frame["squared_norm"]), ["sparsity"], "held"
    )
    panel.errorbar(means["sparsity"], means["mean"], yerr=bars(means), color=BLACK, linewidth=0.8, zorder=1)
    panel.set(xscale="log", xlabel="1/density", ylabel="capacity of a feature", ylim=(-0.03, 1.1))
    ticks(panel.xaxis, (1, 3, 10, 30, 100))
    panel.text(1.75, 0.9, "dims$/|W|^2$", fontsize=7)
    right = panel.secondary_yaxis("right")
    right.set_yticks([height for word, height in PLATEAUS.items() if word != "3/8"])
    right.set_yticklabels([word for word in PLATEAUS if word != "3/8"], fontsize=6, color=GREY)
    right.tick_params(length=0, pad=1)
    right.spines["right"].set_visible(False)


def _sequences(shares: Axes, totals: Axes, frame: pd.DataFrame) -> None:
    """Capacity of the oldest task; total capacity and loss on the oldest task."""
    frame = frame.assign(
        first=frame["capacities"].map(lambda values: values[0]),
        total=frame["total_capacity"] / frame["dims"],
        lost=frame["loss"] / frame["reference_loss"],
    )
    for kind, look in KINDS.items():
        part = frame[frame["kind"] == kind]
        for panel, column, changes in (
            (shares, "first", {}), (totals, "total", {}), (totals, "lost", {"markerfacecolor": "white", "label": None}),
        ):  # fmt: skip
            found = by_group(part, ["t"], column)
            panel.errorbar(
                found["t"], found["mean"], yerr=bars(found), elinewidth=0.6, linewidth=0.7,
                **(look.marks() | {"linestyle": look.line} | changes),
            )  # fmt: skip
    dims, D = frame[["dims", "D"]].iloc[0]
    t = np.linspace(1, frame["t"].max(), 200)
    shares.plot(t, np.minimum(1, dims / (t * D)), color=BLACK, linewidth=0.8, zorder=0, label="equal share")
    totals.axhline(1, color=BLACK, linewidth=0.8, zorder=0)
    shares.set(xlabel="tasks $t$", ylabel="capacity of the oldest", ylim=(0, 1.5), yticks=(0, 0.25, 0.5, 0.75, 1))
    totals.set(xlabel="tasks $t$", ylabel="share", ylim=(-0.05, None))
    shares.legend(loc="upper right")


def draw(results: Results) -> Canvas:
    """Four panels: phases, dimensionalities, the oldest task's capacity, and the total with the loss."""
    frame = results.table(
        "superposition", "part", "kind", "density", "importance", "boundary", "capacities", "squared_norm", "loss"
    )
    canvas, (phases, geometry, shares, totals) = panels(rows=2, columns=2, ratio=0.8)
    _phases(phases, frame[frame["part"] == "phase"])
    _geometry(geometry, frame[frame["part"] == "geometry"])
    _sequences(shares, totals, frame[frame["part"] == "sequence"])
    letters([phases, geometry, shares, totals], ["phases", "dimensionalities", "oldest task", "total and loss"])
    return canvas


FIGURE = Figure(
    "superposition",
    "Features share the dimensions, and new ones displace the oldest",
    ("U1-phase", "U1-capacity", "U1-sequence"),
    ("superposition",),
    caption,
    draw,
)
