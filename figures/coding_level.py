"""Trained networks of k winners (I2, H1): overlaps and forgetting against sparsity, centred or not, and against each other."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREY, VERMILION, Look, direct, letters, panels, ticks
from figures.verdicts.coding_level import distinct, trained
from figures.words import means, number, paragraph

LOOKS = {False: Look("plain", BLUE, "o", "-"), True: Look("centred", VERMILION, "s", "--")}
CLAIMS = ("I2-trained", "I2-units", "H1-raw", "H1-centred", "H1-remedy", "H1-forgetting")


def fall(frame: pd.DataFrame) -> tuple[float, float]:
    """What centring does to the densest network: (factor by which overlap of gradients falls, share of forgetting it removes)."""
    densest = frame[frame["a"] == frame["a"].max()].groupby("centred")[["gradient_overlap", "forgetting"]].mean()
    overlap, forgetting = densest["gradient_overlap"], densest["forgetting"]
    return float(overlap[False] / overlap[True]), float(1 - forgetting[True] / forgetting[False])


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = distinct(trained(results))
    setting = results.table("coding_level", "N", "inputs", "D", "T", "seed").iloc[0]
    left = sorted(set(trained(results)["a"]) - set(frame["a"]))
    same = f" ($k\\/m = {left[-1]:g}$ is the same network as {frame['a'].max():g} and left out)" if left else ""
    factor, share = fall(frame)
    sparsest = frame[~frame["centred"]].groupby("a")["forgetting"].mean()
    return paragraph(f"""
        Overlap does not set how much these networks forget: taking the common mode out of the densest divides the overlap of its
        gradients by {number(factor)} and lowers its forgetting by {number(100 * share)}%, while the best sparsity lowers it
        by {number(100 * (1 - sparsest.min() / sparsest.iloc[-1]))}%. (a) Mean squared overlap of the codes that the readout
        reads; lines: the law with a mean for every unit, nothing fitted. (b) Share of the bits of the oldest task that is
        lost after the last. (c) The same against the mean squared normalised overlap of gradients; arrows lead from the plain
        to the centred network of equal $k\\/m$, which is written at the marks. Networks with two hidden layers of
        {setting["N"]:.0f} units, of which $k$ of $m$ win{same}, trained on {setting["T"]:.0f} tasks of {setting["D"]:.0f}
        random facts, every task to the same loss; plain, or with the running mean of the codes taken out of what is written.
        {means(frame)}
        """)


def _against_winners(panel: Axes, frame: pd.DataFrame, column: str) -> None:
    """One series of marks each for plain and centred networks."""
    for centred, look in LOOKS.items():
        found = by_group(frame[frame["centred"] == centred], ["a"], column)
        marks = look.marks(linestyle=look.line if column == "forgetting" else "none", linewidth=0.7)
        panel.errorbar(found["a"], found["mean"], yerr=bars(found), elinewidth=0.6, **marks)
    panel.set(xscale="log", xlabel="share of winners $k/m$")
    ticks(panel.xaxis, sorted(frame["a"].unique()))


def _apart(panel: Axes, frame: pd.DataFrame) -> None:
    """Forgetting against overlap of gradients, with arrows from plain to centred networks."""
    spots = frame.groupby(["centred", "a"])[["gradient_overlap", "forgetting"]].mean()
    for centred, look in LOOKS.items():
        found = by_group(frame[frame["centred"] == centred], ["a"], "forgetting")
        x = spots.loc[centred]["gradient_overlap"]
        panel.errorbar(x, found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks())
    for a, start in spots.loc[False].iterrows():
        end = spots.loc[True].loc[a]
        line = {"arrowstyle": "->", "color": GREY, "linewidth": 0.8, "shrinkA": 3, "shrinkB": 3}
        panel.annotate("", tuple(end), tuple(start), arrowprops=line)
        direct(panel, tuple(start), f"{a:g}", (5, -4))
    factor, share = fall(frame)
    panel.set(xscale="log", xlabel=r"mean of $\kappa^2$, gradients")
    ticks(panel.xaxis, (0.005, 0.02, 0.1))
    panel.set_xlim(None, spots["gradient_overlap"].max() * 1.9)
    words = f"{frame['a'].max():g}: overlap falls {number(factor)}-fold,\nforgetting by {number(100 * share)}%"
    panel.text(0.02, 0.98, words, transform=panel.transAxes, va="top")


def draw(results: Results) -> Canvas:
    """Three panels: overlap of codes, forgetting, and forgetting against overlap."""
    frame = distinct(trained(results))
    canvas, (overlap, lost, order) = panels(columns=3, ratio=1.05, width_ratios=(1, 1, 1.35))
    _against_winners(overlap, frame, "mean_square_overlap")
    for _, part in frame.groupby("centred"):
        law = by_group(part, ["a"], "predicted_units")
        overlap.plot(law["a"], law["mean"], color=BLACK, linewidth=0.8, zorder=0)
    overlap.set(yscale="log", ylabel=r"mean of $\kappa^2$, codes")
    ticks(overlap.yaxis, (0.01, 0.03, 0.1, 0.3))
    _against_winners(lost, frame, "forgetting")
    lost.legend(loc="upper left", handletextpad=0.4)
    least = frame.groupby(["centred", "a"])["forgetting"].mean().min()
    lost.set(ylabel="bits lost, oldest task (share)", ylim=(min(0.0, float(least)), 1))
    _apart(order, frame)
    order.set_ylim(lost.get_ylim())
    letters([overlap, lost, order], ["overlap of codes", "forgetting", "forgetting and overlap"])
    return canvas


FIGURE = Figure(
    "coding_level",
    "Sparsity and centring in networks that learn their codes",
    CLAIMS,
    ("coding_level",),
    caption,
    draw,
)
