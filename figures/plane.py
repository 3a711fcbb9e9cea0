"""The compression-writability plane (C4): how well shared structure is compressed against how deep one write goes."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLUE, PALE, REGIMES, direct, italic, panels, ticks
from figures.words import means, number, paragraph
from theory.ledger import claim

FACES = ("white", None)  # of the smaller and the larger private deviation


def caption(results: Results) -> str:
    """The finding, what the plane shows, and how."""
    frame = results.table("tradeoff", "regime", "eta", "sigma", "J", "depth", "seed")
    one = frame[frame["regime"] == "single"].groupby(["sigma", "eta"])[["J", "depth"]].mean().reset_index()
    law = claim("C4").eta(J=np.minimum(one["J"], one["sigma"] ** 2), sigma=one["sigma"])
    apart = (one["depth"] / law - 1).abs().max()
    two = frame[frame["regime"] == "dual"]["depth"].mean()
    sigmas = sorted(frame["sigma"].unique())
    return paragraph(f"""
        One learning rate buys depth with accuracy, along the curve $eta = 2 J \\/ (sigma^2 + J)$, to within
        {number(100 * apart, 1)}%; two stores leave it, with depth {number(two)} at every accuracy of the slow one. Depth to
        which a write stores what the fact has of its own, at age 0 only, against the steady error $J$ on the structure that
        all facts share, over the private variance $sigma^2$. Hatched: closed to one learning rate. Two stores are a slow one
        beside a fast sparse one that takes the whole residual, so their depth is 1 by construction and lasts until the next
        facts overwrite it. Open and filled marks: $sigma = {sigmas[0]:g}$ and {sigmas[-1]:g}. Nothing is fitted.
        {means(frame)}
        """)


def draw(results: Results) -> Canvas:
    """Depth against J/sigma^2, both measured; the law from theory; the region above the law is hatched."""
    frame = results.table("tradeoff", "regime", "eta", "sigma", "J", "depth")
    frame = frame.assign(compression=frame["J"] / frame["sigma"] ** 2)
    canvas, (panel,) = panels(ratio=0.58, width=0.72)
    left = frame["compression"].min() / 1.5
    j = np.geomspace(left, 1, 400)
    law = claim("C4").eta(J=j, sigma=1.0)
    panel.fill_between(j, law, 1.1, color=PALE, hatch="////", hatchcolor="#D0D0D0", edgecolor="none", zorder=0)
    panel.plot(j, law, color=BLUE, zorder=2)
    for regime, look in REGIMES.items():
        for (_, part), face in zip(frame[frame["regime"] == regime].groupby("sigma"), FACES, strict=False):
            x, y = (by_group(part, ["eta"], column) for column in ("compression", "depth"))
            style = look.marks(markerfacecolor=face or look.color, label=None)
            panel.errorbar(x["mean"], y["mean"], xerr=bars(x), yerr=bars(y), elinewidth=0.7, zorder=3, **style)
    box = {"color": "white", "pad": 1.5}
    panel.text(0.03, 0.56, italic("closed to one learning rate"), transform=panel.transAxes, bbox=box)
    curve = r"one learning rate, $\eta=2J/(\sigma^2+J)$"
    panel.text(0.98, 0.05, curve, transform=panel.transAxes, color=BLUE, ha="right")
    direct(panel, (j[0], 1.0), "two stores: a slow one, and a fast one for the newest fact", (8, -11), bbox=box)
    panel.set(xscale="log", xlim=(left, 1.04), ylim=(0, 1.1))
    ticks(panel.xaxis, (0.01, 0.03, 0.1, 0.3, 1))
    panel.set_yticks((0, 0.25, 0.5, 0.75, 1))
    panel.set(xlabel=r"error on shared structure, $J/\sigma^2$", ylabel="private depth of the\nfact just written (age 0)")
    return canvas


FIGURE = Figure(
    "plane",
    "The compression-writability plane and what one regime cannot reach",
    ("C4", "C4-dual"),
    ("tradeoff",),
    caption,
    draw,
)
