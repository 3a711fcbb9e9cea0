"""The frontier of tasks against depth per task for the delta rule, one-shot Hebbian storage and overwritten cells (C2, C3)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, PALE, letters, panels, shades, share, ticks
from figures.verdicts.table import sentence
from simulate.tables import frontier, violations

MARKS = "osD^vP"
PANELS = (
    ("sweep_delta", True, "delta rule, centred codes", "facts per task, $D$"),
    ("sweep_delta", False, "delta rule, non-negative codes", "facts per task, $D$"),
    ("sweep_hebbian", None, "one-shot Hebbian", "facts per task, $D$"),
    ("sweep_cells", None, "overwritten cells", "bits per task, $D$"),
)


def of_family(table: pd.DataFrame, centred: bool | None) -> pd.DataFrame:
    """The rows of one code family, or all if the sweep has one."""
    return table if centred is None else table[table["centred"] == centred]


def caption(results: Results) -> str:
    """What the panels show, the counts of cells and violations, and the verdicts."""
    required = {sweep: results.table(sweep)["required"].iloc[0] for sweep in ("sweep_delta", "sweep_hebbian")}
    sizes = ", ".join(f"{results.table(sweep)['N'].iloc[0]}" for sweep in ("sweep_delta", "sweep_hebbian", "sweep_cells"))
    judged = pd.concat([violations(results.table(sweep)) for sweep in ("sweep_delta", "sweep_hebbian", "sweep_cells")])
    return (
        "Largest number of tasks T at which the oldest task still keeps the required depth, against facts or bits per task, at "
        "several activities: marks are simulated, lines the ceilings of theory without a fitted parameter, the shaded region "
        f"is closed. The oldest task must keep on average {required['sweep_delta']:g} of its depth (delta rule), a power SNR "
        f"of {required['sweep_hebbian']:g} (Hebbian), every bit at every seed (cells). N = {sizes}; {len(judged)} cells of "
        f"{judged['seeds'].iloc[0]} seeds, {int(judged['violation'].sum())} above the ceiling beyond their simultaneous 95% "
        "bound. Activities that hold no task at a depth have no mark there. " + sentence(results, "C2", "C3-frontier", "C2-cells")
    )


def ceiling_line(panel: Axes, depth: pd.Series, ceiling_T: pd.Series) -> None:
    """Draw the ceiling, and shade what lies above it."""
    line = pd.Series(ceiling_T.to_numpy(), index=depth.to_numpy()).groupby(level=0).first()
    panel.fill_between(line.index, line, 10 * line.max(), color=PALE, linewidth=0, zorder=0)
    panel.plot(line.index, line, color=BLACK, linewidth=0.9, zorder=1)


def draw(results: Results) -> Canvas:
    """Four panels: T against D on logarithmic axes, one mark per activity."""
    canvas, grid = panels(rows=2, columns=2, ratio=0.75)
    notes = []
    judged = {sweep: violations(results.table(sweep)) for sweep, *_ in PANELS}
    for panel, (sweep, centred, _, label) in zip(grid, PANELS, strict=True):
        found, points = frontier(of_family(results.table(sweep), centred)), of_family(judged[sweep], centred)
        ceiling_line(panel, found["D"], found["ceiling_T"])
        levels = sorted(found["a"].unique())
        for place, (a, color) in enumerate(zip(levels, shades(len(levels)), strict=True)):
            held = found[(found["a"] == a) & (found["measured_T"] > 0)]
            style = {"color": color, "marker": MARKS[place % len(MARKS)], "markerfacecolor": "none", "markersize": 3}
            panel.plot(held["D"], held["measured_T"], linestyle="none", label=share(a), **style)
        panel.set(xscale="log", yscale="log", xlabel=label)
        panel.set_ylim(0.7, 1.6 * found["ceiling_T"].max())
        panel.set_xlim(found["D"].min() / 1.2, found["D"].max() * 1.2)
        notes.append(f"{int(points['violation'].sum())} of {len(points)} cells above")
        panel.legend(title="activity $a$", loc="upper right", ncols=2, handletextpad=0.1, columnspacing=0.6, title_fontsize=7)
        for axis, values in ((panel.xaxis, found["D"]), (panel.yaxis, found["ceiling_T"])):
            ticks(axis, [v for v in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if values.min() / 2 <= v <= values.max() * 1.3])
    for panel in grid[::2]:
        panel.set_ylabel("tasks held, $T$")
    letters(grid, [title for _, _, title, _ in PANELS], notes)
    return canvas


FIGURE = Figure(
    "frontier",
    "Tasks against depth: the measured frontier and the ceilings",
    ("C2", "C3-frontier", "C2-cells"),
    ("sweep_delta", "sweep_hebbian", "sweep_cells"),
    caption,
    draw,
)
