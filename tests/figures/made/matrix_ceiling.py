"""Made-up streams that fill one matrix: depth falls with the number of tasks as the laws say, below what is allowed."""

from math import nan

RATES = {"last_matrix": (0.1, 0.3), "off_mode_1": (0.1, 0.3), "off_mode_12": (0.3, 1.0), "full": (0.01, 0.03)}


def rows(maker):
    share, wide = maker.bent.get("share", 0.7), maker.bent.get("wide", 1.5)
    extra = {"off_mode_12": 20 * maker.bent.get("gain", 1.0)}
    for way, rates in RATES.items():
        narrow = way != "full"
        for seed in maker.seeds:
            for strength, rate in enumerate(rates):
                for T in (12, 24, 48, 96):
                    allowed, allowed_total = 6 / (T + 30), 50 * T / (T + 12)
                    law = (share - 0.1 * strength) * allowed
                    total = (share * allowed_total + extra.get(way, 0.0)) if narrow else wide * allowed_total
                    total = min(total, max(share, 0.95) * allowed_total) if way == "off_mode_1" else total
                    wobble = 0.02 / T * (seed % 3 - 1)
                    yield {
                        "way": way, "seed": seed, "D": 8, "steps": 20, "candidates": 16, "learning_rate": rate, "T": T,
                        "trial": 0.6, "learned": 0.7, "oldest": law + wobble, "total": total + 100 * wobble, "text_rise": 0.05,
                        "diverged": False, "rank": 350.0 if narrow else nan, "participation_ratio": 5.0 if narrow else nan,
                        "bound": 4 * allowed if narrow else nan, "allowed": allowed if narrow else nan,
                        "allowed_total": allowed_total * (1.7 if way == "off_mode_12" else 1.0) if narrow else nan,
                        "spectral": law * maker.bent.get("miss", 1.05) if narrow else nan,
                        "spectral_total": total if narrow else nan,
                        "kernel": law * maker.bent.get("miss", 1.02) if narrow and T <= 48 else nan,
                        "kernel_total": total if narrow and T <= 48 else nan,
                    }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C2-matrix": ({}, {"bend": {"share": 1.6}}, ONE_SEED),
    "C2-matrix-total": ({}, {"bend": {"share": 1.6}}, ONE_SEED),
    "C2-matrix-law": ({}, {"bend": {"miss": 9.0}}, ONE_SEED),
    "P1-matrix": ({}, {"bend": {"miss": 9.0}}, ONE_SEED),
    "H2-off_mode": ({}, {"bend": {"gain": -0.5}}, ONE_SEED),
    "H2-full": ({}, {"bend": {"wide": 0.5}}, ONE_SEED),
}
