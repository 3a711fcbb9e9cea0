"""Where every claim is stated: the ledger, in the order of the paper. A law is imported when one of its claims is asked for."""

from __future__ import annotations

import difflib
import importlib

from theory.errors import UserError
from theory.proof.claim import Claim

LAWS: dict[str, tuple[str, ...]] = {
    "theory.interference": ("I1", "I2"),
    "theory.conservation": ("C1",),
    "theory.winding": ("C1-winding",),
    "theory.freedom": ("C1-any",),
    "theory.retention": ("C2",),
    "theory.annealing": ("C2-schedule",),
    "theory.palimpsest": ("C2-cells",),
    "theory.hebbian": ("C3",),
    "theory.threshold": ("C3-threshold",),
    "theory.tradeoff": ("C4",),
    "theory.information": ("C5",),
    "theory.envelope": ("C6",),
    "theory.chain": ("C6-chain",),
    "theory.linear_networks": ("C7",),
    "theory.generalisation": ("C7-transfer",),
    "theory.separation": ("S1",),
    "theory.damage": ("S1-finite", "S1-damage"),
    "theory.interleaving": ("S2",),
    "theory.controls": ("S3",),
    "theory.sleep": ("S3-one",),
    "theory.consolidation": ("S4",),
    "theory.superposition": ("U1",),
    "theory.methods.finetuning": ("finetuning",),
    "theory.methods.ewc": ("ewc",),
    "theory.methods.gpm": ("gpm",),
    "theory.methods.replay": ("replay",),
    "theory.methods.lora": ("lora",),
    "theory.methods.masks": ("masks",),
    "theory.methods.sparse_memory": ("sparse_memory",),
    "theory.methods.editing": ("editing",),
    "theory.methods.experts": ("experts",),
    "theory.methods.progressive": ("progressive",),
    "theory.methods.self_rehearsal": ("self_rehearsal",),
    "theory.hypotheses": ("H1", "H2", "H3", "H4"),
}
"""{module: ids of the claims that it states}, both in the order of the paper. A new law is entered here and nowhere else."""

IDS: tuple[str, ...] = tuple(id for ids in LAWS.values() for id in ids)
"""Ids of all claims, in the order of the paper."""
_MODULES = {id: module for module, ids in LAWS.items() for id in ids}
_FOLDED = {id.casefold().replace("-", "_"): id for id in IDS}


def ledger() -> dict[str, Claim]:
    """Every claim by its id, in the order of the paper. It imports every law, which takes a second or two."""
    return {id: claim(id) for id in IDS}


def known_id(name: str) -> str:
    """The id of the claim called `name`, as the ledger spells it; capitals do not matter, nor does - for _.

    Raises UserError for an unknown one, with the ids that look like it.
    """
    folded = str(name).casefold().replace("-", "_")
    if folded in _FOLDED:
        return _FOLDED[folded]
    close = [_FOLDED[one] for one in difflib.get_close_matches(folded, _FOLDED)]
    if close:
        raise UserError(f"no claim {name!r}; did you mean {' or '.join(close)}? `cwb theory list` names all")
    raise UserError(f"no claim {name!r}; choose one of {', '.join(IDS)}")


def claim(id: str) -> Claim:
    """The claim of that id ("C2", or "c2"); only the law that states it is imported.

    Raises UserError for an unknown id, with the ids that look like it.
    """
    id = known_id(id)
    module = importlib.import_module(_MODULES[id])
    return next(claim for claim in module.CLAIMS if claim.id == id)
