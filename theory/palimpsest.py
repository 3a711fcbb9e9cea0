r"""Bounded cells that are overwritten (the second half of claim C2): each task rewrites a N of the cells, chosen at random.

A cell of the oldest of T tasks survives the T - 1 later ones with probability (1 - a)^(T-1). The reader knows the supports, so
what was overwritten is an erasure, and an erasure code holds b bits per surviving cell:

    D <= b N a (1 - a)^(T-1)  bits,   best at a = 1/T:   T D <= b N (1 - 1/T)^(T-1) -> b N / e.

Activities that vary, a_t fixed in advance, keep b N (1 - prod_t (1 - a_t)) bits of all tasks together, at most bN; with a_t = 1/t
every task keeps b N/T of them. No code does better: given the supports, the oldest task speaks through its surviving cells alone.
The function a (1 - a)^(T-1) is the throughput of slotted ALOHA (Roberts 1975); a memory that forgets by overwriting is a
palimpsest (Nadal et al. 1986).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.proof import inversion
from theory.proof.claim import Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, T, a, b

QUANTITIES = (
    Quantity("cells_ceiling", "largest T * D of bits that overwritten cells return exactly", "bits", ("b", "N", "T")),
    Quantity("cells_bits", "bits of the oldest of T tasks that survive at activity a", "bits", ("b", "N", "T", "a")),
    Quantity("cells_annealed", "largest T * D that all tasks can keep, activities fixed in advance", "bits", ("b", "N")),
    Quantity("cells_activity", "activity that keeps most of the oldest of T tasks", "fraction", ("T",)),
)


def derive(proof: Derivation) -> None:
    """Append the law of overwritten cells to the derivation of C2."""
    survive = proof.given(
        "Bounded cells: of the a N cells of the oldest task a share (1 - a)^(T-1) survives, b bits each",
        b * N * a * (1 - a) ** (T - 1),
        law="cells_bits",
    )
    slope = proof.equal("Its logarithm has the slope", sp.diff(sp.log(survive), a), 1 / a - (T - 1) / (1 - a))
    proof.holds("and is concave", sp.diff(slope, a) < 0)
    best = proof.solve("so it is largest at the activity", slope, a, law="cells_activity")
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
    proof.given("so that all tasks can keep T D bits, where one activity keeps 1/e of them:", b * N, law="cells_annealed")


def _value(quantity: str, **parameters: Any) -> Any:
    from theory.retention import C2  # C2 is stated there, and imports this file

    return C2.value(quantity, **parameters).value


def ceiling(b: Any, N: Any, T: Any) -> Any:
    """Ceiling on T * D in bits for N cells of b bits: b N (1 - 1/T)^(T-1) (C2)."""
    return _value("cells_ceiling", b=b, N=N, T=T)


def bits(b: Any, N: Any, T: Any, a: Any) -> Any:
    """Bits of the oldest of T tasks that survive when each task rewrites a N of N cells of b bits (C2)."""
    return _value("cells_bits", b=b, N=N, T=T, a=a)


def best_activity(T: Any) -> Any:
    """Activity that keeps most of the oldest of T tasks: 1/T (C2)."""
    return _value("cells_activity", T=T)


def largest_tasks(b: float, N: float, D: float, a: float | None = None) -> float:
    """Largest T (a real number >= 1) for tasks of D bits, at activity a or (None) at the best one; 0 if none fits."""

    def room(tasks: float) -> float:
        return (ceiling(b, N, tasks) / tasks if a is None else bits(b, N, tasks, a)) - D

    return inversion.largest_tasks(room)
