"""Made-up streams into four places: what is kept lies below what is allowed, and the laws say more the deeper it is."""

RATES = {"last_matrix": (0.3, 1.0), "first_matrix": (0.1, 0.3), "feedforward": (0.01, 0.03), "full": (0.01, 0.03)}


def rows(maker):
    share, over, first = (maker.bent.get(name, value) for name, value in (("share", 0.7), ("over", 1.1), ("first", 1.3)))
    for way, rates in RATES.items():
        for seed in maker.seeds:
            for strength, rate in enumerate(rates):
                for T in (3, 6, 12, 24):
                    wobble = 1 + 0.01 * (seed % 3 - 1)
                    allowed, allowed_total = 6 / (T + 6), 140 * T / (T + 12)
                    part = (share - 0.1 * strength) * wobble
                    more = first if way == "first_matrix" else 1.0
                    total = part * more * allowed_total
                    said = 1.05 if way == "last_matrix" else over
                    miss = maker.bent.get("miss", 1.0)
                    yield {
                        "way": way, "seed": seed, "D": 8, "steps": 20, "candidates": 16, "learning_rate": rate, "T": T,
                        "trial": 0.6, "learned": 0.7, "oldest": part * allowed, "total": total, "text_rise": 0.05,
                        "diverged": False, "parameters": 36864, "participation_ratio": 6.0, "moved": 0.5,
                        "allowed": allowed * more, "allowed_total": allowed_total * more,
                        "mean": 1.2 * part * allowed, "mean_total": 1.2 * total,
                        "linear": 1.1 * part * allowed, "linear_total": 1.05 * miss * total,
                        "kernel": 1.1 * part * allowed, "kernel_total": said * miss * total,
                    }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C2-deeper": ({}, {"bend": {"share": 1.6}}, ONE_SEED),
    "C2-deeper-law": ({}, {"bend": {"miss": 9.0}}, ONE_SEED),
    "P1-deeper": ({}, {"bend": {"miss": 9.0}}, ONE_SEED),
    "P1-deeper-parts": ({}, {"bend": {"over": 0.8}}, ONE_SEED),
    "H2-deeper": ({}, {"bend": {"first": 0.5}}, ONE_SEED),
}
