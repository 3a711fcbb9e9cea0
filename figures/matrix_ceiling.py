"""Twice as many facts as one matrix of a language model has inputs: tasks × depth against what its spectrum allows (C2, H2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREY, ORANGE, VERMILION, Look, letters, panels, ticks
from figures.verdicts.matrix_ceiling import best_rate, beyond, stored
from figures.words import number, paragraph

LOOKS = {
    "last_matrix": Look("one matrix", BLUE, "^"),
    "off_mode_1": Look("off-mode, 1 direction", ORANGE, "D"),
    "off_mode_12": Look("off-mode, 12 directions", VERMILION, "s"),
    "full": Look("all matrices", BLACK, "o"),
}


def best_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of every way at its `best_rate`."""
    return frame[np.isclose(frame["learning_rate"], frame["way"].map(best_rate(frame)), rtol=1e-9)]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("matrix_ceiling")
    most, plain = stored(frame).mean(), frame[frame["way"] == "last_matrix"]
    last = frame[frame["T"] == frame["T"].max()].groupby("way")["allowed_total"].mean()
    filled = {way: f"{number(most[way], 3)} of {number(last[way], 3)}" for way in ("last_matrix", "off_mode_12")}
    return paragraph(f"""
        Off twelve common directions of its keys, one matrix of a language model fills to {filled["off_mode_12"]} facts of depth
        that its spectrum allows; written plainly, to {filled["last_matrix"]}. Written into all matrices, facts keep
        {number(beyond(frame).mean)} of what the last one may hold. The keys of the last matrix of the dense model have
        {number(plain["rank"].mean(), 3)} directions; tasks are of {frame["D"].iloc[0]} facts with answers drawn at random. (a)
        Tasks times mean depth of the oldest tenth, written plainly; (b) off the twelve directions. Thick: the most that the
        measured spectrum allows; dashed: the spectral law from trial writes; dotted: the kernel simulation; all three before
        any write. (c) Sum of the depths of all facts, each way at the learning rate at which it stores most; thick, in the
        colour of the way: the most that its spectrum allows. Means over {seeds(frame)}.
        """)


def _oldest(panel: Axes, frame: pd.DataFrame, way: str) -> None:
    """Tasks × depth of the oldest tenth of one way, at its best learning rate, with ceiling and forecasts."""
    part = frame[frame["way"] == way]
    part = part.assign(**{name: part[name] * part["T"] for name in ("oldest", "allowed", "spectral", "kernel")})
    look = LOOKS[way]
    found = by_group(part, ["T"], "oldest")
    panel.errorbar(found["T"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks(label="written"))
    for name, style, label in (
        ("allowed", {"color": BLACK, "linewidth": 1.4}, "most allowed"),
        ("spectral", {"color": look.color, "linestyle": (0, (4, 2)), "linewidth": 0.8}, "spectral law"),
        ("kernel", {"color": GREY, "linestyle": ":", "linewidth": 1.2}, "kernel simulation"),
    ):
        law = by_group(part[part[name].notna()], ["T"], name)
        panel.plot(law["T"], law["mean"], label=label, **style)


def draw(results: Results) -> Canvas:
    """Three panels: the oldest facts plainly, and off twelve directions; all facts by every way."""
    frame = best_rates(results.table("matrix_ceiling"))
    canvas, (plain, off, total) = panels(columns=3, ratio=1.05)
    tasks = sorted(set(frame["T"]))
    for panel, way in ((plain, "last_matrix"), (off, "off_mode_12")):
        _oldest(panel, frame, way)
        panel.set(xscale="log", xlabel="tasks $T$", ylabel="$T\\times\\,$depth of the oldest")
    top = max(plain.get_ylim()[1], off.get_ylim()[1]) * 1.6  # room for the legend
    for panel in (plain, off):
        panel.set_ylim(min(0.0, plain.get_ylim()[0], off.get_ylim()[0]), top)
    plain.legend(loc="upper left", handletextpad=0.3, labelspacing=0.2)
    for way, look in LOOKS.items():
        found = by_group(frame[frame["way"] == way], ["T"], "total")
        style = look.marks(linestyle="-", linewidth=0.7)
        total.errorbar(found["T"], found["mean"], yerr=bars(found), elinewidth=0.6, **style)
    for way in ("last_matrix", "off_mode_12"):
        ceiling = by_group(frame[frame["way"] == way], ["T"], "allowed_total")
        total.plot(ceiling["T"], ceiling["mean"], color=LOOKS[way].color, linewidth=2.0, alpha=0.6)
    total.plot([], [], color=GREY, linewidth=2.0, alpha=0.6, label="most allowed")
    total.set(xscale="log", xlabel="tasks $T$", ylabel="sum of depths, facts")
    total.set_ylim(0, total.get_ylim()[1] * 1.55)
    total.legend(loc="upper left", handletextpad=0.3, labelspacing=0.2)
    for panel in (plain, off, total):
        ticks(panel.xaxis, tasks)
    letters([plain, off, total], ["one matrix", "off-mode, 12", "all facts"])
    return canvas


FIGURE = Figure(
    "matrix_ceiling",
    "The ceiling of one matrix of a language model",
    ("C2-matrix", "C2-matrix-total", "C2-matrix-law", "P1-matrix", "H2-off_mode", "H2-full"),
    ("matrix_ceiling",),
    caption,
    draw,
)
