"""Asymmetric finetuning of native sparse attention: old facts, text and the stream against what is learned (E4)."""

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, VERMILION, Look, letters, panels
from figures.verdicts.attention_flows import CONTRASTS, LEVEL, flows
from figures.verdicts.pareto import at_level, curve
from figures.words import counted, number, paragraph

LOOKS = {
    "full": Look("all parameters", BLACK, "o"),
    "both": Look("both flows", BLUE, "D"),
    "slow_10": Look("compressed 10 times slower", GREEN, "v"),
    "selected": Look("selected flow", VERMILION, "^"),
}
LABELS = {
    "old_lost": "share lost",
    "text_rise": "rise, bits per byte",
    "kept": "depth kept",
}


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table = flows(results)
    costs = {way: number(at_level(table[table["way"] == way], "text_rise", LEVEL)) for way in LOOKS}
    lost = {way: number(at_level(table[table["way"] == way], "old_lost", LEVEL)) for way in LOOKS}
    first, rates = table.iloc[0], counted(table.groupby("way")["learning_rate"].nunique().max(), "learning rate")
    return paragraph(f"""
        Where tasks are learned to a depth of {LEVEL:g}, writing the selected flow of native sparse attention alone costs
        {costs["selected"]} bits per byte of held-out text and {lost["selected"]} of the old facts, both flows alike
        {costs["both"]} and {lost["both"]}, all parameters {costs["full"]} and {lost["full"]}. Each of
        {first["T"] * first["D"]} facts, in tasks of {first["D"]}, stands behind {first["passage"]} tokens of text; each way at
        {rates}. Against the mean depth of a task just after its own write: (a) share of {first["old_facts"]} old facts whose
        answer is no longer the likeliest; (b) rise of the cross-entropy of held-out text; (c) mean depth of all facts after the
        stream. Vertical line: the depth at which ways are compared. Means over {seeds(table)}.
        """)


def draw(results: Results) -> Canvas:
    """Three panels: old facts, text, the stream."""
    table = flows(results)
    canvas, axes = panels(columns=3, ratio=0.9)
    for panel, (column, label) in zip(axes, LABELS.items(), strict=True):
        for way, look in LOOKS.items():
            found = curve(table[table["way"] == way], column, whole=True)
            panel.plot(found["learned"], found[column], **look.marks(linestyle="-", linewidth=0.7))
        panel.axvline(LEVEL, color=GREY, linewidth=0.6)
        panel.set(xlabel="depth just after the write", ylabel=label, xlim=(0, 1), ylim=(0, None))
    canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    letters(axes, ("old facts", "text", "the stream"))
    return canvas


FIGURE = Figure(
    "attention_flows",
    "Asymmetric finetuning of sparse attention",
    tuple(CONTRASTS),
    ("attention_flows",),
    caption,
    draw,
)
