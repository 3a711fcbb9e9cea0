"""Bits per parameter of a small model against exposures, beside the values in print for larger ones (K1-exposures)."""

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds, within
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, VERMILION, Look, letters, panels, ticks
from figures.verdicts.knowledge import ABOUT, LITERATURE, held
from figures.verdicts.table import sentence

BITS = {
    "both": Look("over all parameters", BLUE, "o"),
    "layers": Look("over all but the embedding", ORANGE, "s", "--"),
    "values": Look("values alone, over all", GREEN, "^", "-."),
}
RECALL = {"recall": Look("values", VERMILION, "D")}


def caption(results: Results) -> str:
    """What the panels show, what there was to know, and the verdict."""
    table = held(results)
    first = table.iloc[0]
    return (
        f"A model of {first['parameters'] / 1000:.1f} thousand parameters ({first['embedding_parameters'] / 1000:.1f} the "
        f"embedding) that reads nothing but the biographies of {first['people']:.0f} people, each so many times, each time in "
        f"other words: {first['known_bits'] / first['parameters']:.2g} bits per parameter to know. (a) Bits of names and values "
        "that it holds, by its losses, per parameter; crosses are the values in print for models of a million parameters and "
        f"more (Allen-Zhu and Li 2024), the grey bars a factor {ABOUT} around them. (b) Share of the values that it recalls. "
        "The verdict is on the ratio to the values in print. "
        f"Means over {seeds(table)} with 95% intervals. " + sentence(results, "K1-exposures")
    )


def draw(results: Results) -> Canvas:
    """Two panels against exposures: bits per parameter, and recall."""
    table = held(results)
    canvas, (left, right) = panels(columns=2, ratio=0.8)
    for panel, looks in ((left, BITS), (right, RECALL)):
        for column, look in looks.items():
            found = within(table, ["exposures"], column, 1.0) if column in RECALL else by_group(table, ["exposures"], column)
            panel.errorbar(
                found["exposures"], found["mean"], yerr=bars(found), elinewidth=0.6, linewidth=0.8,
                **look.marks(linestyle=look.line),
            )  # fmt: skip
    for number, known in LITERATURE.items():
        left.plot([number, number], [known / ABOUT, known * ABOUT], color=PALE, linewidth=5, solid_capstyle="butt", zorder=0)
        left.plot(number, known, color=BLACK, marker="x", linestyle="none", zorder=3)
        left.annotate(f"{known:g} in print", (number, known), (-4, 3), textcoords="offset points", ha="right", color=GREY)
    left.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    numbers = sorted({*table["exposures"], *LITERATURE})
    for panel in (left, right):
        panel.set(xscale="log", xlabel="exposures", xlim=(min(numbers) / 1.3, max(numbers) * 1.3))
        ticks(panel.xaxis, numbers)
    left.legend(loc="upper left")
    left.set_ylabel("bits per parameter")
    right.set(ylabel="share of values recalled", ylim=(-0.03, 1.05), yticks=(0, 0.25, 0.5, 0.75, 1))
    left.set_ylim(min(0, left.get_ylim()[0]), 1.25 * left.get_ylim()[1])
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
