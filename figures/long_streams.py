"""Methods along one long stream into one matrix of a language model: newest and oldest tasks (H4)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLUE, GREY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.long_streams import by_way, contrast, failure, length
from figures.words import listed, number, paragraph

TITLES = {"plain": "plain descent", "replay": "replay", "gpm": "GPM", "ewc": "EWC"}
PLURAL = {"forgets": "forget", "stops learning": "stop learning", "fades together": "fade together"}
ENDS = {"newest": Look("newest tenth", BLUE, "o"), "oldest": Look("oldest tenth", VERMILION, "s")}


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("long_streams")
    parts = by_way(results, "trial", "newest", "oldest")
    ends: dict[str, list[str]] = {}
    for way, rows in parts.items():
        ends.setdefault(failure(contrast(rows).mean), []).append(TITLES[way])
    kinds = "; ".join(f"{listed(ways)} {PLURAL[kind] if len(ways) > 1 else kind}" for kind, ways in ends.items())
    half = listed([f"{number(length(rows))} ({TITLES[way]})" for way, rows in parts.items()])
    return paragraph(f"""
        Along a stream of {frame["T"].max()} tasks into one matrix of a language model {kinds}; their newest or their oldest tasks
        fall below half the depth of a task written alone after {half} tasks. Tasks of {frame["D"].iloc[0]} facts are written into
        the last matrix of the dense model, all methods at one learning rate and their default options. Marks: depth of the
        newest tenth of the tasks just after their own write, and of the oldest tenth after the last. Lines: the methods
        simulated, before any write of the stream, in one layer that reads the model's keys; solid: its answers compete in a
        softmax; dashed: a linear one. Means over {seeds(frame)}, with 95% intervals.
        """)


def _panel(panel: Axes, rows: pd.DataFrame) -> None:
    """Newest and oldest of one method, as measured and in both layers."""
    for name, look in ENDS.items():
        found = by_group(rows, ["T"], name)
        panel.errorbar(found["T"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks(label="_nolegend_"))
        for store, style in (("softmax", "-"), ("linear", (0, (4, 2)))):
            law = by_group(rows, ["T"], f"{store}_{name}")
            panel.plot(law["T"], law["mean"], color=look.color, linestyle=style, linewidth=0.9)
    panel.axhline(rows["trial"].mean() / 2, color=GREY, linestyle=":", linewidth=0.7)
    panel.set(xscale="log", xlabel="tasks $T$", ylim=(-0.08, 1.08))
    ticks(panel.xaxis, [1, 4, 16, 64])


def draw(results: Results) -> Canvas:
    """A panel for every method."""
    frame = results.table("long_streams")
    canvas, axes = panels(columns=len(TITLES), ratio=1.15, sharey=True)
    for panel, way in zip(axes, TITLES, strict=True):
        _panel(panel, frame[frame["way"] == way])
    axes[0].set_ylabel("depth")
    for look in ENDS.values():
        axes[0].plot([], [], **look.marks(label=look.label))
    axes[0].plot([], [], color=GREY, linewidth=0.9, label="softmax layer")
    axes[0].plot([], [], color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), label="linear layer")
    canvas.legend(loc="outside lower center", ncols=4)
    letters(axes, TITLES.values())
    return canvas


FIGURE = Figure(
    "long_streams",
    "Methods along one long stream into a language model",
    ("H4-network-linear", "H4-network-softmax", "H4-network-length", "H4-network-fails"),
    ("long_streams",),
    caption,
    draw,
)
