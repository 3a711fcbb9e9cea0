"""Bounded cells when tasks share structure: one activity regime against two (claim S1).

All T tasks share the same R bits and each has D_s private bits. A reader uses only the cells that are active for its task;
a write rewrites every active cell. Shared bits and private bits are each protected by a random linear erasure code, in bit
slots of their own (separable coding), and really decoded.

* single: every cell gives phi of its b slots to shared bits. All writers put the same shared bits there, so they survive,
  but they must all fit into the a N cells that one reader sees: a N phi = R.
* dual: a population that is always on holds the shared bits once; a sparse one, a = 1/T, holds the private bits.
"""

import math
from functools import partial

import numpy as np
from jaxtyping import Array, Bool, Integer

from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.memories import erasure_code as code
from simulate.system.system import Measure, Parameters, System
from theory import palimpsest, separation
from theory.proof import inversion

SPARE = 16
"""Coded bits beyond R that the layout provides, so that a random system is solvable with probability about 1 - 2^-16."""


def activity(regime: separation.Regime, N: int, b: int, R: int, T: int | float, odds: int | float = 1.0) -> float:
    """Share of the cells that a task takes up at random: of all (single), or of those that are not always on (dual).

    With v/(1 - v) = odds/(T - 1) it is v in the dual regime, and rho + (1 - rho) v in the single, rho = R/(bN). At odds = 1 it is
    the best activity. Otherwise its odds are `odds` times those of the best. The shared bits always find cells enough. Either
    regime then keeps, of its best,

        odds (T/(T - 1 + odds))^T -> odds e^(1 - odds)    [from S1: both keep v (1 - v)^(T-1) times what does not depend on v].
    """
    v = odds / (T - 1 + odds)
    if regime == "dual":
        return v
    v_best = 1 / T
    best = separation.single_activity(N, b, R, T)
    return float(1 - (1 - best) * (1 - v) / (1 - v_best)) if T > 1 else 1.0


def private_bits(regime: separation.Regime, N: int, b: int, R: int, T: int | float, a: int | float) -> float:
    """Private bits that the oldest of T tasks keeps at `activity` a (S1: `single_bits`; dual: C2 on the cells not always on)."""
    if regime == "dual":
        return float(palimpsest.bits(N - R / b, b, T, a))
    return float(separation.single_bits(N, b, R, T, max(a, R / (b * N))))


def largest_tasks(regime: separation.Regime, N: int, b: int, R: int, D_s: int, odds: int | float = 1.0) -> float:
    """Largest T (a real number) of tasks with D_s private bits that `private_bits` allows at these odds; 0 if none."""
    if odds == 1:
        return separation.largest_tasks(N, b, R, D_s, regime)
    return inversion.largest_tasks(lambda T: private_bits(regime, N, b, R, T, activity(regime, N, b, R, T, odds)) - D_s)


def layout(regime: separation.Regime, N: int, b: int, R: int, T: int, odds: int | float = 1.0) -> tuple[int, int, int]:
    """(always-on cells, active cells among the others, slots for shared bits in all cells) for T tasks at these odds.

    dual: the always-on cells have R + SPARE slots. single: shared slots are spread evenly over all cells, so that a reader's K
    cells hold R, plus SPARE and two standard deviations of the uneven remainder (at most).
    """
    a = activity(regime, N, b, R, T, odds)
    if regime == "dual":
        always_on = min(N, math.ceil((R + SPARE) / b)) if R else 0
        return always_on, min(N - always_on, max(1, round((N - always_on) * a))), always_on * b
    K = max(1, math.ceil(R / b), round(a * N))
    margin = SPARE + math.sqrt(K * (1 - K / N)) if R else 0.0
    return 0, K, min(b * N, math.ceil((R + margin) * N / K))


