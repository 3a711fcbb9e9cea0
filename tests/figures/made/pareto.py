"""Methods on the plane of learning and forgetting: each loses a share of old facts in proportion to what it learns."""

from math import sin

from figures.pareto import LOOKS
from figures.verdicts.pareto import CONTRASTS

ONE_SEED = {"seeds": 1}
LOSSES = {"memory_full": 0.8, "full": 0.8, "last_matrix": 0.9, "values": 0.6, "lora": 0.5, "ewc": 0.4}  # per depth learned
KEPT = {"off_mode_12": 0.8, "replay": 0.9}  # of what is learned
MOST = {"random_128": 0.7, "tfidf_128": 0.4}  # depth learned at the highest learning rate
SIZED = "size"  # knob: exponent of F_Delta in the loss


def rows(maker):
    size = maker.bent.get(SIZED, 1.0)
    for architecture, looks in LOOKS.items():
        for way in looks:
            factor = maker.bent.get(way, 1.0)
            for seed in maker.seeds:
                wobble = 1 + 0.01 * (seed % 3 - 1)
                for rate, part in ((0.1, 0.4), (0.3, 0.75), (1.0, 1.0)):
                    learned = MOST.get(way, 0.9) * factor * part * wobble
                    lost = LOSSES.get(way, 0.3) * factor * learned * wobble
                    yield {
                        "way": way, "architecture": architecture, "method": "full", "seed": seed, "T": 16, "D": 8, "steps": 20,
                        "candidates": 16, "old_facts": 256, "old_bits": 3.98, "learning_rate": rate, "state_bits": 320,
                        "learned": learned, "kept": KEPT.get(way, 0.3) * factor * learned, "kept_rephrased": 0.2 * learned,
                        "old_lost": lost, "text_rise": 0.1 * lost, "diverged": False,
                        "function": lost**size * (1 + 0.3 * sin(7 * len(way) + 0.1 * seed)),
                    }  # fmt: skip


def _cases(id: str) -> tuple[dict, dict, dict]:
    column, more, less = CONTRASTS[id]
    if column == "old_lost":  # what is lost per depth learned does not depend on how deep: a bend moves both ends of it
        return {}, {"bend": {less: 5.0}}, ONE_SEED
    return {}, {"bend": {more: 0.3} if column == "learned" else {less: 6.0}}, ONE_SEED


CASES = {id: _cases(id) for id in CONTRASTS} | {"P9-size": ({}, {"bend": {SIZED: -1.0}}, ONE_SEED)}
