"""Made-up streams into sparse attention: each way loses old facts and text in proportion to what it learns."""

WAYS = ("full", "both", "slow_10", "selected")
LOSS = {"selected": 0.3, "slow_10": 0.35}  # of old facts and text, per depth learned; 0.5 of the others
KEPT = {"selected": 0.5, "slow_10": 0.45}  # of what is learned; 0.3 of the others


def rows(maker):
    for way in WAYS:
        factor = maker.bent.get(way, 1.0)
        for seed in maker.seeds:
            wobble = 1 + 0.01 * (seed % 3 - 1)
            for rate, part in ((0.01, 0.5), (0.02, 0.8), (0.04, 1.0)):
                learned = 0.9 * part * wobble
                lost = LOSS.get(way, 0.5) * factor * learned * wobble
                yield {
                    "way": way, "seed": seed, "T": 10, "D": 8, "steps": 20, "candidates": 16, "old_facts": 256, "old_bits": 3.98,
                    "passage": 48, "prompt": 58.0, "learning_rate": rate, "written_parameters": 20000, "state_numbers": 0,
                    "state_bits": 0,
                    "learned": learned, "kept": KEPT.get(way, 0.3) * learned, "kept_rephrased": 0.2 * learned, "recall": 0.5,
                    "old_lost": lost, "old_lost_bits": 2 * lost, "text_rise": 0.2 * lost, "function": lost, "diverged": False,
                }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "P9-flow-both": ({}, {"bend": {"selected": 5.0}}, ONE_SEED),
    "P9-flow-full": ({}, {"bend": {"selected": 5.0}}, ONE_SEED),
    "P9-flow-slow": ({}, {"bend": {"slow_10": 5.0}}, ONE_SEED),
}
