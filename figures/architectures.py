"""Exchanging one part: bits per byte after as many tokens and as much time, recall, and cost (A1)."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, VERMILION, Look, direct, letters, panels
from figures.verdicts.architectures import BAND, BETTER, estimates, excess, noise
from figures.verdicts.knowledge import KNOWN
from figures.words import counted, opening, paragraph, signed
from realmodels.model.architectures import ARCHITECTURES

EQUAL = {"tokens": Look("equal steps", BLUE, "o"), "time": Look("equal time", VERMILION, "s")}
WORDS = {
    "mla": "MLA",
    "dsa": "DSA",
    "mla_dsa": "MLA with DSA",
    "nsa": "NSA",
    "gated_deltanet": "Gated DeltaNet",
    "gated_deltanet_dense": "Gated DeltaNet, dense 3:1",
    "kda": "KDA",
    "kda_mla": "KDA, MLA 3:1",
    "lightning": "lightning attention",
    "kwta": "$k$ winners",
    "l1": "penalty on activity",
    "moe": "mixture of experts",
    "memory": "memory layer",
    "peer": "PEER",
}
"""Names of the architectures as in print; "dense" is its own."""
KINDS = {"people": Look("people", GREEN, "^"), "cities": Look("cities", ORANGE, "D")}


def caption(results: Results) -> str:
    """The finding, what is exchanged, what the panels show."""
    table = results.table("architectures", "size", "parameters")
    counts, (deviation, freedom) = table["parameters"], noise(results)
    known = f"{100 * deviation:.2f}%, by the models that have several" if freedom else "not known here"
    both = {equal: excess(results, equal) for equal in EQUAL}
    better = {equal: sum(value.high < -BETTER for value in estimates(results, equal).values()) for equal in EQUAL}
    best = both["tokens"].idxmin()
    return paragraph(f"""
        {_finding(better, len(both["tokens"]))}; the lowest loss for equal steps is that of {WORDS.get(best, best)}
        ({signed(100 * both["tokens"][best], 1)}%). {opening(counted(table["architecture"].nunique(), "architecture"))} of
        size {table["size"].iloc[0]} ({counts.min() / 1e6:.3f} to {counts.max() / 1e6:.3f} million parameters), one seed each:
        the dense model, and others with another attention or feed-forward layer, trained on the same text with facts in it.
        (a) Held-out bits per byte over the dense model's, after as many steps and as much processor time of one CPU thread;
        grey: within {BAND:.0%}; dashed: {BETTER:.0%} below. The bar at the foot is no datum but the simultaneous 95% interval
        that the noise of one seed ({known}) puts around every mark. (b) Share of the facts recalled in phrasings never read,
        after as many steps; dashed: {KNOWN:.0%}. (c) Processor time of a step over the dense model's.
        """)


def _finding(better: dict[str, int], others: int) -> str:
    """How many architectures surely beat the dense one, after as many steps and as much time."""
    steps, time = (counted(better[equal], "architecture") for equal in EQUAL)
    verb = "beats" if better["tokens"] == 1 else "beat"
    return (
        f"Beyond the noise of one seed {steps} of {others} {verb} the dense model by more than {BETTER:.0%} after as many steps, "
        f"and {time} after as much time"
    )


def draw(results: Results) -> Canvas:
    """Three panels with a line an architecture: bits per byte, recall, cost."""
    table = results.table("architectures", "architecture", "equal", "kind", "phrasing", "recall", "cost")
    names = [name for name in ARCHITECTURES if name in set(table["architecture"])]
    height = {name: -index for index, name in enumerate(names)}
    canvas, (left, middle, right) = panels(columns=3, ratio=0.5 + 0.062 * len(names), sharey=True, width_ratios=(1.5, 1, 0.7))
    left.axvspan(-100 * BAND, 100 * BAND, color=PALE, zorder=0)
    left.axvline(0, color=GREY, linewidth=0.5)
    left.axvline(-100 * BETTER, color=GREY, linewidth=0.5, linestyle="--")
    found = {equal: estimates(results, equal) for equal in EQUAL}
    for (equal, look), shift in zip(EQUAL.items(), (0.15, -0.15), strict=True):
        for name, value in found[equal].items():
            left.plot(100 * value.mean, height[name] + shift, **look.marks(label=None))
        left.plot([], [], **look.marks())
    reach = max(value.high - value.mean for value in found["tokens"].values())
    foot = -len(names) - 0.4
    if np.isfinite(reach):
        left.plot([-100 * reach, 100 * reach], [foot, foot], color=BLACK, linewidth=1, marker="|", markersize=4)
        direct(left, (100 * reach, foot), "noise of one seed")
    heldout = table.query("equal == 'tokens' and phrasing == 'heldout'")
    for (kind, look), shift in zip(KINDS.items(), (0.15, -0.15), strict=True):
        for name, value in heldout[heldout["kind"] == kind].set_index("architecture")["recall"].items():
            middle.plot(100 * value, height[str(name)] + shift, **look.marks(label=None))
        middle.plot([], [], **look.marks())
    middle.axvline(100 * KNOWN, color=GREY, linewidth=0.5, linestyle="--")
    costs = table.groupby("architecture")["cost"].first()
    right.barh([height[name] for name in names], [costs[name] for name in names], height=0.6, color=PALE, edgecolor=GREY)
    right.axvline(1, color=GREY, linewidth=0.5)
    left.set_yticks(list(height.values()), [WORDS.get(name, name) for name in height])
    left.set_ylabel("architecture")
    left.set_ylim(foot - 0.7, 0.7)
    left.set_xlabel("bits per byte over dense (%)")
    middle.set_xlabel("recall (%)")
    right.set_xlabel("time of a step")
    handles, labels = left.get_legend_handles_labels()
    more, words = middle.get_legend_handles_labels()
    canvas.legend([*handles, *more], [*labels, *words], loc="outside lower center", ncols=4)
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
