r"""Conservation of retained depth (claim C1): what all facts together can keep, whatever is written, in whatever order.

Writes w <- w + eta_i (w_i y_i - P_i w) with P_i = w_i r_i^T a projector (r_i^T w_i = 1; orthogonal when w_i = r_i = u_i, oblique for
preconditioned rules such as ROME, of higher rank for a task written at once, a coordinate for a cell). With
A_i = (I - eta_M P_M) ... (I - eta_i P_i), the retained depth of write i is s_i = eta_i tr(A_{i+1} P_i) = d(readout of i)/d(target of i), and

    sum_i s_i = N - tr prod_j (I - eta_j P_j),    exactly.

Hence sum_i s_i <= N for independent random directions, and sum_i s_i < 2N - 1 for every order of every schedule with orthogonal
projectors and N >= 2. The second bound is the best there is: directions that turn slowly round a loop transport what is
stored, and loops whose holonomy is -1 approach 2N - 1. Both are proved in the derivation's sentences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.errors import UserError
from theory.notation import M, N


def _telescopes(writes: int) -> tuple[bool, str]:
    """sum_i A_{i+1} eta_i P_i = 1 - A_1 in free (non-commuting) variables, for that many writes."""
    projectors = sp.symbols(f"P1:{writes + 1}", commutative=False)
    strengths = sp.symbols(f"eta1:{writes + 1}", positive=True)
    later, total = sp.S.One, sp.S.Zero
    for projector, strength in reversed(list(zip(projectors, strengths, strict=True))):
        total += later * strength * projector
        later = sp.expand(later * (1 - strength * projector))
    return sp.expand(total - (1 - later)) == 0, f"identity of free matrices for {writes} writes"


def _turning(writes: int) -> tuple[bool, str]:
    """The law of the turning directions against the product of projections, for that many writes in the plane."""
    angles = np.pi * np.arange(writes) / writes
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    total = float(np.sum(depths(directions, 1.0)))
    predicted = 2 + np.cos(np.pi / writes) ** writes
    return abs(total - predicted) < 1e-12, f"{writes} writes: {total:.12f}"


def derive() -> Derivation:
    """C1 by telescoping, then the bounds."""
    proof = Derivation()
    n = sp.Symbol("n", integer=True, positive=True)
    strength = sp.Symbol("eta_i", positive=True)
    later, now, projector = (sp.MatrixSymbol(name, n, n) for name in ("A_{i+1}", "A_i", "P_i"))
    proof.given("Write i multiplies what came before it by I - eta_i P_i, so", sp.Eq(now, later * (sp.Identity(n) - strength * projector)))
    proof.given("The readout of fact i at the end depends on its own target by", sp.Eq(sp.Symbol("s_i"), strength * sp.Trace(later * projector)))
    step = sp.Trace(later) - sp.expand(sp.Trace((later * (sp.Identity(n) - strength * projector)).expand()).doit())
    proof.confirm(
        "The trace is linear, so what a write keeps is exactly what the trace loses",
        lambda: (sp.expand(step - strength * sp.Trace(later * projector)) == 0, "symbolically, for matrices of any size"),
        sp.Eq(sp.Trace(later) - sp.Trace(now), strength * sp.Trace(later * projector)),
    )
    proof.confirm("Adding the writes up, everything between the first and the last cancels; no P_i need commute, nor be orthogonal",
                  lambda: _telescopes(5))  # fmt: skip
    total = proof.given("Total retained depth", sp.Eq(sp.Symbol("sum_i s_i"), sp.Symbol("N") - sp.Symbol("tr A_1")))
    del total
    mean, lam_k = sp.Symbol("tr E[A_1]"), sp.IndexedBase("lambda")
    k, i = sp.symbols("k i", integer=True)
    eta_i = sp.IndexedBase("eta")
    proof.given(
        "Independent writes of one distribution, E[P] = Sigma <= I: E[A_1] is the product of commuting I - eta_i Sigma, so",
        sp.Eq(mean, sp.Sum(sp.Product(1 - eta_i[i] * lam_k[k], (i, 1, M)), (k, 1, N))),
    )
    proof.law("ceiling", proof.given("Every factor lies in [0, 1]: the expected total is at most rank(Sigma) <= N for every schedule", N))
    bound = proof.law(
        "supremum",
        proof.equal(
            "Any order, orthogonal projectors, any eta_i in [0, 1]: tr A_1 is affine in each eta_i, so it is extreme when each is 0 or 1. "
            "With one eta_i = 1 the product has rank <= N - 1 and norm <= 1, hence tr A_1 >= -(N - 1), never attained for N >= 2 "
            "(it would need every factor to leave N - 1 dimensions in place, and then A_1 = +1 there). So sum_i s_i is below",
            N - (-(N - 1)),
            2 * N - 1,
        ),
    )
    del bound
    delta = sp.Symbol("delta", positive=True)
    plane = 2 - sp.cos(delta) ** (M - 1) * sp.cos((M - 1) * delta)
    proof.given("Approached by turning: in the plane, M directions in steps of delta with eta = 1 keep", plane)
    slope = sp.diff(plane, delta)
    best = sp.pi / M
    proof.equal("whose derivative (a multiple of sin(M delta)) vanishes at delta = pi/M", sp.simplify(slope.subs(delta, best)), sp.S.Zero,
                samples={M: (10, 3, 7)})  # fmt: skip
    turn = proof.equal("There the total is", plane.subs(delta, best), 2 + sp.cos(sp.pi / M) ** M, samples={M: (10, 3, 7)})
    proof.law("turning_total", turn)
    proof.limit("which approaches 2N - 1 = 3 as 1/M", turn, M, sp.oo)
    proof.confirm("and is what the writes do", lambda: _turning(10), sp.Eq(M, 10, evaluate=False))
    proof.given(
        "In N dimensions, let the direction run through floor((N-1)/2) loops in span(u, e_1, e_2), span(u, e_3, e_4), ..., each a cone of "
        "half-angle 60 degrees (solid angle pi: its plane comes back turned by pi, all else in place), and for even N half a great "
        "circle from u to -u along the last e. In fine steps the projections become parallel transport; together they give -1 on the "
        "N - 1 dimensions orthogonal to u, so tr A_1 -> -(N - 1)"
    )
    return proof


CLAIMS = (
    Claim(
        id="C1",
        title="Conservation of retained depth",
        statement="Delta-rule writes retain, all facts together, exactly sum_i s_i = N - tr prod_j (I - eta_j P_j), for any directions, ranks, "
        "obliqueness and schedule. Independent random directions: at most N on average. Orthogonal projectors in any order, eta <= 1: less "
        "than 2N - 1 (N >= 2), and slowly turning directions come as close as one likes.",
        assumptions=(
            Assumption("linear readout, delta-rule writes; P_i any matrices for the identity"),
            Assumption("the ceiling N: writes independent and identically distributed, 0 <= eta_i <= 1"),
            Assumption("the supremum 2N - 1: orthogonal projectors (or one common preconditioner, a change of basis), 0 <= eta_i <= 1"),
        ),
        status="proved",
        source="this project; telescoped trace as in effective degrees of freedom (Hastie and Tibshirani 1990)",
        evidence=("derivation: theory.conservation.derive", "property test: tests/theory/test_conservation.py", "simulation: retention"),
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest expected total depth of independent random writes", "facts", ("N",)),
            Quantity("supremum", "least upper bound on the total depth over all orders (not attained for N >= 2)", "facts", ("N",)),
            Quantity("turning_total", "total depth of M directions that turn by pi/M each in the plane (N = 2)", "facts", ("M",)),
        ),
    ),
)  # fmt: skip
(C1,) = CLAIMS


def depths(directions: Any, eta: Any, readers: Any = None) -> np.ndarray:
    """Retained depth s_i of every fact of a sequence of delta-rule writes, oldest first: shape [M].

    directions [M, N]: write vectors w_i; eta: one strength or one per write; readers [M, N]: read vectors r_i with <r_i, w_i> = 1
    (by default the directions themselves, which must then be unit vectors). Raises `UserError` where P_i would be no projector.
    """
    writes = np.asarray(directions, dtype=float)
    reads = writes if readers is None else np.asarray(readers, dtype=float)
    gains = np.einsum("mn,mn->m", reads, writes)
    if not np.allclose(gains, 1.0, atol=1e-9):
        worst = int(np.argmax(np.abs(gains - 1)))
        raise UserError(f"write {worst}: <reader, direction> = {gains[worst]:g}, not 1; normalise the direction (or divide the reader by it)")
    strengths = np.broadcast_to(np.asarray(eta, dtype=float), (len(writes),))
    later, kept = np.eye(writes.shape[1]), np.empty(len(writes))
    for i in reversed(range(len(writes))):
        moved = later @ writes[i]
        kept[i] = strengths[i] * reads[i] @ moved
        later -= strengths[i] * np.outer(moved, reads[i])
    return kept


def total_depth(directions: Any, eta: Any, readers: Any = None) -> float:
    """N - tr prod_j (I - eta_j P_j): the total retained depth, from the trace alone (same arguments as `depths`)."""
    writes = np.asarray(directions, dtype=float)
    reads = writes if readers is None else np.asarray(readers, dtype=float)
    strengths = np.broadcast_to(np.asarray(eta, dtype=float), (len(writes),))
    product = np.eye(writes.shape[1])
    for write, read, strength in zip(writes, reads, strengths, strict=True):
        product -= strength * np.outer(write, read @ product)
    return float(writes.shape[1] - np.trace(product))
