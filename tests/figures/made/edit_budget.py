"""Made-up streams of edits: ROME falls to a third, MEMIT to three quarters; the law says so to a little."""

import numpy as np

LASTING = {"rome": 12.0, "memit": 80.0}  # tasks until a fact is gone, in the mean
MOMENTS = (1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33, 36)


def share(written: float, time: float) -> float:
    """Share right if retention falls slowly with age: 1 / (1 + (age / time)^3)."""
    return float((0.96 / (1 + (np.arange(written) / time) ** 3)).mean())


def knew(written: float, time: float) -> float:
    """Capitals: half of them are lost after a time."""
    return float(1 / (1 + (written / time) ** 2))


def rows(maker):
    """The knobs. law: factor on how long facts last by the law; end: the same for MEMIT; shrink: factor by which they last
    shorter without shrinking. long: how long facts of ROME last; start: facts that are right at first beside the law.
    knew: how long capitals last; told: the same by the law.
    """
    bent = maker.bent.get
    for editor, lasting in LASTING.items():
        for seed in maker.seeds:
            drawn = np.random.default_rng(seed)
            for written in MOMENTS:
                time = lasting * (bent("long", 1.0) if editor == "rome" else 1.0) * np.exp(0.03 * drawn.normal())
                factor = bent("law", 1.02) if editor == "rome" else bent("end", 1.02)
                said = share(written, time * factor)
                constant = share(written, time * factor / bent("shrink", 2.0))
                right = share(written, time) + (bent("start", 0.0 if editor == "rome" else -0.1) if 8 * written <= 96 else 0.0)
                known = knew(written, time * bent("knew", 1.0))
                told = knew(written, time * bent("told", 1.05))
                yield {
                    "editor": editor, "where": "3.feedforward.output", "seed": seed, "learning_rate": 0.125, "steps": 20,
                    "T": 36, "D": 8, "lent": 12, "written": written, "facts": 8 * written, "right": right, "taught": 0.95,
                    "right_law": said, "right_constant": constant, "known": known,
                    "known_law": told, "text_rise": written / time,
                    "function": 0.1 * written**0.5, "weight_change": 0.1 * written**0.5,
                }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "P1-edits-half": ({}, {"bend": {"law": 0.25}}, {"bend": {"long": 100.0}}),
    "P1-edits-quarters": ({}, {"bend": {"law": 0.25}}, {"bend": {"long": 100.0}}),
    "P1-edits-memit": ({}, {"bend": {"end": 0.2}}, ONE_SEED),
    "P1-edits-shrinking": ({}, {"bend": {"law": 0.5, "shrink": 0.5}}, ONE_SEED),
    "P1-edits-extrapolated": ({}, {"bend": {"law": 6.0, "end": 0.2, "start": 0.0}}, ONE_SEED),
    "P1-edits-first": ({}, {"bend": {"knew": 100.0}}, ONE_SEED),
    "P1-edits-known": ({}, {"bend": {"told": 4.0}}, {"bend": {"knew": 100.0, "told": 100.0}}),
}
