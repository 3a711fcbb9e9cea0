"""Made-up networks that forget what C2 says, whatever they overlap (knobs: what centring leaves, what forgetting follows)."""

from itertools import product


def rows(maker):
    for a, centred, seed in product((0.02, 0.05, 0.1, 0.2, 1.0), (False, True), maker.seeds):
        law = 0.75 - 0.45 * a**0.5 + (0.05 if centred else 0.0)
        overlap = 0.005 + (0.004 * maker.bent.get("left", 1.0) if centred else 0.15) * a
        lost = 0.8 * overlap**0.3 if "follows overlap" in maker.bent else 0.8 * (1 - law) ** 1.3
        lost *= maker.bend("dissociation") * (maker.bent.get("remedy", 1.0) if centred else 1.0)
        yield {
            "a": a, "centred": centred, "N": 200, "inputs": 64, "D": 24, "T": 5, "seed": seed,
            "learned_loss": 0.145 + (maker.bent.get("unequal", 0.0) if centred else 0.0), "learned_loss_oldest": 0.145,
            "learned_bits": 2.0, "steps": 60.0, "forgetting": lost, "forgetting_mean": 0.8 * lost,
            "depth": law * maker.bend("depth"), "depth_mean": 1.2 * law, "write_strength": 0.7, "predicted_depth": law,
            "predicted_depth_mean": 1.2 * law, "gradient_overlap": overlap * maker.bend("overlap"),
            "gradient_common_mode": 0.05 if centred else 0.9, "gradient_participation": 60.0 if centred else 10.0,
        }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "H1-overlap": ({}, {"bend": {"left": 30.0}}, ONE_SEED),
    "H1-dissociation": ({}, {"bend": {"remedy": 0.3}}, ONE_SEED),
    "H1-rank": ({}, {"bend": {"follows overlap": 1.0}}, ONE_SEED),
    "C2-trained": ({}, {"bend": {"depth": 2.0}}, {"bend": {"depth": 1.4}, "noise": 0.1}),
    "H1-delta": ({}, {"bend": {"common": 0.5}}, ONE_SEED),
}
