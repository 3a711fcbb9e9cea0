"""The one-shot Hebbian ceiling (C3): signal to noise and bits per synapse against load, at several coding levels."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, GREY, letters, panels, shades, ticks
from figures.verdicts.table import sentence
from theory.ledger import claim

MARKS = "osD^vP*X"


def caption(results: Results) -> str:
    """What the panels show, and the verdict on C3."""
    frame = results.table("hebbian", "N", "a", "seed")
    return (
        f"One-shot covariance storage in N = {frame['N'].iloc[0]} synapses per output, at {frame['a'].nunique()} coding "
        "levels. (a) Power signal-to-noise ratio times (P − 1)/N, which theory puts at 1 at every load and coding level. (b) "
        f"Gaussian information per synapse, against the law and its ceiling 1/(2 ln 2) = {claim('C3').bits(d=1):.4f} "
        f"bits. No fitted parameter; means over {frame['seed'].nunique()} seeds with 95% intervals. " + sentence(results, "C3")
    )


def draw(results: Results) -> Canvas:
    """Two panels: SNR (P - 1)/N, and bits per synapse, against P/N, one mark per coding level."""
    frame = results.table("hebbian", "N", "P", "a", "snr", "bits_per_synapse")
    frame = frame.assign(load=frame["P"] / frame["N"], ratio=frame["snr"] / claim("C3").snr(N=frame["N"], P=frame["P"]))
    canvas, (left, right) = panels(columns=2, ratio=0.85)
    levels = sorted(frame["a"].unique())
    for place, (a, color) in enumerate(zip(levels, shades(len(levels)), strict=True)):
        spread = 1 + 0.05 * (place - (len(levels) - 1) / 2)  # marks side by side, not on top of each other
        for panel, column in ((left, "ratio"), (right, "bits_per_synapse")):
            found = by_group(frame[frame["a"] == a], ["load"], column)
            panel.errorbar(
                found["load"] * spread, found["mean"], yerr=bars(found), elinewidth=0.6, color=color,
                marker=MARKS[place % len(MARKS)], linestyle="none", label=f"{a:g}",
            )  # fmt: skip
    N = float(frame["N"].iloc[0])
    load = np.geomspace(frame["load"].min() / 1.15, frame["load"].max() * 1.15, 200)
    left.axhline(1, color=BLACK, linewidth=0.8, zorder=0)
    right.plot(load, claim("C3").bits_per_synapse(N=N, P=load * N), color=BLACK, linewidth=0.8, zorder=0)
    ceiling = claim("C3").bits(d=1)
    right.axhline(ceiling, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    right.text(load[0], ceiling, "ceiling $1/(2\\ln 2)$", color=GREY, va="bottom")
    left.set(xscale="log", xlabel="load $P/N$", ylabel="SNR $\\times\\,(P-1)/N$", ylim=(0.75, 1.3))
    right.set(xscale="log", xlabel="load $P/N$", ylabel="bits per synapse", ylim=(0, 0.8))
    for panel in (left, right):
        ticks(panel.xaxis, sorted(frame["load"].unique()))
    right.legend(title="coding level $a$", loc="lower right", ncols=2, title_fontsize=7)
    letters([left, right], ["signal to noise over theory", "information"])
    return canvas


FIGURE = Figure("capacity", "One-shot storage holds the same at every coding level", ("C3",), ("hebbian",), caption, draw)
