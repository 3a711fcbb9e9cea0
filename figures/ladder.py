"""The capacity ladder: bits per synapse of every store, against load and size, and the depth that its facts retain."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, letters, panels, ticks
from figures.verdicts.ladder import at_allowed, best, reference
from figures.words import listed, means, number, paragraph
from theory.predictions.ladder import RUNGS, limit, predicted

LOOKS = {
    "dense": Look("dense one-shot", BLUE, "o"),
    "sparse": Look("sparse one-shot", SKY, "s"),
    "delta": Look("delta rule", GREEN, "^"),
    "annealed": Look("annealed delta", ORANGE, "D"),
    "least_squares": Look("least squares", PURPLE, "v"),
    "two": Look("two stores", BLACK, "X"),
    "interleaved": Look("interleaved", VERMILION, "P"),
}
KINDS = {"graded": ("graded read", "o"), "hard": ("threshold", "s"), "allowed": ("threshold, 1% error", "^")}
SHOWN = 512  # N of the lines and marks against the load, or the largest below
DEEP = ("dense", "delta", "annealed", "least_squares")  # whose depth is drawn
IDS = ("ladder-ceilings", "ladder-limit", "ladder-order")


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("ladder", "system", "N", "P", "load", "seed", "graded", "hard", "depth")
    most = {system: best(frame, system, "graded")["graded"].mean() for system in LOOKS if (frame["system"] == system).any()}
    depths = frame.assign(total=frame["load"] * frame["depth"]).groupby(["system", "P", "N"])["total"].mean()
    shown = [system for system in DEEP if system in most and system != "dense"]
    names, deep, bits = (listed(words) for words in (
        [LOOKS[system].label for system in shown],
        [number(depths[system].max()) for system in shown],
        [number(most[system]) for system in shown],
    ))  # fmt: skip
    return paragraph(f"""
        A ladder of depth is not one of bits: {names} retain at most {deep} facts' worth of depth per synapse, and in bits of
        a graded read {bits}. Bits of binary labels per real synapse, seven ways to store them. (a) The most over all loads,
        for a graded read, after a threshold, and with 1% errors; bars: the laws' limits. (b) Graded bits against the load
        $P\\/N$ (interleaved and two stores: bits of the answers; beyond the load at which interleaved facts fit, errors
        return) with the laws as lines. (c) Retained depth of all facts per synapse; one-shot writes are additive, so that
        their depths may add up to more than $N$. (d) Bits after the threshold over the law's, at one load per system, from $N
        = {frame["N"].min()}$ to {frame["N"].max()}. Nothing is fitted. {means(frame)}
        """)


def draw(results: Results) -> Canvas:
    """Four panels: the ladder, graded bits and depth against load, and the ratio to the law against N."""
    frame = results.table(
        "ladder", "system", "N", "P", "load", "seed", "graded", "hard", "error", "depth", "predicted_hard", "predicted_error"
    )
    systems = [name for name in LOOKS if (frame["system"] == name).any()]
    canvas, (rungs, load, depth, size) = panels(rows=2, columns=2, ratio=0.85)
    for place, system in enumerate(systems):
        ends = dict(zip(KINDS, limit(system), strict=True))
        for shift, (kind, (label, marker)) in zip((0.22, 0.0, -0.22), KINDS.items(), strict=True):
            found = at_allowed(frame, system) if kind == "allowed" else best(frame, system, kind)[kind].mean()
            rungs.plot([ends[kind]] * 2, [place + shift - 0.1, place + shift + 0.1], color=BLACK, linewidth=1.2)
            rungs.plot(
                found, place + shift, marker=marker, color=LOOKS[system].color, linestyle="none",
                markerfacecolor="white" if kind == "allowed" else LOOKS[system].color, label=label if place == 0 else None,
            )  # fmt: skip
    rungs.set(yticks=range(len(systems)), xlabel="bits per synapse", xlim=(0, 2.15))
    rungs.set_yticklabels([RUNGS[system].title for system in systems])
    rungs.plot([], [], color=BLACK, linewidth=1.2, linestyle="none", marker="|", markersize=6, label="limit of the law")
    rungs.legend(loc="lower right", handletextpad=0.2)
    for system in systems:
        part, look = frame[frame["system"] == system], LOOKS[system]
        part = part[part["N"] == part["N"][part["N"] <= SHOWN].max()]
        grouped = part.assign(total=part["load"] * part["depth"])
        found = by_group(grouped, ["load"], "graded")
        load.errorbar(found["load"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks())
        if system in DEEP:
            found = by_group(grouped, ["load"], "total")
            depth.errorbar(found["load"], found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks())
        if system == "two":
            continue
        N, start = int(part["N"].iloc[0]), {"least_squares": 1.03}.get(system, 0.15)
        loads = np.geomspace(start, 2.0 if system == "interleaved" else 16.0, 40)
        laws = [predicted(system, N, round(each * N)) for each in loads]
        load.plot(loads, [law.graded for law in laws], color=look.color, linewidth=0.7, zorder=0)
        if system in DEEP:
            depth.plot(loads, loads * [law.depth for law in laws], color=look.color, linewidth=0.7, zorder=0)
    for panel in (load, depth):
        panel.set(xscale="log", xlabel="load $P/N$", xlim=(0.14, 18))
        ticks(panel.xaxis, (0.25, 0.5, 1, 2, 4, 8, 16))
    load.set(ylabel="graded bits per synapse", ylim=(0, 2.1))
    depth.set(ylabel="retained depth per synapse", ylim=(0, 1.35))
    depth.axhline(1, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    depth.text(0.15, 1.02, "$N$ facts in all", color=GREY, va="bottom")
    sizes = sorted(frame["N"].unique())
    size.axhline(1, color=BLACK, linewidth=0.8, zorder=0)
    for place, system in enumerate(systems):
        points = [reference(frame, system, N) for N in sizes if ((frame["system"] == system) & (frame["N"] == N)).any()]
        ratios = [by_group(part.assign(ratio=part["hard"] / part["predicted_hard"]), ["N"], "ratio") for part in points]
        spread = 1 + 0.04 * (place - (len(systems) - 1) / 2)
        for k, found in enumerate(ratios):
            look = LOOKS[system].marks(label=LOOKS[system].label if k == 0 else None)
            size.errorbar(found["N"] * spread, found["mean"], yerr=bars(found), elinewidth=0.6, **look)
    size.set(xscale="log", xlabel="$N$", ylabel="hard bits over the law", ylim=(0.8, 1.1), xlim=(sizes[0] / 1.4, sizes[-1] * 1.4))
    ticks(size.xaxis, sizes)
    canvas.legend(*size.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    letters([rungs, load, depth, size], ["the ladder", "bits against load", "depth against load", "finite size"])
    return canvas


FIGURE = Figure("ladder", "Bits per synapse: a ladder of seven stores", IDS, ("ladder",), caption, draw)
