"""Exchanging one part: bits per byte after as many tokens and as much time, recall, and cost (A1)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import Estimate
from figures.figure import Figure
from figures.results import Results
from figures.style import BLUE, GREEN, GREY, ORANGE, PALE, VERMILION, Look, letters, panels
from figures.verdicts.architectures import BAND, BETTER, estimates, noise, recalled
from figures.verdicts.knowledge import KNOWN
from figures.verdicts.table import sentence
from realmodels.model.architectures import ARCHITECTURES

EQUAL = {"tokens": Look("equal steps", BLUE, "o"), "time": Look("equal time", VERMILION, "s")}
KINDS = {"people": Look("people", GREEN, "^"), "cities": Look("cities", ORANGE, "D")}


def caption(results: Results) -> str:
    """What is exchanged, what the panels show, and the verdicts."""
    table = results.table("architectures", "size", "parameters")
    counts, (deviation, freedom) = table["parameters"], noise(results)
    known = f" ({100 * deviation:.2f}%, by the models that have several)" if freedom else ", which is not known here"
    return (
        f"{table['architecture'].nunique()} architectures of size {table['size'].iloc[0]} ({counts.min() / 1e6:.3f}M to "
        f"{counts.max() / 1e6:.3f}M parameters): the dense model, and others with another attention or feed-forward layer, "
        "trained on the same text with facts in it. (a) Held-out bits per byte over the dense model's, after as many steps and "
        f"as much processor time of one CPU thread; grey: the band of {BAND:.0%}; dashed: {BETTER:.0%} below. Simultaneous 95% "
        f"intervals from the noise of one seed{known}. (b) Share of the facts recalled in phrasings never read, after as many "
        f"steps, with intervals for those about people; dashed: {KNOWN:.0%}. "
        "(c) Processor time of a step over the dense model's. " + sentence(results, "A1-tokens", "A1-time", "A1-recall")
    )


def _spread(panel: Axes, at: float, value: Estimate, look: Look) -> None:
    """A mark with its interval, if it has one, at a height."""
    if np.isfinite(value.high):
        panel.plot([100 * value.low, 100 * value.high], [at, at], color=look.color, linewidth=0.6)
    panel.plot(100 * value.mean, at, **look.marks(label=None))


def draw(results: Results) -> Canvas:
    """Three panels with a line an architecture: bits per byte, recall, cost."""
    table = results.table("architectures", "architecture", "equal", "kind", "phrasing", "recall", "cost")
    names = [name for name in ARCHITECTURES if name in set(table["architecture"])]
    height = {name: -index for index, name in enumerate(names)}
    canvas, (left, middle, right) = panels(columns=3, ratio=1.75, sharey=True, width_ratios=(1.7, 1, 0.8))
    left.axvspan(-100 * BAND, 100 * BAND, color=PALE, zorder=0)
    left.axvline(0, color=GREY, linewidth=0.5)
    left.axvline(-100 * BETTER, color=GREY, linewidth=0.5, linestyle="--")
    for (equal, look), shift in zip(EQUAL.items(), (0.18, -0.18), strict=True):
        for name, value in estimates(results, equal).items():
            _spread(left, height[name] + shift, value, look)
        left.plot([], [], **look.marks())
    intervals = recalled(results)
    heldout = table.query("equal == 'tokens' and phrasing == 'heldout'")
    for (kind, look), shift in zip(KINDS.items(), (0.18, -0.18), strict=True):
        own = heldout[heldout["kind"] == kind].set_index("architecture")["recall"]
        for name, value in own.items():
            middle.plot(100 * value, height[str(name)] + shift, **look.marks(label=None))
        middle.plot([], [], **look.marks())
    for name, value in intervals.items():
        middle.plot([100 * value.low, 100 * value.high], [height[name] + 0.18] * 2, color=GREEN, linewidth=0.6)
    middle.axvline(100 * KNOWN, color=GREY, linewidth=0.5, linestyle="--")
    costs = table.groupby("architecture")["cost"].first()
    right.barh([height[name] for name in names], [costs[name] for name in names], height=0.6, color=PALE, edgecolor=GREY)
    right.axvline(1, color=GREY, linewidth=0.5)
    left.set_yticks(list(height.values()), [name.replace("_", " ") for name in height])
    left.set_ylabel("architecture")
    left.set_xlabel("bits per byte over dense (%)")
    middle.set_xlabel("recall (%)")
    right.set_xlabel("time of a step")
    for panel in (left, middle):
        panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=2, columnspacing=0.8, handletextpad=0.2)
    letters([left, middle, right], ["other text", "facts", "cost"])
    return canvas


FIGURE = Figure(
    "architectures",
    "What exchanging one part brings",
    ("A1-tokens", "A1-time", "A1-recall"),
    ("architectures", "pretraining", "knowledge"),
    caption,
    draw,
)
