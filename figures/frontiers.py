"""How many tasks every memory and every learner holds, as a share of the ceiling of its claim."""

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, GREY, VERMILION, panels, shades
from figures.verdicts.table import sentence
from simulate.tables import searched

KINDS = {"memory": "memories", "learner": "learners on a linear layer"}


def caption(results: Results) -> str:
    """What the marks are, the counts, and the verdict."""
    found = searched(results.table("frontiers"))
    evaluations = results.table("frontiers")[["system", "point", "T"]].drop_duplicates()
    return (
        f"The frontier of {found['system'].nunique()} systems at {len(found)} settings: largest number of tasks T at which the "
        "worst-kept task keeps the depth asked for, over the ceiling that the claim in brackets puts on it (line at 1; shaded: "
        "closed). T is found by bisection to one task, up to twice the ceiling; bars are the same search for the ends of the 95% "
        f"interval over {found['seeds'].min()} seeds. Dark to light: few to many facts (or bits) a task. "
        f"{int(found['violation'].sum())} of {len(found)} settings hold more than their ceiling beyond the simultaneous bound "
        f"(red, if any); {len(evaluations)} numbers of tasks were simulated. A mark at 0 held not even one task. "
        + sentence(results, "frontiers")
    )


def draw(results: Results) -> Canvas:
    """One panel per kind of system, one row per system, one mark per setting."""
    found = searched(results.table("frontiers"))
    kinds = [kind for kind in KINDS if (found["kind"] == kind).any()]
    rows = {kind: list(dict.fromkeys(found.loc[found["kind"] == kind, "system"])) for kind in kinds}
    tallest = max(len(names) for names in rows.values())
    canvas, grid = panels(columns=len(kinds), ratio=max(0.5, 0.085 * tallest + 0.15), sharex=True)
    right = max(1.3, float(np.nanmax(found["tightness_high"])) + 0.1)
    for panel, kind in zip(grid, kinds, strict=True):
        names = rows[kind]
        panel.axvspan(1, right, color="#EFEFEF", linewidth=0, zorder=0)
        panel.axvline(1, color=BLACK, linewidth=0.8, zorder=1)
        for place, name in enumerate(names):
            part = found[(found["system"] == name) & found["tightness"].notna()].sort_values("D")
            offsets = np.linspace(-0.28, 0.28, len(part)) if len(part) > 1 else [0.0]
            for (_, row), offset, color in zip(part.iterrows(), offsets, shades(max(len(part), 1)), strict=True):
                y, color = place + offset, VERMILION if row["violation"] else color
                panel.hlines(y, row["tightness_low"], row["tightness_high"], color=color, linewidth=0.9)
                panel.plot(row["tightness"], y, "o", color=color, markersize=2.6)
        panel.set_yticks(range(len(names)), [f"{name} [{found.loc[found['system'] == name, 'claim'].iloc[0]}]" for name in names])
        panel.set(xlim=(-0.03, right), ylim=(len(names) - 0.4, -0.6), xlabel="tasks held / ceiling")
        panel.tick_params(axis="y", length=0, labelsize=6.5)
        panel.set_title(KINDS[kind], fontsize=8)
    grid[0].set_ylabel("system [claim]")
    marks = [Line2D([], [], color=color, marker="o", linestyle="none", markersize=3) for color in shades(2)]
    canvas.legend(marks, ["few facts per task", "many"], loc="outside lower center", ncols=2, labelcolor=GREY)
    return canvas


FIGURE = Figure("frontiers", "The frontier of every system", ("frontiers",), ("frontiers",), caption, draw)
