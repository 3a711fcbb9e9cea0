"""Interference against activity, with and without centring (I2, I1): sparsity acts through the common mode."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLUE, GREEN, GREY, SKY, VERMILION, Look, direct, panels, ticks
from figures.words import means, number, paragraph
from theory.ledger import claim

SERIES = (
    (("nonnegative", 1.0), Look("non-negative, equal magnitudes ($c=1$)", BLUE, "o", "-")),
    (("nonnegative", 0.5), Look("non-negative, spread magnitudes ($c=1/2$)", SKY, "v", "--")),
    (("mean_removed", 0.5), Look("the same, mean removed", VERMILION, "s", "-.")),
    (("signed", 0.5), Look("the same, random signs", GREEN, "^", ":")),
)


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    frame = results.table("interference", "N", "M", "seed", "family", "c", "active", "mean_square_overlap")
    N = frame["N"].max()
    frame = frame[frame["N"] == N]
    square = frame.groupby(["family", "c", "active"])["mean_square_overlap"].mean() * N
    falls = square["nonnegative"][1.0]
    floor = max(abs(square[family][0.5] - 1).max() for family in ("mean_removed", "signed"))
    return paragraph(f"""
        Sparsity lowers mean square interference through the common mode only: from the densest to the sparsest codes
        it falls {number(falls.iloc[-1] / falls.iloc[0], 2)}-fold for non-negative codes, and without their mean it stays
        within {number(100 * floor, 1)}% of $1\\/N$ at every activity. Mean squared overlap $kappa^2$ of {frame["M"].max()}
        random unit codes in $N = {N}$ dimensions against their activity $a$, the share of active units. Lines: $1\\/N + (1 -
        1\\/N)(a c)^2$, nothing fitted, of leading order in $1\\/(a N)$.
        {means(frame)}
        """)


def draw(results: Results) -> Canvas:
    """Mean squared overlap against activity, one series per code family."""
    frame = results.table("interference", "active", "N", "c", "family", "mean_square_overlap")
    N = frame["N"].max()
    frame = frame[frame["N"] == N].assign(level=frame["active"] / frame["N"])
    canvas, (panel,) = panels(ratio=0.6, width=0.72)
    a = np.geomspace(frame["level"].min(), frame["level"].max(), 200)
    for place, ((family, c), look) in enumerate(SERIES):
        part = frame[(frame["family"] == family) & (frame["c"] == c)]
        common = c if family == "nonnegative" else 0.0
        if common:
            law = claim("I2").mean_square_overlap(N=N, a=a, c=common)
            panel.plot(a, law, color=look.color, linestyle=look.line, linewidth=0.8)
        found = by_group(part, ["level"], "mean_square_overlap")
        aside = 1.0 if common else 1.04 ** (place * 2 - 5)  # two families lie on the floor: marks side by side
        panel.errorbar(
            found["level"] * aside, found["mean"], yerr=bars(found), elinewidth=0.7, **look.marks(markerfacecolor="white")
        )
    panel.axhline(1 / N, color=GREY, linewidth=0.8, zorder=0)
    direct(panel, (a[-1], 1 / N), f"floor $1/N$, $N={N}$", (0, -9), color=GREY, ha="right")
    panel.set(xscale="log", yscale="log", ylim=(0.5 / N, None), xlabel="activity $a$", ylabel=r"mean of $\kappa^2$")
    ticks(panel.xaxis, (0.01, 0.03, 0.1, 0.3, 1))
    panel.legend(loc="upper left", handletextpad=0.2)
    return canvas


FIGURE = Figure(
    "interference", "Sparsity lowers interference through the common mode only", ("I1", "I2"), ("interference",), caption, draw
)
