"""Numbers in print about continual-learning methods, beside the laws of `theory.methods`."""

from __future__ import annotations

from theory.literature.agreement import Agreement

AGREEMENTS = (
    Agreement(
        name="knowledge capacity of trained language models",
        claim="progressive",
        quantity="bits per parameter",
        theirs=2.0,
        source="Allen-Zhu and Li 2025, Physics of language models: part 3.3 (1000 exposures)",
        provenance="quoted from a secondary source",
        how="quoted only: all numbers here are of b bits, and no law of this project predicts b for a trained model",
        tolerance=0.0,
        why="nothing is compared",
    ),
)
