"""Interference against activity, with and without centring (I2, I1): sparsity acts through the common mode."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLUE, GREEN, GREY, PALE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.interference import ACTIVE
from figures.verdicts.table import sentence
from theory.ledger import claim

SERIES = (
    (("nonnegative", 1.0), Look("non-negative, $c=1$", BLUE, "o", "-")),
    (("nonnegative", 0.5), Look("non-negative, $c=1/2$", SKY, "v", "--")),
    (("mean_removed", 0.5), Look("the same, mean removed", VERMILION, "s", "-.")),
    (("signed", 0.5), Look("the same, random signs", GREEN, "^", ":")),
)


def caption(results: Results) -> str:
    """What the panels show, and the verdicts on I1 and I2."""
    frame = results.table("interference", "N", "M", "seed")
    return (
        f"Interference of {frame['M'].max()} random unit codes in N = {frame['N'].max()} dimensions against their activity a. "
        "(a) Mean squared overlap: non-negative codes follow 1/N + (1 − 1/N)(ac)², centred codes of the same supports stay at "
        "1/N at every activity: what sparsity buys is the removal of the common mode, and centring buys the same. (b) The "
        "share of the mean squared overlap that the mean overlap carries. Lines are theory without a fitted parameter, of "
        f"leading order in 1/(aN), and not judged in the shaded range of fewer than {ACTIVE} active units; marks are means "
        f"over {frame['seed'].nunique()} seeds with 95% intervals. " + sentence(results, "I1", "I2")
    )


def draw(results: Results) -> Canvas:
    """Two panels: mean squared overlap times N, and the mean overlap's share of it, against a, one series per code family."""
    frame = results.table("interference", "active", "N", "c", "family", "mean_square_overlap", "common_mode_share")
    N = frame["N"].max()
    frame = frame[frame["N"] == N].assign(level=frame["active"] / frame["N"])
    canvas, (left, right) = panels(columns=2, ratio=0.85)
    a = np.geomspace(frame["level"].min(), frame["level"].max(), 200)
    for (family, c), look in SERIES:
        part = frame[(frame["family"] == family) & (frame["c"] == c)]
        common = c if family == "nonnegative" else 0.0
        law = claim("I2").mean_square_overlap(N=N, a=a, c=common) * np.ones_like(a)
        share = claim("I2").mean_overlap(a=a, c=common) ** 2 / law
        for panel, curve, column in ((left, law, "mean_square_overlap"), (right, share, "common_mode_share")):
            found = by_group(part, ["level"], column)
            panel.plot(a, curve, color=look.color, linestyle=look.line, linewidth=0.8)
            panel.errorbar(found["level"], found["mean"], yerr=bars(found), elinewidth=0.7, **look.marks(markerfacecolor="white"))
    left.axhline(1 / N, color=GREY, linewidth=0.6, zorder=0)
    left.text(a[-1], 1 / N * 0.9, f"$1/N$, $N={N}$", color=GREY, va="top", ha="right")
    for panel in (left, right):
        panel.set_xscale("log")
        panel.axvspan(panel.get_xlim()[0], ACTIVE / N, color=PALE, zorder=0, linewidth=0)
        panel.set(xlim=panel.get_xlim(), xlabel="activity $a$")
        ticks(panel.xaxis, (0.01, 0.03, 0.1, 0.3, 1))
    left.set(yscale="log", ylabel=r"mean of $\kappa^2$", ylim=(0.6 / N, None))
    right.set(ylabel=r"(mean of $\kappa)^2$ / mean of $\kappa^2$", ylim=(-0.05, 1.05))
    left.legend(loc="upper left")
    letters([left, right], ["interference", "share of the common mode"])
    return canvas


FIGURE = Figure(
    "interference", "Sparsity lowers interference through the common mode only", ("I1", "I2"), ("interference",), caption, draw
)
