"""Trained networks of k winners (I2, H1): overlaps, raw inner products and forgetting against sparsity, centred or not."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.coding_level import trained
from figures.verdicts.table import sentence

LOOKS = {False: Look("plain", BLUE, "o", "-"), True: Look("centred", VERMILION, "s", "--")}
CLAIMS = ("I2-trained", "I2-units", "H1-raw", "H1-centred", "H1-remedy", "H1-forgetting")


def caption(results: Results) -> str:
    """What the panels show, and the verdicts on I2 and H1 in trained networks."""
    frame = results.table("coding_level", "N", "inputs", "D", "T", "seed")
    N, inputs, D, T = frame[["N", "inputs", "D", "T"]].iloc[0]
    return (
        f"Networks with two hidden layers of {N} units, of which k win, trained on {T} tasks of {D} random facts ({inputs} "
        "inputs, 4 labels), every task to the same loss; plain, or with the running mean of the codes taken out of what is "
        "written. (a) Mean squared overlap of the codes that the readout reads, after training; lines: I2 with all units alike "
        "(dashed) and with a mean for every unit (solid), nothing fitted. (b) Root mean square inner product of gradients of "
        "different tasks, not normalised. (c) Share of the bits of the oldest task that is lost after the last. (d) The same "
        "against the mean squared normalised overlap of gradients, one mark a share of winners. "
        f"Means over {seeds(frame)} with 95% intervals. " + sentence(results, *CLAIMS)
    )


def _against_winners(panel: Axes, frame, column: str) -> None:
    """One series of marks each for plain and centred networks."""
    for centred, look in LOOKS.items():
        found = by_group(frame[frame["centred"].astype(bool) == centred], ["a"], column)
        marks = look.marks(linestyle=look.line, linewidth=0.7)
        panel.errorbar(found["a"], found["mean"], yerr=bars(found), elinewidth=0.6, **marks)
    panel.set(xscale="log", xlabel="winners $k/m$")
    ticks(panel.xaxis, sorted(frame["a"].unique()))


def draw(results: Results) -> Canvas:
    """Four panels: overlap of codes, raw inner product of gradients, forgetting, and forgetting against overlap."""
    frame = trained(results)
    canvas, (overlap, inner, lost, order) = panels(rows=2, columns=2, ratio=0.8)
    for centred, look in LOOKS.items():
        part = frame[frame["centred"].astype(bool) == centred]
        found = by_group(part, ["a"], "mean_square_overlap")
        overlap.errorbar(found["a"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks())
        for column, line in (("predicted", "--"), ("predicted_units", "-")):
            law = by_group(part, ["a"], column)
            overlap.plot(law["a"], law["mean"], color=BLACK if line == "-" else GREY, linewidth=0.8, linestyle=line, zorder=0)
        spread = part.groupby("a")[["gradient_overlap", "forgetting"]].mean().reset_index()
        both = by_group(part, ["a"], "forgetting")
        order.errorbar(spread["gradient_overlap"], both["mean"], yerr=bars(both), elinewidth=0.6, **look.marks())
        for a, x, y in zip(spread["a"], spread["gradient_overlap"], spread["forgetting"], strict=True):
            if a in (0.2, frame["a"].max()):
                order.annotate(f"{a:g}", (x, y), textcoords="offset points", xytext=(4, -2), fontsize=6, color=GREY)
    overlap.set(xscale="log", yscale="log", xlabel="winners $k/m$", ylabel=r"mean of $\kappa^2$, codes")
    ticks(overlap.xaxis, sorted(frame["a"].unique()))
    ticks(overlap.yaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.3))
    overlap.legend(loc="upper left")
    _against_winners(inner, frame, "inner_product")
    inner.set(yscale="log", ylabel="inner product of gradients")
    _against_winners(lost, frame, "forgetting")
    lost.set(
        ylabel="bits lost, oldest task", ylim=(min(0.0, float(np.min(frame.groupby(["centred", "a"])["forgetting"].mean()))), 1)
    )
    order.set(xscale="log", xlabel=r"mean of $\kappa^2$, gradients", ylabel="bits lost, oldest task")
    order.set_ylim(lost.get_ylim())
    ticks(order.xaxis, (0.005, 0.01, 0.02, 0.05, 0.1, 0.2))
    letters([overlap, inner, lost, order], ["overlap of codes", "raw inner product", "forgetting", "forgetting and overlap"])
    return canvas


FIGURE = Figure(
    "coding_level",
    "Sparsity and centring in networks that learn their codes",
    CLAIMS,
    ("coding_level",),
    caption,
    draw,
)
