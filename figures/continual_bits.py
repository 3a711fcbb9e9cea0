"""Bits of random strings that small models hold, one task after another and all at once (E9, C2, C3, S2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import estimate
from figures.figure import Figure
from figures.results import Results, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, direct, letters, panels, ticks
from figures.verdicts.continual_bits import WEIGHT, bits, of_dense
from figures.words import number, paragraph

SYSTEMS = {
    "dense": Look("dense, AdamW", BLACK, "o"),
    "sgd": Look("dense, SGD", GREY, "s"),
    "kwta": Look("winners", SKY, "^"),
    "moe": Look("experts", BLUE, "v"),
    "memory": Look("memory layer", PURPLE, "D"),
    "replay": Look("replay", GREEN, "P"),
    "ewc": Look("EWC", ORANGE, "X"),
    "last_matrix": Look("one matrix", VERMILION, "<"),
    "off_mode": Look("off-mode", VERMILION, ">"),
}
LINES = {3.6: "3.6", 2.0: "2", WEIGHT: f"{WEIGHT:.2f}"}
BY_AGE = ("dense", "memory", "replay", "ewc")


def shown(table: pd.DataFrame) -> list[str]:
    """The systems of a table, in the order of SYSTEMS."""
    return [name for name in SYSTEMS if name in set(table["system"])]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("continual_bits")
    first, names = table.iloc[0], shown(table)
    held = {name: float(bits(table, name).mean()) for name in names}
    joint = float(bits(table, "dense", "joint").mean())
    plain = held["dense"]
    gains = {name: one for name, one in of_dense(table, names).items() if name != "dense"}
    more = [f"{SYSTEMS[name].label} {number(held[name])}" for name, one in gains.items() if one.low > 1]
    others = f" More than these are held by: {', '.join(more)}." if more else " No other system holds more."
    return paragraph(f"""
        Learned one task after another by AdamW, a dense model of {number(first["parameters"], 4)} parameters ends with
        {number(plain)} bits of random strings; trained on all of them at once it holds {number(joint)}, of
        {number(first["offered"])} that there are.{others} (a) Bits a parameter after so many tasks of {first["per_task"]}
        strings. Open marks: all at once, as many readings. Lines: 3.6 bits, models trained jointly on strings (Morris et al.
        2025); 2 bits, facts read 1,000 times (Allen-Zhu and Li 2024); {WEIGHT:.2f} bits a weight, the best one-shot additive
        memory (C3). (b) Bits of a task by the tasks learned since, at the end of the stream. Learning rates chosen on a stream
        that is not shown. Means over {seeds(table)}; bars: 95% intervals, each by itself.
        """)


def _grown(panel: Axes, table: pd.DataFrame) -> None:
    """Bits a parameter against tasks learned, and at once."""
    last = int(table["tasks"].iloc[0])
    for index, name in enumerate(shown(table)):
        rows = table[(table["system"] == name) & (table["order"] == "sequential")]
        size, look = rows["parameters"].iloc[0], SYSTEMS[name]
        moments = sorted(set(rows["written"]))
        found = [estimate(bits(table, name, written=moment) / size) for moment in moments]
        panel.plot(moments, [one.mean for one in found], **look.marks(label=look.label, linestyle="-", linewidth=0.8))
        joint = estimate(bits(table, name, "joint") / size)
        spread = [[joint.mean - joint.low], [joint.high - joint.mean]] if joint.count > 1 else None
        at = last * 1.25 * 1.09**index
        panel.errorbar(at, joint.mean, yerr=spread, **look.marks(label="_nolegend_", markerfacecolor="white", elinewidth=0.7))
    for height, words in LINES.items():
        panel.axhline(height, color=GREY, linestyle=":", linewidth=0.7)
        direct(panel, (1, height), words, (0, 5), color=GREY)
    panel.set(xscale="log", yscale="log", xlabel="tasks learned", ylabel="bits per parameter")
    ticks(panel.xaxis, [one for one in (1, 2, 4, 8, 16, 32) if one <= last])


def _by_age(panel: Axes, table: pd.DataFrame) -> None:
    """Share of a task's bits against its age."""
    for name in BY_AGE:
        rows = table[(table["system"] == name) & (table["order"] == "sequential") & (table["written"] == table["tasks"])]
        if rows.empty:
            continue
        by_age = rows.groupby(rows["tasks"] - rows["task"])["bits"].mean() / (rows["offered"] / rows["tasks"]).iloc[0]
        look = SYSTEMS[name]
        panel.plot(by_age.index, np.maximum(by_age, 1e-5), **look.marks(label="_nolegend_", linestyle="-", linewidth=0.8))
    panel.set(xscale="log", xlabel="tasks learned since, itself counted", ylabel="share of bits held")
    ticks(panel.xaxis, [one for one in (1, 2, 4, 8, 16, 32) if one <= table["tasks"].iloc[0]])


def draw(results: Results) -> Canvas:
    """Two panels; systems are named below."""
    table = results.table("continual_bits")
    canvas, (grown, by_age) = panels(columns=2, ratio=0.95)
    _grown(grown, table)
    _by_age(by_age, table)
    handles, labels = grown.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=5)
    letters((grown, by_age), ["bits held", "bits by age"])
    return canvas


FIGURE = Figure("continual_bits", "Bits held one task after another", ("C2", "C3", "S2"), ("continual_bits",), caption, draw)
