"""Pretraining of the language models: held-out bits per byte against tokens, beside unigram, bigram and lzma."""

from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, by_group, seeds
from figures.style import ARCHITECTURES, GREY, panels
from figures.verdicts.table import sentence


def caption(results: Results) -> str:
    """What is shown, with parameter counts, and the verdict on P4."""
    final = results.table("pretraining").query("final")
    counts = final.groupby("architecture")["parameters"].first()
    sizes = ", ".join(f"{ARCHITECTURES[name].label} {counts[name] / 1e6:.3f}M" for name in ARCHITECTURES if name in counts)
    return (
        f"Pretraining from scratch at equal parameter counts ({sizes} parameters): bits per byte of held-out text against "
        f"training tokens, mean over {seeds(final)}, one thin line a seed. Dashed: unigram and bigram "
        "models and lzma given the same training text. " + sentence(results, "P4", "P4-equal")
    )


def draw(results: Results) -> Canvas:
    """One curve per architecture; horizontal lines for the baselines, labelled at the right edge."""
    frame = results.table("pretraining", "architecture", "seed", "tokens", "bits_per_byte").query("tokens > 0")
    baselines = results.table("baselines", "name", "source", "bits_per_byte").query("source == 'all'")
    canvas, (panel,) = panels(ratio=0.62, width=0.72)
    for name, look in ARCHITECTURES.items():
        part = frame[frame["architecture"] == name].dropna(subset=["bits_per_byte"])
        if part.empty:
            continue
        for _, run in part.groupby("seed"):
            panel.plot(run["tokens"] / 1e6, run["bits_per_byte"], color=look.color, linewidth=0.4, alpha=0.5)
        mean = by_group(part, ["tokens"], "bits_per_byte")
        panel.plot(mean["tokens"] / 1e6, mean["mean"], marker=look.marker, **look.curve())
    right = frame["tokens"].max() / 1e6
    for _, row in baselines.iterrows():
        panel.axhline(row["bits_per_byte"], color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
        panel.text(right, row["bits_per_byte"], row["name"], color=GREY, ha="right", va="bottom", fontsize=7)
    panel.set(xlim=(0, right * 1.02), xlabel="training tokens (millions)", ylabel="held-out bits per byte")
    canvas.legend(loc="outside upper center", ncols=3)
    return canvas


FIGURE = Figure(
    "training",
    "Pretraining of the three models that streams are written into",
    ("P4", "P4-equal"),
    ("pretraining", "baselines"),
    caption,
    draw,
)
