"""The same stream into a dense model and sparse ones: what gradients allow, what laws say, what is kept (H1, C2, E2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.deeper_ceiling import draw_steps, last
from figures.figure import Figure
from figures.results import Results, bars, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, Look, letters, panels
from figures.verdicts.sparse_ceiling import COMPARED, allowed, kept, streams
from figures.words import number, paragraph

WAYS = {
    "dense.last_matrix": "dense\nlast",
    "kwta.last_matrix": "sparse\nlast",
    "dense.middle_matrix": "dense\nmiddle",
    "memory.values": "memory\nvalues",
    "dense.full": "dense\nall",
    "kwta.full": "sparse\nall",
    "memory.full": "memory\nall",
}
LOOKS = {
    "kwta.last_matrix": Look("sparse, last matrix", BLUE, "^"),
    "kwta.full": Look("sparse, all", GREEN, "v"),
    "memory.values": Look("memory, values", ORANGE, "s"),
    "memory.full": Look("memory, all", PURPLE, "D"),
}


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = streams(results)
    rows = last(table)
    means = rows.groupby("way")[["total", "allowed_total"]].mean()

    def of(way: str) -> str:
        return f"{number(means.loc[way, 'total'])} of {number(means.loc[way, 'allowed_total'])}"

    first = rows.iloc[0]
    active = table.loc[table["model"] == "kwta", "active"].iloc[0]
    return paragraph(f"""
        Of the facts of depth that a linear memory of its gradients allows, the last matrix keeps {of("dense.last_matrix")} in a
        dense language model and {of("kwta.last_matrix")} where {number(active, 1)} of the hidden units act; all parameters keep
        {of("dense.full")} and {of("kwta.full")}, and {of("memory.full")} in a model with a memory layer. The same
        {first["T"] * first["D"]} facts in tasks of {first["D"]} for all models of a seed, equal parameters in all, each way at
        that of three learning rates at which it stores most; the laws are computed before the stream. (a) Sum of the depths of
        all facts after the last task: the most that the memory allows at any one dose, the memory at the dose of trial writes,
        the kernel simulation, and what is kept. (b) What is kept less what the dense model of the same seed keeps in the same
        place, against the ratio of what gradients allow. Means over {seeds(table)}; 95% intervals, each by itself.
        """)


def _beside(panel: Axes, table: pd.DataFrame) -> None:
    """Kept, sparse less dense, against what is allowed, sparse over dense."""
    for way in COMPARED:
        more, wider = pd.DataFrame([kept(table, way)._asdict()]), pd.DataFrame([allowed(table, way)._asdict()])
        ratio = np.exp(wider)
        panel.errorbar(ratio["mean"], more["mean"], yerr=bars(more), xerr=bars(ratio), elinewidth=0.8, **LOOKS[way].marks())
    panel.axhline(0.0, color=BLACK, linewidth=0.6)
    panel.axvline(1.0, color=VERMILION, linewidth=0.6, linestyle=":")
    panel.set(xlabel="allowed, over dense", ylabel="kept, less dense, facts")


def draw(results: Results) -> Canvas:
    """Two panels: from what is allowed to what is kept, and sparse beside dense."""
    table = streams(results)
    canvas, (steps, beside) = panels(columns=2, ratio=0.75, gridspec_kw={"width_ratios": [1.7, 1]})
    draw_steps(steps, last(table), WAYS, "model and what is written")
    for border in (1.5, 3.5):
        steps.axvline(border, color=GREY, linewidth=0.4)
    _beside(beside, table)
    entries = [pair for panel in (steps, beside) for pair in zip(*panel.get_legend_handles_labels(), strict=True)]
    handles, labels = map(list, zip(*entries, strict=True))
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    letters([steps, beside], [f"after {table['T'].max()} tasks", "sparse beside dense"])
    return canvas


FIGURE = Figure(
    "sparse_ceiling",
    "Sparse models under the same ceiling",
    (
        "C2-sparse",
        "H1-sparse-ceiling",
        "H1-sparse-ceiling-full",
        "H1-sparse-kept",
        "H1-sparse-kept-full",
        "H1-values-kept",
        "H1-memory-kept",
        "P1-sparse",
    ),
    ("sparse_ceiling",),
    caption,
    draw,
)
