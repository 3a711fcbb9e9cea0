"""Continual-learning methods under the ceilings: one file and one claim each; `comparison` sets them side by side."""

from __future__ import annotations

from theory.methods import (
    editing,
    ewc,
    experts,
    finetuning,
    gpm,
    lora,
    masks,
    progressive,
    replay,
    self_rehearsal,
    sparse_memory,
)
from theory.proof.claim import Claim

METHODS = (finetuning, ewc, gpm, replay, lora, masks, sparse_memory, editing, experts, progressive, self_rehearsal)
CLAIMS: tuple[Claim, ...] = tuple(claim for method in METHODS for claim in method.CLAIMS)
