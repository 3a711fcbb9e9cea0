"""Memory in synapses with finitely many states and in chains of beakers, against age, under the ceilings (C6, C6-chain)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, letters, panels
from figures.verdicts.synapses import table
from figures.verdicts.table import sentence
from theory.ledger import claim

CLAIMS = ("C6-curve", "C6-envelope", "C6-oldest", "C6-chain")
LABEL = (3e-3, 0.13)  # heights at which the envelopes of two and of more states are named
SHOWN = {  # model: its looks, in the order of its parameters
    "binary": [Look(f"two states, $q$ = {q}", color, "o") for q, color in (("1/32", BLUE), ("1/8", SKY), ("1", GREY))],
    "serial": [Look("eight, sticky ends", VERMILION, "s"), Look("eight in a row", ORANGE, "D")],
    "cascade": [Look("cascade of eight", GREEN, "^")],
    "leaky": [Look("one leaky variable", PURPLE, "P")],
    "chain": [Look("chain", BLACK, "*")],
    "rounded": [Look("first beaker rounded", ORANGE, "X")],
    "clipped": [Look("rounded and clipped", GREY, "v")],
}


def caption(results: Results) -> str:
    """What the panels show, and the verdicts."""
    frame = table(results)
    N, beakers = int(frame["N"].iloc[0]), int(frame["beakers"].max())
    return (
        f"Signal-to-noise ratio of an event that is `age` events old, in streams of random patterns really written into N = {N} "
        "synapses. (a) Finitely many states, with the exact laws of their transition matrices (thin lines) and the envelopes of "
        f"C6 for two and eight states (thick). (b) Linear synapses: a leaky variable and chains of {beakers} beakers, with exact "
        "kernels (thin), the envelope of power alone (thick) and the law age^(−1/2) (dotted); chains whose first beaker is "
        "rounded, or also clipped, have no exact law. (c) Power that the oldest of M events keeps, times M/N, under the ceiling "
        f"of one fixed regime, marks as in a and b. Bins of ages; means over {seeds(frame)} with 95% intervals, where "
        "these do not reach 0. " + sentence(results, *CLAIMS)
    )


def _marks(panel: Axes, frame: pd.DataFrame, model: str, value: str, law: str | None, scale: float, label: bool) -> None:
    """Means of a model's bins as marks, one series a parameter, and its exact law as a thin line."""
    for look, (_, part) in zip(SHOWN[model], frame[frame["model"] == model].groupby("parameter"), strict=False):
        part = part.assign(scaled=part[value] / scale)
        found = by_group(part, ["middle"], "scaled")
        seen = found[(found["mean"] > 0) & ~(found["low"] <= 0)]
        panel.errorbar(
            seen["middle"] + 1, seen["mean"], yerr=bars(seen), elinewidth=0.6,
            **look.marks(markersize=2.4, label=look.label if label else None),
        )  # fmt: skip
        if law is not None and part["exact"].all():
            one = part.groupby("middle")[law].first()
            panel.plot(one.index + 1, one / scale, color=look.color, linewidth=0.7, zorder=0)


def draw(results: Results) -> Canvas:
    """Three panels: finite states, linear synapses, the oldest of M."""
    frame = table(results)
    N = float(frame["N"].iloc[0])
    canvas, (finite, linear, oldest) = panels(columns=3, ratio=1.6)
    ages = np.unique(np.round(np.geomspace(1, frame["age_end"].max(), 300)))
    near = ages[ages <= frame[frame["M_s"] > 0]["age_end"].max()]
    for M_s, words in ((2, "$M_s=2$"), (frame["M_s"].max(), f"$M_s={frame['M_s'].max()}$")):
        bound = claim("C6").envelope(N=1.0, M_s=float(M_s), rate=1.0, t=near - 1)
        finite.plot(near, bound, color=BLACK, linewidth=1.4, zorder=0)
        place = int(np.searchsorted(-bound, -LABEL[int(M_s > 2)]))
        finite.text(near[place] * 1.15, LABEL[int(M_s > 2)], words, ha="left", va="center", fontsize=6.5)
    for model in ("binary", "serial", "cascade"):
        _marks(finite, frame, model, "snr", "predicted_snr", np.sqrt(N), label=True)
    power = np.append(1.0, claim("C6").power_envelope(N=1.0, rate=1.0, t=ages[1:] - 1))
    linear.plot(ages, power, color=BLACK, linewidth=1.4, zorder=0)
    for model in ("leaky", "chain", "rounded", "clipped"):
        _marks(linear, frame, model, "snr", "predicted_snr", np.sqrt(N), label=True)
    chain = frame[frame["model"] == "chain"]
    window = np.array([1 / chain["parameter"].iloc[0], 4.0 ** chain["beakers"].iloc[0]])
    start = chain[chain["age"] <= window[0]].sort_values("age").iloc[-1]
    fall = start["predicted_snr"] / np.sqrt(N) * (window / start["middle"]) ** -0.5
    linear.plot(window, fall * 0.5, color=BLACK, linewidth=0.9, linestyle=(0, (1, 1.5)))
    linear.text(window[0], fall[0] * 0.42, "age$^{-1/2}$", fontsize=6.5, va="top", ha="right")
    M = ages[ages >= 1]
    oldest.plot(M, claim("C6").power_ceiling(N=1.0, M=M), color=BLACK, linewidth=1.4, zorder=0)
    for model in SHOWN:
        _marks(oldest, frame, model, "oldest", None, N, label=False)
    for panel, label in ((finite, "age + 1"), (linear, "age + 1"), (oldest, "events $M$ = age + 1")):
        panel.set(xscale="log", yscale="log", xlabel=label)
    finite.set(ylabel="SNR$\\,/\\sqrt{N}$", ylim=(2e-3, 1.5))
    linear.set(ylabel="SNR$\\,/\\sqrt{N}$", ylim=(2e-3, 1.5))
    oldest.set(ylabel="$M\\,$SNR$^2/N$ of the oldest", ylim=(2e-3, 1.5))
    for panel in (finite, linear):
        panel.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), handletextpad=0.2, labelspacing=0.3, borderaxespad=0)
    letters([finite, linear, oldest], ["finitely many states", "linear synapses", "oldest of $M$ events"])
    return canvas


FIGURE = Figure("synapses", "Bounded synapses and chains under their ceilings", CLAIMS, ("synapses",), caption, draw)
