"""Attacks on C5: codes of tiny stores with their best readers, linear codes, and noisy cells with many levels."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.special import xlogy

from theory.attacks.attack import Attack, Witness

FACTS, LENGTH, DIMENSION, LEVELS = 4, 7, 4, 8
MESSAGES = np.array(list(product((0, 1), repeat=FACTS)))
WORDS = np.array(list(product((0, 1), repeat=LENGTH)), dtype=np.int64)
INPUTS = np.array(list(product((0, 1), repeat=DIMENSION)), dtype=np.int64)


def _spent(error: float, facts: int, bits: float) -> float:
    """Fano's bits of so many binary facts over the bits of the state."""
    return facts * (1 + float(xlogy(error, error) + xlogy(1 - error, 1 - error)) / np.log(2)) / bits


def _code(point: np.ndarray) -> Witness:
    states = round(point[0])
    return {"states": states, "state": np.minimum((point[1:] * states).astype(int), states - 1).tolist()}


def _code_ratio(witness: Witness) -> float:
    """M rho(e) over log2 of the number of states; every state answers each fact with its commonest value."""
    state = np.array(witness["state"])
    wrong = 0
    for value in range(witness["states"]):
        ones = MESSAGES[state == value].sum(axis=0)
        wrong += np.minimum(ones, np.sum(state == value) - ones).sum()
    return _spent(float(wrong) / MESSAGES.size, FACTS, np.log2(witness["states"]))


def _generator(point: np.ndarray) -> Witness:
    return {"generator": (point.reshape(DIMENSION, LENGTH) > 0.5).astype(int).tolist()}


def _linear_ratio(witness: Witness) -> float:
    """The same for facts that are rounded to the nearest word of a linear code of 4 bits."""
    code = INPUTS @ np.array(witness["generator"]) % 2
    distance = (WORDS[:, None, :] != code[None, :, :]).sum(axis=2).min(axis=1)
    return _spent(float(distance.mean()) / LENGTH, LENGTH, DIMENSION)


def _cell(point: np.ndarray) -> Witness:
    weights = np.exp(point[LEVELS : 2 * LEVELS])
    share = weights / weights.sum()
    levels = point[:LEVELS] - share @ point[:LEVELS]
    levels *= np.sqrt(10 ** point[-1] / max(float(share @ levels**2), 1e-12))
    return {"levels": levels.tolist(), "probability": share.tolist()}


def _cell_ratio(witness: Witness) -> float:
    """Bits that a cell of 3 bits passes through unit Gaussian noise, over min(3, (1/2) log2(1 + SNR))."""
    levels, share = np.array(witness["levels"]), np.array(witness["probability"])
    read = np.linspace(levels.min() - 8, levels.max() + 8, 600)
    density = np.exp(-((read - levels[:, None]) ** 2) / 2) / np.sqrt(2 * np.pi)
    mixture = share @ density
    passed = -np.trapezoid(xlogy(mixture, mixture), read) / np.log(2) - 0.5 * np.log2(2 * np.pi * np.e)
    return float(passed / min(np.log2(LEVELS), 0.5 * np.log2(1 + share @ levels**2)))


HAMMING = np.hstack([np.eye(4), [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1]]])
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(LEVELS)

ATTACKS = (
    Attack(
        "C5",
        "codes",
        "every code of 4 bits into 2 ... 15 states with its best reader: Fano's bits over log2 of the states",
        ((1.5, 15.49), *((0.0, 1.0),) * len(MESSAGES)),
        _code,
        _code_ratio,
        starts=((15.0, *(np.minimum(np.arange(16), 14) / 15 + 0.01)),),
    ),
    Attack(
        "C5",
        "linear",
        "generators of linear codes, 7 facts in 4 bits: Fano's bits over the bits of the state",
        ((0.0, 1.0),) * (DIMENSION * LENGTH),
        _generator,
        _linear_ratio,
        starts=(tuple(0.25 + 0.5 * HAMMING.ravel()),),
    ),
    Attack(
        "C5",
        "noisy cells",
        "levels and probabilities of a cell of 3 bits, SNR from 0.01 to 1000: bits passed over min(3, (1/2) log2(1 + SNR))",
        ((-4.0, 4.0),) * LEVELS + ((-8.0, 0.0),) * LEVELS + ((-2.0, 3.0),),
        _cell,
        _cell_ratio,
        starts=((*NODES, *np.log(WEIGHTS / WEIGHTS.max()), 0.0),),
    ),
)
