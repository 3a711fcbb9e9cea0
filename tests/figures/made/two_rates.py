"""Made-up learners in the plane: J and depth by hand, crosstalk 4/3 over N of the fast store."""

LEARNERS = {
    "plain": (0.05, 0.2, 0.7),
    "annealed": (0.06, 0.2),
    "replay": (16.0,),
    "two_regimes": (0.05, 0.2),
    "two_equal": (0.05, 0.2),
    "two_rules": (0.05, 0.2),
    "two_rules_averaged": (0.06, 0.2),
    "label_buffer": (0.05, 0.2),
}
STORES = ("two_regimes", "two_equal", "two_rules", "two_rules_averaged")


def rows(maker):
    for sigma in (0.5, 1.0):
        for learner, dials in LEARNERS.items():
            for dial in dials:
                for seed in maker.seeds:
                    one = learner in ("plain", "annealed")
                    slow = 3.0 * sigma**2 if learner == "replay" else dial * sigma**2 / (2 - dial)
                    law = 2 * slow if learner == "annealed" else slow + 4 * sigma**2 / 3 / 32 * (learner in STORES)
                    law *= 1.08 if learner == "two_rules" else 1.0
                    J = law * maker.bend("two_rates") * maker.bent.get(learner, 1.0)
                    depth = (dial if one else 1.0) * maker.bent.get("depth", 1.0) * maker.bent.get(f"{learner} depth", 1.0)
                    yield {
                        "learner": learner, "family": "teacher", "sigma": sigma, "rho": 1.0, "D": 1, "N": 65 if one else 32,
                        "private": sigma**2, "state": 2080.0, "hold": 1, "sweeps": 1, "dial": dial, "seed": seed,
                        "J": J, "predicted_J": law, "depth": depth, "predicted_depth": depth,
                        "ages": [0.0, 1.0, 4.0], "depth_by_age": [depth, depth / 2, depth / 16],
                    }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C4-learners": ({}, {"bend": {"plain depth": 1.5}}, ONE_SEED),
    "C4-two-rates": ({}, {"bend": {"two_rules depth": 0.01}}, ONE_SEED),
    "C4-crosstalk": ({}, {"bend": {"two_equal": 2.0}}, ONE_SEED),
    "C4-sparse": ({}, {"bend": {"two_equal": 2.0}}, ONE_SEED),
    "C4-rules": ({}, {"bend": {"two_rules": 1.3}}, ONE_SEED),
}
