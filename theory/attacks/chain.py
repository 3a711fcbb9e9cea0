"""Attacks on C6-chain: kernels and chains that try to hold a 1/age forgetting curve above the best level."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness

AGES, BEAKERS, EVENTS = 12, 5, 100


def _kernel(point: np.ndarray) -> Witness:
    return {"kernel": (10.0**point).tolist()}


def _level(h: np.ndarray) -> float:
    """Least (age + 1) SNR^2/N over the ages at hand, times their harmonic number; noise by superposing all writes."""
    writes = np.eye(len(h))
    variance = np.sum([(writes[age] @ h) ** 2 for age in range(len(h))])
    ages = np.arange(1, len(h) + 1)
    return float(np.min(ages * h**2) / variance * np.sum(1 / ages))


def _free(witness: Witness) -> float:
    return _level(np.array(witness["kernel"]))


def _beakers(point: np.ndarray) -> Witness:
    return {"capacities": (10.0 ** point[:BEAKERS]).tolist(), "couplings": (10.0 ** point[BEAKERS:]).tolist()}


def _chain(witness: Witness) -> float:
    """The same for a chain, one implicit step an event; ages from EVENTS on are left out of the noise, in its favour."""
    C, g = np.array(witness["capacities"]), np.array(witness["couplings"])
    flow = np.diag(-(g + np.append(0.0, g[:-1])) / C)
    flow += np.diag(g[:-1] / C[:-1], 1) + np.diag(g[:-1] / C[1:], -1)
    step = np.linalg.inv(np.eye(len(C)) - flow)
    u, h = np.zeros(len(C)), np.empty(EVENTS)
    u[0] = 1.0
    for age in range(EVENTS):
        h[age] = u[0]
        u = step @ u
    ages = np.arange(1, EVENTS + 1)
    return float(np.min(ages * h**2) / np.sum(h**2) * np.sum(1 / ages))


ATTACKS = (
    Attack(
        "C6-chain",
        "kernel",
        f"any kernel of {AGES} ages; least (age + 1) SNR^2 over N/H_t",
        bounds=((-2.0, 2.0),) * AGES,
        decode=_kernel,
        ratio=_free,
        starts=((-np.log10(np.arange(1, AGES + 1)) / 2).tolist(),),
    ),
    Attack(
        "C6-chain",
        "beakers",
        f"any capacities and couplings of {BEAKERS} beakers; least (age + 1) SNR^2 of {EVENTS} ages over N/H_t, t = {EVENTS}",
        bounds=((-0.5, 3.0),) * BEAKERS + ((-4.0, 1.0),) * BEAKERS,
        decode=_beakers,
        ratio=_chain,
        starts=([0.0, 0.3, 0.6, 0.9, 1.2, -0.9, -1.2, -1.5, -1.8, -2.1],),
    ),
)
