"""What the language models retain of a stream of facts, by the age of the task, for each way of writing."""

from math import log2

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import ARCHITECTURES, GREY, METHODS, letters, panels
from figures.verdicts.runs import learning_rates, reported
from figures.verdicts.table import sentence
from realmodels.writing.methods.catalogue import RUNS


def caption(results: Results) -> str:
    """What is shown, the learning rates, and the verdicts on P2, P3 and P6."""
    rows = reported(results)
    chosen = learning_rates(results)
    rates = "; ".join(f"{METHODS[m].label} on {ARCHITECTURES[a].label} {chosen[a, m]:g}" for a, m in RUNS if (a, m) in chosen)
    tasks = int(rows["written"].max())
    return (
        f"Retained bits per fact against the number of tasks written since, in a stream of {tasks} tasks. Dashed: "
        "log2 of the candidates; dotted: what the dense model guesses of a fact from its subject's name, before any write. "
        f"Means over tasks of that age and {seeds(rows)}, with 95% intervals over seeds. (a) Full "
        "finetuning of the three models. (b) Narrower writes. Learning rates, each the smallest that teaches "
        "90% of a fact (or, if none does, most) on a seed that is not shown: "
        f"{rates}. " + sentence(results, "P2-plain", "P2-sparse", "P3", "P3-share", "P6")
    )


def _curve(panel: Axes, rows, look, label: str) -> None:
    found = by_group(rows, ["age"], "bits")
    panel.errorbar(
        found["age"],
        found["mean"],
        yerr=bars(found),
        elinewidth=0.6,
        color=look.color,
        marker=look.marker,
        linestyle=look.line,
        label=label,
    )


def draw(results: Results) -> Canvas:
    """Two panels: full finetuning by architecture; methods."""
    rows = reported(results).query("age >= 0")
    canvas, (left, right) = panels(columns=2, ratio=0.85, sharey=True)
    for architecture, method in RUNS:
        part = rows[(rows["architecture"] == architecture) & (rows["method"] == method)]
        if part.empty:
            continue
        if method == "full":
            _curve(left, part, ARCHITECTURES[architecture], ARCHITECTURES[architecture].label)
        if method != "full" or architecture == "dense":
            where = " (memory layer)" if architecture == "memory" else ""
            _curve(right, part, METHODS[method], METHODS[method].label + where)
    before = by_group(reported(results).query("written == 0"), ["architecture"], "bits").set_index("architecture")["mean"]
    ceiling = log2(rows["candidates"].iloc[0])
    for panel in (left, right):
        panel.axhline(ceiling, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
        panel.set(xlabel="age (tasks written since)", ylim=(-0.1, ceiling * 1.12))
        panel.annotate("everything", (4.5, ceiling), (0, 2), textcoords="offset points", color=GREY, va="bottom", fontsize=7)
        panel.axhline(before["dense"], color=GREY, linewidth=0.7, linestyle=":")
        panel.text(0, before["dense"] - 0.05, "before any write", color=GREY, va="top", fontsize=7)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    left.set_ylabel("retained bits per fact")
    letters([left, right], ["full finetuning", "ways of writing (dense unless noted)"])
    return canvas


FIGURE = Figure(
    "retention_lm",
    "What language models retain, by age",
    ("P2-plain", "P2-sparse", "P3", "P3-share", "P6"),
    ("streams",),
    caption,
    draw,
)
