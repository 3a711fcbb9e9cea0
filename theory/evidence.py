"""What stands behind the ledger: certificates, attacks and agreements with the literature, by the claim that they are about.

No list names the evidence. Every module of `theory.certificates` that binds CERTIFICATES counts, every module of `theory.attacks`
that binds ATTACKS, and every module of `theory.literature` that binds AGREEMENTS: to add evidence, add it to a file there.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from theory.attacks.attack import Attack
from theory.certificates.certificate import Certificate
from theory.ledger import IDS, claim, known_id
from theory.literature.agreement import Agreement
from theory.proof.derivation import Check


def certificates(id: str | None = None) -> list[Certificate]:
    """The certificates of a claim, or of all claims, in the order of the ledger. Raises UserError for an unknown id."""
    return _evidence("theory.certificates", "CERTIFICATES", id)


def attacks(id: str | None = None) -> list[Attack]:
    """The attacks on a claim, or on all claims, in the order of the ledger. Raises UserError for an unknown id."""
    return _evidence("theory.attacks", "ATTACKS", id)


def agreements(id: str | None = None) -> list[Agreement]:
    """What the literature says on a claim, or on all claims, in the order of the ledger. Raises UserError for an unknown id."""
    return _evidence("theory.literature", "AGREEMENTS", id)


def checks(id: str) -> list[Check]:
    """Every step of a claim's derivation, then its certificates, checked now; a step that fails is reported, not raised."""
    results = claim(id).check()
    for certificate in certificates(id):
        verdict = certificate.run()
        name = f"certificate ({certificate.method}): {certificate.statement}, on {certificate.box}"
        detail = verdict.detail if verdict.passed else f"{verdict.covered:.2%} covered; {verdict.detail}"
        results.append(Check(name, verdict.passed, detail))
    return results


def _evidence(package: str, name: str, id: str | None) -> list[Any]:
    """What the modules of a package bind to `name`, about one claim or about all, in the order of the ledger."""
    ids = IDS if id is None else (known_id(id),)
    modules = sorted(info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__))
    items = (item for module in modules for item in getattr(importlib.import_module(f"{package}.{module}"), name, ()))
    return sorted((item for item in items if item.claim in ids), key=lambda item: IDS.index(item.claim))
