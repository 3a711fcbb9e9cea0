"""The gain of two regimes over one against the shared structure r = R/D_s (S1)."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, GREY, panels, shades, ticks
from figures.verdicts import sentence
from simulate.frontier import gains
from theory.claim import claim

MARKS = "osD^vP"


def caption(results: Results) -> str:
    """What is shown, and the verdicts on the gain."""
    found = gains(results.table("sweep_shared"))
    return (
        "How many times more tasks two activity regimes hold than the best single one, against the ratio of shared to private bits. Marks: simulated, "
        f"by the share of the store that the common structure takes, R/(bN). Lines: ratio of the two ceilings at this size (N = {found['N'].iloc[0]}, "
        f"b = {found['b'].iloc[0]}), and, dashed, the law exp(W(r/e)) of large stores and long streams. No fitted parameter. " + sentence(results, "S1", "S1-null")
    )


def draw(results: Results) -> Canvas:
    """Gain against r, logarithmic; r = 0 at the left edge behind a break."""
    found = gains(results.table("sweep_shared")).dropna(subset=["gain"])
    N, b = float(found["N"].iloc[0]), float(found["b"].iloc[0])
    canvas, (panel,) = panels(ratio=0.62, width=0.72)
    shares = sorted(found["R"].unique())
    smallest = found["r"][found["r"] > 0].min()
    nothing = smallest / 3
    for place, (R, color) in enumerate(zip(shares, shades(len(shares)), strict=True)):
        part = found[found["R"] == R].sort_values("r")
        x = part["r"].where(part["r"] > 0, nothing * np.geomspace(0.85, 1.18, len(part)))
        style = {"color": color, "marker": MARKS[place % len(MARKS)], "markerfacecolor": "white"}
        panel.plot(x, part["gain"], linestyle="none", label=f"{R / (b * N):.2g}", **style)
        if R:
            panel.plot(x, part["predicted_gain"], color=color, linewidth=0.8)
    r = np.geomspace(smallest, found["r"].max() * 1.3, 200)
    law = claim("S1").value("gain", N=1e9, b=1.0, R=r, D_s=1.0).value
    panel.plot(r, law, color=BLACK, linewidth=0.8, linestyle="--", zorder=1)
    panel.annotate("$e^{W(r/e)}$", (r[-60], law[-60]), (-4, 6), textcoords="offset points", ha="right")
    panel.axhline(1, color=GREY, linewidth=0.5, zorder=0)
    panel.set(xscale="log", yscale="log", xlabel="shared over private bits, $r=R/D_s$", ylabel="tasks of two regimes over one")
    values = sorted({float(f"{v:.3g}") for v in (0.25, 1, 4, 16, 64) if smallest * 0.9 <= v <= r[-1]})
    ticks(panel.xaxis, [nothing, *values], ["0", *(f"{v:g}" for v in values)])
    ticks(panel.yaxis, [v for v in (0.5, 1, 2, 3, 5, 10, 20) if v <= max(law.max(), found["gain"].max()) * 1.3])
    panel.legend(title="$R/(bN)$", loc="upper left", title_fontsize=7)
    return canvas


FIGURE = Figure("gain", "What two regimes gain grows with the structure that tasks share", ("S1", "S1-null"), ("sweep_shared",), caption, draw)
