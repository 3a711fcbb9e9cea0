"""Two regimes in a language model against every control: what each keeps of a stream (E3, H3)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, italic, letters, panels, ticks
from figures.verdicts.rule import Verdict, decide
from figures.verdicts.two_regimes import PAIRS, ratio
from figures.words import means, number, paragraph

TITLES = {
    "two_own": "two regimes, own answers",
    "two_labels": "two regimes, labels",
    "two_none": "two regimes, no sleep",
    "equal_own": "equal sparsity, own answers",
    "equal_none": "equal sparsity, no sleep",
    "one_own": "one store, own answers",
    "one_morning": "one store, own answers noted",
    "one_labels": "one store, labels",
    "plain": "plain descent",
    "off_mode": "off-mode writing",
    "replay": "replay of true answers",
    "memory_own": "memory layer and slow part",
    "sparse_memory": "memory layer alone",
}
LOOKS = {
    "two_own": Look("two regimes", VERMILION, "o"),
    "equal_own": Look("equal sparsity", ORANGE, "D"),
    "one_own": Look("one store", BLUE, "s"),
    "one_morning": Look("one store, answers noted", SKY, "<"),
    "replay": Look("replay, true answers", BLACK, "^"),
    "off_mode": Look("off-mode", GREEN, "v"),
    "plain": Look("plain", GREY, "x"),
    "memory_own": Look("memory layer, slow part", PURPLE, "P"),
}
COLORS: dict[Verdict, str] = {"supported": GREEN, "refuted": VERMILION, "undecided": GREY}
SHORT = {"sleep": "one pass with sleep", "passes": "many passes", "day": "one pass without sleep"}
LEFT, RIGHT = 0.25, 8.0  # ends of the axis of ratios


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("two_regimes")
    found = {pair.id: ratio(results, pair) for pair in PAIRS}
    words = [decide(value, 1.0, np.inf) for value in found.values()]
    above, below = words.count("supported"), words.count("refuted")

    def said(control: str) -> str:
        return number(found[f"H3-network-{control}"].mean)

    return paragraph(f"""
        Two regimes in a language model, which sleep on their own answers, keep {said("one-sleep")} times as much of a stream as
        one store of the same parameters with the same sleep, {said("equal-sleep")} times as much as two parts of equal sparsity,
        and {said("replay-sleep")} times as much as one store that replays true answers. Of {len(words)} comparisons, over
        controls and access rules, {above} lie above 1 with their whole interval and {below} below. (a) Sum of the depths of all
        facts along the stream, {frame["D"].iloc[0]} facts with random answers in each task: systems in one pass, with sleep or
        none, and replay. (b) That sum in two regimes over that in each control after {frame["T"].max()} tasks, geometric means
        with intervals that hold together within an access rule; green: above 1; red: below; grey: neither. The two regimes are
        matrices, but a memory layer and a slow part where the control is that layer alone.
        {means(frame)}
        """)


def _totals(panel: Axes, results: Results) -> None:
    """Sum of depths along the stream, and what was written."""
    frame = results.table("two_regimes").fillna({"total": 0.0})
    for place, (way, look) in enumerate(LOOKS.items()):
        found = by_group(frame[frame["way"] == way], ["T"], "total")
        aside = 1 + 0.012 * (place - 3.5)
        marks = look.marks(linestyle="-", linewidth=0.8)
        panel.errorbar(found["T"] * aside, found["mean"], yerr=bars(found), elinewidth=0.6, **marks)
    tasks = np.array(sorted(set(frame["T"])))
    panel.plot(tasks, tasks * frame["D"].iloc[0], color=BLACK, linestyle=":", linewidth=0.8, label="all that was written")
    panel.set(xlabel="tasks $T$", ylabel="sum of depths (facts)", ylim=(0, None))
    ticks(panel.xaxis, list(tasks))


def _ratios(panel: Axes, results: Results) -> None:
    """A line for each control, the access rules one under another."""
    y, last, heights, labels = 0.0, "", [], []
    for pair in PAIRS:
        _, _, control, rule = pair.id.split("-")
        value = ratio(results, pair)
        if rule != last:
            y += 0.9 if last else 0.0
            heights.append(y)
            labels.append(italic(SHORT[rule]))
            y, last = y + 1, rule
        color = COLORS[decide(value, 1.0, np.inf)]
        low, high = (float(np.clip(end, LEFT, RIGHT)) for end in (value.low, value.high))
        panel.plot([low, high], [y, y], color=color, linewidth=1.0, zorder=1)
        panel.plot(float(np.clip(value.mean, LEFT, RIGHT)), y, marker="o", color=color, markersize=3)
        heights.append(y)
        labels.append(CONTROLS[control])
        y += 1
    panel.axvline(1, color=GREY, linewidth=0.8, zorder=0)
    panel.set(xscale="log", xlim=(LEFT, RIGHT), ylim=(y - 0.3, -0.7), xlabel="two regimes over control")
    panel.set_yticks(heights, labels)
    panel.tick_params(axis="y", length=0)
    ticks(panel.xaxis, (0.3, 1, 3))


CONTROLS = {
    "one": "one store",
    "morning": "one store, answers noted",
    "equal": "equal sparsity",
    "replay": "replay, true answers",
    "plain": "plain descent",
    "off_mode": "off-mode",
    "list": "list of equal bits",
    "memory": "memory layer alone",
}


def draw(results: Results) -> Canvas:
    """Left the streams with their key below, right the ratios."""
    canvas, (left, right) = panels(columns=2, ratio=1.0)
    _totals(left, results)
    _ratios(right, results)
    canvas.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    letters([left, right], ["what is kept", "two regimes over each control"])
    return canvas


FIGURE = Figure(
    "two_regimes",
    "Two regimes in a language model against every control",
    tuple(pair.id for pair in PAIRS),
    ("two_regimes",),
    caption,
    draw,
)
