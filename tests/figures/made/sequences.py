"""A made-up table of methods by the length of the stream: delta rule, exact least squares by two routes, projection."""

from math import exp


def _law(method, N, M):
    """Total depth, oldest and newest, of M facts; typed by hand, facts one by one."""
    if method == "finetuning":
        return N * (1 - exp(-M / N)), exp(-M / N), 1.0
    if method == "ewc":
        return min(M, N), min(1.0, N / M), min(1.0, N / M)
    return min(M, N), 1.0, float(N >= M)


def rows(maker):
    """The knob `lengths` multiplies depths of the worst task, `totals` the total, `newest` the newest task of the delta rule."""
    for learner, method, N, length, fails in (
        ("plain", "finetuning", 100, 69.3, "forgets"),
        ("ewc", "ewc", 60, 120.0, "all facts fade together, learning slows"),
        ("rls", "ewc", 60, 120.0, "all facts fade together, learning slows"),
        ("gpm", "gpm", 60, 60.0, "stops learning"),
    ):
        for M in (round(share * length / 8) * 8 for share in (0.4, 0.7, 0.9, 1.0, 1.2, 1.5, 1.8)):
            total, oldest, newest = _law(method, N, M)
            for seed in maker.seeds:
                worst = min(oldest, newest) * maker.bend("lengths")
                end = newest * maker.bent.get("newest", 1.0) if method == "finetuning" else newest
                yield {
                    "learner": learner, "method": method, "state": 6400, "outputs": 64, "N": N, "D": 1, "block": 8, "depth": 0.5,
                    "length": length, "fails": fails, "numbers": 6350.0, "ceiling": float(N), "M": M, "seed": seed,
                    "total": min(total, 0.9 * N) * maker.bent.get("totals", 1.0) * (1 + 0.01 * maker.rng.standard_normal()),
                    "worst": worst, "oldest": oldest, "newest": end * (1 + 0.001 * maker.rng.standard_normal()),
                    "bits": 0.5, "predicted_total": total, "predicted_worst": min(oldest, newest),
                    "predicted_oldest": oldest, "predicted_newest": newest,
                }  # fmt: skip


CASES = {
    "H4-length": ({}, {"bend": {"lengths": 1.4}}, {"seeds": 1}),
    "H4-ceiling": ({}, {"bend": {"totals": 1.3}}, {"seeds": 1}),
    "H4-fails": ({}, {"bend": {"newest": 0.2}}, {"seeds": 1}),
}
