"""Where every claim is found: the laws of the ledger, in the order of the paper, imported on first use."""

from __future__ import annotations

from theory.errors import UserError
from theory.proof.claim import Claim


def ledger() -> dict[str, Claim]:
    """Every claim by its id, in the order of the paper."""
    from theory import (
        chain,
        conservation,
        consolidation,
        controls,
        damage,
        envelope,
        freedom,
        generalisation,
        hebbian,
        hypotheses,
        information,
        interference,
        interleaving,
        linear_networks,
        methods,
        retention,
        separation,
        sleep,
        superposition,
        tradeoff,
    )

    one_regime = (interference, conservation, freedom, retention, hebbian, tradeoff, information)
    synapses_and_networks = (envelope, chain, linear_networks, generalisation)
    two_regimes = (separation, damage, interleaving, controls, sleep, consolidation)
    laws = (*one_regime, *synapses_and_networks, *two_regimes, superposition, methods, hypotheses)
    return {claim.id: claim for law in laws for claim in law.CLAIMS}


def claim(id: str) -> Claim:
    """The claim of that id; raises `UserError` that lists the known ones."""
    claims = ledger()
    if id not in claims:
        raise UserError(f"no claim '{id}'; choose one of {', '.join(claims)}")
    return claims[id]
