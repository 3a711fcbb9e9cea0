"""The learning-forgetting plane of the language models: each method traces a curve as its learning rate is changed."""

from math import log2

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, seeds
from figures.style import ARCHITECTURES, GREY, METHODS, letters, panels
from figures.verdicts.runs import ends, learning_rates
from figures.verdicts.table import sentence
from realmodels.writing.methods.catalogue import RUNS

FACES = {"dense": None, "memory": "white", "dsa": "#BBBBBB"}
RISES = (0, 0.01, 0.03, 0.1, 0.3, 1)


def caption(results: Results) -> str:
    """What is shown, and the verdicts on P2, P3 and P6."""
    table = results.table("streams", "seed", "tuning")
    reported = table[~table["tuning"].astype(bool)]
    return (
        "Every method, at every one of its learning rates. (a) Bits per fact after the whole stream against bits "
        "when just written; on the diagonal nothing is forgotten; the cross is what is guessed before any write. (b) Rise of "
        "held-out bits per byte, the damage to what the model knew, against bits per fact after the stream (axis linear below "
        "0.01). A line joins the learning rates of one method in order; large marks are the chosen ones. Filled: dense; open: "
        f"memory layer; grey: sparse attention. Means over {seeds(reported)}, dots are single seeds. "
        + sentence(results, "P2-sparse", "P3", "P6")
    )


def _curve(panel: Axes, runs, x: str, y: str, learning_rate: float, style: dict) -> None:
    """Means over seeds, joined in the order of learning rates; a dot per seed; a large mark at the chosen learning rate."""
    mean = runs.groupby("learning_rate")[[x, y]].mean().dropna()
    panel.plot(mean[x], mean[y], linewidth=0.8, **style)
    if runs["seed"].nunique() > 1:
        panel.plot(runs[x], runs[y], color=style["color"], marker=".", markersize=2, alpha=0.6, linestyle="none", zorder=1)
    if learning_rate in mean.index:
        panel.plot(
            mean[x][learning_rate],
            mean[y][learning_rate],
            **{**style, "markersize": 7, "linestyle": "none", "zorder": 4, "label": None},
        )


def draw(results: Results) -> Canvas:
    """Two panels: kept against learned; damage to held-out text against kept."""
    streams = results.table("streams")
    table = ends(streams[~streams["tuning"].astype(bool)])
    chosen = learning_rates(results)
    top, before = log2(streams["candidates"].iloc[0]), float(table["bits_before"].mean())
    canvas, (left, right) = panels(columns=2, ratio=0.95)
    for architecture, method in RUNS:
        runs = table[(table["architecture"] == architecture) & (table["method"] == method)]
        look = METHODS[method]
        style = {
            "color": look.color,
            "marker": look.marker,
            "linestyle": look.line,
            "markeredgewidth": 0.7,
            "markersize": 3,
            "markerfacecolor": FACES[architecture] or look.color,
            "label": f"{look.label}, {ARCHITECTURES[architecture].label}" if method == "full" else look.label,
        }
        _curve(left, runs, "bits_fresh", "bits", chosen[architecture, method], style)
        _curve(right, runs, "bits", "heldout_rise", chosen[architecture, method], {**style, "label": None})
    left.plot([0, top], [0, top], color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    for panel, y in ((left, before), (right, 0.0)):
        panel.plot(before, y, color=GREY, marker="+", markersize=6, linestyle="none")
    low = min(before, table["bits"].min()) - 0.25
    middle = (low + top) / 2
    left.text(
        middle, middle + 0.06, "nothing forgotten", color=GREY, fontsize=7, ha="center", va="bottom", rotation=45,
        rotation_mode="anchor", transform_rotates_text=True,
    )  # fmt: skip
    left.set(xlabel="learned: bits per fact, just written", ylabel="kept: bits per fact, after the stream")
    left.set(xlim=(low, top * 1.04), ylim=(low, top * 1.04))
    right.set_yscale("symlog", linthresh=RISES[1])
    right.set_yticks(RISES, [f"{rise:g}" for rise in RISES], minor=False)
    right.set_yticks([], minor=True)
    right.set(xlabel="kept: bits per fact, after the stream", ylabel="rise of held-out bits per byte")
    canvas.legend(loc="outside lower center", ncols=3)
    letters([left, right], ["kept against learned", "what it costs"])
    return canvas


FIGURE = Figure(
    "learning_forgetting",
    "Learning and forgetting of the language models, over each method's learning rates",
    ("P2-sparse", "P3", "P6"),
    ("streams",),
    caption,
    draw,
)
