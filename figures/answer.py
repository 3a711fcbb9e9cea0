"""The first picture of the paper: one panel a hypothesis, measurement against law (H1, H2, H3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import Estimate, jackknife
from figures.figure import Figure
from figures.gain import settings
from figures.results import Results
from figures.style import BLACK, BLUE, GREY, ORANGE, VERMILION, direct, letters, panels, ticks
from figures.verdicts.dissociation import networks
from figures.verdicts.regimes import CONTROLS, Comparison, comparisons
from figures.words import number, paragraph
from simulate.tables import cell_means

REMEDIES = {True: ("mean\ntaken out", ORANGE, "s", "--"), False: ("best\nsparsity", BLUE, "o", "-")}
BINS = 16  # of the logarithm of T, in which settings are drawn together


def left(results: Results) -> dict[bool, tuple[Estimate, Estimate]]:
    """Shares left of a dense network's overlap and forgetting: the mean taken out (True), or at the best sparsity (False)."""
    frame = networks(results)

    def ratio(part: pd.DataFrame, column: str, centred: bool) -> float:
        means = part.groupby(["centred", "a"])[column].mean()
        return float((means[True].iloc[-1] if centred else means[False].min()) / means[False].iloc[-1])

    def rest(column: str, centred: bool) -> Estimate:
        return jackknife(lambda part: ratio(part, column, centred), frame, scale="log")

    return {centred: (rest("gradient_overlap", centred), rest("forgetting", centred)) for centred in REMEDIES}


def products(results: Results) -> pd.DataFrame:
    """T, and tasks x facts x depth of the oldest task over the size of the store, in every setting of the delta-rule sweep.

    Only streams of two tasks and more and of at least as many facts as numbers, which alone can meet the ceiling on tasks.
    """
    cells = cell_means(results.table("sweep_delta"))
    cells = cells[(cells["T"] * cells["D"] >= cells["N"]) & (cells["T"] >= 2)]
    return cells[["T"]].assign(product=cells["T"] * cells["D"] * cells["depth"] / cells["N"])


def two_wins(results: Results) -> list[Comparison]:
    """The comparisons with rehearsal in which the law lets two stores win."""
    return [each for control in CONTROLS.values() for each in comparisons(results, control) if each.winner == "two stores"]


def caption(results: Results) -> str:
    """The findings, one a panel, and what is drawn."""
    remaining = left(results)
    overlap, forgetting = remaining[True]
    wins = two_wins(results)
    below = sum(each.measured.mean < each.predicted for each in wins)
    return paragraph(f"""
        Law and measurement, one panel for each hypothesis. (a) Taking the common mode out of a trained dense network leaves
        {number(100 * overlap.mean, 1)}% of its overlap and {number(100 * forgetting.mean)}% of its forgetting. (b) Delta-rule
        stores follow $N(1 - 1\\/T)^(T-1)$; marks are medians over activities, codes and facts a task, bars hold nine tenths.
        (c) Two regimes over one. Without rehearsal the ratio follows the law (S1). With rehearsal it falls short of the predicted
        ratio in {below} of the {len(wins)} comparisons that two stores were to win (S3).
        """)


def _dissociation(panel: Axes, results: Results) -> None:
    """Overlap and forgetting that are left, side by side, one line a remedy."""
    for centred, estimates in left(results).items():
        name, color, marker, line = REMEDIES[centred]
        means = [each.mean for each in estimates]
        low, high = ([np.nan_to_num(end) for end in ends] for ends in zip(*((e.low, e.high) for e in estimates), strict=True))
        bars = np.abs(np.array([np.subtract(means, low), np.subtract(high, means)]))
        bars = np.where(np.isfinite(bars) & (np.array([e.count for e in estimates]) > 1), bars, 0.0)
        panel.errorbar([0, 1], means, yerr=bars, color=color, marker=marker, linestyle=line, elinewidth=0.7)
        direct(panel, (1, means[1]), name, by=(5, 0), color=color)
    panel.axhline(1, color=GREY, linewidth=0.5)
    panel.set(xlim=(-0.25, 1.9), ylim=(0, 1.2), xlabel="of the dense network", ylabel="share left")
    panel.set_xticks([0, 1], ["overlap", "forgetting"])


def _ceiling(panel: Axes, results: Results) -> None:
    """Product over the size against T, and the law."""
    found = products(results)
    edges = np.geomspace(found["T"].min(), found["T"].max() + 1, BINS + 1)
    groups = found.groupby(np.clip(np.searchsorted(edges, found["T"], side="right"), 1, BINS))
    at, middle = groups["T"].median(), groups["product"].median()
    bars = np.abs([middle - groups["product"].quantile(0.05), groups["product"].quantile(0.95) - middle])
    panel.errorbar(at, middle, yerr=bars, color=BLUE, marker="o", linestyle="none", elinewidth=0.7)
    T = np.geomspace(2, at.max() * 1.2, 200)
    panel.plot(T, (1 - 1 / T) ** (T - 1), color=BLACK, linewidth=0.9)
    panel.axhline(1 / np.e, color=GREY, linewidth=0.7, linestyle="--")
    direct(panel, (3, (1 - 1 / 3) ** 2), r"$(1-1/T)^{T-1}$", by=(6, 6))
    direct(panel, (2, 1 / np.e), r"$1/e$", by=(0, -7), ha="left", color=GREY)
    panel.set(xscale="log", ylim=(0.25, 0.55), xlabel="tasks $T$", ylabel="$TDd/N$")
    ticks(panel.xaxis, [T for T in (2, 10, 100, 1000) if at.max() * 1.2 >= T])


def _gain(panel: Axes, results: Results) -> None:
    """Measured against predicted ratio of two regimes to one: without rehearsal (S1), and with it (S3)."""
    found = settings(results)
    law = found["law"]
    panel.plot(law, found["mean"], color=BLUE, marker="o", linestyle="none", markerfacecolor="none")
    wins = two_wins(results)
    panel.plot([e.predicted for e in wins], [e.measured.mean for e in wins], color=VERMILION, marker="X", linestyle="none")
    ends = np.array([0.4, max(6.0, 1.2 * float(law.max()))])
    panel.plot(ends, ends, color=BLACK, linewidth=0.9)
    panel.axhline(1, color=GREY, linewidth=0.5)
    panel.set(xscale="log", yscale="log", xlim=(0.9, ends[1]), ylim=ends, xlabel="predicted ratio", ylabel="measured ratio")
    direct(panel, (2.2, 3.6), "no rehearsal", by=(-4, 4), ha="right", color=BLUE)
    direct(panel, (1.7, 0.62), "rehearsal", by=(4, 0), color=VERMILION)
    for axis in (panel.xaxis, panel.yaxis):
        ticks(axis, [v for v in (0.5, 1, 2, 5, 10) if v <= ends[1]])


def draw(results: Results) -> Canvas:
    """Three panels in a row: what is left of overlap and forgetting, the ceiling over T, measured against predicted ratios."""
    canvas, (first, second, third) = panels(columns=3, ratio=0.78)
    _dissociation(first, results)
    _ceiling(second, results)
    _gain(third, results)
    letters((first, second, third), ("H1: networks", "H2: stores", "H3: two over one"))
    return canvas


FIGURE = Figure(
    "answer",
    "The three hypotheses, law against measurement",
    ("H1-dissociation", "C2", "S1", *CONTROLS),
    ("dissociation", "sweep_delta", "sweep_shared", "regimes"),
    caption,
    draw,
)
