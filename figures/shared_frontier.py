"""The frontier of tasks against private bits and against activity when tasks share structure: one regime against two (S1)."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import REGIMES, letters, panels, share, ticks
from figures.verdicts.table import sentence
from simulate.tables import at_best, frontier, violations


def caption(results: Results) -> str:
    """What the panels show, the counts of cells and violations, and the verdicts."""
    table = results.table("sweep_shared", "N", "b", "R", "D_s", "odds", "T", "regime")
    N, b = table["N"].iloc[0], table["b"].iloc[0]
    judged = violations(table)
    return (
        f"{N} cells of {b} bits, tasks that share R bits and have D_s private ones: largest number of tasks whose oldest comes "
        f"back whole at every one of {table['seed'].nunique()} seeds. Marks are simulated with real erasure codes, lines are "
        "the ceilings of theory (separable coding), no fitted parameter. One regime must carry the shared bits in every "
        "reader's active cells; two regimes keep them once, in cells that are always on. Top: at the best activity of each "
        "regime. Bottom: at other activities, given by their odds over those of the best; tasks held and ceilings, both over the "
        "ceiling at the best activity, geometric means over the private bits. "
        f"{len(judged)} cells, {int(judged['violation'].sum())} above the ceiling beyond their simultaneous 95% bound. "
        + sentence(results, "S1-single", "S1-dual", "S1-activity")
    )


def draw(results: Results) -> Canvas:
    """Two panels per R, ceilings as lines: T against D_s at the best activity, and T over its ceiling there against activity."""
    table = results.table("sweep_shared")
    found, best = frontier(table), frontier(at_best(table))
    bits = float(found["N"].iloc[0] * found["b"].iloc[0])
    shares = sorted(found["R"].unique())
    canvas, grid = panels(rows=2, columns=len(shares), ratio=1.3)
    top, bottom = grid[: len(shares)], grid[len(shares) :]
    for upper, lower, R in zip(top, bottom, shares, strict=True):
        for regime, look in REGIMES.items():
            style = look.marks(markerfacecolor="none", markersize=5 if regime == "single" else 3)
            part = best[(best["R"] == R) & (best["regime"] == regime)].sort_values("D_s")
            upper.plot(part["D_s"], part["ceiling_T"], color=look.color, linestyle=look.line)
            held = part[part["measured_T"] > 0]
            upper.plot(held["D_s"], held["measured_T"], **style)
            every = found[(found["R"] == R) & (found["regime"] == regime)]
            every = every.join(part.set_index("D_s")["ceiling_T"].rename("best"), on="D_s")
            every = every.assign(kept=np.log(every["measured_T"].clip(lower=0.5) / every["best"]))
            every = every.assign(law=np.log(every["ceiling_T"] / every["best"]))
            means = np.exp(every.groupby("odds")[["kept", "law"]].mean())
            lower.plot(means.index, means["law"], color=look.color, linestyle=look.line)
            lower.plot(means.index, means["kept"], **style)
        upper.set(xscale="log", yscale="log", xlabel="private bits $D_s$", ylim=(0.8, 1.6 * best["ceiling_T"].max()))
        lower.set(xscale="log", yscale="log", xlabel="odds over the best", ylim=(0.05, 1.3))
        bits_shown = sorted(found["D_s"].unique())
        ticks(upper.xaxis, [bits_shown[0], bits_shown[len(bits_shown) // 2], bits_shown[-1]])
        ticks(upper.yaxis, [T for T in (1, 2, 5, 10, 20, 50, 100, 200) if best["ceiling_T"].max() >= T])
        ticks(lower.xaxis, [odds for odds in (0.25, 1, 4) if found["odds"].min() <= odds <= found["odds"].max()])
        ticks(lower.yaxis, [0.1, 0.2, 0.5, 1])
    top[0].set_ylabel("tasks held, $T$")
    bottom[0].set_ylabel("tasks held over\nceiling at the best")
    top[0].legend(loc="lower left", fontsize=6, handletextpad=0.1)
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
