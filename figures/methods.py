"""How long a stream every method keeps at half depth, at equal total state (H4): the laws, with few and with many outputs."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, BLUE, GREY, Look, direct, italic, panels, ticks
from figures.words import number, paragraph
from theory.methods import comparison

NAMES = {
    "finetuning": "finetuning, best fixed rate",
    "editing": "ROME",
    "lora": "LoRA, merged",
    "sparse_memory": "sparse memory, random slots",
    "experts": "experts",
    "annealed": "finetuning, annealed rate",
    "ewc": "EWC, exact (AlphaEdit)",
    "ewc_diagonal": "EWC, diagonal",
    "gpm": "GPM, OGD",
    "masks": "masks",
    "sparse_memory_chosen": "sparse memory, unused slots",
    "replay": "replay",
    "replay_buffer_read": "replay, buffer read as well",
    "self_rehearsal": "self-rehearsal, stored cues",
    "self_rehearsal_seeded": "self-rehearsal, seeded cues",
}
BUFFERED = ("replay", "replay_buffer_read", "self_rehearsal", "self_rehearsal_seeded")
FAMILIES = {
    "forgets": "forgets the oldest",
    "all facts fade together, learning slows": "all facts fade together",
    "stops learning": "stops learning",
    "buffer": "rehearses",
}


def longest(results: Results) -> pd.DataFrame:
    """Longest stream at half depth over the numbers per output that the state would make as parameters.

    One row per method and number of outputs (the fewest, the most), by family and then by length: method, outputs, share, family.
    """
    frame = results.table("methods", "state", "outputs", "depth", "method", "length", "fails")
    frame = frame[frame["outputs"].isin([frame["outputs"].min(), frame["outputs"].max()]) & frame["method"].isin(list(NAMES))]
    frame = frame.drop_duplicates(["outputs", "method"])
    frame = frame.assign(share=frame["length"] / (frame["state"] / frame["outputs"]))
    frame = frame.assign(family=frame["fails"].where(~frame["method"].isin(BUFFERED), "buffer"))
    order = frame.groupby("method")["share"].transform("max")
    return frame.assign(order=order, place=frame["family"].map(list(FAMILIES).index)).sort_values(["place", "order", "method"])


def caption(results: Results) -> str:
    """The finding, what is shown, and how: laws, not a measurement."""
    table, state = longest(results), results.table("methods")["state"].iloc[0]
    few, many = table["outputs"].min(), table["outputs"].max()
    ends = {outputs: table[table["outputs"] == outputs].set_index("method")["share"] for outputs in (few, many)}
    best = {outputs: NAMES[shares.idxmax()] for outputs, shares in ends.items()}
    return paragraph(f"""
        The stream that keeps half depth is longest, by law, with {best[few]} for {few} outputs ({number(ends[few].max())}
        facts a number) and with {best[many]} for {number(many)} ({number(ends[many].max())}). Longest stream of facts that
        all keep half of their depth, over the numbers per output that the whole state ({number(state)} numbers, parameters
        and protective state together) would make as parameters; laws of the ledger, not measurements. What depends on keys
        alone, a Hessian or a basis, is shared by the outputs and paid for with width, which only many outputs repay. Facts
        come one by one, but adapters of LoRA fit {comparison.RANK} at once; sparse writes take {comparison.SLOTS} random
        slots, or one unused slot; delta rules have the best strength for each length, and replay the best split between store
        and buffer. AlphaEdit without keys to preserve is exact EWC. Depth is not bits: at equal depth methods without
        crosstalk retain more.
        """)


def draw(results: Results) -> Canvas:
    """One row a method, grouped by what ends its stream; a mark for few and one for many outputs."""
    table = longest(results)
    few, many = table["outputs"].min(), table["outputs"].max()
    looks = {few: Look(f"{few} outputs", BLUE, "o"), many: Look(f"{many:,} outputs".replace(",", " "), BLACK, "s")}
    families = [family for family in FAMILIES if (table["family"] == family).any()]
    rows = table["method"].nunique() + len(families)
    canvas, (panel,) = panels(ratio=max(0.3, 0.036 * rows + 0.12), width=0.8)
    y, heights, left = 0.0, {}, table["share"].min() / 1.6
    for family in families:
        panel.text(left * 1.05, y, italic(FAMILIES[family]), va="center")
        y += 1
        for method, part in table[table["family"] == family].groupby("method", sort=False):
            heights[NAMES[method]] = y
            panel.plot(part["share"], [y] * len(part), color=GREY, linewidth=0.7, zorder=1)
            for outputs, share in zip(part["outputs"], part["share"], strict=True):
                face = "white" if outputs == few else looks[outputs].color
                size = 6.5 if outputs == few else 3.5
                panel.plot(share, y, **looks[outputs].marks(label=None, markerfacecolor=face, markersize=size))
            y += 1
    panel.axvline(1, color=GREY, linewidth=0.6, zorder=0)
    direct(panel, (1, -0.3), "as many facts as numbers", (-4, 0), color=GREY, ha="right")
    for outputs, look in looks.items():
        panel.plot([], [], **look.marks(markerfacecolor="white" if outputs == few else look.color))
    panel.set(xscale="log", xlim=(left, 1.25 * max(1, table["share"].max())), ylim=(y - 0.3, -0.9))
    panel.set(xlabel="longest stream at half depth, facts over numbers per output")
    panel.set_yticks(list(heights.values()), list(heights))
    panel.tick_params(axis="y", length=0)
    ticks(panel.xaxis, [v for v in (0.03, 0.1, 0.3, 1, 2) if left <= v])
    panel.set_ylabel("method")
    canvas.legend(loc="outside lower center", ncols=2)
    return canvas


FIGURE = Figure("methods", "Every method under its ceiling, at equal total state", (), ("methods",), caption, draw)
