"""Attacks on C7-transfer: linear rules that try to beat the bound, and spectra that try to gain after t = SNR."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness

SIZE, EXAMPLES, MODES = 3, 4, 5


def _rule(point: np.ndarray) -> Witness:
    cells = SIZE * EXAMPLES
    return {
        "X": point[:cells].reshape(EXAMPLES, SIZE).tolist(),
        "rule": point[cells : 2 * cells].reshape(SIZE, EXAMPLES).tolist(),
        "SNR": float(10.0 ** point[-1]),
    }


def _beaten(witness: Witness) -> float:
    """tr (I + SNR X^T X)^-1 over the error ||I - F X||^2 + ||F||^2/SNR of the rule w = F y."""
    X, F, snr = np.array(witness["X"]), np.array(witness["rule"]), witness["SNR"]
    error = np.sum((np.eye(SIZE) - F @ X) ** 2) + np.sum(F**2) / snr
    return float(np.trace(np.linalg.inv(np.eye(SIZE) + snr * X.T @ X)) / error)


def _late(point: np.ndarray) -> Witness:
    snr = float(10.0 ** point[-1])
    first = snr * (1 + 10.0 ** point[-2])
    return {
        "X": (2 * point[: MODES * SIZE].reshape(MODES, SIZE)).tolist(),
        "SNR": snr,
        "from": first,
        "to": first * (1 + 10.0 ** point[-3]),
    }


def _fallen(witness: Witness) -> float:
    """Error at the earlier of two times after SNR over that at the later one; gradient flow by singular values."""
    X, snr = np.array(witness["X"]), witness["SNR"]
    left, singular, right = np.linalg.svd(X, full_matrices=False)
    errors = []
    for time in (witness["from"], witness["to"]):
        grown = -np.expm1(-(singular**2) * time) / np.maximum(singular, 1e-150)
        learnt = (right.T * grown) @ left.T  # w(t) = learnt @ y
        errors.append(np.sum((np.eye(SIZE) - learnt @ X) ** 2) + np.sum(learnt**2) / snr)
    return float(errors[0] / errors[1])


def _ridge_start() -> list[float]:
    X = np.vstack([np.eye(SIZE), np.full((EXAMPLES - SIZE, SIZE), 0.5)])
    rule = np.linalg.solve(X.T @ X + 0.9 * np.eye(SIZE), X.T)
    return [*X.ravel().tolist(), *rule.ravel().tolist(), 0.0]


ATTACKS = (
    Attack(
        "C7-transfer",
        "linear rule",
        f"any design of {EXAMPLES} examples of {SIZE} features, any linear rule, SNR; bound over the rule's error",
        bounds=((-2.0, 2.0),) * (2 * SIZE * EXAMPLES) + ((-1.5, 1.5),),
        decode=_rule,
        ratio=_beaten,
        starts=(_ridge_start(),),
    ),
    Attack(
        "C7-transfer",
        "late gain",
        f"any design of {MODES} examples of {SIZE} features, SNR, two times after t = SNR; error at the earlier over the later",
        bounds=((-1.0, 1.0),) * (MODES * SIZE) + ((-3.0, 0.5), (-3.0, 0.5), (-1.0, 1.0)),
        decode=_late,
        ratio=_fallen,
    ),
)
