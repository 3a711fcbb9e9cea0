"""Where every claim is found: the laws of the ledger, in the order of the paper, imported on first use."""

from __future__ import annotations

import importlib

from theory.claim import Claim
from theory.errors import UserError

LAWS = ("interference", "conservation", "retention", "hebbian", "tradeoff", "separation", "interleaving")


def ledger() -> dict[str, Claim]:
    """Every claim by its id, in the order of the paper."""
    modules = (importlib.import_module(f"theory.{name}") for name in LAWS)
    return {claim.id: claim for module in modules for claim in module.CLAIMS}


def claim(id: str) -> Claim:
    """The claim of that id; raises `UserError` that lists the known ones."""
    claims = ledger()
    if id not in claims:
        raise UserError(f"no claim '{id}'; choose one of {', '.join(claims)}")
    return claims[id]
