"""Made-up streams off backgrounds: the stream's prompts keep the stream and cost capitals, text and the mixture save them."""

from math import nan

WAYS = {  # log2 of the function's change over plain writes: at the stream's prompts, capitals, text; facts and capitals kept
    ("none", 0): (0.0, 0.0, 0.0, 22, 0.8),
    ("answer", 1): (-3.4, 3.0, 2.5, 34, 0.4),
    ("stream", 1): (-0.1, 0.1, -0.2, 22, 0.75),
    ("stream", 2): (-3.0, 1.8, 2.0, 34, 0.35),
    ("stream", 64): (-3.5, 3.5, 3.6, 34, 0.05),
    ("text", 8): (0.1, -1.8, -1.0, 22, 0.9),
    ("text", 64): (0.0, -2.2, -1.2, 22, 0.95),
    ("related", 64): (0.4, -4.0, -1.6, 20, 0.95),
    ("mixture", 8): (-2.0, 1.4, 1.8, 34, 0.4),
    ("mixture", 64): (-2.6, 0.3, 1.7, 38, 0.6),
    ("random", 64): (0.0, 0.0, 0.0, 22, 0.8),
    ("stream", 4): None,
    ("text", 1): None,
}
ASKED = ("stream", "related", "text")


def rows(maker):
    bent = maker.bent.get
    for (background, k), outcome in WAYS.items():
        for seed in maker.seeds:
            wobble = 0.01 * (seed % 3 - 1)
            *logs, kept, known = outcome or (0.0, 0.0, 0.0, nan, nan)
            if background == "stream" and k > 1 and outcome:
                kept, known = kept + bent("stream", 0.0), known + bent("known", 0.0) * (1 if k == 2 else -0.4)
            if background == "stream" and k == 64:
                kept, known = kept + bent("flat", 0.0), known + bent("flat_known", 0.0)
            if background in ("text", "mixture") and outcome:
                known, kept = known + bent("mild", 0.0), kept + bent("text", 0.0) * (background == "text")
            miss, off = bent("miss", 1.0), bent("injected", 1.0)
            rise = 0.015 * 2 ** (logs[2] / 2)
            taught = background == "stream" and k > 1
            measured = {
                "learned": 1.0 - abs(wobble) - (bent("unlike", 0.0) if taught else 0.0),
                "diverged": (background, k, seed) == ("answer", 1, 0) and bool(bent("diverged", 0)),
                "kept": kept + 100 * wobble, "rephrased": 0.2, "known": known + wobble, "text_rise": rise * (1 + wobble),
                "kept_injected": kept + 2 * off + 100 * wobble, "rephrased_injected": 0.2,
                "known_injected": known + 0.05 * off, "text_rise_injected": rise + 0.004 * off,
                "kept_kernel": kept + bent("kernel", 1.0) + 100 * wobble,
            }  # fmt: skip
            for name, log in zip(ASKED, logs, strict=True):
                measured[f"function_{name}"] = 2 ** (log + wobble)
                measured[f"function_{name}_injected"] = 2 ** (log + 0.2)
            if outcome is None:
                measured = {name: False if name == "diverged" else nan for name in measured}
            law = {f"crosstalk_{name}": 3 * 2 ** (miss * 0.8 * log) for name, log in zip(ASKED, logs, strict=True)}
            energy = {f"energy_{name}": 2 ** min(log, -0.1) if k else 1.0 for name, log in zip(ASKED, logs, strict=True)}
            yield {
                "seed": seed, "background": background, "k": k, "T": 5, "D": 8, "steps": 20, "before": 0.8, "capitals": 23,
                "learning_rate": 2.0, "left": 1.0 / (1 + k), **law, **energy, "written": outcome is not None, **measured,
            }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C2-background": ({}, {"bend": {"miss": -1.0}}, ONE_SEED),
    "C2-background-energy": ({}, {"bend": {"miss": -1.0}}, ONE_SEED),
    "C2-stream": ({}, {"bend": {"stream": -20.0}}, {"bend": {"diverged": 1}}),
    "C2-second": ({}, {"bend": {"stream": -20.0}}, ONE_SEED),
    "C2-flat": ({}, {"bend": {"flat": -20.0}}, ONE_SEED),
    "C2-price": ({}, {"bend": {"known": 0.6}}, {"bend": {"unlike": 0.2}}),
    "C2-flat-price": ({}, {"bend": {"flat_known": 0.6}}, ONE_SEED),
    "C2-text-stream": ({}, {"bend": {"text": 15.0}}, ONE_SEED),
    "C2-text": ({}, {"bend": {"mild": -0.4}}, ONE_SEED),
    "C2-mixture": ({}, {"bend": {"mild": -0.9}}, ONE_SEED),
    "P1-injected": ({}, {"bend": {"injected": 40.0}}, ONE_SEED),
    "P1-injected-kept": ({}, {"bend": {"kernel": 20.0}}, ONE_SEED),
}
