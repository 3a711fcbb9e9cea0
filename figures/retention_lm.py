"""What the language models retain of a stream of facts, by the age of the task, for each way of writing."""

from math import log2

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, within
from figures.style import ARCHITECTURES, GREY, METHODS, Look, direct, letters, panels
from figures.verdicts.runs import RUN, ends, learning_rates, reported
from figures.words import means, number, paragraph
from realmodels.writing.methods.catalogue import RUNS

ASIDE = 0.09  # tasks by which neighbouring series are set apart


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    rows, chosen = reported(results), learning_rates(results)
    rates = "; ".join(f"{METHODS[m].label} on {ARCHITECTURES[a].label} {chosen[a, m]:g}" for a, m in RUNS if (a, m) in chosen)
    kept, learned = ends(rows).groupby(RUN)["bits"].mean(), ends(rows).groupby(RUN)["bits_fresh"].mean()
    narrow = kept[[method != "full" for _, method in kept.index]]
    full = kept["dense", "full"]
    order = "more" if full > narrow.max() else "less" if full < narrow.min() else "neither more nor less"
    full_words = f"Full finetuning of the dense model keeps {order} than every narrower write"
    before = rows.query("written == 0").groupby("architecture")["bits"].mean()
    return paragraph(f"""
        {full_words}: {number(full)} bits per fact after the whole stream, against {number(narrow.min())} to
        {number(narrow.max())}; just written it was {number(learned.min())} to {number(learned.max())}.
        Retained bits per fact against the number of tasks written since, in a stream of
        {rows["written"].max():.0f} tasks: (a) full finetuning of the three models, (b) ways of writing. Dashed: everything
        ({number(log2(rows["candidates"].iloc[0]), 2)} bits); dotted: what the dense model guesses from a subject's name
        before any write ({number(before["dense"])} bits). Thin lines: single seeds. {means(rows)} Learning rates, each the
        smallest that teaches 90% of a fact (or, if none does, most) on a seed that is not shown: {rates}.
        """)


def _curve(panel: Axes, rows: pd.DataFrame, look: Look, label: str, top: float, aside: float) -> None:
    """Mean by age with an interval that stays between nothing and everything, and a thin line a seed."""
    if rows["seed"].nunique() > 1:
        for _, run in rows.groupby("seed"):
            ages = run.groupby("age")["bits"].mean()
            panel.plot(ages.index + aside, ages, color=look.color, linewidth=0.35, alpha=0.6, zorder=1)
    found = within(rows, ["age"], "bits", top)
    style = {**look.marks(label=label), "linestyle": look.line}
    panel.errorbar(found["age"] + aside, found["mean"], yerr=bars(found), elinewidth=0.6, **style)


def draw(results: Results) -> Canvas:
    """Two panels: full finetuning by architecture; methods."""
    rows = reported(results).query("age >= 0")
    canvas, (left, right) = panels(columns=2, ratio=0.82, sharey=True)
    top = log2(rows["candidates"].iloc[0])
    places = {left: 0, right: 0}
    for architecture, method in RUNS:
        part = rows[(rows["architecture"] == architecture) & (rows["method"] == method)]
        if part.empty:
            continue
        shown = []
        if method == "full":
            shown.append((left, ARCHITECTURES[architecture], ARCHITECTURES[architecture].label))
        if method != "full" or architecture == "dense":
            where = " (memory layer)" if architecture == "memory" else ""
            shown.append((right, METHODS[method], METHODS[method].label + where))
        for panel, look, label in shown:
            _curve(panel, part, look, label, top, ASIDE * (places[panel] - 1.5))
            places[panel] += 1
    before = reported(results).query("written == 0").groupby("architecture")["bits"].mean()
    for panel in (left, right):
        panel.axhline(top, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
        panel.set(xlabel="age (tasks written since)", ylim=(0, top * 1.1))
        direct(panel, (rows["age"].max(), top), "everything", (0, 6), color=GREY, ha="right")
        panel.axhline(before["dense"], color=GREY, linewidth=0.7, linestyle=":")
        panel.legend(loc="lower left", handletextpad=0.4, labelspacing=0.25)
    direct(left, (rows["age"].max(), before["dense"]), "before any write", (0, -7), color=GREY, ha="right")
    left.set_ylabel("retained bits per fact")
    letters([left, right], ["full finetuning of three models", "ways of writing (dense unless noted)"])
    return canvas


FIGURE = Figure(
    "retention_lm",
    "What language models retain, by age",
    ("P2-plain", "P2-sparse", "P3", "P3-share", "P6"),
    ("streams",),
    caption,
    draw,
)
