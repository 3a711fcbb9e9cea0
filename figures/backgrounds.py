"""Whose background protects whom in one matrix of a pretrained model, said before any write and measured (C2, P1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.estimate import estimate
from figures.figure import Figure
from figures.results import Results, bars, by_group, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, Look, letters, panels, ticks
from figures.verdicts.backgrounds import ASKED, over_plain, skills, written
from figures.words import number, paragraph

KINDS = {
    "stream": Look("own prompts", VERMILION, "D"),
    "answer": Look("own, at answers", ORANGE, "^"),
    "related": Look("other capitals", GREEN, "v"),
    "text": Look("text", BLUE, "o"),
    "mixture": Look("mixture", PURPLE, "s"),
    "random": Look("random", GREY, "X"),
}
WHOSE = {"stream": "own prompts", "related": "capitals", "text": "text"}
SIGNS = {"stream": VERMILION, "related": GREEN, "text": BLUE}


def advised(table: pd.DataFrame, kind: str, name: str = "stream") -> int:
    """Number of directions of a background with the least crosstalk, mean of its logarithm over seeds, among those computed."""
    part = table[table["background"] == kind]
    return int(np.log(part[f"crosstalk_{name}"]).groupby(part["k"]).mean().idxmin())


def order(table: pd.DataFrame) -> list[str]:
    """The ways that were written, but for the plain one: by background, then by number of directions."""
    rows = table[table["background"].isin(list(KINDS))][["way", "background", "k"]].drop_duplicates()
    rows = rows.assign(place=rows["background"].map(list(KINDS).index)).sort_values(["place", "k"])
    return list(rows["way"])


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    table, whole = written(results), results.table("backgrounds")
    first = table.iloc[0]
    facts = first["T"] * first["D"]
    means = table.groupby("way")[["kept", "known"]].mean()
    found = skills(table)
    energy = skills(table, "energy")["related"].mean
    low, high = (number(pick(value.mean for value in found.values())) for pick in (min, max))
    chosen = [way for way in ("none", "stream.2", "text.64", "mixture.64") if way in means.index]
    names = {"none": "plain writes", "stream.2": "off two directions of the stream's prompts", "text.64": "off 64 of text",
             "mixture.64": "off 64 of a mixture"}  # fmt: skip
    told = "; ".join(
        f"{names[way]} {number(means.loc[way, 'kept'])} facts and {number(means.loc[way, 'known'])} of the capitals"
        for way in chosen
    )
    return paragraph(f"""
        What a background protects is said in part before any write: with a skill of {low} to {high}, where 1 would be all of
        it; at capitals the energy of the keys says {"more" if energy < 0 else "less"}. Of {facts} facts written into one
        matrix of SmolLM2-135M are kept: {told}. (a) Facts kept against the number of directions left out; dashed: that of
        1 to {whole["k"].max()} at which the law says least crosstalk with the stream, off its own prompts (prompts of its form,
        about other subjects) and off the mixture. (b) Mean square of what the writes
        add to the matrix's output, over that of plain writes, against what the law says: a point per way and kind of what is
        asked. (c) The same by way: measured (marks) and said (rings). (d) Share of the known capitals that is still right,
        and of the facts kept, against the forecast: the predicted change put into the matrix, and the kernel simulation. Means
        over {seeds(table)}, with 95% intervals, each by itself.
        """)


def _kept(panel: Axes, table: pd.DataFrame, whole: pd.DataFrame) -> None:
    """Facts kept against directions."""
    for kind, look in KINDS.items():
        part = table[table["background"] == kind]
        if part.empty:
            continue
        found = by_group(part, ["k"], "kept")
        style = look.marks(linestyle="-", linewidth=0.7, elinewidth=0.7)
        panel.errorbar(found["k"], found["mean"], yerr=bars(found), **style)
        if kind in ("stream", "mixture"):
            panel.axvline(advised(whole, kind), color=look.color, linewidth=0.7, linestyle=(0, (4, 2)))
    plain = table.loc[table["background"] == "none", "kept"].mean()
    panel.axhline(plain, color=BLACK, linewidth=0.7, linestyle=":", label="plain")
    panel.set_xscale("log", base=2)
    ticks(panel.xaxis, sorted(set(table.loc[table["k"] > 0, "k"])))
    panel.set(xlabel="directions left out, k", ylabel="facts kept")


def _ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of log2 ratios to plain writes: way, name, measured (mean, low, high), said."""
    rows = []
    for name in ASKED:
        measured, said = over_plain(table, f"function_{name}"), over_plain(table, f"crosstalk_{name}")
        for way in measured.columns:
            value = estimate(measured[way].dropna())
            rows.append({"way": way, "name": name, **value._asdict(), "said": float(said[way].mean())})
    return pd.DataFrame(rows)


