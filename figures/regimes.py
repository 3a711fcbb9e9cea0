"""When two stores win (S3, H3): ratio of loads against every control, measured and by law, and each load over its law."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, WIDTH, Look, italic, letters, ticks
from figures.verdicts.regimes import COLUMNS, CONTROLS, Comparison, comparisons
from figures.words import counted, means, number, paragraph

AGREEMENT = {
    "supported": Look("as the law says", BLUE, "o"),
    "undecided": Look("interval on both sides", GREY, "s"),
    "refuted": Look("against the law", VERMILION, "X"),
}
WINNERS = {"two stores": "law: two stores win", "tie": "law: a tie", "control": "law: the control wins"}
NAMES = {
    "one store": "one dense store",
    "equal sparsity": "dense fast store",
    "second-order state": "second-order state",
    "buffer as fast store": "list as fast store",
    "list alone": "list alone",
}
ACCESS = {"many passes": "many passes", "one pass with sleep": "sleep", "one pass": "between facts"}
LOOKS = {
    "two stores": Look("two stores", VERMILION, "X", "-"),
    "one store": Look("one dense store", BLUE, "o", "--"),
    "equal sparsity": Look("dense fast store", ORANGE, "^", "-."),
    "buffer as fast store": Look("list as fast store", GREEN, "D", (0, (4, 1, 1, 1))),
    "second-order state": Look("second-order state", PURPLE, "v", ":"),
    "list alone": Look("list alone", SKY, "P", (0, (1, 1))),
}
LEFT, RIGHT = 0.1, 2.6  # ends of the axis of ratios; what lies beyond is an arrow at the end


def every(results: Results) -> list[tuple[str, Comparison]]:
    """Two stores against each control at each setting: (control, comparison)."""
    return [(control, each) for control in CONTROLS.values() for each in comparisons(results, control)]


def with_sleep(results: Results) -> pd.DataFrame:
    """Load over its law of every system that rehearses at sleep, over the numbers of tasks."""
    table = results.table("regimes", *COLUMNS)
    table = table[(table["axis"] == "T") & (table["access"] == "one pass with sleep") & ~table["packed"].astype(bool)]
    return table.assign(ratio=table["load"] / table["predicted"])


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("regimes", *COLUMNS, "error")
    whole = table[table["axis"] == "T"]
    ratios = with_sleep(results).groupby(["system", "T"])["ratio"].mean()
    two, one, rest = ratios["two stores"], ratios["one store"], ratios.drop(["two stores", "one store"])
    return paragraph(f"""
        {_finding(results)} (a) Labels held by two stores, a sparse one-shot store for one task beside a dense one that
        rehearses, over those held by a control of equal state; a tick is the law, an arrow a ratio beyond the axis, and the
        marks of one row are numbers of tasks. (b) Load over its law with sleep: {number(two.min())} to {number(two.max())}
        for two stores, {number(one.min(), 3)} to {number(one.max(), 3)} for one dense store, and {number(rest.min())} to
        {number(rest.max(), 3)} for the others. {whole["N"].max()} numbers of state a unit ({whole["N"].min()} where rehearsal
        comes between facts), at most {number(100 * table["error"].iloc[0], 1)}% of the labels wrong, nothing fitted.
        {means(whole)} The intervals against one control hold together.
        """)


def _finding(results: Results) -> str:
    """What becomes of the comparisons in which the law lets two stores win, and of those in which it lets the control win."""
    found = every(results)
    wins, losses = ([each.verdict for _, each in found if each.winner == name] for name in ("two stores", "control"))
    agree = wins.count("supported")
    mostly = "they mostly do" if 2 * agree > len(wins) else "they mostly do not"
    return (
        f"Where the law lets two stores win, {mostly}: {counted(agree, 'comparison')} of {len(wins)} "
        f"{'agrees' if agree == 1 else 'agree'}, {counted(wins.count('refuted'), 'contradicts', 'contradict')} it and "
        f"{counted(wins.count('undecided'), 'is', 'are')} undecided; where it lets the control win, "
        f"{losses.count('supported')} of {len(losses)} agree."
    )


def _rows(found: list[tuple[str, Comparison]]) -> list[tuple[str, str, list[Comparison]]]:
    """Rows from the top: (winner by the law, words, comparisons); where the control wins, all T of one access share a row."""
    rows: list[tuple[str, str, list[Comparison]]] = []
    for winner in WINNERS:
        for control, each in found:
            if each.winner != winner:
                continue
            words = f"{NAMES[control]}, {ACCESS[each.access]}" + (", bits" if each.packed else "")
            if winner != "control":
                words += f", $T={each.T}$" if each.T else ""
            if rows and rows[-1][:2] == (winner, words):
                rows[-1][2].append(each)
            else:
                rows.append((winner, words, [each]))
    return rows


def _ratios(panel: Axes, found: list[tuple[str, Comparison]]) -> None:
    """One row a comparison, or a control and access rule; the law's ratio as a tick."""
    heights, labels, y, last = [], [], 0.0, ""
    for winner, words, row in _rows(found):
        if winner != last:
            y += 1.2 if last else 0.0
            panel.text(LEFT * 1.03, y, italic(WINNERS[winner]), va="center")
            y, last = y + 1, winner
        for each in row:
            value, look = each.measured, AGREEMENT[each.verdict]
            if value.mean < LEFT:
                panel.plot(LEFT * 1.06, y, **look.marks(marker="<", label=None))
                continue
            low, high = (np.clip(end, LEFT, RIGHT) for end in (value.low, value.high))
            panel.plot([low, high], [y, y], color=look.color, linewidth=0.9, zorder=1)
            face = "white" if each.verdict == "undecided" else look.color
            panel.plot(each.measured.mean, y, **look.marks(label=None, markerfacecolor=face, markersize=4.5))
            panel.plot([each.predicted] * 2, [y - 0.36, y + 0.36], color=BLACK, linewidth=1.2, zorder=3)
        heights.append(y)
        labels.append(words)
        y += 1
    panel.axvline(1, color=GREY, linewidth=0.8, zorder=0)
    panel.set(xscale="log", xlim=(LEFT, RIGHT), ylim=(y - 0.3, -0.7), xlabel="labels held, two stores over control")
    panel.set_yticks(heights, labels)
    panel.tick_params(axis="y", length=0)
    ticks(panel.xaxis, (0.1, 0.2, 0.5, 1, 2))


