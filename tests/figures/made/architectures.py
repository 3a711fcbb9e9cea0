"""Made-up architectures, all nearly as good as the dense one, some slower."""

from itertools import product

from realmodels.model.architectures import ARCHITECTURES


def rows(maker):
    """The knobs: `excess` multiplies what they lie above the dense model, `gain` what they gain in its time, `known` recall."""
    for index, (name, equal) in enumerate(product(ARCHITECTURES, ("tokens", "time"))):
        if (name, equal) == ("dense", "time"):
            continue
        excess = 0.0 if name == "dense" else 0.002 * (1 + index % 5)
        excess *= maker.bent.get("excess", 1.0) if equal == "tokens" else maker.bent.get("gain", 1.0)
        known = 1.0 if name == "dense" else min(1.0, maker.bent.get("known", 1.0))
        for phrasing, kind in product(("read", "prefixed", "heldout"), ("people", "cities")):
            yield {
                "architecture": name, "equal": equal, "seed": 0, "size": "small", "parameters": 430_000 + 100 * index,
                "active_parameters": 400_000, "flops_per_token": 1e6, "cost": 1.0 + 0.05 * (index // 2), "steps": 1788,
                "tokens": 1_830_912, "heldout_bits_per_byte": 2.0 * (1 + excess), "kind": kind, "phrasing": phrasing,
                "facts": 192, "questions": 384, "recall": known, "bits": 3.9, "most_bits": 4.0,
                "answer_bits": 0.2,
            }  # fmt: skip


CASES = {
    "A1-tokens": ({}, {"bend": {"excess": 20.0}}, {"seeds": 1}),
    "A1-time": ({}, {"bend": {"gain": -20.0}}, {"seeds": 1}),
    "A1-recall": ({}, {"bend": {"known": 0.7}}, {"bend": {"known": 0.96}}),
}
