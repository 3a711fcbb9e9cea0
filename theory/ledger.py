"""Where every claim is found: the laws of the ledger, in the order of the paper, imported on first use."""

from __future__ import annotations

from theory.claim import Claim
from theory.errors import UserError


def ledger() -> dict[str, Claim]:
    """Every claim by its id, in the order of the paper."""
    from theory import conservation, hebbian, interference, interleaving, retention, separation, tradeoff

    laws = (interference, conservation, retention, hebbian, tradeoff, separation, interleaving)
    return {claim.id: claim for law in laws for claim in law.CLAIMS}


def claim(id: str) -> Claim:
    """The claim of that id; raises `UserError` that lists the known ones."""
    claims = ledger()
    if id not in claims:
        raise UserError(f"no claim '{id}'; choose one of {', '.join(claims)}")
    return claims[id]
