"""When two regimes win (S3, H3): the ratio of loads against every control, by access rule and number of tasks."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.regimes import COLUMNS, CONTROLS, Comparison, break_even, comparisons
from figures.verdicts.table import sentence

ROWS = (
    ("many passes", False, "many passes"),
    ("one pass with sleep", False, "sleep"),
    ("one pass with sleep", True, "sleep, bits"),
    ("one pass", False, "between facts"),
)
LOOKS = {
    "two stores": Look("two stores", VERMILION, "s", "-"),
    "one store": Look("one store", BLUE, "o", "--"),
    "equal sparsity": Look("equal sparsity", ORANGE, "^", "-."),
    "buffer as fast store": Look("list as fast store", GREEN, "D", (0, (4, 1, 1, 1))),
    "second-order state": Look("second-order state", PURPLE, "v", ":"),
    "list alone": Look("list alone", SKY, "P", (0, (1, 1))),
}
TITLES = ("one store", "equal sparsity", "second-order state", "list as fast store", "list alone")
LIMIT = 4.0  # factor at which the colours end


def caption(results: Results) -> str:
    """What the panels show, and the verdicts on every control."""
    table = results.table("regimes", *COLUMNS, "error")
    whole = table[table["axis"] == "T"]
    return (
        "Labels held by two stores (a sparse one-shot store for one task, a dense one that rehearses at sleep) over those that "
        "a control of equal state holds. (a) to (e): the ratio at every access rule and number of tasks T, red where two stores "
        "win; a cross marks a setting where the interval lies on another side than the law puts it, a ring one where it covers "
        "the border; grey: no comparison; thick bar: number of tasks from which on the law puts two stores ahead, where the "
        "control's load does not depend on T. Rehearsal between facts knows no T. (f) Loads with sleep, in labels per number of "
        f"state; lines: the law, without fitted parameter. N = {whole['N'].max()} numbers of state a unit ({whole['N'].min()} "
        f"where rehearsal comes between facts), at most {table['error'].iloc[0]:.0%} of the labels wrong, dials tuned on other "
        f"seeds, {seeds(whole)}, simultaneous 95% intervals. " + sentence(results, *CONTROLS)
    )


def _map(panel: Axes, found: list[Comparison], tasks: list[int]):
    """One control: colours and numbers by access rule and T."""
    ratio = np.full((len(ROWS), len(tasks)), np.nan)
    for place, (access, packed, _) in enumerate(ROWS):
        for each in (each for each in found if (each.access, each.packed) == (access, packed)):
            columns = [tasks.index(each.T)] if each.T else list(range(len(tasks)))
            ratio[place, columns] = each.measured.mean
            centre, height = int(np.mean(columns)) + 0.5, place + 0.5
            text = f"{each.measured.mean:.2g}"
            strong = not 1 / 2.2 < each.measured.mean < 2.2
            panel.text(centre, height, text, ha="center", va="center", fontsize=6, color="white" if strong else BLACK)
            if each.verdict != "supported":
                mark = {"marker": "x" if each.verdict == "refuted" else "o", "markerfacecolor": "none", "markersize": 3}
                panel.plot([centre + 0.33], [height - 0.3], color=BLACK, markeredgewidth=0.6, **mark)
    shown = panel.pcolormesh(np.ma.masked_invalid(ratio), cmap="RdBu_r", norm=LogNorm(1 / LIMIT, LIMIT), edgecolor="white")
    panel.invert_yaxis()
    panel.set_facecolor("#DDDDDD")
    panel.set_xticks(np.arange(len(tasks)) + 0.5, [str(T) for T in tasks])
    panel.set_yticks(np.arange(len(ROWS)) + 0.5, [label for _, _, label in ROWS])
    panel.tick_params(length=0)
    panel.set_xlabel("tasks $T$", labelpad=2)
    return shown


def _loads(panel: Axes, results: Results) -> None:
    """Loads with sleep against T, measured and predicted."""
    table = results.table("regimes", *COLUMNS)
    table = table[(table["axis"] == "T") & (table["access"] == "one pass with sleep") & ~table["packed"].astype(bool)]
    for place, (system, look) in enumerate(LOOKS.items()):
        part = table[table["system"] == system]
        found = by_group(part, ["T"], "load")
        spread = 1.03 ** (place - 2.5)
        panel.errorbar(found["T"] * spread, found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks())
        law = by_group(part, ["T"], "predicted")
        panel.plot(law["T"], law["mean"], color=look.color, linestyle=look.line, linewidth=0.8)
    panel.set(xscale="log", xlabel="tasks $T$", ylabel="labels per number", ylim=(0, None))
    ticks(panel.xaxis, sorted(table["T"].unique()))


def draw(results: Results) -> Canvas:
    """Five maps of the ratio, one a control, and the loads with sleep."""
    table = results.table("regimes", *COLUMNS)
    tasks = sorted(T for T in table.loc[table["axis"] == "T", "T"].unique() if T > 0)
    canvas, grid = panels(rows=2, columns=3, ratio=0.95)
    for panel, control in zip(grid, CONTROLS.values(), strict=False):
        shown = _map(panel, comparisons(results, control), tasks)
        even = break_even(table, control)
        if even is not None and tasks[0] < even < tasks[-1]:
            place = np.interp(np.log(even), np.log(tasks), np.arange(len(tasks)) + 0.5)
            panel.plot([place, place], [1, 2], color=BLACK, linewidth=2.5, solid_capstyle="butt")
    for panel in (grid[1], grid[2], grid[4]):
        panel.set_yticklabels([])
    bar = canvas.colorbar(shown, ax=grid, location="top", shrink=0.4, aspect=40)
    bar.set_label("load of two stores over the control's", fontsize=7)
    ticks(bar.ax.xaxis, [1 / 4, 1 / 2, 1, 2, 4], ["≤ 1/4", "1/2", "1", "2", "≥ 4"])
    _loads(grid[5], results)
    canvas.legend(*grid[5].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=6, columnspacing=1.2)
    letters(grid, [*TITLES, "loads with sleep"])
    return canvas


FIGURE = Figure(
    "regimes", "When two stores hold more than a control of equal state", tuple(CONTROLS), ("regimes",), caption, draw
)
