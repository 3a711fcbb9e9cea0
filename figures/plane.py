"""The compression-writability plane (C4): how well shared structure is compressed against how deep one write goes."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLUE, PALE, REGIMES, panels, ticks
from figures.verdicts.table import sentence
from theory.ledger import claim


def caption(results: Results) -> str:
    """What the plane shows, and the verdicts on C4."""
    frame = results.table("tradeoff", "sigma", "seed")
    return (
        "Depth of the fact just written against the steady error J on the structure that all facts share, in units of the "
        "private variance. One learning rate sits on the line: depth = 2J/(σ² + J); the hatched region above it is closed "
        "to one regime, and a second, fast and sparse store beside the slow one opens it (as many weights again; the line does "
        f"not depend on their number). No parameter is fitted; marks are means over {frame['seed'].nunique()} seeds with 95% "
        f"intervals, at {frame['sigma'].nunique()} private deviations σ. " + sentence(results, "C4", "C4-dual")
    )


def draw(results: Results) -> Canvas:
    """Depth against J/sigma^2, both measured; the law from theory; the region above the law is hatched."""
    frame = results.table("tradeoff", "regime", "eta", "sigma", "J", "depth")
    frame = frame.assign(compression=frame["J"] / frame["sigma"] ** 2)
    canvas, (panel,) = panels(ratio=0.62, width=0.72)

    left = frame["compression"].min() / 1.5
    j = np.geomspace(left, 1, 400)
    law = claim("C4").eta(J=j, sigma=1.0)
    panel.fill_between(j, law, 1.06, color=PALE, hatch="////", hatchcolor="#D0D0D0", edgecolor="none", zorder=0)
    panel.plot(j, law, color=BLUE, zorder=2)
    for regime, look in REGIMES.items():
        part = frame[frame["regime"] == regime]
        x, y = (by_group(part, ["sigma", "eta"], column) for column in ("compression", "depth"))
        panel.errorbar(x["mean"], y["mean"], xerr=bars(x), yerr=bars(y), elinewidth=0.7, zorder=3, **look.marks())
    panel.text(0.03, 0.55, "closed to one regime", transform=panel.transAxes, style="italic", bbox={"color": "white", "pad": 2})
    middle = len(j) * 2 // 3
    panel.annotate(r"$\eta=2J/(\sigma^2+J)$", (j[middle], law[middle]), (6, -10), textcoords="offset points", color=BLUE)
    panel.legend(loc="lower right")
    panel.set(xscale="log", xlim=(left, 1.04), ylim=(0, 1.06))
    ticks(panel.xaxis, (0.01, 0.03, 0.1, 0.3, 1))
    panel.set(xlabel=r"error on shared structure, $J/\sigma^2$", ylabel="depth of the fact just written (fraction)")
    return canvas


FIGURE = Figure(
    "plane",
    "The compression-writability plane and what one regime cannot reach",
    ("C4", "C4-dual"),
    ("tradeoff",),
    caption,
    draw,
)
