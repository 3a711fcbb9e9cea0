"""Polynomial inequalities decided by an SMT solver (z3, nonlinear real arithmetic)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import sympy as sp

from theory.certificates.certificate import Verdict

RELATIONS = {sp.StrictLessThan: "__lt__", sp.LessThan: "__le__", sp.StrictGreaterThan: "__gt__", sp.GreaterThan: "__ge__"}


def follows(hypotheses: Sequence[Any], conclusion: Any, seconds: float = 20.0) -> Verdict:
    """Whether the hypotheses imply the conclusion over the reals: the solver finds no point of the first outside the second.

    All are SymPy relations between polynomials with rational coefficients (products of free symbols; sp.And, sp.Or for
    combinations; sp.Eq for equalities). Use symbols without assumptions: between positive ones SymPy may settle a relation by
    itself, and what it knows is not passed on. Raises TypeError for what is no polynomial, ValueError
    for hypotheses that contradict each other.
    """
    import z3

    given = [translated(relation) for relation in hypotheses]
    solver, alone = z3.Solver(), z3.Solver()  # two, since a solver that is asked again is a weaker one
    for each in (solver, alone):
        each.set("timeout", int(1000 * seconds))
        each.add(*given)
    if alone.check() == z3.unsat:
        raise ValueError("the hypotheses contradict each other: they imply anything")
    solver.add(z3.Not(translated(conclusion)))
    answer = solver.check()
    if answer == z3.unsat:
        return Verdict(True, 1.0, "no counterexample exists (z3: unsat)")
    if answer == z3.sat:
        model = solver.model()
        point = ", ".join(f"{symbol} = {model[symbol]}" for symbol in model.decls())
        return Verdict(False, 0.0, f"counterexample: {point}")
    return Verdict(False, 0.0, f"undecided in {seconds:g} s ({solver.reason_unknown()})")


def translated(expression: Any) -> Any:
    """The relation or polynomial as z3's."""
    import z3

    if expression in (sp.true, sp.false):
        return z3.BoolVal(bool(expression))
    if isinstance(expression, sp.And | sp.Or):
        return (z3.And if isinstance(expression, sp.And) else z3.Or)(*map(translated, expression.args))
    if isinstance(expression, sp.Equality | sp.Unequality):
        left, right = map(translated, expression.args)
        return left == right if isinstance(expression, sp.Equality) else left != right
    if type(expression) in RELATIONS:
        left, right = map(translated, expression.args)
        return getattr(left, RELATIONS[type(expression)])(right)
    if expression.is_Rational:
        return z3.Q(int(expression.p), int(expression.q))
    if expression.is_Symbol:
        return z3.Real(expression.name)
    if expression.is_Add:
        return reduce(add, map(translated, expression.args))
    if expression.is_Mul:
        return reduce(mul, map(translated, expression.args))
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        return reduce(mul, [translated(expression.base)] * int(expression.exp))
    raise TypeError(f"{expression} is not a polynomial relation")
