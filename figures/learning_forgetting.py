"""The learning-forgetting plane of the language models: each method traces a curve as its learning rate is changed."""

from math import log2

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import ARCHITECTURES, GREY, METHODS, direct, letters, panels
from figures.verdicts.runs import RUN, ends, learning_rates
from figures.words import number, paragraph
from realmodels.writing.methods.catalogue import RUNS

FACES = {"dense": None, "memory": "white", "dsa": "#BBBBBB"}
WORDS = {"full": ("full", (9, -8)), "sparse_memory": ("sparse", (-6, 0)), "last_matrix": ("last matrix", (-1, 12))}
WORDS |= {"off_mode": ("off-mode", (4, 8))}
"""Name of a curve, and where it stands: beside the chosen learning rate of full finetuning, else beside the highest."""
RISES = (0, 0.01, 0.03, 0.1, 0.3, 1)


def runs(results: Results) -> pd.DataFrame:
    """Ends of the reported streams at every learning rate."""
    streams = results.table("streams")
    return ends(streams[~streams["tuning"].astype(bool)])


def name(architecture: str, method: str) -> str:
    """A run in words."""
    return f"{METHODS[method].label}, {ARCHITECTURES[architecture].label}" if method == "full" else METHODS[method].label


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    table, chosen = runs(results), learning_rates(results)
    means = table.groupby([*RUN, "learning_rate"])[["bits", "heldout_rise"]].mean()
    at = pd.DataFrame({run: means.loc[(*run, rate)] for run, rate in chosen.items()}).T
    narrow = [run for run in at.index if run[1] != "full"]
    full = at.loc[("dense", "full")]
    worse = sum(full["bits"] > at.loc[run]["bits"] and full["heldout_rise"] <= at.loc[run]["heldout_rise"] for run in narrow)
    whom = "every narrower write" if worse == len(narrow) else f"{worse} of {len(narrow)} narrower writes"
    most = means["bits"].groupby(RUN).max()
    best = most.idxmax()
    count = table["seed"].nunique()
    dots = "One seed." if count == 1 else f"Means over {count} seeds; dots are single seeds."
    return paragraph(f"""
        Full finetuning of the dense model keeps more and damages less than {whom}, each at its chosen learning rate; over all
        learning rates the most, {number(most.max())} bits per fact, is kept by {name(*best)}. (a) Bits per fact after the
        whole stream against bits when just written, on the diagonal nothing is forgotten; the cross is what is guessed before
        any write. (b) Rise of held-out bits per byte, the damage to what the model knew, against bits per fact after the
        stream (axis linear below 0.01). A line joins the learning rates of one method in order; large marks are the chosen
        ones. {dots}
        """)


def _curve(panel: Axes, rows: pd.DataFrame, x: str, y: str, learning_rate: float, style: dict) -> None:
    """Means over seeds, joined in the order of learning rates; a dot per seed; a large mark at the chosen learning rate."""
    mean = rows.groupby("learning_rate")[[x, y]].mean().dropna()
    panel.plot(mean[x], mean[y], linewidth=0.8, **style)
    if rows["seed"].nunique() > 1:
        panel.plot(rows[x], rows[y], color=style["color"], marker=".", markersize=1.5, alpha=0.5, linestyle="none", zorder=1)
    if learning_rate in mean.index:
        large = {**style, "markersize": 7, "linestyle": "none", "zorder": 4, "label": None}
        panel.plot(mean[x][learning_rate], mean[y][learning_rate], **large)


def draw(results: Results) -> Canvas:
    """Two panels: kept against learned; damage to held-out text against kept."""
    table, chosen = runs(results), learning_rates(results)
    top, before = log2(results.table("streams")["candidates"].iloc[0]), float(table["bits_before"].mean())
    canvas, (left, right) = panels(columns=2, ratio=0.82)
    for architecture, method in RUNS:
        rows = table[(table["architecture"] == architecture) & (table["method"] == method)]
        if rows.empty:
            continue
        look = METHODS[method]
        style = {
            "color": look.color,
            "marker": look.marker,
            "linestyle": look.line,
            "markeredgewidth": 0.7,
            "markersize": 3,
            "markerfacecolor": FACES[architecture] or look.color,
            "label": name(architecture, method),
        }
        _curve(left, rows, "bits_fresh", "bits", chosen[architecture, method], style)
        _curve(right, rows, "bits", "heldout_rise", chosen[architecture, method], {**style, "label": None})
        if architecture == "dense" or method != "full":
            words, by = WORDS[method]
            named = rows.groupby("learning_rate")[["bits", "heldout_rise"]].mean().dropna()
            spot = named.loc[chosen[architecture, method]] if method == "full" else named.iloc[-1]
            direct(right, tuple(spot), words, by, color=look.color, ha="right" if by[0] < -3 else "left")
    left.plot([0, top], [0, top], color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    for panel, y in ((left, before), (right, 0.0)):
        panel.plot(before, y, color=GREY, marker="+", markersize=7, linestyle="none")
    low = min(before, table["bits"].min()) - 0.25
    middle = low + 0.55 * (table["bits"].max() - low)
    left.text(
        middle, middle + 0.06, "nothing forgotten", color=GREY, ha="center", va="bottom", rotation=45, rotation_mode="anchor",
        transform_rotates_text=True,
    )  # fmt: skip
    direct(left, (before, before), "before any write", (5, -6), color=GREY)
    direct(right, (before, 0), "before any write", (-4, -9), color=GREY)
    left.set(xlabel="learned: bits per fact, just written", ylabel="kept: bits per fact,\nafter the stream")
    left.set(xlim=(low, top * 1.03), ylim=(low, table["bits"].max() + 0.2))
    right.set_yscale("symlog", linthresh=RISES[1])
    right.set_ylim(min(-0.004, 1.2 * table["heldout_rise"].min()), None)
    right.set_yticks(RISES, [f"{rise:g}" for rise in RISES], minor=False)
    right.set_yticks([], minor=True)
    right.set(xlabel="kept: bits per fact, after the stream", ylabel="damage: rise of\nheld-out bits per byte")
    canvas.legend(loc="outside lower center", ncols=3)
    letters([left, right], ["kept against learned", "damage against kept"])
    return canvas


FIGURE = Figure(
    "learning_forgetting",
    "Learning and forgetting of the language models, over each method's learning rates",
    ("P2-sparse", "P3", "P6"),
    ("streams",),
    caption,
    draw,
)
