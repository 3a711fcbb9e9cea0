"""Made-up models that know what they were taught, at a small price in other text."""

from itertools import product


def rows(maker):
    """The knobs: `recall` multiplies what is recalled in held-out phrasings, `price` what the facts cost."""
    for architecture, taught, seed in product(("dense", "memory"), (True, False), maker.seeds):
        price = 0.05 * maker.bent.get("price", 1.0) * (1 + maker.noise * maker.rng.standard_normal())
        for phrasing, kind in product(("read", "prefixed", "heldout"), ("people", "cities")):
            share = {"read": 0.995, "prefixed": 0.99, "heldout": 0.985}[phrasing] * (
                maker.bend("recall") if phrasing == "heldout" else 1.0
            )
            yield {
                "architecture": architecture, "seed": seed, "taught": taught, "kind": kind, "phrasing": phrasing,
                "recall": min(1.0, share) if taught else 0.06, "facts": 192, "questions": 576, "bits": 3.9 if taught else 0.1,
                "most_bits": 4.0, "answer_bits": 0.2 if taught else 12.0, "parameters": 430_000, "tokens": 1_500_000,
                "read": 0.7, "exposures": 150 if taught else 0,
                "heldout_bits_per_byte": 2.0 + 0.01 * seed + price * taught,
            }  # fmt: skip


CASES = {
    "K1-recall": ({"seeds": 8}, {"bend": {"recall": 0.7}}, {"seeds": 1}),
    "K1-price": ({}, {"bend": {"price": 4.0}}, {"seeds": 1}),
}
