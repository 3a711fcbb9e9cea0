"""What the slots of a memory layer store: hubs, information, surprise, and the subject of a prompt (P9)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import estimate
from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREY, ORANGE, VERMILION, Look, letters, panels, ticks
from figures.verdicts.slots import of_finetuned, of_stage
from figures.words import means, paragraph, signed

STAGES = {
    "untrained": Look("before training", GREY, "o", (0, (1, 1))),
    "pretrained": Look("pretrained", BLUE, "s", "--"),
    "finetuned": Look("finetuned", VERMILION, "^", "-"),
}
PLACES = {
    "first": "name:\nfirst",
    "inside": "inside",
    "last": "last",
    "after": "after\nname",
    "answer": "before\nanswer",
}
KNOWN = {
    "token": "the token itself",
    "before": "token before, given it",
    "after": "token after, given it",
    "position": "position in the text",
}


def fixed(x: float) -> str:
    """A number to two places, without a sign where it is 0."""
    return signed(x).lstrip("+")


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = results.table("slots")
    top = of_finetuned(results, "top").mean
    known = of_finetuned(results, "token_bits").mean / of_finetuned(results, "context_bits").mean
    rho = of_finetuned(results, "rho_next_within").mean
    due = {stage: of_stage(results, stage, "answer", "specificity").mean() for stage in ("pretrained", "finetuned")}
    return paragraph(f"""
        A hundredth of the slots takes {top:.0%} of what a memory layer reads; the token tells at least {known:.0%} of what its
        context fixes of a read; rare slots are read where the next token is {"expected" if rho < 0 else "a surprise"}; and where
        the answer is due reads tell a subject by {fixed(due["finetuned"])} of their weight after format finetuning, before it by
        {fixed(due["pretrained"])}. (a) Share of the weight of all reads of held-out text that the busiest slots take. (b) Mutual
        information of a read with what stands beside the bar, "it" being the token: a bar begins at what is left when the
        information of shuffled tokens is subtracted and ends at what is counted; the truth lies between. Dashed line: all that
        the context fixes. (c) Rarity of the slots read, −log#sub[2] of their share in training text, by tenths of the model's
        surprise at the next token: over all tokens, and within the occurrences of one token (rank correlation {signed(rho)}).
        (d) Specificity: overlap of the reads of one subject between two wordings, less that of different subjects with the same
        token there. Memory layer of {frame["slots"].max():.0f} slots; (b) and (c) after format finetuning.
        {means(frame)} Panels (a) and (b) show means alone.
        """)


def _hubs(panel: Axes, text: pd.DataFrame) -> None:
    """Share of all reads by the share of the slots that take it."""
    for stage, look in STAGES.items():
        rows = text[text["stage"] == stage]
        taken = np.mean([np.cumsum(shares) for shares in rows["shares"]], axis=0)
        panel.plot(100 * np.arange(1, len(taken) + 1) / len(taken), 100 * taken, **look.curve())
    even = np.geomspace(0.1, 100)
    panel.plot(even, even, color=BLACK, linewidth=0.7, label="all alike")
    panel.set(xscale="log", xlabel="busiest slots (%)", ylabel="share of reads (%)", xlim=(0.1, 100), ylim=(0, 102))
    ticks(panel.xaxis, [0.1, 1, 10, 100])
    panel.legend(loc="upper left")


def _information(panel: Axes, text: pd.DataFrame) -> None:
    """What a read tells: a bar from the corrected to the counted information."""
    rows = text[text["stage"] == "finetuned"]
    for place, name in enumerate(KNOWN):
        low, high = (rows[f"{name}_bits{end}"].mean() for end in ("", "_counted"))
        panel.barh(place, high - low, left=low, height=0.5, color=ORANGE)
        panel.plot([low, low], [place - 0.25, place + 0.25], color=BLACK, linewidth=1)
    panel.axvline(rows["context_bits"].mean(), color=GREY, linestyle="--", linewidth=0.9)
    panel.set_yticks(range(len(KNOWN)), list(KNOWN.values()))
    panel.invert_yaxis()
    panel.set(xlabel="information (bits)", xlim=(0, 1.08 * rows["context_bits"].mean()))


def _surprise(panel: Axes, text: pd.DataFrame) -> None:
    """Rarity of the slots read by tenths of the surprise at the next token."""
    rows = text[text["stage"] == "finetuned"]
    lines = {
        "rarity_profile": Look("all tokens", BLUE, "o", "-"),
        "rarity_profile_within": Look("within one token", VERMILION, "s", "--"),
    }
    for name, look in lines.items():
        values = np.stack([np.array(profile) - np.mean(profile) for profile in rows[name]])
        found = pd.DataFrame([estimate(column)._asdict() for column in values.T])
        x = np.arange(1, len(found) + 1)
        panel.errorbar(x, found["mean"], yerr=bars(found), elinewidth=0.6, **look.marks(linestyle=look.line, linewidth=0.9))
    panel.axhline(0, color=GREY, linewidth=0.7, linestyle=":")
    panel.set(xlabel="tenth of surprise at the next token", ylabel="rarity less its mean (bits)", xticks=[1, 4, 7, 10])
    panel.legend(loc="upper right")


def _places(panel: Axes, frame: pd.DataFrame) -> None:
    """Specificity by place, before and after format finetuning."""
    for aside, (stage, look) in zip((0, -0.08, 0.08), STAGES.items(), strict=True):
        if stage == "untrained":
            continue
        found = by_group(frame[(frame["stage"] == stage) & frame["place"].isin(PLACES)], ["place"], "specificity")
        found = found.set_index("place").loc[list(PLACES)]
        style = look.marks(linestyle=look.line, linewidth=0.9)
        panel.errorbar(np.arange(len(PLACES)) + aside, found["mean"], yerr=bars(found), elinewidth=0.6, **style)
    panel.axhline(0, color=GREY, linewidth=0.7, linestyle=":")
    panel.set_xticks(range(len(PLACES)), list(PLACES.values()))
    panel.set(xlabel="token of the prompt", ylabel="specificity")
    panel.set_ylim(-0.06, 0.45)
    panel.legend(loc="upper left", ncols=2)


def draw(results: Results) -> Canvas:
    """Four panels."""
    frame = results.table("slots")
    text = frame[frame["place"] == "text"]
    canvas, axes = panels(rows=2, columns=2, ratio=0.62)
    _hubs(axes[0], text)
    _information(axes[1], text)
    _surprise(axes[2], text)
    _places(axes[3], frame)
    letters(axes, ("hubs", "what a read tells", "rarity of slots and surprise", "where reads tell the subject"))
    return canvas


FIGURE = Figure(
    "slots",
    "What the slots of a memory layer store",
    ("P9-hubs", "P9-surprise", "P9-boundary", "P9-answer"),
    ("slots",),
    caption,
    draw,
)
