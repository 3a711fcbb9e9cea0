"""Numbers in print about continual-learning methods, beside the laws of `theory.methods`."""

from __future__ import annotations

from theory.literature.agreement import Agreement
from theory.methods import lora

LAYERS, WIDTH = 96, 12288  # GPT-3 175B: attention projections are WIDTH x WIDTH


def _adapters(rank: int, matrices: int) -> float:
    """Millions of numbers in adapters of that rank on so many projections of each layer of GPT-3."""
    return LAYERS * matrices * lora.CLAIM.value("adapter", N=WIDTH, outputs=WIDTH, rank=rank).value / 1e6


AGREEMENTS = (
    Agreement(
        name="LoRA on GPT-3, rank 1 on two projections",
        claim="lora",
        quantity="trainable parameters, millions",
        theirs=4.7,
        source="Hu et al. 2022, LoRA, table 4 (GPT-3 175B)",
        provenance="recalled from the print, not read again",
        how="numbers of an adapter of rank 1, two projections in 96 layers of width 12288",
        tolerance=0.05,
        why="digits in print",
        ours=lambda: _adapters(1, 2),
    ),
    Agreement(
        name="LoRA on GPT-3, the larger budget",
        claim="lora",
        quantity="trainable parameters, millions",
        theirs=37.7,
        source="Hu et al. 2022, LoRA, table 4 (GPT-3 175B)",
        provenance="recalled from the print, not read again",
        how="numbers of an adapter of rank 8, two projections in 96 layers of width 12288",
        tolerance=0.05,
        why="digits in print",
        ours=lambda: _adapters(8, 2),
    ),
    Agreement(
        name="knowledge capacity of trained language models",
        claim="progressive",
        quantity="bits per parameter",
        theirs=2.0,
        source="Allen-Zhu and Li 2024, Physics of language models: part 3.3 (1000 exposures)",
        provenance="quoted from a secondary source",
        how="quoted only: all numbers here are of b bits, and no law of this project predicts b for a trained model",
        tolerance=0.0,
        why="nothing is compared",
    ),
)
