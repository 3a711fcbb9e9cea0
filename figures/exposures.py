"""Bits per parameter of a small model against exposures, beside the values in print for larger ones (K1-exposures)."""

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, within
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, VERMILION, Look, direct, letters, panels, ticks
from figures.verdicts.knowledge import ABOUT, LITERATURE, held
from figures.words import means, number, paragraph

BITS = {
    "both": Look("over all parameters", BLUE, "o"),
    "layers": Look("over all but the embedding", ORANGE, "s", "--"),
    "values": Look("values alone, over all", GREEN, "^", "-."),
}
RECALL = {"recall": Look("values", VERMILION, "D")}


def caption(results: Results) -> str:
    """The finding, what the panels show, and what there was to know."""
    table = held(results)
    first = table.iloc[0]
    bits, recall = (table.groupby("exposures")[column].mean() for column in ("both", "recall"))
    beside = " and ".join(
        f"{number(bits[count])} bits per parameter after {count} exposures against {known:g} in print"
        for count, known in LITERATURE.items()
        if count in bits
    )
    return paragraph(f"""
        A small model holds {beside or "too few facts to compare"}, and recalls {number(100 * recall.iloc[-1])}% of the values
        at the most. A model of {first["parameters"] / 1000:.1f} thousand parameters
        ({first["embedding_parameters"] / 1000:.1f} the embedding) that reads nothing but the biographies of
        {first["people"]:.0f} people, each so many times, each time in other words:
        {number(first["known_bits"] / first["parameters"])} bits per parameter to know. (a) Bits of names and values that it
        holds, by its losses, per parameter; crosses are the values in print for models of a million parameters and more
        (Allen-Zhu and Li 2024), the grey bars a factor {ABOUT} around them. (b) Share of the values that it recalls.
        {means(table)}
        """)


def draw(results: Results) -> Canvas:
    """Two panels against exposures: bits per parameter, and recall."""
    table = held(results)
    canvas, (left, right) = panels(columns=2, ratio=0.7)
    for panel, looks in ((left, BITS), (right, RECALL)):
        for place, (column, look) in enumerate(looks.items()):
            found = within(table, ["exposures"], column, 1.0) if column in RECALL else by_group(table, ["exposures"], column)
            aside = 1.05 ** (place - (len(looks) - 1) / 2)
            style = look.marks(linestyle=look.line, markerfacecolor="white")
            panel.errorbar(found["exposures"] * aside, found["mean"], yerr=bars(found), elinewidth=0.6, linewidth=0.8, **style)
    for count, known in LITERATURE.items():
        left.plot([count, count], [known / ABOUT, known * ABOUT], color=PALE, linewidth=7, solid_capstyle="butt", zorder=0)
        left.plot(count, known, color=BLACK, marker="x", linestyle="none", zorder=3)
        direct(left, (count, known * ABOUT), f"{known:g} in print", (6, 4), ha="right", color=GREY)
    left.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    numbers = sorted({*table["exposures"], *LITERATURE})
    for panel in (left, right):
        panel.set(xscale="log", xlabel="exposures", xlim=(min(numbers) / 1.4, max(numbers) * 1.4))
        ticks(panel.xaxis, numbers)
    left.legend(loc="upper left")
    left.set_ylabel("bits per parameter")
    right.set(ylabel="share of values recalled", ylim=(-0.03, 1.05), yticks=(0, 0.25, 0.5, 0.75, 1))
    left.set_ylim(min(0, left.get_ylim()[0]), 1.3 * left.get_ylim()[1])
    letters([left, right], ["bits held", "recall"])
    return canvas


FIGURE = Figure(
    "exposures",
    "What a small model holds of facts that it has read so many times",
    ("K1-exposures",),
    ("exposures",),
    caption,
    draw,
)
