"""What each method loses of old knowledge for what it learns and keeps of a stream, learning rate by learning rate (E4)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, letters, panels
from figures.verdicts.pareto import LEVELS, at_level, curve, reaches
from figures.words import number, paragraph

DASHED, DOTTED = (0, (4, 2)), (0, (1, 1))
DENSE = {
    "full": Look("full, SGD", BLACK, "o"),
    "full_adamw": Look("full, AdamW", BLACK, "P", DOTTED),
    "feedforward": Look("feed-forward layers", GREY, "v"),
    "last_matrix": Look("last matrix", BLUE, "^"),
    "off_mode_1": Look("off-mode, 1 direction", ORANGE, "D"),
    "off_mode_12": Look("off-mode, 12 directions", VERMILION, "s"),
    "lora": Look("LoRA", PURPLE, "o"),
    "lora_merged": Look("LoRA, merged after a task", PURPLE, "s", DOTTED),
    "ewc": Look("EWC", GREEN, "o"),
    "gpm": Look("GPM, all matrices", SKY, "^"),
    "ogd": Look("OGD", GREEN, "s", DOTTED),
    "replay": Look("replay", SKY, "D", DASHED),
}
MEMORY = {
    "memory_full": Look("full, SGD", BLACK, "o"),
    "memory_adamw": Look("full, AdamW", BLACK, "P", DOTTED),
    "memory_lora": Look("LoRA", PURPLE, "o"),
    "memory_last_matrix": Look("last matrix", BLUE, "^"),
    "values": Look("all values read", GREY, "v"),
    "tfidf_256": Look("256 slots, TF-IDF", ORANGE, "D"),
    "tfidf_128": Look("128 slots, TF-IDF", ORANGE, "s", DOTTED),
    "tfidf_adamw": Look("256 slots, TF-IDF, AdamW", VERMILION, "P", DOTTED),
    "tf_128": Look("128 slots, TF", GREEN, "o"),
    "tf_64": Look("64 slots, TF", GREEN, "s", DOTTED),
    "random_128": Look("128 slots at random", SKY, "^", DASHED),
}
LOOKS = {"dense": DENSE, "memory": MEMORY}
TITLES = {way: look.label for looks in LOOKS.values() for way, look in looks.items()}


def at_equal_learning(table: pd.DataFrame, architecture: str, column: str) -> pd.Series:
    """A column of every way of the architecture that learns to its level, where it does; ascending."""
    level = LEVELS[architecture]
    parts = {way: table[table["way"] == way] for way in LOOKS[architecture]}
    found = {way: at_level(part, column, level) for way, part in parts.items() if len(part) and reaches(part, level)}
    return pd.Series(found, dtype=float).sort_values()


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = results.table("pareto")
    first = table.iloc[0]
    found = []
    for architecture in LOOKS:
        lost = at_equal_learning(table, architecture, "old_lost")
        if len(lost) > 1:
            ends = [f"{TITLES[way]} ({number(lost[way])})" for way in (lost.index[0], lost.index[-1])]
            found.append(
                f"at a depth of {LEVELS[architecture]:g} just after the write, the {architecture} model loses the smallest share "
                f"of old facts by {ends[0]} and the largest by {ends[1]}"
            )
    told = "; ".join(found) or "no two ways learn equally at these learning rates"
    return paragraph(f"""
        {told[0].upper()}{told[1:]}. A stream of {first["T"]} tasks of {first["D"]} facts with answers drawn at random is written
        by every method at {table.groupby("way")["learning_rate"].nunique().max()} learning rates, joined by lines. (a, b) Share
        of {first["old_facts"]} facts that the model was sure of before and no longer gets right, against the mean depth of a task
        just after its write. (c, d) The same against the mean depth of all facts after the last task: right and down is better.
        Means over {seeds(table)}.
        """)


def _plane(panel: Axes, table: pd.DataFrame, looks: dict[str, Look], x: str) -> None:
    """The curves of all ways of an architecture."""
    for way, look in looks.items():
        part = table[table["way"] == way]
        if len(part):
            found = curve(part, "old_lost", "kept", whole=True).iloc[1:]
            style = look.curve(marker=look.marker, linewidth=0.8, markersize=3.2)
            panel.plot(found[x], found["old_lost"], **style)


def draw(results: Results) -> Canvas:
    """Four panels: a column per architecture; above against what is learned, below against what is kept."""
    table = results.table("pareto")
    canvas, axes = panels(rows=2, columns=2, ratio=0.72, sharey=True)
    for place, (architecture, looks) in enumerate(LOOKS.items()):
        for panel, x, label in (
            (axes[place], "learned", "learned: depth just after the write"),
            (axes[2 + place], "kept", "kept: depth after the last task"),
        ):
            _plane(panel, table, looks, x)
            panel.set(xlabel=label, xlim=(-0.03, 1.0), ylim=(-0.02, 1.02))
        axes[place].axvline(LEVELS[architecture], color=GREY, linestyle=":", linewidth=0.7)
        handles, labels = axes[place].get_legend_handles_labels()
        side = "outside lower left" if place == 0 else "outside lower right"
        canvas.legend(handles, labels, loc=side, ncols=2, columnspacing=0.8, handletextpad=0.4, labelspacing=0.25)
    for panel in axes[::2]:
        panel.set_ylabel("old facts lost, share")
    letters(axes, ("dense", "memory layer", "dense", "memory layer"))
    return canvas


FIGURE = Figure(
    "pareto",
    "Learning against forgetting, method by method",
    (
        "P9-sparse",
        "P9-scope",
        "P9-slots",
        "P9-lora",
        "P9-ewc",
        "P9-off_mode",
        "P9-kept-off_mode",
        "P9-kept-replay",
        "P9-idf",
        "P9-random",
        "P9-size",
    ),
    ("pareto",),
    caption,
    draw,
)
