"""Learners in the compression-writability plane at equal total state, and how long what a fact has of its own is kept."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.table import sentence
from figures.verdicts.two_rates import entries
from theory.ledger import claim

LOOKS = {
    "plain": Look("one rate", BLUE, "o"),
    "annealed": Look("one rate, annealed", SKY, "v", ":"),
    "replay": Look("replay", GREY, "P", (0, (1, 1))),
    "two_regimes": Look("two stores, sparse fast codes", VERMILION, "s", "--"),
    "two_equal": Look("two stores, dense fast codes", ORANGE, "D", "-."),
    "two_rules": Look("two rules, same keys", GREEN, "^"),
    "two_rules_averaged": Look("two rules, slow one averages", PURPLE, "<", ":"),
    "label_buffer": Look("list and slow store", BLACK, "*", (0, (4, 1, 1, 1, 1, 1))),
}
ROWS = ("label_buffer", "two_regimes", "two_equal", "two_rules", "two_rules_averaged")
STEP = 0.055


def _shown(results: Results) -> pd.DataFrame:
    """One teacher, the larger private variance, a sleep after each fact."""
    frame = entries(results)
    frame = frame[(frame["family"] == "teacher") & (frame["hold"] == 1)]
    frame = frame[frame["sigma"] == frame["sigma"].max()]
    return frame.assign(compression=frame["J"] / frame["private"])


def caption(results: Results) -> str:
    """What the panels show, and the verdicts."""
    frame = _shown(results)
    slowest = frame.loc[frame["learner"] == "plain", "dial"].min()
    return (
        "a: error J on what all facts share against the depth of the fact just written, in learners of equal total state "
        f"({int(frame['state'].max())} numbers at most; one store of N = {int(frame['N'].max())}, or two of N = "
        f"{int(frame['N'].min())}); a mark a rate, or a time for the learners that average. Hatched: closed to one rate (C4). "
        "All learners of two stores have depth 1 and are drawn one above the other. "
        f"b: depth against age at the slow rate {slowest:g} (averages: at the last time), lines join the marks. "
        f"Means over {seeds(frame)}, 95% intervals. "
        + sentence(results, "C4-learners", "C4-two-rates", "C4-crosstalk", "C4-sparse", "C4-rules")
    )


def draw(results: Results) -> Canvas:
    """a: the plane, learners of depth 1 in rows; b: depth by age."""
    frame = _shown(results)
    canvas, (plane, ages) = panels(columns=2, ratio=1.0)
    top = 1 + STEP * (len(ROWS) + 1)
    left, right = frame["compression"].min() / 1.5, frame["compression"].max() * 1.3

    j = np.geomspace(left, 1, 400)
    law = claim("C4").eta(J=j, sigma=1.0)
    plane.fill_between(j, law, top, color=PALE, hatch="////", hatchcolor="#D0D0D0", edgecolor="none", zorder=0)
    plane.plot(j, law, color=BLACK, zorder=2)
    for name, look in LOOKS.items():
        part = frame[frame["learner"] == name]
        x, y = (by_group(part, ["dial"], column) for column in ("compression", "depth"))
        up = STEP * (1 + ROWS.index(name)) if name in ROWS else 0.0
        plane.errorbar(x["mean"], y["mean"] + up, xerr=bars(x), yerr=bars(y), elinewidth=0.7, zorder=3, **look.marks())
    plane.annotate("depth 1,\nset apart", (right, 1 + 3 * STEP), ha="right", va="center", fontsize=6.5, color=GREY)
    plane.text(0.05, 0.5, "closed to one rate", transform=plane.transAxes, style="italic", bbox={"color": "white", "pad": 2})
    plane.set(xscale="log", xlim=(left, right), ylim=(0, top))
    ticks(plane.xaxis, (0.03, 0.1, 0.3, 1, 3))
    plane.set_yticks([0, 0.25, 0.5, 0.75, 1])
    plane.set(xlabel=r"error on shared structure, $J/\sigma^2$", ylabel="depth of the fact just written (fraction)")

    for name, look in LOOKS.items():
        part = frame[frame["learner"] == name]
        part = part[part["dial"] == part["dial"].min()].explode(["ages", "depth_by_age"])
        part = part.assign(kept=part["depth_by_age"].astype(float), age=part["ages"].astype(float) + 1)
        kept = by_group(part, ["age"], "kept")
        ages.errorbar(kept["age"], kept["mean"], yerr=bars(kept), elinewidth=0.7, **{**look.marks(), "linestyle": look.line})
    ages.set(xscale="log", ylim=(-0.05, 1.05), xlabel="facts since, 1 = the newest", ylabel="depth (fraction)")
    ticks(ages.xaxis, sorted({age + 1 for age in frame["ages"].iloc[0]}))

    letters((plane, ages), ("who enters", "what is kept"))
    canvas.legend(*ages.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return canvas


FIGURE = Figure(
    "two_rates",
    "Learners of one and of two rates in the compression-writability plane",
    ("C4-learners", "C4-two-rates", "C4-crosstalk", "C4-sparse", "C4-rules"),
    ("two_rates",),
    caption,
    draw,
)
