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
    tight = best.assign(share=best["measured_T"] / best["ceiling_T"]).groupby("regime")["share"].median()
    where = (
        away(frontier(table))
        .groupby(["regime", "R"])[["odds", "kept"]]
        .apply(lambda part: part.loc[part["kept"].idxmax(), "odds"])
    )
    return paragraph(f"""
        One regime holds fewer tasks the more bits they share, two regimes hardly fewer, and both hold most near the activity
        that theory calls best: in the median {number(tight["single"])} (one) and {number(tight["dual"])} (two) of their
        ceilings, with the best odds of activity at {where.min():g} to {where.max():g} times those of theory. Largest number
        of tasks whose oldest comes back whole at every one of {table["seed"].nunique()} seeds, in {table["N"].iloc[0]} cells
        of {table["b"].iloc[0]} bits; each task shares $R$ bits with the others and has $D_s$ private ones. Marks are
        simulated with real erasure codes; lines are ceilings of theory for separable codes, nothing fitted. One regime must
        carry the shared bits in every reader's active cells; two keep them once, in cells that are always on. Top: at the
        best activity. Bottom: at other activities, by their odds over those of the best; tasks held over the ceiling at the
        best activity, geometric means over $D_s$.
        """)


def draw(results: Results) -> Canvas:
    """Two panels per R, ceilings as lines: T against D_s at the best activity, and T over its ceiling there against activity."""
    table = results.table("sweep_shared")
    found, best = frontier(table), frontier(at_best(table))
    elsewhere = away(found)
    bits = float(found["N"].iloc[0] * found["b"].iloc[0])
    shares = sorted(found["R"].unique())
    canvas, grid = panels(rows=2, columns=len(shares), ratio=1.25, sharey="row")
    top, bottom = grid[: len(shares)], grid[len(shares) :]
    for upper, lower, R in zip(top, bottom, shares, strict=True):
        for regime, look in REGIMES.items():
            style = look.marks(markerfacecolor="none", markersize=5 if regime == "single" else 3)
            part = best[(best["R"] == R) & (best["regime"] == regime)].sort_values("D_s")
            upper.plot(part["D_s"], part["ceiling_T"], color=look.color, linestyle=look.line)
            held = part[part["measured_T"] > 0]
            upper.plot(held["D_s"], held["measured_T"], **style)
            shown = elsewhere[(elsewhere["R"] == R) & (elsewhere["regime"] == regime)]
            lower.plot(shown["odds"], shown["law"], color=look.color, linestyle=look.line)
            lower.plot(shown["odds"], shown["kept"], **style)
        upper.set(xscale="log", yscale="log", xlabel="private bits $D_s$", ylim=(0.8, 1.6 * best["ceiling_T"].max()))
        lower.set(xscale="log", yscale="log", xlabel="odds over best", ylim=(0.8 * elsewhere["kept"].min(), 1.3))
        ticks(upper.xaxis, [bits for bits in (2, 8, 32, 128) if found["D_s"].min() <= bits <= found["D_s"].max()])
        ticks(lower.xaxis, [odds for odds in (0.25, 1, 4) if found["odds"].min() <= odds <= found["odds"].max()])
    ticks(top[0].yaxis, [T for T in (1, 2, 5, 10, 20, 50, 100, 200) if best["ceiling_T"].max() >= T])
    ticks(bottom[0].yaxis, [0.1, 0.2, 0.5, 1])
    top[0].set_ylabel("tasks held, $T$")
    bottom[0].set_ylabel("tasks held over\nceiling at best")
    canvas.legend(*top[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    letters(top, [f"$R=bN\\times{share(R / bits)}$" if R else "nothing shared" for R in shares])
    return canvas


FIGURE = Figure(
    "shared_frontier",
    "Tasks against private bits and activity, with structure shared",
    ("S1-single", "S1-dual", "S1-activity"),
    ("sweep_shared",),
    caption,
    draw,
)
