"""A stream into the last matrix, the first one, all feed-forward matrices and all parameters: laws and network (C2, E2)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import estimate
from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.deeper_ceiling import streams
from figures.verdicts.matrix_ceiling import best_rate
from figures.words import number, paragraph

LOOKS = {
    "last_matrix": Look("last matrix", BLUE, "^"),
    "first_matrix": Look("first matrix", GREEN, "v"),
    "feedforward": Look("feed-forward", PURPLE, "P"),
    "full": Look("all parameters", BLACK, "o"),
}
SHORT = {"last_matrix": "last\nmatrix", "first_matrix": "first\nmatrix", "feedforward": "feed-\nforward", "full": "all"}
STEPS = {
    "allowed_total": Look("most allowed", GREY, "_", "-"),
    "linear_total": Look("linear memory", SKY, "s", ":"),
    "kernel_total": Look("kernel simulation", ORANGE, "D", "--"),
    "total": Look("written", VERMILION, "o", "-"),
}
"""From the most that gradients allow to what the network keeps: each step has one assumption less."""


def last(table: pd.DataFrame) -> pd.DataFrame:
    """Rows after the last task, every way at the learning rate at which it stores most."""
    rows = table[table["T"] == table["T"].max()]
    return rows[np.isclose(rows["learning_rate"], rows["way"].map(best_rate(table)), rtol=1e-9)]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = streams(results)
    found = last(table).groupby("way")[["total", "allowed_total", "kernel_total", "moved"]].mean()
    filled = {way: f"{number(row['total'])} of {number(row['allowed_total'])}" for way, row in found.iterrows()}
    first = table.iloc[0]
    facts = table["T"].max() * first["D"]
    return paragraph(f"""
        Of the facts of depth that a linear memory of its gradients allows, the last matrix of a language model keeps
        {filled["last_matrix"]}, the first one {filled["first_matrix"]}, all parameters {filled["full"]}. The same {facts} facts,
        in tasks of {first["D"]}, each way at the learning rate at which it stores most; the laws are computed before the stream.
        (a) Sum of the depths of all facts after the last task: the most that the memory allows at any one dose, the
        memory at the dose of trial writes, the kernel simulation, which has the softmax and the stream's own facts as well, and
        what is kept, where gradients also move. (b) Mean depth of all facts, written (marks), by the kernel simulation (dashed)
        and by the linear memory (dotted). (c) What the kernel simulation says over what is kept, against the change of the
        response kernel of other prompts since before the stream: one mark for a way, learning rate and number of tasks. Means
        over {seeds(table)}; (a, b) 95% intervals, each by itself.
        """)


def draw_steps(panel: Axes, rows: pd.DataFrame, ways: Mapping[str, str], about: str) -> None:
    """From what is allowed to what is kept, way by way. ways: the label of each; about: name of the horizontal axis."""
    places = np.arange(len(ways))
    for index, (column, look) in enumerate(STEPS.items()):
        found = [estimate(rows[rows["way"] == way].groupby("seed")[column].mean()) for way in ways]
        frame = pd.DataFrame([value._asdict() for value in found])
        size = {"markersize": 9, "markeredgewidth": 2} if column == "allowed_total" else {}
        x = places + 0.13 * (index - 1.5)
        panel.errorbar(x, frame["mean"], yerr=bars(frame), elinewidth=0.7, **look.marks(linestyle="none", **size))
    panel.set(xlim=(-0.5, len(ways) - 0.5), ylim=(0, None), xlabel=about, ylabel="sum of depths, facts")
    panel.set_xticks(places, list(ways.values()))
    panel.tick_params(axis="x", length=0)


def _lengths(panel: Axes, table: pd.DataFrame) -> None:
    """Mean depth of all facts by the number of tasks, for the last matrix and all parameters."""
    rows = table[np.isclose(table["learning_rate"], table["way"].map(best_rate(table)), rtol=1e-9)]
    facts = rows["T"] * rows["D"]
    rows = rows.assign(**{name: rows[name] / facts for name in STEPS})
    for way in ("last_matrix", "full"):
        look, part = LOOKS[way], rows[rows["way"] == way]
        found = by_group(part, ["T"], "total")
        panel.errorbar(found["T"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks(linestyle="none"))
        for law, line in (("kernel_total", "--"), ("linear_total", ":")):
            said = part[part[law].notna()].groupby("T")[law].mean()
            panel.plot(said.index, said, color=look.color, linestyle=line, linewidth=0.9)
    panel.set(xscale="log", xlabel="tasks $T$", ylabel="mean depth of all facts", ylim=(0, 1))
    ticks(panel.xaxis, sorted(set(table["T"])))


def _parting(panel: Axes, table: pd.DataFrame) -> None:
    """How much the kernel simulation says too much, against how far gradients have moved."""
    means = table.groupby(["way", "learning_rate", "T"])[["kernel_total", "total", "moved"]].mean().reset_index()
    for way, look in LOOKS.items():
        part = means[means["way"] == way]
        panel.plot(part["moved"], part["kernel_total"] / part["total"], **look.marks(linestyle="none"))
    panel.axhline(1.0, color=GREY, linewidth=0.6)
    panel.set(xlabel="change of the response", ylabel="simulated over kept", yscale="log")
    ticks(panel.yaxis, (1, 1.5, 2, 3))


def draw(results: Results) -> Canvas:
    """Three panels: from the ceiling to the network, by length, and what parts them."""
    table = streams(results)
    canvas, (steps, lengths, parting) = panels(columns=3, ratio=1.0)
    draw_steps(steps, last(table), SHORT, "what is written")
    _lengths(lengths, table)
    _parting(parting, table)
    handles = [*steps.get_legend_handles_labels()[0], *parting.get_legend_handles_labels()[0]]
    labels = [*steps.get_legend_handles_labels()[1], *parting.get_legend_handles_labels()[1]]
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    letters([steps, lengths, parting], ["24 tasks" if table["T"].max() == 24 else "last task", "by length", "where they part"])
    return canvas


FIGURE = Figure(
    "deeper_ceiling",
    "Where the ceiling of one matrix ends",
    ("C2-deeper", "C2-deeper-law", "P1-deeper", "P1-deeper-parts", "H2-deeper"),
    ("deeper_ceiling",),
    caption,
    draw,
)
