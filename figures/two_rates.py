"""Learners in the compression-writability plane at equal total state, and how long what a fact has of its own is kept."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILION, WIDTH, Look, italic, letters, ticks
from figures.verdicts.two_rates import entries
from figures.words import means, number, paragraph
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


def _shown(results: Results) -> pd.DataFrame:
    """One teacher, the larger private variance, a sleep after each fact."""
    frame = entries(results)
    frame = frame[(frame["family"] == "teacher") & (frame["hold"] == 1)]
    frame = frame[frame["sigma"] == frame["sigma"].max()]
    return frame.assign(compression=frame["J"] / frame["private"])


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = _shown(results)
    slowest = frame.loc[frame["learner"] == "plain", "dial"].min()
    one = frame[frame["learner"] == "plain"]
    law = claim("C4").eta(J=np.minimum(one["compression"], 1.0), sigma=1.0)
    excess = float(np.max((one["depth"] - law).groupby(one["dial"]).mean()))
    late = frame[frame["dial"] == slowest].explode(["ages", "depth_by_age"])
    late = late[late["ages"] == late["ages"].max()].groupby("learner")["depth_by_age"].apply(lambda d: float(np.mean(list(d))))
    fast = late.reindex([name for name in ("two_regimes", "two_equal") if name in late])
    return paragraph(f"""
        One learning rate stays within {number(max(excess, 0.0), 1)} of its curve and every learner of two stores leaves it,
        but only for the newest facts: at the slow rate {slowest:g} two stores keep {number(fast.max())} of a fact at the
        highest age measured. (a) Error $J$ on what all facts share, over the private variance, against the depth of the fact
        just written, in learners of equal total state ({int(frame["state"].max())} numbers at most; one store of $N =
        {int(frame["N"].max())}$, or two of $N = {int(frame["N"].min())}$); a mark a rate, or a time for the learners that
        average. Hatched: closed to one rate. Learners of depth 1 stand above the plane, a row each. (b) Depth against age at
        the slow rate (averages: at the last time); lines join the marks. {means(frame)}
        """)


def draw(results: Results) -> Canvas:
    """a: the plane, and above it a row for each learner of depth 1; b: depth by age."""
    frame = _shown(results)
    canvas = plt.figure(figsize=(WIDTH, 0.58 * WIDTH))
    grid = canvas.add_gridspec(2, 2, height_ratios=(0.3, 1))
    plane, ages = canvas.add_subplot(grid[1, 0]), canvas.add_subplot(grid[:, 1])
    whole = canvas.add_subplot(grid[0, 0], sharex=plane)
    left, right = frame["compression"].min() / 1.5, frame["compression"].max() * 1.3

    j = np.geomspace(left, 1, 400)
    law = claim("C4").eta(J=j, sigma=1.0)
    plane.fill_between(j, law, 1, color=PALE, hatch="////", hatchcolor="#D0D0D0", edgecolor="none", zorder=0)
    plane.plot(j, law, color=BLACK, zorder=2)
    for name, look in LOOKS.items():
        part = frame[frame["learner"] == name]
        x, y = (by_group(part, ["dial"], column) for column in ("compression", "depth"))
        if name in ROWS:
            height = np.full(len(x), float(ROWS.index(name)))
            whole.errorbar(x["mean"], height, xerr=bars(x), elinewidth=0.7, **look.marks())
        else:
            plane.errorbar(x["mean"], y["mean"], xerr=bars(x), yerr=bars(y), elinewidth=0.7, zorder=3, **look.marks())
    words = italic("closed to one rate")
    plane.text(0.05, 0.5, words, transform=plane.transAxes, bbox={"color": "white", "pad": 2})
    whole.set(xscale="log", xlim=(left, right), ylim=(-0.7, len(ROWS) - 0.3), yticks=[], ylabel="depth 1")
    whole.tick_params(labelbottom=False)
    plane.set(xscale="log", xlim=(left, right), ylim=(0, 1.03), yticks=[0, 0.25, 0.5, 0.75, 1])
    for panel in (whole, plane):
        ticks(panel.xaxis, [v for v in (0.03, 0.1, 0.3, 1, 3) if left <= v <= right])
    plane.set(xlabel=r"error on shared structure, $J/\sigma^2$", ylabel="depth of the fact just written")

    for name, look in LOOKS.items():
        part = frame[frame["learner"] == name]
        part = part[part["dial"] == part["dial"].min()].explode(["ages", "depth_by_age"])
        part = part.assign(kept=part["depth_by_age"].astype(float), age=part["ages"].astype(float) + 1)
        kept = by_group(part, ["age"], "kept")
        ages.errorbar(kept["age"], kept["mean"], yerr=bars(kept), elinewidth=0.7, **{**look.marks(), "linestyle": look.line})
    ages.set(xscale="log", ylim=(-0.05, 1.05), xlabel="facts since, 1 = the newest", ylabel="depth")
    ticks(ages.xaxis, sorted({age + 1 for age in frame["ages"].iloc[0]}))

    letters((whole, ages), ("who enters", "what is kept"))
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
