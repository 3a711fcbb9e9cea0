"""What a pretrained model from elsewhere keeps of a stream of facts, at every length, by method (P2-smollm2, P1-smollm2)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import GREY, letters, panels, shades
from figures.verdicts.smollm2 import WRITERS, ends
from figures.words import number, paragraph

TITLES = {
    "full": "full (SGD)",
    "full_adamw": "full (AdamW)",
    "lora": "LoRA",
    "replay": "full + replay",
    "last_matrix": "one matrix",
    "off_mode": "off-mode",
    "last_matrix_early": "one early matrix",
    "rome": "ROME",
    "memit": "MEMIT",
    "alphaedit": "AlphaEdit",
    "rls": "recursive least squares",
}
MARKS = "oD^vPsX<>ph"


def methods(frame: pd.DataFrame) -> list[str]:
    """Names of the methods in the table, those that write all layers first."""
    return [name for name in TITLES if name in set(frame["method"])]


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("smollm2")
    last = ends(frame).groupby("method")["share"].mean().sort_values()
    best, worst = TITLES[str(last.index[-1])], TITLES[str(last.index[0])]
    off, plain = last["off_mode"], last["last_matrix"]
    draws = frame.groupby("method")["seed"].nunique()
    order = "more" if off > plain else "less"
    return paragraph(f"""
        Of {frame["written"].max()} facts written into SmolLM2-135M, {best} keeps the share {number(last.iloc[-1])} word for word
        and {worst} {number(last.iloc[0])}; off-mode writes of one matrix keep {order} ({number(off)}) than plain ones
        ({number(plain)}). Facts said right against facts written, {frame["D"].iloc[0]} at a time: (a) methods that write one
        matrix, dashed: the kernel's forecast before any write; (b) methods that write all layers. Learning rates by one rule,
        on a draw of facts that is not shown. Means over {draws.max()} draws of facts for plain and off-mode writes of one
        matrix, with 95% intervals where there are three or more; over {draws.min()} for the others.
        """)


def _curves(panel: Axes, frame: pd.DataFrame, names: list[str], colors: dict[str, str]) -> None:
    """Facts said right against facts written, a colour and mark a method; forecasts dashed."""
    most = frame["written"].max()
    panel.plot([0, most], [0, most], color=GREY, linewidth=0.7, label="nothing forgotten")
    for name in names:
        part, mark = frame[frame["method"] == name], MARKS[list(TITLES).index(name)]
        found = by_group(part, ["written"], "kept")
        style = {"color": colors[name], "marker": mark, "markersize": 3, "linewidth": 0.8, "elinewidth": 0.5}
        yerr = bars(found) if found["count"].min() > 2 else None  # the interval of two draws says nothing
        panel.errorbar(found["written"], found["mean"], yerr=yerr, label=TITLES[name], **style)
        if name in WRITERS and part["forecast"].notna().all():
            said = by_group(part, ["written"], "forecast")
            panel.plot(said["written"], said["mean"], color=colors[name], linewidth=0.8, linestyle=(0, (4, 2)))
    panel.set(xlabel="facts written", ylabel="facts said right", xlim=(0, most * 1.05), ylim=(0, most * 1.05))
    panel.legend(loc="upper left", handletextpad=0.3, labelspacing=0.2)


def draw(results: Results) -> Canvas:
    """Two panels: one matrix, all layers; one panel where no method writes all layers."""
    frame = results.table("smollm2")
    names = methods(frame)
    wide = [name for name in names if (frame.loc[frame["method"] == name, "where"] == "all").all()]
    narrow = [name for name in names if name not in wide]
    colors = dict(zip(names, shades(len(names)), strict=True))
    canvas, grid = panels(columns=2, ratio=0.85, sharey=True) if wide else panels(columns=1)
    _curves(grid[0], frame, narrow, colors)
    if wide:
        _curves(grid[1], frame, wide, colors)
        letters(list(grid), ["one matrix", "all layers"])
    return canvas


FIGURE = Figure(
    "smollm2",
    "Facts in a pretrained model from elsewhere",
    ("P2-smollm2", "P1-smollm2"),
    ("smollm2",),
    caption,
    draw,
)
