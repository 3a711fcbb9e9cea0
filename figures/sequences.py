"""Every simulated method by the length of its stream, at equal total state: the worst-kept task against the law."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.methods import NAMES
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, letters, panels
from figures.verdicts.sequences import COLUMNS
from figures.words import counted, means, number, opening, paragraph

FAMILIES = {
    "forgets": "forgets the oldest",
    "stops learning": "stops learning",
    "all facts fade together, learning slows": "all facts fade together",
}
WORDS = NAMES | {"plain": NAMES["finetuning"], "rls": "recursive least squares", "gem": "GEM"}
"""Plain names; a learner that has none here is shown by its own."""
LOOKS = tuple(zip((BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK), "osD^vPX", ("-", "--", "-.", ":") * 2, strict=False))
NEAR = 0.1  # relative distance of a length from its law that the caption counts
CLAIMS = ("H4-length", "H4-ceiling", "H4-fails")


def table(results: Results) -> pd.DataFrame:
    """The table with the length of the stream over the numbers per output (`share`) and that at which the law's depth is half."""
    frame = results.table("sequences", *COLUMNS, "predicted_total", "length", "state", "outputs")
    width = frame["state"] / frame["outputs"]
    return frame.assign(share=frame["M"] / width, half=frame["length"] / width)


def half(part: pd.DataFrame, column: str) -> float:
    """Length at which a method's mean depth falls to half, by interpolation; the longest stream if it never does."""
    depth = part.groupby("share")[column].mean()
    below = depth[depth < 0.5].index.min()
    if pd.isna(below):
        return float(depth.index.max())
    above = depth[depth.index < below]
    if above.empty:
        return float(below)
    x, y = above.index[-1], above.iloc[-1]
    return float(x + (below - x) * (y - 0.5) / (y - depth[below]))


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    frame = table(results)
    lengths = {name: (half(part, "worst"), half(part, "predicted_worst")) for name, part in frame.groupby("learner")}
    off = {name: abs(measured / law - 1) for name, (measured, law) in lengths.items()}
    furthest = max(off, key=off.__getitem__)
    longest = max(lengths, key=lambda name: lengths[name][0])
    close = sum(value <= NEAR for value in off.values())
    return paragraph(f"""
        {opening(counted(close, "method"))} of {len(off)} come to half depth within {NEAR:.0%} of the length that their law
        gives, and the longest stream, {number(lengths[longest][0])} facts a number, is kept by {WORDS.get(longest, longest)};
        the furthest from its law is {WORDS.get(furthest, furthest)} ({number(100 * off[furthest])}%). Depth of the worst-kept
        task of methods of continual learning, simulated at equal total state ({number(frame["state"].iloc[0])} numbers,
        parameters and protective state together, {frame["outputs"].iloc[0]} outputs), against the length of the stream over
        the numbers per output that the state would make as parameters, grouped by how the law says that a method fails.
        Marks: simulated; lines: the laws of the ledger, nothing fitted. {means(frame)}
        """)


def _panel(panel: Axes, frame: pd.DataFrame, title: str) -> None:
    """Methods of one family: marks over lines."""
    for look, (name, part) in zip(LOOKS, frame.groupby("learner", sort=False), strict=False):
        shown = Look(WORDS.get(str(name), str(name).replace("_", " ")), *look)
        law = part.groupby("share")["predicted_worst"].mean()
        panel.plot(law.index, law, color=shown.color, linestyle=shown.line, linewidth=0.8, zorder=1)
        found = by_group(part, ["share"], "worst")
        marks = shown.marks(markersize=3, markerfacecolor="white", markeredgewidth=0.8)
        panel.errorbar(found["share"], found["mean"], yerr=bars(found), elinewidth=0.5, zorder=2, **marks)
    panel.axhline(0.5, color=GREY, linewidth=0.5, zorder=0)
    panel.set(ylim=(-0.03, 1.08), xlim=(0, None), xlabel="facts over numbers")
    panel.set_title(title)
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.26), handletextpad=0.2, labelspacing=0.25)


def draw(results: Results) -> Canvas:
    """One panel a family of failures."""
    frame = table(results)
    families = [family for family in FAMILIES if (frame["fails"] == family).any()]
    canvas, axes = panels(columns=len(families), ratio=1.75 if len(families) == 3 else 0.8, sharey=True)
    for panel, family in zip(axes, families, strict=True):
        _panel(panel, frame[frame["fails"] == family], FAMILIES[family])
    axes[0].set_ylabel("depth of the worst-kept task")
    letters(axes, [FAMILIES[family] for family in families])
    return canvas


FIGURE = Figure("sequences", "Every method by the length of its stream, measured", CLAIMS, ("sequences",), caption, draw)
