r"""An accounting identity for retained depth (claim C1): what all facts together keep, whatever is written, in whatever order.

A write is w <- w + eta_i (w_i y_i - P_i w), P_i = w_i r_i^T with <r_i, w_i> = 1. P_i is an orthogonal projector when w_i = r_i
= u_i, an oblique one for preconditioned rules such as ROME, and a coordinate for a cell. A task that is written at once has a
projector of higher rank. With A_i = (I - eta_M P_M) ... (I - eta_i P_i), the retained depth of write i is s_i = eta_i
tr(A_{i+1} P_i), the derivative of its readout at the end by its own target, and

    sum_i s_i = N - tr prod_j (I - eta_j P_j),    exactly.

For independent orthogonal projectors of one distribution the total is at most N on average, under every schedule fixed in
advance. The total is no constant: it is N less what the writes have left of the initial weights. Oblique projectors without a
common preconditioner, and distributions that change, can exceed N. They can have any total from 1 on: the mean total of two
writes of full strength by [[1, c], [0, 0]] or [[1, 0], [-c, 0]], equally likely, is 1 + c^2/2. For orthogonal projectors in any
order, at any strengths in [0, 1], the total is less than 2N - 1 (N >= 2). That bound is the best there is. Directions that turn
slowly transport what is stored (in the limit, parallel transport on the sphere), and a loop whose holonomy is -1 brings it back
with the opposite sign. N - 1 half circles in steps of pi/n keep N + (N - 1) cos^n(pi/n). Claim C1-winding (`theory.winding`)
says what the shortest such loop keeps, how many writes it takes at a given strength, and how thinly the excess is spread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import M, N


def _telescopes(writes: int) -> tuple[bool, str]:
    """sum_i A_{i+1} eta_i P_i = 1 - A_1 in free (non-commuting) variables."""
    projectors = sp.symbols(f"P1:{writes + 1}", commutative=False)
    strengths = sp.symbols(f"eta1:{writes + 1}", positive=True)
    later, total = sp.S.One, sp.S.Zero
    for projector, strength in zip(reversed(projectors), reversed(strengths), strict=True):
        total += later * strength * projector
        later = sp.expand(later * (1 - strength * projector))
    return sp.expand(total - (1 - later)) == 0, f"as an identity of free matrices, for {writes} writes"


def _turning(dimensions: int, steps: int) -> tuple[bool, str]:
    """The law of the turning directions against the writes themselves."""
    total = float(np.sum(depths(turning_directions(dimensions, steps), 1.0)))
    predicted = dimensions + (dimensions - 1) * np.cos(np.pi / steps) ** steps
    return abs(total - predicted) < 1e-12, f"N = {dimensions}, {steps} steps a half circle: the writes keep {total:.12f}"


def derive() -> Derivation:
    """C1 by telescoping a trace, then the two bounds and the orders that approach the second."""
    proof = Derivation()
    n, strength = sp.Symbol("n", integer=True, positive=True), sp.Symbol("eta_i", positive=True)
    later, now, projector = (sp.MatrixSymbol(name, n, n) for name in ("A_{i+1}", "A_i", "P_i"))
    before = later * (sp.Identity(n) - strength * projector)
    kept = strength * sp.Trace(later * projector)
    proof.given("Write i multiplies what came before it by I - eta_i P_i, so", sp.Eq(now, before))
    proof.given("The readout of fact i at the end depends on its own target by", sp.Eq(sp.Symbol("s_i"), kept))
    lost = sp.Trace(later) - sp.expand(sp.Trace(before.expand()).doit())
    proof.argued(
        "The trace is linear: what a write keeps is what the trace loses",
        sp.Eq(sp.Trace(later) - sp.Trace(now), kept),
        lambda: (sp.expand(lost - kept) == 0, "symbolically, for matrices of any size"),
    )
    total = sp.Eq(sp.Symbol("sum_i s_i"), N - sp.Symbol("tr A_1"))
    proof.argued(
        "Added up over the writes, all but the first and last trace cancel (no P_i need commute or be symmetric):",
        total,
        lambda: _telescopes(5),
    )
    k, i = sp.symbols("k i", integer=True)
    strengths: Any = sp.IndexedBase("eta")
    spectrum: Any = sp.IndexedBase("lambda")
    product = sp.Sum(sp.Product(1 - strengths[i] * spectrum[k], (i, 1, M)), (k, 1, N))
    proof.given(
        "Independent orthogonal projectors of one distribution, E[P] = Sigma, 0 <= Sigma <= I: E[A_1] is a product of "
        "commuting I - eta_i Sigma",
        sp.Eq(sp.Symbol("E[tr A_1]"), product),
    )
    proof.argued(
        "Its factors lie in [0, 1]: the expected total is at most rank(Sigma) <= N, for every schedule", N, law="ceiling"
    )
    proof.argued(
        "Any order, orthogonal projectors, eta_i in [0, 1]: tr A_1 is affine in each eta_i, hence least where each is 0 or 1. "
        "With one eta_i = 1 the product has rank <= N - 1 and norm <= 1, so tr A_1 >= -(N - 1). Equality would take A_1 = -1 "
        "on N - 1 dimensions; but a product of projections that shortens a vector nowhere leaves it in place. For N >= 2 the "
        "total is below",
        N - (-(N - 1)),
        law="supremum",
    )
    theta, delta, steps = sp.symbols("theta delta n", positive=True)
    proof.equal(
        "Approached by turning: with eta = 1, let the direction run from u to -u through e_1 in n steps of delta = pi/n, then "
        "back through e_2, and so on. A step takes e(theta) = -sin(theta) u + cos(theta) e_1 to e(theta + delta), shortened "
        "to",
        sp.sin(theta) * sp.sin(theta + delta) + sp.cos(theta) * sp.cos(theta + delta),
        sp.cos(delta),
    )
    half_circle = proof.given(
        "The step leaves the other e_j alone. As e(pi) = -e_1, a half circle multiplies e_1 by",
        -(sp.cos(sp.pi / steps) ** steps),
    )
    turn = proof.equal(
        "After N - 1 half circles tr A_1 is N - 1 times that, and the total",
        N - (N - 1) * half_circle,
        N + (N - 1) * sp.cos(sp.pi / steps) ** steps,
    )
    proof.limit("This total tends to the bound as the steps become fine", turn, steps, sp.oo)
    proof.argued(
        "In terms of the number of writes, M = (N - 1) n",
        turn.subs(steps, M / (N - 1)),
        lambda: _turning(4, 10),
        law="turning_total",
    )
    return proof


ROOM = Assumption("N >= 2 (one dimension leaves no room to turn)", lambda N: N >= 2, "give at least two dimensions")
WHOLE = Assumption(
    "N is a whole number and M a multiple of N - 1 (whole half circles)",
    lambda N, M: (np.mod(N, 1) == 0) & (np.mod(M, N - 1) == 0),
    "round N, and round M to one",
)

CLAIMS = (
    Claim(
        id="C1",
        title="Conservation of retained depth",
        plain="Each write of a fact pushes out a little of what was there. Added up over all facts, what remains can be "
        "computed exactly. With random directions the total is at most N, the number of parameters. In no order can "
        "it reach 2N - 1.",
        statement="Delta-rule writes retain, all facts together, exactly sum_i s_i = N - tr prod_j (I - eta_j P_j), for any "
        "directions, ranks, obliqueness and schedule. Independent orthogonal projectors of one distribution: at most N on "
        "average, for every schedule fixed in advance. Orthogonal projectors in any order: less than 2N - 1 (N >= 2), which "
        "directions that turn slowly approach for every N.",
        assumptions=(
            Assumption("linear readout, delta-rule writes; for the identity P_i may be any matrices"),
            Assumption("ceiling N: orthogonal projectors, independent, of one distribution; 0 <= eta_i <= 1 fixed in advance"),
            Assumption(
                "bound 2N - 1: orthogonal projectors, 0 <= eta_i <= 1; for both: or one common preconditioner (a change of basis)"
            ),
        ),
        status="proved",
        source="this project; the trace is that of effective degrees of freedom (Hastie and Tibshirani 1990)",
        evidence=(
            "derivation: theory.conservation.derive",
            "certificate: theory.certificates.conservation",
            "attack: theory.attacks.conservation",
            "property test: tests/theory/test_conservation.py",
            "simulation: retention",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest expected total depth of independent random writes", "facts", ("N",)),
            Quantity("supremum", "least upper bound on the total depth over all orders (N >= 2: not attained)", "facts", ("N",)),
            Quantity(
                "turning_total",
                "total depth of M writes that turn through N - 1 half circles",
                "facts",
                ("N", "M"),
                (ROOM, WHOLE),
            ),
        ),
        successors=("winding",),
    ),
)
(C1,) = CLAIMS


def depths(directions: Any, eta: Any, readers: Any = None) -> np.ndarray:
    """Retained depth s_i of every fact of a sequence of delta-rule writes, oldest first: shape [M].

    directions [M, N]: write vectors w_i; eta: one strength, or one per write; readers [M, N]: read vectors r_i with
    <r_i, w_i> = 1 (the directions themselves unless given; they must then be unit vectors). Raises `UserError` where P_i is no
    projector.
    """
    writes, reads, strengths = _writes(directions, eta, readers)
    later, kept = np.eye(writes.shape[1]), np.empty(len(writes))
    for i in reversed(range(len(writes))):
        moved = later @ writes[i]
        kept[i] = strengths[i] * reads[i] @ moved
        later -= strengths[i] * np.outer(moved, reads[i])
    return kept


def total_depth(directions: Any, eta: Any, readers: Any = None) -> float:
    """N - tr prod_j (I - eta_j P_j): the total from the trace alone (same arguments as `depths`)."""
    writes, reads, strengths = _writes(directions, eta, readers)
    product = np.eye(writes.shape[1])
    for write, read, strength in zip(writes, reads, strengths, strict=True):
        product -= strength * np.outer(write, read @ product)
    return float(writes.shape[1] - np.trace(product))


def turning_directions(N: int, steps: int) -> np.ndarray:
    """Directions that turn through N - 1 half circles in equal steps: [(N - 1) * steps, N]; their total depth nears 2N - 1."""
    angles = np.pi * np.arange(1, steps + 1) / steps
    directions = np.zeros((N - 1, steps, N))
    for plane in range(N - 1):
        directions[plane, :, 0] = (-1) ** plane * np.cos(angles)
        directions[plane, :, plane + 1] = np.sin(angles)
    return directions.reshape(-1, N)


def _writes(directions: Any, eta: Any, readers: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write vectors [M, N], read vectors [M, N] and strengths [M], checked."""
    writes = np.asarray(directions, dtype=float)
    reads = writes if readers is None else np.asarray(readers, dtype=float)
    gains = np.sum(reads * writes, axis=1)
    worst = int(np.argmax(np.abs(gains - 1)))
    if abs(gains[worst] - 1) > 1e-9:
        raise UserError(
            f"write {worst}: <reader, direction> = {gains[worst]:g}, not 1; normalise directions (or readers) so that it is"
        )
    return writes, reads, np.broadcast_to(np.asarray(eta, dtype=float), (len(writes),))
