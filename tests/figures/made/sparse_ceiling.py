"""Made-up streams into sparse models: the ceiling is the dense one's, and more is kept under it."""

from tests.figures.made.deeper_ceiling import RATES as DENSE

WAYS = {
    "kwta": ("last_matrix", "full"),
    "nsa": ("last_matrix", "full"),
    "memory": ("values", "full"),
}
RATES = {**DENSE, "values": (3.0, 10.0)}


def rows(maker):
    share, wide, miss = (maker.bent.get(name, value) for name, value in (("sparse", 0.85), ("wide", 1.02), ("miss", 1.0)))
    for model, ways in WAYS.items():
        for way in ways:
            for seed in maker.seeds:
                for strength, rate in enumerate(RATES[way]):
                    for T in (3, 6, 12, 24):
                        wobble = 1 + 0.01 * (seed % 3 - 1)
                        allowed, allowed_total = 6 / (T + 6), wide * 140 * T / (T + 12)
                        part = (share - 0.1 * strength) * wobble
                        total = part * allowed_total
                        yield {
                            "model": model, "active": 0.02 if model == "kwta" else 1.0, "way": way, "seed": seed, "before": 2.1,
                            "D": 8, "steps": 20, "candidates": 16, "learning_rate": rate, "T": T,
                            "trial": 0.6, "learned": 0.7, "oldest": part * allowed, "total": total, "text_rise": 0.05,
                            "diverged": False, "parameters": 36864, "participation_ratio": 6.0, "moved": 0.5,
                            "allowed": allowed, "allowed_total": allowed_total,
                            "mean": 1.2 * part * allowed, "mean_total": 1.2 * total,
                            "linear": 1.1 * part * allowed, "linear_total": 1.05 * miss * total,
                            "kernel": 1.1 * part * allowed, "kernel_total": 1.02 * miss * total,
                        }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C2-sparse": ({}, {"bend": {"sparse": 1.6}}, ONE_SEED),
    "C2-sparse-same": ({}, {"bend": {"wide": 1.5}}, ONE_SEED),
    "H1-sparse-kwta": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "H1-sparse-nsa": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "H1-sparse-memory": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "H1-sparse-values": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "P1-sparse": ({}, {"bend": {"miss": 9.0}}, ONE_SEED),
}
