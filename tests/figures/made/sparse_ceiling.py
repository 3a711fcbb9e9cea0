"""Made-up streams into a dense model and sparse ones, which are allowed more and keep more."""

RATES = {
    "last_matrix": (0.3, 1.0, 3.0),
    "middle_matrix": (0.3, 1.0, 3.0),
    "values": (30.0, 100.0, 300.0),
    "full": (0.01, 0.03, 0.1),
}
WAYS = {"dense": ("last_matrix", "middle_matrix", "full"), "kwta": ("last_matrix", "full"), "memory": ("values", "full")}


def rows(maker):
    share, wide, miss = (maker.bent.get(name, value) for name, value in (("sparse", 0.85), ("wide", 1.1), ("miss", 1.0)))
    for model, ways in WAYS.items():
        for way in ways:
            for seed in maker.seeds:
                for strength, rate in enumerate(RATES[way]):
                    for T in (3, 6, 12):
                        wobble = 1 + 0.01 * (seed % 3 - 1)
                        allowed, allowed_total = 6 / (T + 6), (1.0 if model == "dense" else wide) * 140 * T / (T + 12)
                        part = ((0.7 if model == "dense" else share) - 0.1 * strength) * wobble
                        total = part * allowed_total
                        yield {
                            "model": model, "active": 0.02 if model == "kwta" else 1.0, "way": way, "seed": seed, "before": 2.1,
                            "D": 8, "steps": 20, "candidates": 16, "learning_rate": rate, "T": T,
                            "trial": 0.6, "learned": 0.7, "oldest": part * allowed, "total": total, "text_rise": 0.05,
                            "diverged": False, "parameters": 36864, "participation_ratio": 6.0, "moved": 0.5,
                            "allowed": allowed, "allowed_total": allowed_total * wobble,
                            "mean": 1.2 * part * allowed, "mean_total": 1.2 * total,
                            "linear": 1.1 * part * allowed, "linear_total": 1.05 * miss * total,
                            "kernel": 1.1 * part * allowed, "kernel_total": 1.02 * miss * total,
                        }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C2-sparse": ({}, {"bend": {"sparse": 1.6}}, ONE_SEED),
    "H1-sparse-ceiling": ({}, {"bend": {"wide": 0.7}}, ONE_SEED),
    "H1-sparse-ceiling-full": ({}, {"bend": {"wide": 0.7}}, ONE_SEED),
    "H1-sparse-kept": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "H1-sparse-kept-full": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "H1-values-kept": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "H1-memory-kept": ({}, {"bend": {"sparse": 0.4}}, ONE_SEED),
    "P1-sparse": ({}, {"bend": {"miss": 9.0}}, ONE_SEED),
}