def oldest_task_decoded(
    keys: jax.Array,
    N: int,
    b: int,
    capacity: tuple[int, int],
    R: Scalar,
    D_s: Scalar,
    T: Integer[Array, " points"],
    always_on: Integer[Array, " points"],
    K: Integer[Array, " points"],
    shared_slots: Integer[Array, " points"],
) -> Bool[Array, "points seeds"]:
    """Whether all R + D_s bits of the oldest of T tasks come back exactly, for every point (T and layout) and key [seeds].

    N, b and capacity = (largest R, largest D_s) are static: one compilation serves all else.

    Cells 0 .. always_on-1 are active for every task; K of the others, at random, for each. `shared_slots` slots in all hold
    shared bits: all slots of the always-on cells in the dual system, the same number (up to one) in every cell in the single.
    The private bits are solved for first, and not at all where fewer equations than D_s are left; then the shared ones.
    """
    cell = jnp.repeat(jnp.arange(N), b, total_repeat_length=b * N)
    slot = jnp.tile(jnp.arange(b), N)
    shared_key, private_key, message_key, first_key, later_key = jax.vmap(lambda key: jax.random.split(key, 5))(keys).T
    shared_book = jax.vmap(lambda key: code.random_generator(key, capacity[0], b * N, R))(shared_key)
    private_book = jax.vmap(lambda key: code.random_generator(key, capacity[1], b * N, D_s))(private_key)
    shared = jax.vmap(lambda key: code.random_message(key, capacity[0], R))(message_key)
    shared_coded = jax.vmap(code.encode)(shared_book, shared)

    def point(args: tuple[Array, ...]) -> Array:
        tasks, common, support, slots = args
        per_cell, rest = slots // N, slots % N
        holds_shared = jnp.where(common > 0, cell < common, slot < per_cell + (cell < rest))

        def task(key: Array, book: Array, coded: Array) -> tuple[Array, Array, Array]:
            """Private message, active slots and the bits that a task writes into its slots."""
            support_key, private_key = jax.random.split(key)
            private = code.random_message(private_key, capacity[1], D_s)
            active = _few(support_key, jnp.arange(N) >= common, support) | (jnp.arange(N) < common)
            return (
                private,
                jnp.repeat(active, b, total_repeat_length=b * N),
                jnp.where(holds_shared, coded, code.encode(book, private)),
            )

        def write(t: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            cells, own = state
            _, active, coded = jax.vmap(task)(jax.vmap(jax.random.fold_in, (0, None))(later_key, t), private_book, shared_coded)
            return jnp.where(active, coded, cells), own & ~active

        def solved(book: Array, known: Array, message: Array, bits: Scalar) -> Array:
            got, _ = jax.vmap(code.decode, (0, 0, 0, None))(book, cells, known, bits)
            return jnp.all(got == message, axis=-1)

        private, active, coded = jax.vmap(task)(first_key, private_book, shared_coded)
        cells, own = jax.lax.fori_loop(1, tasks, write, (coded & active, active))
        left = own & ~holds_shared
        nothing = jnp.zeros(len(keys), bool)
        enough = jnp.any(jnp.sum(left, axis=1) >= D_s)
        whole = jax.lax.cond(enough, lambda: solved(private_book, left, private, D_s), lambda: nothing)
        return jax.lax.cond(
            jnp.any(whole), lambda: whole & solved(shared_book, active & holds_shared, shared, R), lambda: nothing
        )

    return jax.lax.map(point, (T, always_on, K, shared_slots))


def _few(key: jax.Array, among: Bool[Array, " N"], K: Scalar) -> Bool[Array, " N"]:
    """K cells drawn from `among`: those of the K smallest among N random 32-bit numbers, the K-th found bit by bit."""
    drawn = jax.random.bits(key, among.shape, jnp.uint32)

    def bit(place: Array, least: Array) -> Array:
        higher = least | (jnp.uint32(1) << (31 - place).astype(jnp.uint32))
        return jnp.where(jnp.sum(among & (drawn < higher)) < K, higher, least)

    return among & (drawn <= jax.lax.fori_loop(0, 32, bit, jnp.uint32(0))) & (K > 0)


_decoded = partial(jax.jit, static_argnums=(1, 2, 3))(oldest_task_decoded)


def _measure(regime: separation.Regime, p: Parameters, T_max: int) -> Measure:
    N, b, R, D_s = p["N"], p["b"], p["R"], p["D_s"]
    keys = seed_keys(range(p["seeds"]))
    capacity = code.WORD * max(1, code.words(R)), code.WORD * code.words(D_s)

    def measure(T: int) -> np.ndarray:
        points = (jnp.array([value]) for value in (T, *layout(regime, N, b, R, T)))
        return np.asarray(_decoded(keys, N, b, capacity, R, D_s, *points), dtype=float)[0]

    return measure


def _system(regime: separation.Regime, description: str) -> System:
    return System(
        name=f"shared_{regime}",
        description=description,
        claim="S1",
        unit="fraction of seeds",
        defaults={"N": int, "b": 1, "R": int, "D_s": int, "required": 1.0, "seeds": 8},
        ceiling=lambda p: separation.largest_tasks(p["N"], p["b"], p["R"], p["D_s"], regime),
        measure=partial(_measure, regime),
        points={
            "quick": [{"N": 512, "b": 2, "R": 64, "D_s": D_s} for D_s in (16, 64)],
            "paper": [{"N": 1024, "b": 2, "R": 128, "D_s": D_s} for D_s in (16, 32, 64, 128)],
        },
    )


SYSTEMS = (
    _system(
        "single", "N cells of b bits, tasks share R bits, one activity regime; depth: share of seeds that get all R + D_s bits"
    ),
    _system("dual", "the same cells, always-on ones for the R shared bits, sparse ones for the private; depth: the same"),
)
