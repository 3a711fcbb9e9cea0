"""Made-up stores: sparse ones that grow into their law, and systems that hold what their parts hold together."""


def _row(maker, seed, part, N, T, system, k, size, M, law, predicted):
    return {
        "part": part, "N": N, "T": T, "error": 0.01, "system": system, "k": k, "size": size, "seed": seed, "M": round(M),
        "load": M / size / (T if "fast" in system else 1), "law": law, "predicted": predicted,
    }  # fmt: skip


def rows(maker):
    """Fast stores of 5 numbers a label (sparse) and 4 (dense) beside slow ones of 1.6 labels a number: 1/(1/1.6 + c/T)."""
    bent, scale = maker.bent, 100  # facts are whole: large stores, so that rounding does not show
    for seed in maker.seeds:
        for N, shortfall in ((48, 0.7), (192, 0.85), (768, 0.97)):
            grown = 1.0 / shortfall**3 if "shrinks" in maker.bent else 1.0
            for system, k, law, share in (
                ("sparse fast store", 4, 0.24, shortfall * grown * bent.get("sparse", 1.0)), ("dense fast store", 1, 0.2, 1.03),
            ):  # fmt: skip
                M = N * scale * law * share * maker.bend("alone")
                plan = law * (shortfall if k == 4 else 1.03)
                yield _row(maker, seed, "alone", N * scale, 1, system, k, N * scale, M, law, plan)
        for T in (2, 8):
            N = 64 * scale
            for size in range(400, N, 400):
                for system, k, c in (("sparse fast store", 4, 5.0), ("dense fast store", 1, 4.0)):
                    yield _row(maker, seed, "system", N, T, system, k, size, T * size / c * maker.bend("fast"), 0.24, 1 / c)
            yield _row(maker, seed, "system", N, T, "slow store", 0, N // 2, 1.6 * N / 2, 1.6, 1.6)
            two, equal, one = 1 / (1 / 1.6 + 5 / T), 1 / (1 / 1.6 + 4 / T), {2: 0.5, 8: 0.6}[T]
            for system, k, load, law in (
                ("two stores", 4, two * bent.get("two", 1.0), {2: 0.36, 8: 0.86}[T]), 
                ("two stores as tuned", 4, 0.9 * two, 0.36),
                ("equal sparsity", 1, equal, {2: 0.3, 8: 0.77}[T]), ("equal sparsity as tuned", 1, equal, 0.3),
                ("one store", 0, one, {2: 0.23, 8: 0.5}[T]),
            ):  # fmt: skip
                yield _row(maker, seed, "system", N, T, system, k, N, load * maker.bend("system") * N, law, load)


ONE_SEED = {"seeds": 1}
CASES = {
    "H3-small": ({}, {"bend": {"shrinks": 1.0}}, ONE_SEED),
    "H3-finite": ({}, {"bend": {"alone": 1.4}}, ONE_SEED),
    "H3-cross": ({}, {"bend": {"sparse": 2.0}}, ONE_SEED),
    "H3-parts": ({}, {"bend": {"two": 0.7}}, ONE_SEED),
    "H3-called": ({}, {"bend": {"two": 2.5}}, ONE_SEED),
}
