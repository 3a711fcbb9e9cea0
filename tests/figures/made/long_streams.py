"""Made-up streams of four methods: each comes to its own end, as its law says."""

ENDS = {  # newest and oldest after T tasks
    "plain": (lambda T: 0.85, lambda T: 0.85 / T),
    "replay": (lambda T: 0.8, lambda T: 0.85 / (1 + (T / 16) ** 2)),
    "gpm": (lambda T: 0.85 / (1 + (T / 8) ** 1.5), lambda T: 0.8),
    "ewc": (lambda T: 0.85 / (1 + (T / 12) ** 3), lambda T: 0.85 / (1 + T / 4)),
}
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)


def rows(maker):
    late, other = maker.bent.get("late", 1.0), maker.bent.get("other", 0.0)
    for way, (newest, oldest) in ENDS.items():
        for seed in maker.seeds:
            for T in LENGTHS:
                wobble = 1 + 0.01 * (seed % 3 - 1)
                new, old = newest(T) * wobble, oldest(T) * wobble
                if other and way == "gpm":
                    new, old = old, new
                law = {"newest": newest(T / late), "oldest": oldest(T / late)}
                total = 8 * T * (new + old) / 3
                yield {
                    "way": way, "seed": seed, "D": 8, "steps": 20, "learning_rate": 1.0, "candidates": 16, "trial": 0.85, "T": T,
                    "state_numbers": 100, "newest": new, "oldest": old, "total": total, "text_rise": 0.1,
                    **{f"{store}_{name}": value for store in ("linear", "softmax") for name, value in law.items()},
                    "linear_total": total * maker.bent.get("linear", 1.02),
                    "softmax_total": total * maker.bent.get("softmax", 1.02),
                }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "H4-network-linear": ({}, {"bend": {"linear": 1.6}}, ONE_SEED),
    "H4-network-softmax": ({}, {"bend": {"softmax": 1.6}}, ONE_SEED),
    "H4-network-length": ({}, {"bend": {"late": 3.0}}, ONE_SEED),
    "H4-network-fails": ({}, {"bend": {"other": 1.0}}, ONE_SEED),
}
