"""Made-up regressions that follow the laws of linear networks, with knobs for errors, depths and the oldest task."""

from itertools import product

N = 40


def rows(maker):
    def bend(knob: str) -> float:
        """Little noise: the intervals of three seeds are simultaneous over many settings."""
        return maker.bent.get(knob, 1.0) * (1 + 0.1 * maker.noise * maker.rng.standard_normal())

    for D, T, rho, sigma, seed in product((2, 5, 20), (2, 8, 20), (0.0, 0.9), (0.1, 0.5), maker.seeds):
        q = 1 - D / N
        error = q**T + (1 - q**T) * (2 * (1 - rho) * (1 - 1 / T) + sigma**2 * N / (N - D - 1))
        setting = {"N": N, "D": D, "T": T, "rho": rho, "sigma": sigma, "age": 0, "seed": seed, "scale": error}
        yield {**setting, "quantity": "error", "measured": error * bend("error"), "predicted": error}
        yield {**setting, "quantity": "forgetting", "measured": 0.3 * error * bend("error"), "predicted": 0.3 * error}
    for quantity, law, seed in product(("error", "forgetting"), (2.1,), maker.seeds):
        yield {
            "N": N, "D": 8, "T": 4, "rho": -1.0, "sigma": 0.5, "age": 0, "seed": seed, "scale": law, "quantity": quantity,
            "measured": law * bend("error"), "predicted": law,
        }  # fmt: skip
    for D, seed in product((2, 5, 20), maker.seeds):
        q, common = 1 - D / N, {"N": N, "D": D, "rho": 0.0, "sigma": 0.0, "seed": seed}
        for age in range(20):
            kept = D * q**age
            yield {**common, "T": 20, "age": age, "quantity": "depth", "measured": kept * bend("depth"),
                   "predicted": kept, "scale": kept}  # fmt: skip
        total = N * (1 - q**20)
        for quantity in ("total", "trace"):
            yield {**common, "T": 20, "age": 0, "quantity": quantity, "measured": total, "predicted": total, "scale": N}
        for T in range(2, 21):
            law = T * D * q ** (T - 1)
            yield {**common, "T": T, "age": T - 1, "quantity": "oldest", "measured": law * bend("oldest"),
                   "predicted": law, "scale": N * (1 - 1 / T) ** (T - 1)}  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C7-forgetting": ({}, {"bend": {"error": 1.2}}, ONE_SEED),
    "C7-depth": ({}, {"bend": {"oldest": 1.2}}, ONE_SEED),
}
