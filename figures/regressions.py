"""A linear network that fits regressions in turn: errors, depth by age, and the product with the number of tasks (C7)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, VERMILION, Look, letters, panels, ticks
from figures.verdicts.regressions import SETTING, table
from figures.words import means, number, paragraph
from theory.ledger import claim

CLAIMS = ("C7-forgetting", "C7-depth")
LOOKS = {"error": Look("error", BLUE, "o"), "forgetting": Look("forgetting", VERMILION, "s")}
BY_TASKS = ((2, Look("", VERMILION, "D")), (8, Look("", GREEN, "^")), (20, Look("", BLUE, "o")))


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = table(results)
    N = int(frame["N"].max())
    settings = frame[frame["quantity"] == "error"].groupby(SETTING).ngroups
    off = _residuals(frame)["mean"].abs()
    return paragraph(f"""
        Error and forgetting of a linear network that fits regressions in turn are those of the law: over {len(off)}
        comparisons they differ from their expectations by {number(off.median(), 1)} in the median and {number(off.max(), 1)}
        at most, on a scale on which the error of knowing nothing is 1. $N = {N}$ weights fit regressions of $D$ examples one
        after another, each exactly. (a) Mean error and forgetting less their expectations in {settings} settings of $D$,
        tasks, similarity and noise. (b) Depth that a task keeps against its age, from the Jacobian of its readouts by its
        targets; lines: $D (1 - D\\/N)^"age"$. (c) Number of tasks $T$ times the depth of the oldest; thin lines: the same law;
        thick: the ceiling $N (1 - 1\\/T)^(T-1)$, met at $D = N\\/T$. {means(frame)}
        """)


def _residuals(frame: pd.DataFrame) -> pd.DataFrame:
    """Measured less expected errors and forgetting of every setting: quantity, predicted, mean, low, high."""
    part = frame[frame["quantity"].isin(list(LOOKS))]
    return by_group(part.assign(residual=part["measured"] - part["predicted"]), [*SETTING, "predicted"], "residual")


def draw(results: Results) -> Canvas:
    """Three panels: errors over expectation, depth against age, product against tasks."""
    frame = table(results)
    N = int(frame["N"].max())
    canvas, (errors, depth, oldest) = panels(columns=3, ratio=1.0)
    residuals = _residuals(frame)
    for quantity, look in LOOKS.items():
        found = residuals[residuals["quantity"] == quantity]
        marks = look.marks(markersize=2, markerfacecolor="white", markeredgewidth=0.6)
        errors.errorbar(found["predicted"], found["mean"], yerr=bars(found), elinewidth=0.4, **marks)
    errors.axhline(0, color=BLACK, linewidth=0.8, zorder=0)
    errors.set(xlabel="expected", ylabel="measured $-$ expected")
    low, high = errors.get_ylim()
    errors.set_ylim(low, high + 0.3 * (high - low))  # room for the legend above the bars
    errors.legend(loc="upper right", handletextpad=0.2)
    for tasks, look in BY_TASKS:
        D = N // tasks
        kept = frame[(frame["N"] == N) & (frame["D"] == D)]
        for panel, quantity, key, law in (
            (depth, "depth", "age", lambda x, D=D: claim("C7").retained_depth(N=N, D=D, age=x)),
            (oldest, "oldest", "T", lambda x, D=D: claim("C7").oldest_depth(N=N, D=D, T=x)),
        ):
            found = by_group(kept[kept["quantity"] == quantity], [key], "measured")
            x = np.linspace(found[key].min(), found[key].max(), 100)
            panel.plot(x, law(x) / N, color=look.color, linewidth=0.7, zorder=0)
            found = found[found["mean"] > 2e-3 * N]
            panel.errorbar(
                found[key], found["mean"] / N, yerr=bars(found) / N, elinewidth=0.6,
                **look.marks(label=f"$D=N/{tasks}$", markersize=2.6),
            )  # fmt: skip
    T = np.linspace(2, frame["T"].max(), 100)
    oldest.plot(T, claim("C7").ceiling(N=N, T=T) / N, color=BLACK, linewidth=1.4, zorder=0)
    depth.set(yscale="log", xlabel="age of the task", ylabel="depth$\\,/N$", ylim=(2e-3, 1))
    oldest.set(xscale="log", xlabel="tasks $T$", ylabel="$T\\times\\,$depth of the oldest$\\,/N$", ylim=(0, 0.6))
    ticks(oldest.xaxis, [tasks for tasks in (2, 4, 8, 20) if tasks <= frame["T"].max()])
    depth.legend(loc="upper right", handletextpad=0.2)
    letters([errors, depth, oldest], ["errors less law", "depth by age", "tasks × depth"])
    return canvas


FIGURE = Figure("regressions", "Regressions fitted in turn", CLAIMS, ("regressions",), caption, draw)
