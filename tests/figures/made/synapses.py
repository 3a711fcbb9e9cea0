"""Made-up curves: two states, eight in a row (far below its bounds), a leaky variable, and chains with power 1/(age + 1)."""

from itertools import pairwise

import numpy as np

EDGES = [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 400, 600, 1024]
N, AGES = 1000, 1024


def models():
    age = np.arange(AGES)
    for q in (1.0, 1 / 8, 1 / 32):
        yield "binary", q, 2, 0, True, q * (1 - q) ** age
    for leave, start in ((1.0, 0.25), (0.05, 0.05)):
        yield "serial", leave, 8, 0, True, start * np.exp(-age / 20)
    yield "cascade", 0.5, 8, 0, True, 0.5 / (1 + age)
    yield "leaky", 0.016, 0, 1, True, np.sqrt(1 / 32) * (31 / 32) ** (age / 2)
    even = np.sqrt(1 / (age + 1) / np.sum(1 / (age + 1)))
    for model in ("chain", "rounded", "clipped"):
        yield model, 0.125, 0, 4, model == "chain", even * (1 if model == "chain" else 0.9)


def bound(M_s, age):
    """sqrt(N) max_q min(1, sqrt(2q), (M_s - 1) q) exp(-q age), by brute force."""
    q = np.geomspace(1e-5, 1, 2000)
    reach = (M_s - 1) * q if M_s else np.ones_like(q)
    return np.max(np.minimum(np.minimum(1, np.sqrt(2 * q)), reach) * np.exp(-q * age[:, None]), axis=1)


def rows(maker):
    M = np.arange(1, AGES + 1)
    ceiling = N * (1 - 1 / M) ** (M - 1.0)
    limits = {M_s: np.sqrt(N) * np.maximum(bound(M_s, M - 1.0), 1e-12) for M_s in (0, 2, 8)}
    for model, parameter, M_s, beakers, exact, curve in models():
        law = np.sqrt(N) * curve
        tilt = M ** maker.bent.get("tilt", 0.0) if model == "chain" else 1.0
        for seed in maker.seeds:
            for low, high in pairwise(EDGES):
                bend = maker.bent.get("synapses" if model == "serial" else model, 1.0)
                bend *= 1 + 0.1 * maker.noise * maker.rng.standard_normal()
                snr = (law * tilt)[low:high] * bend
                if model == "binary" and parameter == 1.0:
                    snr = law[low:high] * maker.bent.get("start", 1.0)
                yield {
                    "model": model, "parameter": parameter, "N": N, "M_s": M_s, "beakers": beakers, "exact": exact,
                    "seed": seed, "age": low, "age_end": high, "snr": snr.mean(), "predicted_snr": law[low:high].mean(),
                    "envelope_snr": limits[M_s][low:high].mean(), "power": (snr**2).sum(),
                    "predicted_power": (law[low:high] ** 2).sum(), "oldest": (M[low:high] * snr**2).mean(),
                    "ceiling_oldest": ceiling[low:high].mean(),
                }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C6-curve": ({}, {"bend": {"synapses": 1.3}}, ONE_SEED),
    "C6-envelope": ({}, {"bend": {"start": 1.1}}, ONE_SEED),
    "C6-oldest": ({}, {"bend": {"leaky": 1.1}}, ONE_SEED),
    "C6-chain": ({}, {"bend": {"tilt": -0.3}}, ONE_SEED),
}