def _against(panel: Axes, ratios: pd.DataFrame) -> None:
    """Measured against said."""
    for name, color in SIGNS.items():
        part = ratios[ratios["name"] == name]
        look = {"color": color, "linestyle": "none", "marker": "osD"[ASKED.index(name)], "elinewidth": 0.7}
        panel.errorbar(part["said"], part["mean"], yerr=bars(part), label=WHOSE[name], **look)
    ends = [min(ratios["said"].min(), ratios["mean"].min()), max(ratios["said"].max(), ratios["mean"].max())]
    panel.plot(ends, ends, color=BLACK, linewidth=0.6)
    panel.set(xlabel=r"said, $\mathrm{log}_2$ over plain", ylabel=r"measured, $\mathrm{log}_2$ over plain")


def _matrix(panel: Axes, ratios: pd.DataFrame, ways: list[str]) -> None:
    """A row per way: what is measured, and what was said."""
    for name, color in SIGNS.items():
        part = ratios[ratios["name"] == name].set_index("way").loc[ways]
        rows = np.arange(len(ways)) + 0.22 * (ASKED.index(name) - 1)
        panel.plot(part["mean"], rows, color=color, linestyle="none", marker="osD"[ASKED.index(name)])
        panel.plot(part["said"], rows, color=color, linestyle="none", marker="o", markersize=6, fillstyle="none")
    panel.axvline(0.0, color=BLACK, linewidth=0.6)
    panel.set_yticks(range(len(ways)), [f"{KINDS[way.split('.')[0]].label}, {way.split('.')[1]}" for way in ways])
    panel.invert_yaxis()
    panel.set(xlabel=r"change over plain, $\mathrm{log}_2$", ylabel="background and k")


def _forecast(panel: Axes, table: pd.DataFrame) -> None:
    """Outcome against forecast, means over seeds."""
    for (said, column), (color, mark, label) in {
        ("known_injected", "known"): (GREEN, "s", "capitals, change put in"),
        ("share_kernel", "share"): (VERMILION, "o", "facts, kernel"),
        ("share_injected", "share"): (GREY, "x", "facts, change put in"),
    }.items():
        means = table.groupby("way")[[said, column]].mean()
        panel.plot(means[said], means[column], color=color, marker=mark, linestyle="none", label=label)
    panel.plot([0, 1], [0, 1], color=BLACK, linewidth=0.6)
    panel.set(xlabel="forecast, share", ylabel="measured, share", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    panel.legend(loc="lower right", handletextpad=0.2, labelspacing=0.2)


def draw(results: Results) -> Canvas:
    """Four panels: kept against k, measured against said, by way, and forecasts of what is left."""
    table, whole = written(results), results.table("backgrounds")
    ratios = _ratios(table)
    canvas, grid = panels(rows=2, columns=2, ratio=0.85)
    _kept(grid[0], table, whole)
    _against(grid[1], ratios)
    _matrix(grid[2], ratios, order(table))
    _forecast(grid[3], table)
    grid[1].legend(loc="upper left", handletextpad=0.2, labelspacing=0.2)
    handles, labels = grid[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    letters(grid, ["facts kept", "said and measured", "what each protects", "forecasts"])
    return canvas


FIGURE = Figure(
    "backgrounds",
    "Whose background protects whom",
    (
        "C2-background",
        "C2-background-energy",
        "C2-stream",
        "C2-second",
        "C2-flat",
        "C2-price",
        "C2-flat-price",
        "C2-text",
        "C2-text-stream",
        "C2-mixture",
        "P1-injected",
        "P1-injected-kept",
    ),
    ("backgrounds",),
    caption,
    draw,
)
