"""What stands behind the ledger: certificates, attacks and agreements with the literature, by the claim that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from theory.attacks.attack import Attack
from theory.certificates.certificate import Certificate
from theory.errors import UserError
from theory.ledger import claim, ledger
from theory.literature.agreement import Agreement
from theory.proof.derivation import Check

Evidence = TypeVar("Evidence", Certificate, Attack, Agreement)


def certificates(id: str | None = None) -> list[Certificate]:
    """The certificates of a claim, or of all, in the order of the ledger. Raises `UserError` for an unknown id."""
    from theory.certificates import (
        chain,
        conservation,
        consolidation,
        controls,
        envelope,
        freedom,
        generalisation,
        hebbian,
        information,
        interference,
        interleaving,
        linear_networks,
        methods,
        palimpsest,
        retention,
        separation,
        superposition,
        tradeoff,
    )

    laws = (
        chain,
        conservation,
        consolidation,
        controls,
        envelope,
        freedom,
        generalisation,
        hebbian,
        information,
        interference,
        interleaving,
        linear_networks,
        methods,
        palimpsest,
        retention,
        separation,
        superposition,
        tradeoff,
    )
    return _about(id, [certificate for law in laws for certificate in law.CERTIFICATES])


def attacks(id: str | None = None) -> list[Attack]:
    """The attacks on a claim, or on all, in the order of the ledger. Raises `UserError` for an unknown id."""
    from theory.attacks import (
        chain,
        conservation,
        consolidation,
        controls,
        damage,
        envelope,
        freedom,
        generalisation,
        hebbian,
        information,
        interference,
        interleaving,
        linear_networks,
        methods,
        palimpsest,
        retention,
        separation,
        superposition,
        tradeoff,
    )

    laws = (
        chain,
        conservation,
        consolidation,
        controls,
        damage,
        envelope,
        freedom,
        generalisation,
        hebbian,
        information,
        interference,
        interleaving,
        linear_networks,
        methods,
        palimpsest,
        retention,
        separation,
        superposition,
        tradeoff,
    )
    return _about(id, [attack for law in laws for attack in law.ATTACKS])


def agreements(id: str | None = None) -> list[Agreement]:
    """What the literature says on a claim, or on all, in the order of the ledger. Raises `UserError` for an unknown id."""
    from theory.literature import (
        associative,
        frames,
        linear,
        methods,
        perceptron,
        superposition,
        synapses,
    )

    subjects = (
        associative,
        frames,
        linear,
        perceptron,
        superposition,
        synapses,
        methods,
    )
    return _about(id, [agreement for subject in subjects for agreement in subject.AGREEMENTS])


def checks(id: str) -> list[Check]:
    """Every step of a claim's derivation, then its certificates, checked now; what fails is reported, not raised."""
    found = claim(id).check()
    for certificate in certificates(id):
        verdict = certificate.run()
        name = f"certificate ({certificate.method}): {certificate.statement}, on {certificate.box}"
        detail = verdict.detail if verdict.passed else f"{verdict.covered:.2%} covered; {verdict.detail}"
        found.append(Check(name, verdict.passed, detail))
    return found


def _about(id: str | None, found: Sequence[Evidence]) -> list[Evidence]:
    """Those about the claim, or all; sorted by the ledger."""
    order = list(ledger())
    if id is not None and id not in order:
        raise UserError(f"no claim '{id}'; choose one of {', '.join(order)}")
    return sorted((item for item in found if id in (None, item.claim)), key=lambda item: order.index(item.claim))
