"""Made-up models that hold log10(exposures) - 1 bits per parameter, up to 2."""

from math import log10

PARAMETERS, EMBEDDING, PEOPLE = 12_000, 6_000, 800


def rows(maker):
    """The knob `exposures` multiplies the bits held."""
    for exposures in (10, 30, 100, 300, 1000):
        for seed in maker.seeds:
            bits = PARAMETERS * max(0.02, log10(exposures) - 1) * maker.bend("exposures")
            share = bits / PARAMETERS / 2.5
            yield {
                "exposures": exposures, "seed": seed, "people": PEOPLE, "parameters": PARAMETERS,
                "embedding_parameters": EMBEDDING, "known_bits": 30_000.0, "known_value_bits": 24_000.0,
                "name_bits": 0.2 * bits, "value_bits": 0.8 * bits, "clipped_bits": 0.9 * bits, "recall": share,
            }  # fmt: skip


CASES = {"K1-exposures": ({}, {"bend": {"exposures": 0.3}}, {"seeds": 1})}
