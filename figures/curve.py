"""The curve of one training, for its model card: loss on the text read, and held-out bits per byte, by tokens."""

from pathlib import Path
from typing import Any

from figures.style import BLUE, VERMILION, panels, styled


def draw(card: dict[str, Any], path: Path) -> None:
    """Write the picture to `path` (PNG), from the log on the card (`realmodels.training.card.about`)."""
    log = card["log"]
    tokens = [entry["tokens"] for entry in log]
    fine = (card["training"] or {}).get("curve") or log
    read = [entry["step"] * tokens[-1] / log[-1]["step"] for entry in fine]
    with styled():
        canvas, (left, right) = panels(1, 2)
        left.plot(read, [entry["train_loss"] for entry in fine], color=BLUE, marker="o", markersize=3)
        left.set(xlabel="tokens read", ylabel="training loss [nats a token]")
        right.plot(tokens, [entry["bits_per_byte"]["all"] for entry in log], color=BLUE, marker="o", markersize=3, label="model")
        for name, by in card["bits_per_byte"].items():
            if name != "model":
                right.axhline(by["all"], color=VERMILION, linewidth=0.7, linestyle=":")
                right.annotate(name, (tokens[-1], by["all"]), ha="right", va="bottom", color=VERMILION)
        right.set(xlabel="tokens read", ylabel="held-out bits per byte")
        canvas.savefig(path, dpi=150)
