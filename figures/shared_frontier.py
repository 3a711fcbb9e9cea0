"""The frontier of tasks against private bits and against activity when tasks share structure: one regime against two (S1)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import REGIMES, letters, panels, share, ticks
from figures.words import number, paragraph
from simulate.tables import at_best, frontier


def away(found: pd.DataFrame) -> pd.DataFrame:
    """Tasks held and ceilings at each activity over the ceiling at the best one: regime, R, odds, kept, law.

    Geometric means over the private bits; none held counts as half a task. found: `simulate.tables.frontier` at all activities.
    """
    best = found[found["odds"] == 1].set_index(["regime", "R", "D_s"])["ceiling_T"].rename("best")
    every = found.join(best, on=["regime", "R", "D_s"])
    every = every.assign(
        kept=np.log(every["measured_T"].clip(lower=0.5) / every["best"]), law=np.log(every["ceiling_T"] / every["best"])
    )
    return np.exp(every.groupby(["regime", "R", "odds"])[["kept", "law"]].mean()).reset_index()


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("sweep_shared", "N", "b", "R", "D_s", "odds", "T", "regime")
    best = frontier(at_best(table))
    best = best.assign(share=best["measured_T"] / best["ceiling_T"], log=np.log(best["measured_T"].clip(lower=0.5)))
    tight = best.groupby("regime")["share"].median()
    logs = best.groupby(["regime", "R"])["log"].mean()
    lost = {regime: np.exp(logs[regime].iloc[0] - logs[regime].iloc[-1]) for regime in REGIMES}
    return paragraph(f"""
        Shared structure costs one regime tasks and two regimes few: from tasks that share nothing to tasks that share
        {share(best["R"].max() / bits(best))} of the store, one regime comes to hold {number(lost["single"])} times fewer
        tasks and two {number(lost["dual"])} times fewer, in the geometric mean over private bits. Largest number of tasks
        whose oldest comes back whole at every one of {table["seed"].nunique()} seeds, in {table["N"].iloc[0]} cells of
        {table["b"].iloc[0]} bits; each task shares $R$ bits with the others and has $D_s$ private ones. Marks are simulated
        with real erasure codes; lines are ceilings of theory for separable codes, nothing fitted, of which the marks reach
        {number(tight["single"])} (one) and {number(tight["dual"])} (two) in the median. One regime must carry the shared bits
        in every reader's active cells; two keep them once, in cells that are always on. (a, b) At the best activity. (c) At
        other activities, by their odds over those of the best: tasks held over the ceiling at the best activity, geometric
        means over $D_s$, for the most shared bits.
        """)


def bits(table: pd.DataFrame) -> float:
    """Bits of the whole store."""
    return float(table["N"].iloc[0] * table["b"].iloc[0])


def shown(results: Results) -> list[int]:
    """The two numbers of shared bits that are drawn: the middle one of those above 0, and the most."""
    some = sorted(R for R in results.table("sweep_shared", "R")["R"].unique() if R > 0)
    return [some[(len(some) - 1) // 2], some[-1]]


def draw(results: Results) -> Canvas:
    """T against D_s at two numbers of shared bits, and T over its ceiling at the best activity against activity at the larger."""
    table = results.table("sweep_shared")
    found, best = frontier(table), frontier(at_best(table))
    elsewhere = away(found)
    canvas, (middle, most, activity) = panels(columns=3, ratio=1.0)
    for panel, R in zip((middle, most), shown(results), strict=True):
        for regime, look in REGIMES.items():
            part = best[(best["R"] == R) & (best["regime"] == regime)].sort_values("D_s")
            held = part[part["measured_T"] > 0]
            panel.plot(part["D_s"], part["ceiling_T"], color=look.color, linestyle=look.line)
            panel.plot(held["D_s"], held["measured_T"], **look.marks(markerfacecolor="white"))
        panel.set(xscale="log", yscale="log", xlabel="private bits $D_s$", ylim=(0.8, 1.6 * best["ceiling_T"].max()))
        ticks(panel.xaxis, [D for D in (2, 8, 16, 32, 64, 128, 256) if found["D_s"].min() <= D <= found["D_s"].max()])
        ticks(panel.yaxis, [T for T in (1, 3, 10, 30, 100) if best["ceiling_T"].max() >= T])
    for regime, look in REGIMES.items():
        part = elsewhere[(elsewhere["R"] == shown(results)[-1]) & (elsewhere["regime"] == regime)]
        activity.plot(part["odds"], part["law"], color=look.color, linestyle=look.line)
        activity.plot(part["odds"], part["kept"], **look.marks(markerfacecolor="white"))
    activity.set(xscale="log", yscale="log", xlabel="odds of activity over the best")
    activity.set(ylabel="share of ceiling at best", ylim=(0.8 * elsewhere["kept"].min(), 1.3))
    ticks(activity.xaxis, [odds for odds in (0.25, 0.5, 1, 2, 4) if found["odds"].min() <= odds <= found["odds"].max()])
    ticks(activity.yaxis, [v for v in (0.1, 0.2, 0.5, 1) if v >= 0.8 * elsewhere["kept"].min()])
    middle.set_ylabel("tasks held, $T$")
    middle.legend(loc="lower left", handletextpad=0.1)
    titles = [f"$R={share(R / bits(found))}$ of the store" for R in shown(results)]
    letters([middle, most, activity], [*titles, "at other activities"])
    return canvas


FIGURE = Figure(
    "shared_frontier",
    "Tasks against private bits and activity, with structure shared",
    ("S1-single", "S1-dual", "S1-activity"),
    ("sweep_shared",),
    caption,
    draw,
)
