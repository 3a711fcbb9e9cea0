"""A list of labels, read at its address: alone, or beside a dense slow store as its fast store (S3, C5).

A label takes one number, or one bit where all bits of a number are used. A list answers what it holds without error.
"""

from jaxtyping import Array

from simulate.backend import Scalar, jnp
from simulate.labels import SLEEPERS, LabelledFacts, consolidated, largest_tasks, oldest_kept
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError


def numbers(labels: Scalar, packed_bits: Scalar = 1) -> Scalar:
    """Whole numbers of state that a list of that many labels takes, `packed_bits` labels in each; 1 or an array of them."""
    return jnp.ceil(jnp.asarray(labels) / packed_bits).astype(int)


def capacity(numbers: int, packed_bits: int = 1) -> int:
    """Labels that a list of that many numbers holds."""
    return numbers * packed_bits


def _measure(p: Parameters, T_max: int) -> Measure:
    S = p["N"] - p["D"]
    if S < 1:
        raise UserError(f"list_beside_dense: a list of D={p['D']} labels leaves nothing of N={p['N']} numbers; lower D")

    def weights(facts: LabelledFacts, T: Scalar) -> Array:
        return consolidated(facts.codes, facts.y, facts.task, T, jnp.array(p["sweeps"]), facts.flip_key)

    return oldest_kept(p, T_max, S, weights)


SYSTEMS = (
    System(
        name="list_beside_dense",
        description="a list of one task's labels beside a dense store that rehearses at sleep, N numbers per unit in all; "
        "depth: share of the oldest task's labels read right",
        claim="S3",
        unit="fraction",
        defaults=SLEEPERS,
        ceiling=lambda p: largest_tasks(p, 1.0),
        measure=_measure,
        points={"quick": [{"N": 32, "D": D} for D in (4, 8)], "paper": [{"N": 64, "D": D} for D in (4, 8, 16, 32)]},
    ),
)
