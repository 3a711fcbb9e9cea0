"""Cascade synapses (Fusi, Drew and Abbott 2005): two weights, each with levels that are ever harder to leave (C6).

A synapse of level k (0 is the most plastic) switches its weight with probability ratio^k at an event of the other sign, and goes
one level deeper with probability ratio^(k+1)/(1 - ratio) at one of its own. The matrices are those of `theory.envelope.cascade`.
The memory curve is a mixture of exponentials of all these rates, close to 1/age: many ages at once, none of them on the envelope.
The ceiling is that of the best synapse with as many states for the one age that is judged. A cascade divides the same area
among all its rates, and the levels that still remember at that age hold a small part of it. It therefore stays far below.
"""

from simulate.memories.markov_synapse import ceiling, powers
from simulate.system.system import Measure, Parameters, System
from theory.envelope import cascade


def _measure(p: Parameters, T_max: int) -> Measure:
    """SNR^2 of the oldest of T D patterns [seeds]: one stream has every age."""
    power = powers(p, p["D"] * T_max)(cascade(p["levels"], p["ratio"]))
    return lambda T: power[:, T * p["D"] - 1]


SYSTEMS = (
    System(
        name="cascade",
        description="N cascade synapses of two weights and `levels` levels each, D patterns a task; depth: power signal-to-noise "
        "ratio of the oldest pattern",
        claim="C6",
        unit="power SNR",
        defaults={"N": int, "D": int, "levels": 4, "ratio": 0.5, "required": 1.0, "seeds": 8},
        ceiling=lambda p: ceiling(p, states=2 * p["levels"]),
        measure=_measure,
        points={
            "quick": [{"N": 1024, "D": D} for D in (1, 2)],
            "paper": [{"N": 2048, "D": D} for D in (1, 2, 3, 4)],
        },
    ),
)
