"""The checker of derivations must be able to say no: every kind of step is tried with a true and with a false statement."""

import dataclasses

import pytest
import sympy as sp

from theory.ledger import claim
from theory.proof.compiled import compiled
from theory.proof.derivation import Derivation
from theory.proof.notation import N, R, a

x = sp.Symbol("x", positive=True)


def verdicts(proof):
    return [step.check().passed for step in proof.steps]


def test_equalities():
    proof = Derivation()
    assert proof.equal("true", (x + 1) ** 2, x**2 + 2 * x + 1, law="square") == x**2 + 2 * x + 1
    proof.equal("false", (x + 1) ** 2, x**2 + 1)
    proof.equal("false by little", sp.exp(x), sp.exp(x) + sp.Rational(1, 10**15))
    assert verdicts(proof) == [True, False, False]
    assert proof.laws["square"] == x**2 + 2 * x + 1


def test_an_equality_that_only_the_samples_decide():
    proof = Derivation()
    n, k = sp.Symbol("n", integer=True, positive=True), sp.Symbol("k", integer=True)
    tries = {n: (3, 7, 12)}
    proof.equal("true", sp.Sum(sp.binomial(n, k) ** 2, (k, 0, n)), sp.binomial(2 * n, n), samples=tries)
    proof.equal("false", sp.Sum(sp.binomial(n, k) ** 2, (k, 0, n)), sp.binomial(2 * n, n) + 1, samples=tries)
    assert verdicts(proof) == [True, False]


def test_limits_roots_and_inequalities():
    proof = Derivation()
    proof.limit("true", (1 + 1 / x) ** x, x, sp.oo)
    proof.solve("true", x**2 - 2, x)
    proof.holds("true", x**2 + 1 > x)
    proof.holds("false", x**2 > x)
    proof.argued("true", None, lambda: (True, "measured"))
    proof.argued("printed as it is meant", sp.Le(a, 1), lambda: (True, "measured"))
    proof.argued("printed otherwise", sp.Ge(a, 1), lambda: (True, "measured"))
    proof.argued("only named", sp.Le(sp.Function("J")(x), N), lambda: (True, "measured"))
    proof.argued("breaks", None, lambda: (1 / 0 > 0, "never"))
    assert verdicts(proof) == [True, True, True, False, True, True, False, True, False]
    with pytest.raises(ArithmeticError, match="expected one root"):
        proof.solve("two roots", (x - 2) * (x - 3), x)


def test_a_tampered_limit_is_caught(monkeypatch):
    monkeypatch.setattr(sp, "limit", lambda *_: sp.Integer(3))
    proof = Derivation()
    proof.limit("said to be 3", (1 + 1 / x) ** x, x, sp.oo)
    assert verdicts(proof) == [False]


def test_a_claim_reports_a_derivation_that_does_not_run():
    broken = dataclasses.replace(claim("C4"), derive=lambda: Derivation().solve("no root", sp.Integer(1), x))
    (check,) = broken.check()
    assert not check.passed
    assert "expected one root" in check.detail


def test_a_law_may_not_depend_on_more_than_its_parameters():
    with pytest.raises(ValueError, match="free symbols"):
        compiled(N * a + R, ("N", "a"))
