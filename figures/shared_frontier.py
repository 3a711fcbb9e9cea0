"""The frontier of tasks against private bits when tasks share structure: one regime against two (S1)."""

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import REGIMES, letters, panels, share, ticks
from figures.verdicts import sentence
from simulate.frontier import frontier


def caption(results: Results) -> str:
    """What the panels show, and the verdicts on the two ceilings."""
    table = results.table("sweep_shared", "N", "b", "R", "D_s", "T", "regime")
    N, b = table["N"].iloc[0], table["b"].iloc[0]
    return (
        f"{N} cells of {b} bits, tasks that share R bits and have D_s private ones: largest number of tasks whose oldest comes "
        f"back whole at every one of {table['seed'].nunique()} seeds. Marks are simulated with real erasure codes, lines are "
        "the ceilings of theory (separable coding), no fitted parameter. One regime must carry the shared bits in every "
        "reader's active cells; two regimes keep them once, in cells that are always on. "
        + sentence(results, "S1-single", "S1-dual")
    )


def draw(results: Results) -> Canvas:
    """One panel per R: T against D_s, two regimes, ceilings as lines."""
    found = frontier(results.table("sweep_shared"))
    bits = float(found["N"].iloc[0] * found["b"].iloc[0])
    shares = sorted(found["R"].unique())
    canvas, grid = panels(columns=len(shares), ratio=1.4, sharex=True, sharey=True)
    for panel, R in zip(grid, shares, strict=True):
        for regime, look in REGIMES.items():
            part = found[(found["R"] == R) & (found["regime"] == regime)].sort_values("D_s")
            panel.plot(part["D_s"], part["ceiling_T"], color=look.color, linestyle=look.line)
            held = part[part["measured_T"] > 0]
            size = 5 if regime == "single" else 3
            panel.plot(held["D_s"], held["measured_T"], **look.marks(markerfacecolor="none", markersize=size))
        panel.set(xscale="log", yscale="log", xlabel="private bits $D_s$")
        ticks(panel.xaxis, sorted(found["D_s"].unique())[::2])
        ticks(panel.yaxis, [T for T in (1, 2, 5, 10, 20, 50, 100, 200) if found["ceiling_T"].max() >= T])
    grid[0].set_ylabel("tasks held, $T$")
    grid[0].legend(loc="lower left", fontsize=6, handletextpad=0.1)
    letters(grid, [f"$R=bN\\times{share(R / bits)}$" if R else "nothing shared" for R in shares])
    return canvas


FIGURE = Figure(
    "shared_frontier",
    "Tasks against private bits, with structure shared",
    ("S1-single", "S1-dual"),
    ("sweep_shared",),
    caption,
    draw,
)
