"""The gain of two regimes over one against the shared structure r = R/D_s (S1)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars
from figures.style import BLACK, GREY, direct, panels, shades, share, ticks
from figures.verdicts.ceiling import seeds_of
from figures.verdicts.separation import excess, gains, measured
from figures.words import number, paragraph
from theory.ledger import claim

MARKS = "osD^vP"


def settings(results: Results) -> pd.DataFrame:
    """One row per R > 0 and D_s: N, b, R, D_s, r, the ratio of the ceilings `law`, and the gain with its interval over seeds."""
    ratios = gains(results)
    found = pd.concat([ratios.index.to_frame(index=False), pd.DataFrame(measured(ratios))], axis=1)
    return found.assign(law=np.exp(ratios["law"].to_numpy()), r=found["R"] / found["D_s"]).sort_values("r")


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    found, ratios = settings(results), gains(results)
    largest, over = found.loc[found["law"].idxmax()], excess(ratios)
    spread = f" [{number(over.low, 3)}, {number(over.high, 3)}]" if seeds_of(ratios) else ""
    intervals = "95% jackknife intervals over seeds" if seeds_of(ratios) else "no intervals"
    return paragraph(f"""
        Two activity regimes hold more tasks than one as far as tasks share structure: {number(over.mean, 3)}{spread} times the
        ratio of the ceilings in the geometric mean over {len(found)} settings, and {number(largest["mean"])} times as many
        tasks where that ratio is largest, {number(largest["law"])}. Tasks held by two regimes over those of the best single
        one, against the ratio of shared to private bits. Marks: simulated, by the share $R\\/(b N)$ of the store that the
        common structure takes.
        Lines: ratio of the two ceilings at this size ($N = {found["N"].iloc[0]}$, $b = {found["b"].iloc[0]}$); dashed: the
        law $e^(W(r\\/e))$ of large stores and long streams. Nothing is fitted. A regime
        holds the tasks that every one of {max(1, len(seeds_of(ratios)))} seeds returns whole; {intervals}.
        """)


def draw(results: Results) -> Canvas:
    """Gain against r on logarithmic axes, a mark and a line for each share R/(bN) of the store."""
    found = settings(results)
    bits = float(found["N"].iloc[0] * found["b"].iloc[0])
    canvas, (panel,) = panels(ratio=0.6, width=0.72)
    shares = sorted(found["R"].unique())
    for place, (R, color) in enumerate(zip(shares, shades(len(shares)), strict=True)):
        part = found[found["R"] == R]
        panel.plot(part["r"], part["law"], color=color, linewidth=0.9)
        spread = 1.05 ** (place - (len(shares) - 1) / 2)  # marks side by side
        style = {"color": color, "marker": MARKS[place], "markerfacecolor": "white", "linestyle": "none"}
        panel.errorbar(part["r"] * spread, part["mean"], yerr=bars(part), elinewidth=0.6, label=share(R / bits), **style)
    r = np.geomspace(found["r"].min(), found["r"].max() * 1.3, 200)
    law = claim("S1").gain(N=1e9, b=1.0, R=r, D_s=1.0)
    panel.plot(r, law, color=BLACK, linewidth=0.8, linestyle="--", zorder=1)
    direct(panel, (r[-1], law[-1]), "large stores, $e^{W(r/e)}$", (-16, 0), ha="right")
    panel.axhline(1, color=GREY, linewidth=0.5, zorder=0)
    direct(panel, (r[-1], 1), "no gain", (0, 6), color=GREY, ha="right")
    panel.set(xscale="log", yscale="log", xlabel="shared over private bits, $r=R/D_s$", ylabel="tasks of two regimes over one")
    ticks(panel.xaxis, [v for v in (0.25, 1, 4, 16, 64) if found["r"].min() <= v <= r[-1]])
    ticks(panel.yaxis, [v for v in (0.5, 1, 2, 5, 10, 20) if v <= law.max() * 1.1])
    panel.legend(title="$R/(bN)$", loc="upper left")
    return canvas


FIGURE = Figure(
    "gain", "What two regimes gain grows with the structure that tasks share", ("S1",), ("sweep_shared",), caption, draw
)
