"""N cells of b bits, overwritten: each task rewrites the cells of a random support of a*N cells (C2 for bounded synapses).

A task's D bits are protected by a random linear erasure code (one public code book for all tasks), written into all b bits
of its cells, and decoded from the cells that no later task has taken. Supports are public: the reader knows which cells it
may trust, not what they held. Nothing can be decoded beyond the surviving bits, so that
    E[bits decoded] <= b E[surviving cells] = b a N (1 - a)^(T-1) <= (b N / T)(1 - 1/T)^(T-1).
"""

import math
from functools import partial

import numpy as np
from jaxtyping import Array, Float, Integer
from scipy.stats import norm

from simulate.backend import Scalar, jax, jnp
from simulate.codes import active_cells, supports
from simulate.grid import seed_keys
from simulate.memories import erasure_code as code
from simulate.system.system import Measure, Parameters, System
from theory import palimpsest


def oldest_task_decoded(
    key: jax.Array, N: int, b: int, capacity: int, K: Scalar, D: Scalar, T: Scalar
) -> tuple[Float[Array, ""], Integer[Array, ""]]:
    """(fraction of the D bits of the oldest of T tasks that are decoded and right after all T writes, bits that survived).

    N, b, capacity (largest D) are static: one compilation serves every K = a N, D and T.
    """
    book_key, first_key, later_key = jax.random.split(key, 3)
    generator = code.random_generator(book_key, capacity, b * N, D)

    def task(task_key: Array) -> tuple[Array, Array, Array]:
        support_key, message_key = jax.random.split(task_key)
        message = code.random_message(message_key, capacity, D)
        slots = jnp.repeat(supports(support_key, 1, N, K)[0], b, total_repeat_length=b * N)
        return message, slots, code.encode(generator, message)

    def write(t: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        cells, first_owns = state
        _, slots, coded = task(jax.random.fold_in(later_key, t))
        return jnp.where(slots, coded, cells), first_owns & ~slots

    message, slots, coded = task(first_key)
    cells, survived = jax.lax.fori_loop(1, T, write, (coded & slots, slots))
    bits, determined = code.decode(generator, cells, survived, D)
    right = determined & ~(bits ^ message)
    return code.count(right) / D, jnp.sum(survived)


def decoding_probability(N: int, b: int, K: int, D: int, T: int) -> float:
    """Probability that at least D bits of the oldest task survive T - 1 later writes of K cells, normal approximation.

    The law of large N says 0 or 1; this says how wide the step is at finite N. A cell survives with q = (1 - K/N)^(T-1), two
    given cells with q2 = [(N-K)(N-K-1)/(N(N-1))]^(T-1).
    """
    q = (1 - K / N) ** (T - 1)
    q2 = ((N - K) * (N - K - 1) / (N * (N - 1))) ** (T - 1)
    mean, variance = K * q, K * q + K * (K - 1) * q2 - (K * q) ** 2
    short = math.ceil(D / b) - 0.5 - mean
    return float(norm.sf(short / math.sqrt(variance))) if variance > 1e-9 else float(short < 0)


def _measure(p: Parameters, T_max: int) -> Measure:
    N, b, D, keys = p["N"], p["b"], p["D"], seed_keys(range(p["seeds"]))
    one = partial(oldest_task_decoded, N=N, b=b, capacity=D, D=D)
    decoded = jax.jit(lambda K, T: jax.lax.map(lambda key: one(key, K=K, T=T)[0], keys))
    return lambda T: np.asarray(decoded(active_cells(N, p["a"] or palimpsest.best_activity(T)), T))


SYSTEMS = (
    System(
        name="cells",
        description="N cells of b bits, each task overwrites a N of them (a = 1/T if not given); depth: share of bits decoded",
        claim="C2",
        unit="fraction of bits",
        defaults={"N": int, "D": int, "a": None, "b": 1, "required": 1.0, "seeds": 8},
        ceiling=lambda p: palimpsest.largest_tasks(p["N"], p["b"], p["D"] * p["required"]),
        measure=_measure,
        points={
            "quick": [{"N": 512, "D": D} for D in (16, 64, 128)],
            "paper": [{"N": 1024, "D": D} for D in (16, 32, 64, 128, 256)],
        },
    ),
)
