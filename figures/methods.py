"""Every method under its ceiling, by the length of the sequence, at equal total state."""

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Look, panels
from theory.methods import comparison

SHOWN = {
    "finetuning": Look("fine-tuning, best fixed rate", BLACK, ""),
    "annealed": Look("fine-tuning, annealed rate", BLACK, "", "--"),
    "ewc": Look("EWC, exact; AlphaEdit", BLUE, ""),
    "gpm": Look("GPM, OGD", BLUE, "", "--"),
    "replay": Look("replay", GREEN, ""),
    "replay_buffer_read": Look("replay, buffer consulted", GREEN, "", ":"),
    "self_rehearsal_seeded": Look("self-rehearsal, cues from a seed", GREEN, "", "--"),
    "lora": Look("LoRA, merged", ORANGE, ""),
    "masks": Look("masks", ORANGE, "", "--"),
    "editing": Look("ROME", VERMILION, ""),
    "sparse_memory": Look("sparse memory, random slots", PURPLE, ""),
    "sparse_memory_chosen": Look("sparse memory, unused slots", PURPLE, "", "--"),
    "experts": Look("experts", SKY, "", ":"),
}


def caption(results: Results) -> str:
    """What is shown: the laws, not a measurement."""
    frame = results.table("methods", "state", "outputs", "depth", "method", "M", "total_depth", "least_depth")
    few, many = frame["outputs"].min(), frame["outputs"].max()
    return (
        f"Methods of continual learning at equal total state ({frame['state'].iloc[0]:,.0f} numbers, parameters and "
        "protective state together), by the laws of the ledger. Top: depth that all facts together "
        "retain, over the numbers per output that the whole state would make as parameters. Bottom: depth of the worst-kept "
        "fact. "
        f"Left: state that depends on keys alone is shared by {few:,} outputs, right: by {many:,}. Second-order "
        "and projection methods pay for their Hessian or basis with width, which only many outputs repay; annealing pays "
        "nothing. Facts come one by one, except that adapters of LoRA fit "
        f"{comparison.RANK} at once; masks give each fact a number of its own; sparse writes take {comparison.SLOTS} random "
        "slots, or one unused slot; delta rules have the best strength for each length, and replay the split between store "
        "and buffer, of one fact at least, that holds the longest sequence, with keys of at least "
        f"{comparison.LEAST_WIDTH} numbers. AlphaEdit, with no keys to preserve, is exact "
        "EWC. Depth is not "
        "bits: at equal depth, methods without crosstalk (EWC, GPM, masks below their ceilings) retain more."
    )


def draw(results: Results) -> Canvas:
    """Two rows, total and least depth, for the smallest and the largest number of outputs."""
    frame = results.table("methods", "state", "outputs", "method", "M", "total_depth", "least_depth")
    frame = frame.assign(width=frame["state"] / frame["outputs"])
    canvas, axes = panels(2, 2, ratio=0.7, sharex="col", sharey="row")
    ends = sorted(frame["outputs"].unique())[:: max(1, frame["outputs"].nunique() - 1)]
    for column, outputs in enumerate(ends):
        for method, look in SHOWN.items():
            part = frame[(frame["outputs"] == outputs) & (frame["method"] == method)].sort_values("M")
            style = {"color": look.color, "linestyle": look.line, "linewidth": 1.0}
            axes[column].plot(part["M"] / part["width"], part["total_depth"] / part["width"], label=look.label, **style)
            axes[column + 2].plot(part["M"] / part["width"], part["least_depth"], **style)
        axes[column].set(xscale="log", xlim=(0.01, 32), ylim=(0, 1.05), title=f"{outputs:,} outputs")
        axes[column].axhline(1, color=GREY, linewidth=0.5, zorder=0)
        axes[column + 2].set(xlabel="facts over numbers per output", ylim=(0, 1.05))
    axes[0].set(ylabel="total retained depth")
    axes[2].set(ylabel="depth of the worst fact")
    canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return canvas


FIGURE = Figure("methods", "Every method under its ceiling, at equal total state", (), ("methods",), caption, draw)