def _loads(panel: Axes, results: Results) -> None:
    """Load over law with sleep, against the number of tasks, named at the curves' ends where they part."""
    table = with_sleep(results)
    for place, (system, look) in enumerate(LOOKS.items()):
        found = by_group(table[table["system"] == system], ["T"], "ratio")
        aside = 1.03 ** (place - 2.5)
        marks = look.marks(linestyle=look.line, linewidth=0.8)
        panel.errorbar(found["T"] * aside, found["mean"], yerr=bars(found), elinewidth=0.6, **marks)
    panel.axhline(1, color=GREY, linewidth=0.8, zorder=0)
    panel.set(xscale="log", xlabel="tasks $T$", ylabel="load over its law", ylim=(0, None))
    ticks(panel.xaxis, sorted(table["T"].unique()))
    panel.legend(loc="lower right", labelspacing=0.2, handletextpad=0.4)


def draw(results: Results) -> Canvas:
    """Left the ratios of all comparisons, right the loads over their laws and the key."""
    found = every(results)
    rows = len(_rows(found)) + 4
    canvas = plt.figure(figsize=(WIDTH, max(3.2, 0.145 * rows + 0.5)))
    grid = canvas.add_gridspec(2, 2, width_ratios=(1.15, 1), height_ratios=(1, 0.45))
    left, right = canvas.add_subplot(grid[:, 0]), canvas.add_subplot(grid[0, 1])
    _ratios(left, found)
    _loads(right, results)
    marks = [
        Line2D([], [], **look.marks(markerfacecolor="white" if name == "undecided" else look.color, markersize=4.5))
        for name, look in AGREEMENT.items()
    ]
    marks.append(Line2D([], [], color=BLACK, marker="|", markersize=7, markeredgewidth=1.2, linestyle="none", label="the law"))
    right.figure.legend(handles=marks, loc="lower right", title="panel a", bbox_to_anchor=(0.98, 0.02))
    letters([left, right], ["two stores against each control", "load over law, with sleep"])
    return canvas


FIGURE = Figure(
    "regimes", "When two stores hold more than a control of equal state", tuple(CONTROLS), ("regimes",), caption, draw
)
