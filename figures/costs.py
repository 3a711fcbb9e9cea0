"""What a stream of facts costs a pretrained model for what is kept of it, by method, beside the size of the update."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from figures.figure import Figure
from figures.results import Results
from figures.smollm2 import MARKS, TITLES, methods
from figures.style import BLACK, GREY, letters, panels
from figures.verdicts.forgetting_scores import correlation
from figures.verdicts.smollm2 import ends
from figures.words import number, paragraph

RAMP = "viridis_r"
COSTS = {"known": "capitals still right", "text_rise": "rise, bits per byte"}


def means(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over draws at the end of the stream, by method: share kept, F_Delta, capitals and text."""
    return ends(frame).groupby("method")[["share", "function_change", *COSTS]].mean().reindex(methods(frame))


def size_and_loss(frame: pd.DataFrame) -> float:
    """Rank correlation over methods of F_Delta with the share of known capitals that is lost."""
    found = means(frame).dropna()
    return correlation(found["function_change"].to_numpy(), 1 - found["known"].to_numpy())


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("smollm2")
    found, follows = means(frame), size_and_loss(frame)
    low, best = found["known"].idxmin(), found.index[found["known"] == found["known"].max()]
    spared = ", ".join(TITLES[str(name)] for name in best)
    told = "the larger the update, the more is lost" if follows > 0.5 else "its size does not say what is lost"
    return paragraph(f"""
        Over methods of different scope {told}: the size of the update in function space ($F_Delta$, colour) correlates by
        {number(follows)} with the share of known capitals that is lost. {TITLES[str(low)]} leaves
        {number(found.loc[low, "known"])} of the capitals, {spared} {number(found["known"].max())}. What
        {frame["written"].max()} facts written into SmolLM2-135M cost for the share that is kept:
        (a) share of the capitals that the model knew and still says; up and right is better.
        (b) Rise of the cross-entropy of text; down and right is better. Large marks: methods that write all layers. Means over
        the draws of each method.
        """)


def _plane(panel: Axes, found: pd.DataFrame, wide: set[str], column: str, colors: ScalarMappable) -> None:
    """A mark per method: what it costs against what it keeps, in the colour of F_Delta."""
    for name, row in found.iterrows():
        size = row["function_change"]
        style = {"markeredgecolor": BLACK, "markeredgewidth": 0.4, "markersize": 7 if name in wide else 4.5}
        color = GREY if pd.isna(size) else colors.to_rgba(size)
        panel.plot(row["share"], row[column], marker=MARKS[list(TITLES).index(str(name))], color=color, **style)
    panel.set(xlabel="share of the facts kept", ylabel=COSTS[column], xlim=(0, 1.05))


def draw(results: Results) -> Canvas:
    """Two panels, capitals and text; marks are named below, and the colours beside them."""
    frame = results.table("smollm2")
    found = means(frame)
    wide = {name for name in found.index if (frame.loc[frame["method"] == name, "where"] == "all").all()}
    sizes = found["function_change"].dropna()
    colors = ScalarMappable(LogNorm(0.8 * sizes.min(), 1.25 * sizes.max()), RAMP)
    canvas, grid = panels(columns=2, ratio=0.8)
    for panel, column in zip(grid, COSTS, strict=True):
        _plane(panel, found, wide, column, colors)
    grid[0].set_ylim(0, 1.05)
    canvas.colorbar(colors, ax=grid[1]).ax.set_xlabel(r"$F_\Delta$")
    named = [
        Line2D(
            [],
            [],
            linestyle="none",
            color=BLACK,
            fillstyle="none",
            marker=MARKS[list(TITLES).index(str(name))],
            label=TITLES[str(name)],
        )
        for name in found.index
    ]
    canvas.legend(handles=named, loc="outside lower center", ncols=4, handletextpad=0.2, columnspacing=0.8)
    letters(grid, ["capitals", "text"])
    return canvas


FIGURE = Figure("costs", "What facts cost in a pretrained model", (), ("smollm2",), caption, draw)
