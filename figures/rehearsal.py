"""How much replay is enough (S4): depth, what is missing of it, bits, the cost of a stream, its controls, and the rate."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILION, Look, letters, panels, shades, share, ticks
from figures.verdicts.rehearsal import REACHED, single_sleeps, spaced
from figures.words import means, number, paragraph
from theory.ledger import claim

MARKS = "osD^vP"
CLAIMS = ("S4-depth", "S4-rate", "S4-critical", "S4-error", "S4-cost", "S4-bits")
INKS = (BLACK, BLUE, VERMILION, GREEN, GREY, PURPLE)
CONTROLS = {
    "random": Look("true labels", BLUE, "o"),
    "own": Look("own answers", VERMILION, "s", "--"),
    "last": Look("no replay", GREEN, "^", "-."),
}
LEAST_SHOWN = 3e-3  # missing depth


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = single_sleeps(results)
    fits = frame[frame["load"] < 1]
    off = (
        fits.groupby(["load", "eta", "x"])["depth"].mean() - fits.groupby(["load", "eta", "x"])["predicted_depth"].mean()
    ).abs()
    enough = fits[fits["predicted_depth"] >= REACHED * fits["limit"]].groupby("load")["x"].min()
    return paragraph(f"""
        How much replay is enough depends on rate × sweeps alone, and steeply on the load: {REACHED:.0%} of the limit takes
        {number(enough.iloc[0])} at a load of {share(enough.index[0])} and {number(enough.iloc[-1])} at
        {share(enough.index[-1])}, and the law is met to {number(off.max(), 1)} below full load. A delta-rule store of $N =
        {frame["N"].iloc[0]}$ weights per output that sleeps. (a) Mean depth and (b) what is missing of it after one sleep, at
        several loads $M\\/N$; marks of {frame["eta"].nunique()} rates fall on one curve. (c) Bits per weight that survive a
        threshold, at the largest rate; rings: where the law puts depth at {REACHED:.0%} of its limit. (d) Depth of the
        worst-kept tasks of a stream against the presentations spent, for sleeps after every $h$ tasks, at the smallest such
        load. (e) Depth of the oldest tasks of that stream at $h = 1$ with true labels, with the store's own answers, and
        without replay of old tasks. (f) Bits per weight at the largest load, where facts do not fit, by rate. Lines without
        marks are theory, nothing fitted. {means(frame)}
        """)


def _depths(left: Axes, right: Axes, frame: pd.DataFrame, loads: list[float], colors: list) -> None:
    """Depth and missing depth against x = eta sweeps: a colour and mark a load, all rates alike."""
    for mark, load, color in zip(MARKS, loads, colors, strict=False):
        part = frame[frame["load"] == load]
        N, M = float(part["N"].iloc[0]), float(part["M"].iloc[0])
        x = np.geomspace(part["x"].min(), part["x"].max(), 60)
        law = claim("S4").replay_depth(N=N, M=M, eta=1.0, sweeps=x)
        left.plot(x, law, color=BLACK, linewidth=0.6, zorder=0)
        if load <= 1:
            right.plot(x[1 - law > LEAST_SHOWN], (1 - law)[1 - law > LEAST_SHOWN], color=BLACK, linewidth=0.6, zorder=0)
        style = {"color": color, "marker": mark, "linestyle": "none", "markersize": 2.6}
        for eta, rows in part.groupby("eta"):
            found = by_group(rows, ["x"], "depth")
            label = f"{share(load)}" if eta == part["eta"].max() else None
            left.errorbar(found["x"], found["mean"], yerr=bars(found), label=label, elinewidth=0.5, **style)
            seen = found[1 - found["mean"] > LEAST_SHOWN]
            if load <= 1 and len(seen):
                right.plot(seen["x"], 1 - seen["mean"], **style)
    left.set(xscale="log", xlabel=r"$\eta\,\times$ sweeps", ylabel="mean depth", ylim=(0, 1.05))
    right.set(xscale="log", yscale="log", xlabel=r"$\eta\,\times$ sweeps", ylabel="missing depth", ylim=(LEAST_SHOWN, 1.3))


def _bits(panel: Axes, frame: pd.DataFrame, loads: list[float], colors: list) -> None:
    """Hard bits per weight at the largest rate against sweeps; rings where depth has come to REACHED of its limit, by law."""
    fast = frame[frame["eta"] == frame["eta"].max()]
    for mark, load, color in zip(MARKS, loads, colors, strict=False):
        part = fast[fast["load"] == load]
        found = by_group(part, ["sweeps"], "hard_bits")
        panel.errorbar(
            found["sweeps"], found["mean"], yerr=bars(found), color=color, marker=mark, markersize=2.4, elinewidth=0.5,
            linewidth=0.6,
        )  # fmt: skip
        enough = part["sweeps"][part["predicted_depth"] >= REACHED * part["limit"]]
        if len(enough):
            at = found[found["sweeps"] == enough.min()]
            panel.plot(at["sweeps"], at["mean"], marker="o", markersize=7, markerfacecolor="none", color=BLACK, linestyle="none")
    panel.set(xscale="log", xlabel="sweeps", ylabel="hard bits per weight", ylim=(0, 1.05))


def _cost(panel: Axes, frame: pd.DataFrame) -> None:
    """Depth of the worst-kept tasks against presentations, a mark a spacing; the law for each."""
    part = frame[frame["load"] == frame["load"].min()]
    holds = sorted(part["hold"].unique())
    for mark, hold, color in zip(MARKS, holds, INKS, strict=False):
        rows = part[part["hold"] == hold]
        law = rows.groupby("presentations")["predicted_depth"].mean()
        panel.plot(law.index, law, color=color, linewidth=0.7, zorder=0)
        found = by_group(rows, ["presentations"], "depth_new")
        panel.errorbar(
            found["presentations"], found["mean"], yerr=bars(found), color=color, marker=mark, markersize=2.4, elinewidth=0.5,
            linestyle="none", label=f"{hold}",
        )  # fmt: skip
    panel.set(xscale="log", xlabel="presentations", ylabel="depth, worst-kept tasks", ylim=(0, 1.05))
    panel.legend(title="spacing $h$", loc="lower right", handletextpad=0.1, labelspacing=0.2)


def _controls(panel: Axes, frame: pd.DataFrame) -> None:
    """Depth of the oldest tasks against sweeps for true labels, own answers and no replay, at the closest spacing."""
    for way, look in CONTROLS.items():
        found = by_group(frame[frame["replay"] == way], ["sweeps"], "depth_old")
        style = look.marks(markerfacecolor="white", linestyle=look.line, linewidth=0.7, markersize=2.8, elinewidth=0.5)
        panel.errorbar(found["sweeps"], found["mean"], yerr=bars(found), **style)
    panel.set(xscale="log", xlabel="sweeps", ylabel="depth, oldest tasks", ylim=(0, 1.05))
    panel.legend(loc="lower right", handletextpad=0.2, labelspacing=0.2)


def _rates(panel: Axes, frame: pd.DataFrame) -> None:
    """Hard bits per weight at the largest load against sweeps, by rate."""
    part = frame[frame["load"] == frame["load"].max()]
    etas = sorted(part["eta"].unique())
    for mark, eta, color in zip(MARKS, etas, INKS, strict=False):
        found = by_group(part[part["eta"] == eta], ["sweeps"], "hard_bits")
        panel.errorbar(
            found["sweeps"], found["mean"], yerr=bars(found), color=color, marker=mark, markersize=2.4, elinewidth=0.5,
            linewidth=0.6, label=f"{eta:g}",
        )  # fmt: skip
    panel.set(xscale="log", xlabel="sweeps", ylabel="hard bits per weight", ylim=(0, 1.05))
    panel.legend(title=r"rate $\eta$", loc="upper left", handletextpad=0.2, labelspacing=0.2)


def draw(results: Results) -> Canvas:
    """Six panels: depth, missing depth, bits; cost of a stream, controls of a stream, bits by rate."""
    single, between = single_sleeps(results), spaced(results)
    loads = sorted(single["load"].unique())
    colors = shades(len(loads))
    table = results.table("rehearsal")
    stream = table[(table["hold"] == table["hold"].min()) & np.isclose(table["M"] / table["N"], between["load"].min())]
    canvas, grid = panels(rows=2, columns=3, ratio=1.05)
    _depths(grid[0], grid[1], single, loads, colors)
    _bits(grid[2], single, loads, colors)
    _cost(grid[3], between)
    _controls(grid[4], stream)
    _rates(grid[5], single)
    for place, values in ((0, (0.1, 1, 10)), (1, (0.1, 1, 10)), (2, (1, 4, 16, 64)), (4, (0.25, 1, 4, 16)), (5, (1, 4, 16, 64))):
        ticks(grid[place].xaxis, values)
    ticks(grid[1].yaxis, (0.01, 0.1, 1))
    canvas.legend(
        *grid[0].get_legend_handles_labels(), title="load $M/N$ in (a) to (c)", loc="outside upper center", ncols=len(loads)
    )
    letters(grid, ["depth", "what is missing", "bits", "how often", "from what", "at what rate"])
    return canvas


FIGURE = Figure("rehearsal", "How much replay is enough", CLAIMS, ("rehearsal",), caption, draw)
