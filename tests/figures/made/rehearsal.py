"""Made-up rehearsal: the Marchenko-Pastur mean by quadrature for depth, exponentials for errors, bits that saturate."""

from functools import cache

import numpy as np

N, T = 64, 8
SWEEPS = (0.25, 0.5, 1, 2, 4, 6, 8, 10, 12, 16, 24, 40, 64)


@cache
def depth(q: float, x: float) -> float:
    """Mean of 1 - exp(-x lambda) over the spectrum of the Gram matrix of M = q N isotropic keys."""
    theta = (np.arange(800) + 0.5) * np.pi / 800
    spectrum = 1 + q + 2 * np.sqrt(q) * np.cos(theta)
    return float(np.mean(2 * np.sin(theta) ** 2 * (1 - np.exp(-x * spectrum)) / spectrum))


def rows(maker):
    for q in (0.25, 0.5, 1.0, 1.5):
        for eta in (0.3, 1.0):
            ways = [(8, "random"), *([(8, "cyclic")] if eta == 1 else [])]
            if q in (0.5, 1.0) and eta == 1:
                ways += [(hold, way) for hold in (1, 2) for way in ("random", "own", "last")]
            for hold, way in ways:
                for sweeps in SWEEPS if hold == 8 else SWEEPS[:10]:
                    law, M = depth(q, eta * sweeps), round(q * N)
                    edge = (1 - np.sqrt(q)) ** 2 + 1e-3
                    limit = min(1, 1 / q)
                    for seed in maker.seeds:
                        rate = maker.bent.get("rate", 1.0)
                        found = depth(q, eta * sweeps * rate) * (1 + 0.1 * maker.noise * maker.rng.standard_normal())
                        found *= maker.bent.get("depth", 1.0)
                        spent = sweeps * M * (T + hold) / (2 * hold) if way != "last" else sweeps * M
                        grown = maker.bent.get("grows", 0.0) * np.log(sweeps)
                        bits = min(1.0, 0.9 * q) * (1 - np.exp(-((4 * law / limit) ** 2)) + grown) * (1 + 1e-3 * seed)
                        decay = (1.2 if eta == 1 else 1.75) * maker.bent.get("worst", 1.0) * (1 + 0.01 * seed)
                        yield {
                            "N": N, "M": M, "T": T, "D": M // T, "hold": hold, "eta": eta, "replay": way, "sweeps": float(sweeps),
                            "seed": seed, "predicted_depth": law, "gram_depth": law, "depth": found, "depth_new": found,
                            "depth_old": min(found * 1.05, limit) if way == "random" and hold < 8 else found,
                            "presentations": round(spent * maker.bent.get("spent", 1.0)), "predicted_presentations": spent,
                            "error": (1 - law) ** 2, "worst_error": np.exp(-decay * eta * sweeps * edge), "edge": edge,
                            "hard_bits": max(bits, 0.01), "graded_bits": q * sweeps,
                        }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "S4-depth": ({}, {"bend": {"depth": 1.2}}, ONE_SEED),
    "S4-rate": ({}, {"bend": {"rate": 1.3}}, ONE_SEED),
    "S4-critical": ({}, {"bend": {"depth": 0.7}}, ONE_SEED),
    "S4-error": ({}, {"bend": {"worst": 2.0}}, ONE_SEED),
    "S4-cost": ({}, {"bend": {"spent": 1.5}}, ONE_SEED),
    "S4-bits": ({}, {"bend": {"grows": 0.1}}, ONE_SEED),
}
