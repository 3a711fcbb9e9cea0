"""Numbers in print about continual-learning methods, beside the laws of `theory.methods`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from theory.literature.agreement import Agreement
from theory.methods import lora, sparse_memory

LAYERS, WIDTH = 96, 12288  # GPT-3 175B: attention projections are WIDTH x WIDTH


def _adapters(rank: int, matrices: int) -> float:
    """Millions of numbers in adapters of that rank on so many projections of each layer of GPT-3."""
    return LAYERS * matrices * lora.CLAIM.value("adapter", N=WIDTH, outputs=WIDTH, rank=rank).value / 1e6


def _aloha() -> float:
    """Most that M = 10^5 facts on random supports retain of the slots, the share a of each chosen by search."""
    facts = 100_000

    def lost(log_share: float) -> float:
        share = float(np.exp(log_share))
        return -facts * share * sparse_memory.CLAIM.value("retained_depth", a=share, age=facts - 1).value

    found: Any = minimize_scalar(lost, bounds=(np.log(1e-8), np.log(0.5)), method="bounded", options={"xatol": 1e-9})
    return -float(found.fun)


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
        name="throughput of slotted ALOHA",
        claim="sparse_memory",
        quantity="share of the channel",
        theirs=0.368,
        source="Roberts 1975 (ALOHA packet system with and without slots and capture): 1/e",
        provenance="quoted from a secondary source",
        how="the best share of slots of 10^5 facts by search, from the depth law of random supports",
        tolerance=0.0005,
        why="digits in print",
        ours=_aloha,
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
