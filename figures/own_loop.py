"""What a stream written by AdamW into a pretrained model keeps and costs, free and off directions of a background (C2, P2)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.backgrounds import KINDS
from figures.estimate import estimate, level
from figures.figure import Figure
from figures.results import Results, seeds
from figures.style import BLACK, Look, letters, panels
from figures.verdicts.backgrounds import more
from figures.verdicts.own_loop import written
from figures.words import number, paragraph

WAYS = {
    "free": Look("free", BLACK, "o"),
    "fast": Look("free, higher rate", BLACK, "P"),
    **{name: KINDS[name] for name in ("stream", "related", "text", "mixture", "random")},
}
COSTS = {"known": "capitals still right", "text_rise": "rise of text, bits per byte"}


def shown(table: pd.DataFrame) -> list[str]:
    """The ways of a table, in the order of WAYS."""
    return [name for name in WAYS if name in set(table["way"])]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = written(results)
    first = table.iloc[0]
    means = table.groupby("way")[["share", *COSTS]].mean()
    gain = more(table, "stream", "free")
    told = "more" if gain.low > 0 else "less" if gain.high < 0 else "neither more nor less, as far as these draws tell,"
    rises = "; ".join(
        f"{WAYS[name].label} {number(means.loc[name, 'share'])}, {number(means.loc[name, 'known'])} and "
        f"{number(means.loc[name, 'text_rise'])}"
        for name in shown(table)
        if name in ("free", "stream", "text", "mixture")
    )
    return paragraph(f"""
        Off {table["k"].max()} directions of prompts of its own form, in every linear layer of the blocks, {told} of a stream is
        kept than by free full finetuning with AdamW. Share kept of
        {first["T"] * first["D"]} facts written into SmolLM2-135M, share of the known capitals still right, and rise of text in
        bits per byte: {rises}. (a) Capitals against the share kept; up and right is better. (b) Rise of text; down and right
        is better. Higher rate: free, at the learning rate that the stream's directions need. Means over {seeds(table)}, with 95%
        intervals, each by itself.
        """)


def _plane(panel: Axes, table: pd.DataFrame, column: str) -> None:
    """A mark with both intervals per way."""
    for name in shown(table):
        part = table[table["way"] == name].dropna(subset=[column])
        if part.empty:
            continue
        x, y = level(part["share"]), level(part[column]) if column == "known" else estimate(part[column])
        spread = [[[one.mean - one.low], [one.high - one.mean]] if one.count > 1 else None for one in (y, x)]
        style = WAYS[name].marks(elinewidth=0.7)
        panel.errorbar(x.mean, y.mean, yerr=spread[0], xerr=spread[1], **style)
    panel.set(xlabel="share of the facts kept", ylabel=COSTS[column])


def draw(results: Results) -> Canvas:
    """Two panels: capitals and text against the share kept; ways are named below."""
    table = written(results)
    canvas, grid = panels(columns=2, ratio=0.8)
    for panel, column in zip(grid, COSTS, strict=True):
        _plane(panel, table, column)
    handles, labels = grid[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    letters(grid, ["capitals", "text"])
    return canvas


FIGURE = Figure("own_loop", "Full finetuning off a background", ("C2",), ("own_loop",), caption, draw)
