"""Made-up streams of edits: ROME falls to a third, MEMIT to three quarters, AlphaEdit hardly; the law says so to a little."""

import math

import numpy as np

LASTING = {"rome": 12.0, "memit": 80.0, "alphaedit": 400.0}  # tasks until a fact is gone, in the mean
MOMENTS = (1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45, 48)


def share(written: float, time: float) -> float:
    """Share right if retention falls slowly with age: 1 / (1 + (age / time)^3)."""
    return float((0.96 / (1 + (np.arange(written) / time) ** 3)).mean())


def rows(maker):
    """The knobs. law: factor on how long facts last by the law; end: the same for MEMIT; shrink: factor by which they last
    shorter without shrinking. long: how long facts of ROME last; start: facts that are right at first beside the law.
    """
    bent = maker.bent.get
    for editor, lasting in LASTING.items():
        for seed in maker.seeds:
            drawn = np.random.default_rng(seed)
            for written in MOMENTS:
                time = lasting * (bent("long", 1.0) if editor == "rome" else 1.0) * np.exp(0.03 * drawn.normal())
                factor = bent("law", 1.02) if editor == "rome" else bent("end", 1.02)
                said = share(written, time * factor) if editor != "alphaedit" else math.nan
                constant = share(written, time * factor / bent("shrink", 2.0)) if editor != "alphaedit" else math.nan
                right = share(written, time) + (bent("start", 0.0 if editor == "rome" else -0.1) if 8 * written <= 96 else 0.0)
                yield {
                    "editor": editor, "where": "3.feedforward.output", "seed": seed, "learning_rate": 0.125, "steps": 20,
                    "T": 48, "D": 8, "lent": 12, "written": written, "facts": 8 * written, "right": right, "taught": 0.95,
                    "right_law": said, "right_constant": constant, "known": 1 / (1 + written / time), "text_rise": written / time,
                    "function": 0.1 * written**0.5, "weight_change": 0.1 * written**0.5,
                }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "P1-edits-rome": ({}, {"bend": {"law": 6.0}}, {"bend": {"long": 100.0}}),
    "P1-edits-memit": ({}, {"bend": {"end": 0.2}}, ONE_SEED),
    "P1-edits-shrinking": ({}, {"bend": {"law": 0.5, "shrink": 0.5}}, ONE_SEED),
    "P1-edits-extrapolated": ({}, {"bend": {"law": 6.0, "end": 0.2, "start": 0.0}}, ONE_SEED),
}
