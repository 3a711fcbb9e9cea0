"""Memory in chains of beakers and in a leaky variable, against age, under the envelope of power (C6, C6-chain)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, ORANGE, VERMILION, Look, direct, panels
from figures.verdicts.synapses import table
from figures.words import means, number, paragraph
from theory.ledger import claim

CLAIMS = ("C6-curve", "C6-envelope", "C6-oldest", "C6-chain")
SHOWN = {
    "leaky": Look("one leaky variable", VERMILION, "s"),
    "chain": Look("chain of beakers", BLUE, "o"),
    "clipped": Look("chain, first beaker rounded and clipped", ORANGE, "v"),
}
LOWEST = 2e-3  # signal-to-noise ratio over the square root of N, of the axis


def last(frame: pd.DataFrame, model: str) -> float:
    """The middle of the oldest bin of ages in which a model's signal lies above the lowest that is drawn."""
    N = float(frame["N"].iloc[0])
    found = by_group(frame[frame["model"] == model], ["middle"], "snr")
    return float(found["middle"][found["mean"] / np.sqrt(N) > LOWEST].max())


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    frame = table(results)
    ages = {model: last(frame, model) for model in SHOWN}
    N, beakers = int(frame["N"].iloc[0]), int(frame["beakers"].max())
    return paragraph(f"""
        A chain of beakers keeps a trace {number(ages["chain"] / ages["leaky"])} times as long as one leaky variable, and
        rounding and clipping its first beaker leaves {number(ages["clipped"] / ages["chain"])} of that. Signal-to-noise ratio
        over $sqrt(N)$ of an event against its age, in streams of random patterns written into $N = {N}$ linear synapses,
        drawn down to {LOWEST:g}: one leaky variable, a chain of {beakers} beakers, and the same chain with its first beaker
        rounded and clipped. Thin lines: exact kernels (the last has none); thick: the envelope that power alone allows;
        dotted: the power law $"age"^(-1\\/2)$, set lower. Bins of ages. {means(frame)} Where these reach 0 nothing is drawn.
        """)


def _marks(panel: Axes, frame: pd.DataFrame, model: str) -> None:
    """Means of a model's bins as marks, and its exact law, if it has one, as a thin line."""
    look, part = SHOWN[model], frame[frame["model"] == model]
    N = float(part["N"].iloc[0])
    found = by_group(part.assign(scaled=part["snr"] / np.sqrt(N)), ["middle"], "scaled")
    seen = found[(found["mean"] > 0) & ~(found["low"] <= 0)]
    panel.errorbar(seen["middle"] + 1, seen["mean"], yerr=bars(seen), elinewidth=0.6, **look.marks())
    if part["exact"].all():
        law = part.groupby("middle")["predicted_snr"].first()
        panel.plot(law.index + 1, law / np.sqrt(N), color=look.color, linewidth=0.7, zorder=0)


def draw(results: Results) -> Canvas:
    """Signal-to-noise ratio against age of three linear synapses, under the envelope of power."""
    frame = table(results)
    N = float(frame["N"].iloc[0])
    canvas, (panel,) = panels(ratio=0.58, width=0.72)
    ages = np.unique(np.round(np.geomspace(1, frame["age_end"].max(), 300)))
    power = np.append(1.0, claim("C6").power_envelope(N=1.0, rate=1.0, t=ages[1:] - 1))
    panel.plot(ages, power, color=BLACK, linewidth=1.4, zorder=0)
    place = len(ages) // 2
    direct(panel, (ages[place], power[place]), "envelope of power", (6, 6))
    for model in SHOWN:
        _marks(panel, frame, model)
    chain = frame[frame["model"] == "chain"]
    window = np.array([1 / chain["parameter"].iloc[0], 4.0 ** chain["beakers"].iloc[0]])
    start = chain[chain["age"] <= window[0]].sort_values("age").iloc[-1]
    fall = start["predicted_snr"] / np.sqrt(N) * (window / start["middle"]) ** -0.5
    panel.plot(window, fall * 0.5, color=BLACK, linewidth=0.9, linestyle=(0, (1, 1.5)))
    direct(panel, (window[0], fall[0] * 0.5), "age$^{-1/2}$", (-4, -2), ha="right")
    panel.set(xscale="log", yscale="log", xlabel="age + 1 (events since)", ylabel="SNR$\\,/\\sqrt{N}$", ylim=(LOWEST, 1.5))
    canvas.legend(loc="outside lower center", ncols=3, handletextpad=0.2, columnspacing=1)
    return canvas


FIGURE = Figure("synapses", "Chains of beakers under the envelope of power", CLAIMS, ("synapses",), caption, draw)
