"""Attacks on C6: transition matrices that try for more signal, power or area, and mixtures that try to pass the envelope."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from theory.attacks.attack import Attack, Witness

STEEP, MODES = 5.0, 6


def _stochastic(logits: np.ndarray, states: int) -> list[list[float]]:
    rows = np.exp(STEEP * logits.reshape(states, states))
    return (rows / rows.sum(axis=1, keepdims=True)).tolist()


def _model(point: np.ndarray, states: int) -> Witness:
    """All entries free: 2 M_s^2 logits, M_s weights, f."""
    square = states**2
    return {
        "up": _stochastic(point[:square], states),
        "down": _stochastic(point[square : 2 * square], states),
        "weights": point[2 * square : 2 * square + states].tolist(),
        "f": 0.5 + 0.49 * float(point[-1]),
    }


def _row(point: np.ndarray, states: int) -> Witness:
    """States in a row, moved to neighbours only: 4 logits a state, M_s weights, f."""
    moves = 1 / (1 + np.exp(-2 * STEEP * point[: 4 * states].reshape(2, 2, states)))
    matrices = []
    for raised, lowered in moves:
        raised, lowered = raised * (1 - lowered / 2), lowered * (1 - raised / 2)
        matrix = np.diag(raised[:-1], 1) + np.diag(lowered[1:], -1)
        matrices.append((matrix + np.diag(1 - matrix.sum(axis=1))).tolist())
    weights = point[4 * states : 5 * states]
    return {"up": matrices[0], "down": matrices[1], "weights": weights.tolist(), "f": 0.5 + 0.49 * float(point[-1])}


def _simulated(witness: Witness) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Occupation after a potentiating and a depressing event, minus equilibrium, weighted; Q; w standardised."""
    up, down, w, f = (np.array(witness[key]) for key in ("up", "down", "weights", "f"))
    Q = f * up + (1 - f) * down
    states = len(w)
    pi = np.linalg.solve((np.eye(states) - Q + 1.0).T, np.ones(states))
    signal = f * (pi @ up - pi) - (1 - f) * (pi @ down - pi)
    deviation = np.sqrt(pi @ (w - pi @ w) ** 2)
    return signal, Q - pi, (w - pi @ w) / deviation if deviation > 1e-6 else np.zeros(states)


def _start(witness: Witness) -> float:
    signal, _, w = _simulated(witness)
    return float(signal @ w)


def _area(witness: Witness) -> float:
    """Signal added up over all later events, over M_s - 1."""
    signal, Q, w = _simulated(witness)
    return float(signal @ np.linalg.solve(np.eye(len(w)) - Q, w) / (len(w) - 1))


def _power(witness: Witness) -> float:
    """Squared signal added up over all later events, by repeated doubling."""
    signal, Q, w = _simulated(witness)
    added = np.outer(w, w)
    for _ in range(40):
        added = added + Q @ added @ Q.T
        Q = Q @ Q
    return float(signal @ added @ signal)


def _mixture(point: np.ndarray) -> Witness:
    """Amplitudes and rates of decaying exponentials, scaled so that the tightest of the three bounds is just met."""
    amplitudes, rates = 10.0 ** point[:MODES], 10.0 ** point[MODES : 2 * MODES]
    states = 2 + float(point[-2]) * 60
    power = amplitudes @ (1 / (rates[:, None] + rates)) @ amplitudes
    scale = max(amplitudes.sum(), np.sqrt(power), np.sum(amplitudes / rates) / (states - 1))
    return {"amplitudes": (amplitudes / scale).tolist(), "rates": rates.tolist(), "M_s": states, "x": float(10.0 ** point[-1])}


def _height(witness: Witness) -> float:
    """The mixture at x over the envelope there, which is found by a scan over q."""
    x = witness["x"]
    q = np.concatenate(
        [np.geomspace(1e-6, 1e3, 400), [1 / x, 1 / (2 * x), 0.5, 2 / (witness["M_s"] - 1) ** 2, 1 / (witness["M_s"] - 1)]]
    )
    envelope = np.max(np.minimum(1, np.minimum(np.sqrt(2 * q), (witness["M_s"] - 1) * q)) * np.exp(-q * x))
    return float(np.array(witness["amplitudes"]) @ np.exp(-np.array(witness["rates"]) * x) / envelope)


def _serial_start(states: int) -> list[float]:
    """The serial model with ends that are rarely left, in the coordinates of `_row`."""
    raised, lowered = np.ones(states), -np.ones(states)
    up = [np.where(np.arange(states) == 0, -0.5, raised), lowered]
    down = [lowered, np.where(np.arange(states) == states - 1, -0.5, raised)]
    weights = np.sign(np.arange(states) - (states - 1) / 2)
    return np.concatenate([*up, *down, weights, [0.0]]).tolist()


def _dense_start(states: int) -> list[float]:
    """The serial model with ends that are rarely left, in the coordinates of `_model`."""
    up = -np.ones((states, states))
    up[np.arange(states), np.minimum(np.arange(states) + 1, states - 1)] = 1.0
    up[0, 0], up[0, 1] = 1.0, 0.3
    weights = np.sign(np.arange(states) - (states - 1) / 2)
    return np.concatenate([up.ravel(), up[::-1, ::-1].ravel(), weights, [0.0]]).tolist()


def _free(name: str, states: int, text: str, ratio: Callable[[Witness], float], starts: tuple[list[float], ...] = ()) -> Attack:
    bounds = ((-1.0, 1.0),) * (2 * states**2 + states + 1)
    return Attack("C6", name, text, bounds, partial(_model, states=states), ratio, starts)


ATTACKS = (
    _free("start", 3, "any M+, M-, weights and f of 3 states; SNR of the newest event over sqrt(N)", _start),
    _free("power", 3, "any M+, M-, weights and f of 3 states; sum over ages of SNR^2 over N", _power),
    _free(
        "area", 4, "any M+, M-, weights and f of 4 states; sum over ages of SNR over sqrt(N) (M_s - 1)", _area, (_dense_start(4),)
    ),
    Attack(
        "C6",
        "area in a row",
        "6 states moved to neighbours at free rates by M+ and M-, weights, f; sum over ages of SNR over sqrt(N) (M_s - 1)",
        bounds=((-1.0, 1.0),) * 31,
        decode=partial(_row, states=6),
        ratio=_area,
        starts=(_serial_start(6),),
    ),
    Attack(
        "C6",
        "envelope",
        f"{MODES} decaying exponentials that meet start, power and area bounds, M_s and the time; SNR over the envelope",
        bounds=((-4.0, 1.0),) * MODES + ((-4.0, 1.0),) * MODES + ((0.0, 1.0), (-1.5, 4.0)),
        decode=_mixture,
        ratio=_height,
    ),
)
