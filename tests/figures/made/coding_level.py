"""Made-up networks that follow I2, overlap and forget less with sparsity, and that centring cures (knobs: how little it does)."""

from itertools import product


def rows(maker):
    for a, centred, stage, seed in product((0.02, 0.05, 0.1, 0.2, 0.5, 1.0), (False, True), ("start", "end"), maker.seeds):
        common = 0.0 if centred else (0.9 * a) ** 2
        law = 1 / 50 + (1 - 1 / 50) * common
        left, sick = maker.bent.get("centred", 0.0), maker.bent.get("remedy", 0.0)
        overlap = 0.01 * (1 + a) + 0.15 * a * a * (left if centred else 1)
        lost = (0.1 + 3 * overlap + (0.5 * a * sick if centred else 0.0)) * (1 + 0.01 * seed)  # a seed forgets alike everywhere
        lost = lost if maker.bent.get("order", 1) > 0 else 0.7 - lost
        yield {
            "a": a, "centred": centred, "N": 100, "inputs": 32, "D": 12, "T": 5, "seed": seed, "stage": stage,
            "learned_bits": 2.0, "oldest_learned": 2.0, "oldest_kept": 2 * (1 - lost), "forgetting": lost,
            "forgetting_mean": 0.8 * lost, "oldest_loss": lost, "steps": 40.0, "activity": a, "c": 0.9, "N_eff": 50.0,
            "unit_common": 0.9 * a, "mean_square_overlap": law * maker.bend("coding_level"), "common_mode_share": common / law,
            "participation_ratio": 30.0, "predicted": law, "predicted_units": law,
            "inner_product": 100 * a ** maker.bent.get("raw", 1.0) * maker.bend("inner"), "squared_length": 200 * a,
            "gradient_overlap": overlap, "gradient_common_mode": 0.5, "gradient_participation": 30.0,
        }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "I2-trained": ({"noise": 0.0005}, {"bend": {"coding_level": 1.5}}, ONE_SEED),
    "I2-units": ({"noise": 0.0005}, {"bend": {"coding_level": 0.5}}, {"noise": 0.02}),
    "H1-raw": ({}, {"bend": {"raw": -1.0}}, ONE_SEED),
    "H1-centred": ({}, {"bend": {"centred": 0.8}}, ONE_SEED),
    "H1-remedy": ({}, {"bend": {"remedy": 0.5}}, ONE_SEED),
    "H1-forgetting": ({}, {"bend": {"order": -1.0}}, ONE_SEED),
}
