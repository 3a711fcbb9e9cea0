"""Every simulated method by the length of its stream, at equal total state: total depth and worst-kept task over the law."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREY, VERMILION, panels
from figures.verdicts.sequences import COLUMNS
from figures.verdicts.table import sentence

NAMES = {
    "plain": "delta rule, best rate",
    "replay": "replay",
    "replay_buffer_read": "replay, buffer read",
    "lora": "LoRA, merged",
    "sparse_memory": "slots, random",
    "gpm": "GPM, OGD",
    "masks": "masks",
    "sparse_memory_chosen": "slots, unused",
    "ewc": "EWC, exact",
    "rls": "recursive least squares",
    "ewc_diagonal": "EWC, diagonal",
    "annealed": "annealed rate",
    "self_rehearsal": "self-rehearsal, cues",
    "self_rehearsal_seeded": "self-rehearsal, seed",
}
"""In the order of panels: those that forget, those that stop learning, those whose facts fade together."""
ACROSS = 4
CLAIMS = ("H4-length", "H4-ceiling", "H4-fails")


def caption(results: Results) -> str:
    """What is shown, and the verdicts."""
    frame = results.table("sequences", *COLUMNS, "state", "outputs")
    return (
        f"Methods of continual learning simulated at equal total state ({frame['state'].iloc[0]:,.0f} numbers, parameters and "
        f"protective state together, {frame['outputs'].iloc[0]} outputs), by the length of the stream over the numbers per "
        "output that the state would make as parameters. Blue: total retained depth over the same, dashed its ceiling. Red: "
        f"depth of the worst-kept task. Marks: means over {frame['seed'].nunique()} seeds with 95% intervals. Lines: the laws of "
        "the ledger, no fitted parameter. Dotted: the length at which the law lets the worst fact fall below half. In words, how "
        "it says that the method fails: it forgets the oldest, stops learning, or lets all facts fade together. "
        + sentence(results, *CLAIMS)
    )


def _panel(panel: Axes, frame: pd.DataFrame, name: str) -> None:
    """One method: marks over lines, total depth in blue, worst task in red."""
    width = float(frame["state"].iloc[0]) / float(frame["outputs"].iloc[0])
    law = frame.groupby("M")[["predicted_total", "predicted_worst"]].first()
    for column, color, marker, scale in (("total", BLUE, "o", width), ("worst", VERMILION, "s", 1.0)):
        panel.plot(law.index / width, law[f"predicted_{column}"] / scale, color=color, linewidth=0.8, zorder=1)
        found = by_group(frame, ["M"], column)
        panel.errorbar(
            found["M"] / width, found["mean"] / scale, yerr=bars(found) / scale, elinewidth=0.6, markersize=2.4, color=color,
            marker=marker, linestyle="none", zorder=2,
        )  # fmt: skip
    panel.axhline(0.5, color=GREY, linewidth=0.4, zorder=0)
    ceiling = float(frame["ceiling"].iloc[0]) / width
    panel.axhline(ceiling, color=BLUE, linewidth=0.6, linestyle=(0, (4, 2)), zorder=0)
    panel.axvline(float(frame["length"].iloc[0]) / width, color=BLACK, linewidth=0.7, linestyle=":", zorder=0)
    panel.set(ylim=(-0.03, 1.08), xlim=(0, None))
    panel.set_title(NAMES.get(name, name.replace("_", " ")), fontsize=7.5, pad=3)
    fails = {"forgets": "forgets", "stops learning": "stops"}.get(frame["fails"].iloc[0], "fade")
    place = 0.32 if fails == "stops" else 0.13  # where no mark lies
    panel.text(0.98, place, fails, transform=panel.transAxes, fontsize=7, style="italic", ha="right")


def draw(results: Results) -> Canvas:
    """One small panel a method, in the order of NAMES; the legend below."""
    frame = results.table("sequences", *COLUMNS, "predicted_total", "length", "state", "outputs")
    known = list(frame["learner"].unique())
    order = [name for name in NAMES if name in known] + [name for name in known if name not in NAMES]
    canvas, axes = panels(-(-len(order) // ACROSS), ACROSS, ratio=0.85, sharey=True)
    for panel, name in zip(axes, order, strict=False):
        _panel(panel, frame[frame["learner"] == name], name)
    for panel in axes[len(order) :]:
        panel.remove()
    marks = [
        Line2D([], [], color=BLUE, marker="o", markersize=3, linewidth=0.8, label="total depth / width"),
        Line2D([], [], color=VERMILION, marker="s", markersize=3, linewidth=0.8, label="worst-kept task"),
        Line2D([], [], color=BLUE, linestyle=(0, (4, 2)), linewidth=0.6, label="its ceiling"),
        Line2D([], [], color=BLACK, linestyle=":", linewidth=0.7, label="predicted length"),
    ]
    canvas.legend(handles=marks, loc="outside lower center", ncols=4)
    for panel in axes[: len(order)]:
        panel.set_xlabel("facts / width", fontsize=7, labelpad=1.5)
    for panel in axes[: len(order) : ACROSS]:
        panel.set_ylabel("depth")
    return canvas


FIGURE = Figure("sequences", "Every method by the length of its stream, measured", CLAIMS, ("sequences",), caption, draw)
