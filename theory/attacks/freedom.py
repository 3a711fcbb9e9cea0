"""C1-any under attack: every linear learner through N numbers, its depth measured target by target."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.freedom import C1_ANY

FACTS, NUMBERS = 5, 2


def _learner(point: np.ndarray) -> Witness:
    inwards, outwards = point.reshape(2, NUMBERS, FACTS)
    return {"inwards": inwards.tolist(), "outwards": outwards.T.tolist()}


def _over_bound(witness: Witness) -> float:
    """Depth over N times the norm: the answer to each unit target, through the numbers; the norm from its largest stretch."""
    inwards, outwards = np.array(witness["inwards"]), np.array(witness["outwards"])
    answers = np.stack([outwards @ (inwards @ target) for target in np.eye(FACTS)], axis=1)
    gain = np.sqrt(np.linalg.eigvalsh(answers.T @ answers)[-1])
    return float(np.trace(answers) / C1_ANY.value("bound", N=NUMBERS, gain=gain).value) if gain > 1e-9 else 0.0


ATTACKS = (
    Attack(
        claim="C1-any",
        name="linear learners",
        text=f"any map of {FACTS} targets to {NUMBERS} numbers and any map of those to the outputs: total depth over N times the "
        "norm (projections meet it)",
        bounds=((-1.0, 1.0),) * (2 * FACTS * NUMBERS),
        decode=_learner,
        ratio=_over_bound,
        starts=(tuple(np.tile(np.eye(NUMBERS, FACTS), (2, 1)).ravel()),),
    ),
)
