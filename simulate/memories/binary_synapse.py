"""Synapses of two states, switched by events (C6; Amit and Fusi 1994, Lahiri and Ganguli 2013).

Two states that switch with probability q keep SNR(age) = sqrt(N) q (1 - q)^age. The oldest of M events is kept best at q = 1/M,
where it is on the envelope of all synapses with two states, sqrt(N)/(e M), so that sqrt(N)/e events are held, where one real
variable holds N/e.
"""

from simulate.memories.markov_synapse import ceiling, powers
from simulate.system.system import Measure, Parameters, System
from theory.envelope import binary


def _measure(p: Parameters, T_max: int) -> Measure:
    """SNR^2 of the oldest of T D patterns [seeds]."""
    power, D = powers(p, p["D"] * T_max), p["D"]
    return lambda T: power(binary(1 / (T * D) if p["switch"] is None else p["switch"]))[:, T * D - 1]


SYSTEMS = (
    System(
        name="binary_synapse",
        description="N synapses of two states, switched by an event with probability `switch` (1/(T D) if not given), D patterns "
        "a task; depth: power signal-to-noise ratio of the oldest pattern",
        claim="C6",
        unit="power SNR",
        defaults={"N": int, "D": int, "switch": None, "required": 1.0, "seeds": 8},
        ceiling=lambda p: ceiling(p, states=2),
        measure=_measure,
        points={
            "quick": [{"N": 512, "D": D} for D in (1, 2)],
            "paper": [{"N": 2048, "D": D} for D in (1, 2, 3, 4)],
        },
    ),
)
