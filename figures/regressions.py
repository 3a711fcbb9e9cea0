"""A linear network that fits regressions in turn: errors, depth by age, and the product with the number of tasks (C7)."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREEN, VERMILION, Look, letters, panels, ticks
from figures.verdicts.regressions import SETTING, table
from figures.verdicts.table import sentence
from theory.ledger import claim

CLAIMS = ("C7-forgetting", "C7-depth")
LOOKS = {"error": Look("error", BLUE, "o"), "forgetting": Look("forgetting", VERMILION, "s")}
BY_TASKS = ((2, Look("", VERMILION, "D")), (8, Look("", GREEN, "^")), (20, Look("", BLUE, "o")))


def caption(results: Results) -> str:
    """What the panels show, and the verdicts."""
    frame = table(results)
    N = int(frame["N"].max())
    settings = frame[frame["quantity"] == "error"].groupby(SETTING).ngroups
    return (
        f"A linear network of N = {N} weights fits regressions of D examples one after another, each exactly. (a) Mean error and "
        f"forgetting against their expectations in {settings} settings of D, tasks, similarity and noise; line: equality. (b) "
        "Depth that a task keeps against its age, from the Jacobian of its readouts by its targets; lines: D (1 − D/N)^age. (c) "
        "Number of tasks T times the depth of the oldest; thin lines: the same law; thick: the ceiling N (1 − 1/T)^(T−1), met at "
        f"D = N/T. Means over {seeds(frame)} with 95% intervals. " + sentence(results, *CLAIMS)
    )


def draw(results: Results) -> Canvas:
    """Three panels: errors against expectation, depth against age, product against tasks."""
    frame = table(results)
    N = int(frame["N"].max())
    canvas, (errors, depth, oldest) = panels(columns=3, ratio=1.0)
    for quantity, look in LOOKS.items():
        part = frame[frame["quantity"] == quantity]
        found = by_group(part, [*SETTING, "predicted"], "measured")
        errors.errorbar(found["predicted"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks(markersize=2.6))
    ends = np.array(errors.get_xlim())
    errors.plot(ends, ends, color=BLACK, linewidth=0.8, zorder=0)
    errors.set(xlabel="expected", ylabel="measured")
    errors.legend(loc="upper left", handletextpad=0.2)
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
    letters([errors, depth, oldest], ["error and forgetting", "depth by age", "tasks × depth"])
    return canvas


FIGURE = Figure("regressions", "Regressions fitted in turn", CLAIMS, ("regressions",), caption, draw)
