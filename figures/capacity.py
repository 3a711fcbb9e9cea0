"""The one-shot Hebbian ceiling (C3): bits per synapse against load, at several coding levels."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, GREY, direct, panels, shades, ticks
from figures.words import counted, means, number, opening, paragraph
from theory.ledger import claim

MARKS = "osD^vP*X"


def loads(results: Results) -> pd.DataFrame:
    """The table with the load P/N and bits per synapse over the law."""
    frame = results.table("hebbian", "N", "P", "a", "seed", "snr", "bits_per_synapse")
    law = claim("C3").bits_per_synapse(N=frame["N"].astype(float), P=frame["P"].astype(float))
    return frame.assign(load=frame["P"] / frame["N"], ratio=frame["bits_per_synapse"] / law)


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    frame = loads(results)
    found = frame.groupby(["a", "load"])["ratio"].mean()
    levels = frame["a"].nunique()
    return paragraph(f"""
        One-shot storage holds the same at every coding level: {counted(levels, "level")} from {frame["a"].min():g} to
        {frame["a"].max():g} lie within {number(100 * (found - 1).abs().max())}% of one law at every load. Information per
        synapse that matched filters read one by one, against the load $P\\/N$, in covariance storage of $P$ facts in $N =
        {frame["N"].iloc[0]}$ synapses per output. Line: the law, nothing fitted; dashed: its ceiling $1\\/(2 ln 2) =
        {claim("C3").bits(d=1):.4f}$ bits. Marks of different levels are set side by side. {means(frame)}
        """)


def draw(results: Results) -> Canvas:
    """Bits per synapse against P/N, one mark per coding level."""
    frame = loads(results)
    canvas, (panel,) = panels(ratio=0.56, width=0.72)
    levels = sorted(frame["a"].unique())
    for place, (a, color) in enumerate(zip(levels, shades(len(levels)), strict=True)):
        aside = 1 + 0.045 * (place - (len(levels) - 1) / 2)
        found = by_group(frame[frame["a"] == a], ["load"], "bits_per_synapse")
        panel.errorbar(
            found["load"] * aside, found["mean"], yerr=bars(found), elinewidth=0.6, color=color,
            marker=MARKS[place % len(MARKS)], markersize=3, linestyle="none", label=f"{a:g}",
        )  # fmt: skip
    load = np.geomspace(frame["load"].min() / 1.15, frame["load"].max() * 1.15, 200)
    N = float(frame["N"].iloc[0])
    panel.plot(load, claim("C3").bits_per_synapse(N=N, P=load * N), color=BLACK, linewidth=0.8, zorder=0)
    ceiling = claim("C3").bits(d=1)
    panel.axhline(ceiling, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    direct(panel, (load[0], ceiling), "ceiling $1/(2\\ln 2)$", (0, 6), color=GREY)
    panel.set(xscale="log", xlabel="load $P/N$", ylabel="bits per synapse", ylim=(0, 0.82))
    ticks(panel.xaxis, sorted(frame["load"].unique()))
    title = f"{opening(counted(len(levels), 'coding level'))}, which coincide"
    panel.legend(title=title, loc="lower right", ncols=3)
    return canvas


FIGURE = Figure("capacity", "One-shot storage holds the same at every coding level", ("C3",), ("hebbian",), caption, draw)
