r"""Bounded cells that are overwritten (claim C2-cells): each task rewrites a N of the cells, chosen at random.

A cell of the oldest of T tasks survives the T - 1 later ones with probability (1 - a)^(T-1). The reader knows the supports, so
what was overwritten is an erasure, and an erasure code holds b bits per surviving cell:

    D <= b N a (1 - a)^(T-1)  bits,   best at a = 1/T:   T D <= b N (1 - 1/T)^(T-1), falling to b N / e.

Activities that vary, a_t fixed in advance, keep b N (1 - prod_t (1 - a_t)) bits of all tasks together, at most bN; with a_t = 1/t
every task keeps b N/T of them. No code does better: given the supports, the oldest task speaks through its surviving cells alone.
The function a (1 - a)^(T-1) is the throughput of slotted ALOHA (Roberts 1975); a memory that forgets by overwriting is a
palimpsest (Nadal et al. 1986).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.proof import inversion
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, T, a, b
from theory.proof.quantity import Number


def derive() -> Derivation:
    """C2-cells: the survivors of one activity, the best activity, and activities that vary."""
    proof = Derivation()
    survive = proof.given(
        "Bounded cells: of the a N cells of the oldest task a share (1 - a)^(T-1) survives, b bits each",
        b * N * a * (1 - a) ** (T - 1),
        law="cells_bits",
    )
    slope = proof.equal("Its logarithm has the slope", sp.diff(sp.log(survive), a), 1 / a - (T - 1) / (1 - a))
    proof.holds("The logarithm is concave in a", sp.diff(slope, a) < 0)
    best = proof.solve("The share that survives is therefore largest at the activity", slope, a, law="cells_activity")
    proof.equal("T D is at most", T * survive.subs(a, best), b * N * (1 - 1 / T) ** (T - 1), law="cells_ceiling")
    t, s = sp.symbols("t s", integer=True, positive=True)
    activities: Any = sp.IndexedBase("a")
    kept = sum(activities[j] * sp.prod(1 - activities[i] for i in range(j + 1, 5)) for j in range(1, 5))
    proof.argued(
        "Activities a_t that vary: the shares that the tasks keep add up to one minus what no task has touched",
        sp.Eq(
            sp.Sum(activities[t] * sp.Product(1 - activities[s], (s, t + 1, T)), (t, 1, T)),
            1 - sp.Product(1 - activities[s], (s, 1, T)),
        ),
        lambda: (sp.expand(kept - 1 + sp.prod(1 - activities[j] for j in range(1, 5))) == 0, "symbolically, for T = 4"),
    )
    proof.equal("With a_t = 1/t task t keeps, of all cells, 1/t of t/T, for every t", 1 / t * (t / T), 1 / T)
    proof.given("All tasks together can keep, in bits (one activity keeps 1/e of it)", b * N, law="cells_annealed")
    return proof


CLAIMS = (
    Claim(
        id="C2-cells",
        title="The ceiling of overwritten cells",
        plain="If each task overwrites a random share of the cells of a memory, the oldest task survives only in the "
        "cells that nobody has overwritten since. It keeps most when a task uses one cell in T, T being the number "
        "of tasks. The same ceiling as in C2 then holds in bits.",
        statement="Each of T tasks of D bits overwrites a N of N cells of b bits, chosen at random. The oldest task keeps at "
        "most D <= b N a (1 - a)^(T-1) bits, best at a = 1/T: T D <= b N (1 - 1/T)^(T-1) -> b N/e, the law of C2 in bits. "
        "Activities that vary, fixed in advance, let all tasks together keep b N bits: a_t = 1/t leaves each of them b N/T.",
        assumptions=(Assumption("a task rewrites every cell of a random support known to the reader, N is large"),),
        status="proved under assumptions",
        source="this project; the function of T is the throughput of slotted ALOHA (Roberts 1975)",
        evidence=(
            "derivation: theory.palimpsest.derive",
            "certificate: theory.certificates.palimpsest",
            "attack: theory.attacks.palimpsest",
            "brute force and Monte Carlo: tests/theory/test_palimpsest.py",
            "simulation: sweep_cells",
        ),
        derive=derive,
        quantities=(
            Quantity("cells_ceiling", "largest T * D of bits that overwritten cells return exactly", "bits", ("b", "N", "T")),
            Quantity("cells_bits", "bits of the oldest of T tasks that survive at activity a", "bits", ("b", "N", "T", "a")),
            Quantity("cells_annealed", "largest T * D that all tasks can keep, activities fixed in advance", "bits", ("b", "N")),
            Quantity("cells_activity", "activity that keeps most of the oldest of T tasks", "fraction", ("T",)),
        ),
    ),
)
(C2_CELLS,) = CLAIMS


def ceiling(N: Number, b: Number, T: Number) -> Number:
    """Ceiling on T * D in bits for N cells of b bits: b N (1 - 1/T)^(T-1) (C2-cells)."""
    return C2_CELLS.value("cells_ceiling", b=b, N=N, T=T).value


def bits(N: Number, b: Number, T: Number, a: Number) -> Number:
    """Bits of the oldest of T tasks that survive when each task rewrites a N of N cells of b bits (C2-cells)."""
    return C2_CELLS.value("cells_bits", b=b, N=N, T=T, a=a).value


def best_activity(T: Number) -> Number:
    """Activity that keeps most of the oldest of T tasks: 1/T (C2-cells)."""
    return C2_CELLS.value("cells_activity", T=T).value


def largest_tasks(N: float, b: float, D: float, a: float | None = None) -> float:
    """Largest T (a real number >= 1) for tasks of D bits, at activity a or (None) at the best one; 0 if none fits."""

    def room(tasks: float) -> float:
        return float(ceiling(N, b, tasks) / tasks if a is None else bits(N, b, tasks, a)) - D

    return inversion.largest_tasks(room)
