"""Made-up models that do not answer from their context, or do."""


def rows(maker):
    for seed in maker.seeds:
        for shown in (1, 4, 7):
            depth = maker.bent.get("depth", 0.0) + 0.005 * (seed % 3 - 1)
            yield {"seed": seed, "facts": 128, "candidates": 16, "shown": shown, "depth": depth}


CASES = {"P9-context": ({}, {"bend": {"depth": 0.4}}, {"seeds": 1})}
