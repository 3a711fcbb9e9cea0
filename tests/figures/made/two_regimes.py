"""Made-up streams of two regimes and their controls: each keeps a share of what is written, two regimes more than any."""

from math import nan

from figures.verdicts.two_regimes import PAIRS

SHARES = {
    "two_own": 0.8, "two_labels": 0.9, "two_none": 0.5, "equal_own": 0.6, "equal_none": 0.3, "one_own": 0.3,
    "one_labels": 0.4, "one_morning": 0.5, "plain": 0.2, "off_mode": 0.3, "replay": 0.6, "memory_own": 0.5, "sparse_memory": 0.1,
}  # fmt: skip
SYSTEMS = {"two_own", "two_labels", "two_none", "memory_own"}


def rows(maker):
    for way, share in SHARES.items():
        factor = maker.bent.get("two", 1.0) if way in SYSTEMS else 1.0
        for seed in maker.seeds:
            for T in (8, 16, 24):
                total = share * factor * 8 * T * (1 + 0.01 * (seed % 3 - 1))
                asleep = not way.endswith("none") and "_own" in way
                yield {
                    "way": way, "architecture": "memory" if "memory" in way else "dense", "seed": seed, "D": 8, "T": T,
                    "access": way.split("_")[-1], "newest": 0.9, "oldest": share * factor, "total": total, "text_rise": 0.2,
                    "heard": 0.9 if asleep else nan, "written": 70000, "steps": 40 * T, "state_numbers": 40000,
                    "state_bits": 1200000, "listed": 0.5, "diverged": False,
                }  # fmt: skip


CASES = {pair.id: ({}, {"bend": {"two": 0.02}}, {"seeds": 1}) for pair in PAIRS}
