"""The learning-forgetting plane of the language models: each method's dial traces a curve."""

from math import log2

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.streams import WRITERS, dials, ends
from figures.style import ARCHITECTURES, GREY, METHODS, letters, panels
from figures.verdicts import sentence

FACE = {"dense": None, "memory": "white", "dsa": "#BBBBBB"}


def caption(results: Results) -> str:
    """What is shown, and the verdicts on P2, P3 and P6."""
    seeds = results.table("streams", "seed")["seed"].nunique()
    return (
        "Every way of writing, at every value of its dial (learning rate). (a) Bits per fact after the whole stream against "
        "bits when just written; on the diagonal nothing is forgotten. (b) Rise of held-out bits per byte, the damage to what "
        "the model knew, against bits per fact after the stream. A line joins the dials of one writer, in order; large marks "
        "are the chosen dials. Filled: dense; open: memory layer; grey: sparse attention. "
        f"Means over seeds ({seeds} in all, the tuning seed included), bars 95% intervals where two or more wrote. "
        + sentence(results, "P2-sparse", "P3", "P6")
    )


def draw(results: Results) -> Canvas:
    """Two panels: kept against learned; damage to held-out text against kept."""
    table = ends(results.table("streams"))
    chosen = dials(results)
    canvas, (left, right) = panels(columns=2, ratio=0.95)
    top = log2(results.table("streams", "candidates")["candidates"].iloc[0])
    left.plot([0, top], [0, top], color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
    left.text(
        top * 0.5,
        top * 0.53,
        "nothing forgotten",
        color=GREY,
        rotation=45,
        transform_rotates_text=True,
        rotation_mode="anchor",
        ha="center",
        fontsize=7,
    )
    for writer in WRITERS:
        part = table[(table["architecture"] == writer[0]) & (table["method"] == writer[1])]
        if part.empty:
            continue
        look, face = METHODS[writer[1]], FACE[writer[0]]
        fresh, kept, rise = (
            by_group(part.dropna(subset=[c]), ["dial"], c).set_index("dial") for c in ("bits_fresh", "bits", "heldout_rise")
        )
        for panel, x, y in ((left, fresh, kept), (right, kept, rise)):
            x = x.loc[y.index]
            style = {"color": look.color, "marker": look.marker, "markerfacecolor": face or look.color, "markeredgewidth": 0.7}
            panel.errorbar(
                x["mean"], y["mean"], xerr=bars(x), yerr=bars(y), elinewidth=0.4, linestyle=look.line, linewidth=0.7, **style
            )
            if chosen[writer] in y.index:
                panel.plot(
                    x["mean"][chosen[writer]], y["mean"][chosen[writer]], markersize=7, linestyle="none", zorder=4, **style
                )
        label = look.label if writer[1] not in ("full",) else f"{look.label}, {ARCHITECTURES[writer[0]].label}"
        left.plot([], [], linestyle=look.line, label=label, **style)
    left.set(
        xlabel="learned: bits per fact, just written",
        ylabel="kept: bits per fact, after the stream",
        xlim=(0, top),
        ylim=(0, top),
    )
    right.set(xlabel="kept: bits per fact, after the stream", ylabel="rise of held-out bits per byte")
    canvas.legend(loc="outside lower center", ncols=3)
    letters([left, right], ["kept against learned", "what it costs"])
    return canvas


FIGURE = Figure(
    "learning_forgetting",
    "Learning and forgetting of the language models, over each method's dial",
    ("P2-sparse", "P3", "P6"),
    ("streams",),
    caption,
    draw,
)
