"""How tight the bounds of the ledger are: the closest that an optimiser came to each of them."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLUE, GREY, VERMILION, panels
from figures.verdicts.table import verdict
from theory.attacks.attack import SLACK

LEAST = 1e-12
"""Gaps below that are rounding, and drawn there."""


def tightest(results: Results) -> pd.DataFrame:
    """The largest ratio over seeds of every attack, in the order of the ledger: claim, attack, ratio."""
    frame = results.table("attacks", "claim", "attack", "seed", "ratio", "tried")
    return frame.groupby(["claim", "attack"], sort=False)["ratio"].max().reset_index()


def caption(results: Results) -> str:
    """What is shown, and the verdict."""
    found, runs = tightest(results), results.table("attacks", "seed", "tried")
    reached = int((found["ratio"] > 1 - 1e-6).sum())
    return (
        "The gap, 1 - achieved/bound, that the best instance found by an optimiser leaves under each bound; everything that the "
        "claim leaves free may be chosen, and instances known to be extremal are among the starting points. "
        f"{runs['tried'].max()} instances for each of {runs['seed'].nunique()} seeds. {reached} of {len(found)} bounds are "
        "reached to one part in a million (left of the line); a large gap means that the bound is loose, the instance short, or "
        "the search weak. Every witness can be replayed with cwb theory attack. "
        + f"attacks: {verdict(results, 'attacks')['verdict']}."
    )


def draw(results: Results) -> Canvas:
    """A mark for each attack on a logarithmic axis of gaps; broken bounds, if any, at the left in red."""
    found = tightest(results).iloc[::-1].reset_index(drop=True)
    canvas, (panel,) = panels(ratio=max(0.5, 0.0195 * len(found) + 0.12), width=1.0)
    gaps, broken = np.maximum(1 - found["ratio"], LEAST), found["ratio"] > 1 + SLACK
    panel.hlines(found.index, gaps, 1, color="#DDDDDD", linewidth=0.6)
    panel.scatter(gaps, found.index, s=14, c=np.where(broken, VERMILION, BLUE), zorder=3)
    panel.axvline(1e-6, color=GREY, linewidth=0.6, linestyle="--")
    panel.set(
        xscale="log", xlim=(LEAST / 2, 1.5), ylim=(-0.8, len(found) - 0.2), xlabel="gap under the bound, 1 − achieved/bound"
    )
    panel.set(ylabel="claim: attack")
    panel.set_yticks(found.index, [f"{row.claim}: {row.attack}" for row in found.itertuples()])
    panel.tick_params(axis="y", length=0, labelsize=6)
    return canvas


FIGURE = Figure(
    "tightness", "How close an optimiser comes to each bound of the theory", ("attacks",), ("attacks",), caption, draw
)
