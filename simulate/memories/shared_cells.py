"""Bounded cells when tasks share structure: one activity regime against two (claim S1).

All T tasks share the same R bits and each has D_s private bits. A reader uses only the cells that are active for its task;
a write rewrites every active cell. Shared bits and private bits are each protected by a random linear erasure code, in bit
slots of their own (separable coding), and really decoded.

* single: every cell gives phi of its b slots to shared bits. All writers put the same shared bits there, so they survive,
  but they must all fit into the a N cells that one reader sees: a N phi = R.
* dual: a population that is always on holds the shared bits once; a sparse one, a = 1/T, holds the private bits.
"""

import math

from jaxtyping import Array, Bool

from simulate.backend import Scalar, jax, jnp
from simulate.memories import erasure_code as code
from theory import separation

SPARE = 16
"""Coded bits beyond R that the layout provides, so that a random system is solvable with probability about 1 - 2^-16."""


def layout(regime: separation.Regime, N: int, b: int, R: int, T: int) -> tuple[int, int, int]:
    """(always-on cells, active cells among the others, slots for shared bits in all cells) at the best activity for T tasks.

    dual: the always-on cells have R + SPARE slots. single: shared slots are spread evenly over all cells, so that a reader's K
    cells hold R, plus SPARE and two standard deviations of the uneven remainder (at most).
    """
    if regime == "dual":
        always_on = min(N, math.ceil((R + SPARE) / b)) if R else 0
        return always_on, min(N - always_on, max(1, round((N - always_on) / T))), always_on * b
    K = max(1, round(separation.single_activity(N, b, R, T) * N))
    margin = SPARE + math.sqrt(K * (1 - K / N)) if R else 0.0
    return 0, K, min(b * N, math.ceil((R + margin) * N / K))


def oldest_task_decoded(
    key: jax.Array,
    N: int,
    b: int,
    capacity: tuple[int, int],
    R: Scalar,
    D_s: Scalar,
    T: Scalar,
    always_on: Scalar,
    K: Scalar,
    shared_slots: Scalar,
) -> Bool[Array, ""]:
    """Whether all R + D_s bits of the oldest of T tasks come back exactly (bool).

    N, b and capacity = (largest R, largest D_s) are static.

    Cells 0 .. always_on-1 are active for every task; K of the others, at random, for each. `shared_slots` slots in all hold
    shared bits: all slots of the always-on cells in the dual system, the same number (up to one) in every cell in the single.
    """
    cell = jnp.repeat(jnp.arange(N), b, total_repeat_length=b * N)
    slot = jnp.tile(jnp.arange(b), N)
    in_common = cell < always_on
    per_cell, rest = shared_slots // N, shared_slots % N
    spread = slot < per_cell + (cell < rest)
    holds_shared = jnp.where(always_on > 0, in_common, spread)

    shared_key, private_key, message_key, first_key, later_key = jax.random.split(key, 5)
    shared_book = code.random_generator(shared_key, capacity[0], b * N, R)
    private_book = code.random_generator(private_key, capacity[1], b * N, D_s)
    shared = code.random_message(message_key, capacity[0], R)
    shared_coded = code.encode(shared_book, shared)

    def task(task_key: Array) -> tuple[Array, Array, Array]:
        """Private message, active slots and the bits that this task writes into its slots."""
        support_key, private_message_key = jax.random.split(task_key)
        private = code.random_message(private_message_key, capacity[1], D_s)
        drawn = jax.random.uniform(support_key, (N,)) + (jnp.arange(N) < always_on)
        active = (drawn <= jnp.sort(drawn)[jnp.maximum(K, 1) - 1]) & (K > 0) | (jnp.arange(N) < always_on)
        coded = jnp.where(holds_shared, shared_coded, code.encode(private_book, private))
        return private, jnp.repeat(active, b, total_repeat_length=b * N), coded

    def write(t: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        cells, own = state
        _, active, coded = task(jax.random.fold_in(later_key, t))
        return jnp.where(active, coded, cells), own & ~active

    private, active, coded = task(first_key)
    cells, own = jax.lax.fori_loop(1, T, write, (coded & active, active))
    got_shared, _ = code.decode(shared_book, cells, active & holds_shared, R)
    got_private, _ = code.decode(private_book, cells, own & ~holds_shared, D_s)
    return jnp.all(got_shared == shared) & jnp.all(got_private == private)
