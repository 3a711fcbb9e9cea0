"""A derivation: ordered steps, each a sentence and an equation, each of which can be checked again on its own.

SymPy carries every step out; the check is a second opinion. An equality is confirmed symbolically, or else to thirty digits at
sample values of its symbols; a solution is put back into its equation; a limit is compared with the expression far out; an inequality is
tried at the samples. A step that only fixes a definition or names an assumption is *given* and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from theory.notation import TERMS

DIGITS = 30
TOLERANCE = sp.Float(10) ** -20
SAMPLES = {term.symbol: term.samples for term in TERMS.values()}


@dataclass(frozen=True)
class Check:
    """The verdict on one step."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Step:
    """A sentence, the equation it ends in (if any), and how to check it (None: given, nothing to check)."""

    text: str
    equation: sp.Basic | None
    verify: Callable[[], tuple[bool, str]] | None

    def check(self) -> Check:
        """Check this step alone."""
        if self.verify is None:
            return Check(self.text, True, "given")
        try:
            passed, detail = self.verify()
        except Exception as error:  # a check that breaks has not passed
            return Check(self.text, False, f"{type(error).__name__}: {error}")
        return Check(self.text, bool(passed), detail)


@dataclass
class Derivation:
    """Steps in order, and the laws they end in."""

    steps: list[Step] = field(default_factory=list)
    laws: dict[str, sp.Expr] = field(default_factory=dict)

    def given(self, text: str, equation: sp.Basic | None = None) -> sp.Basic | None:
        """A definition or an assumption: nothing to check."""
        self.steps.append(Step(text, equation, None))
        return equation

    def equal(self, text: str, left: sp.Expr, right: sp.Expr, samples: dict[sp.Symbol, Sequence[Any]] | None = None) -> sp.Expr:
        """`left` equals `right`; returns `right`."""
        self.steps.append(Step(text, sp.Eq(left, right, evaluate=False), lambda: _equal(left, right, samples or {})))
        return right

    def solve(self, text: str, equation: sp.Expr, unknown: sp.Symbol, pick: Callable[[sp.Expr], bool] | None = None) -> sp.Expr:
        """Solve `equation = 0` for `unknown`; `pick` selects among several roots. Returns the root."""
        roots = [sp.simplify(root) for root in sp.solve(equation, unknown)]
        roots = [root for root in roots if pick is None or pick(root)]
        if len(roots) != 1:
            raise ArithmeticError(f"{text}: expected one root, found {roots}")
        root = roots[0]
        self.steps.append(Step(text, sp.Eq(unknown, root, evaluate=False), lambda: _equal(equation.subs(unknown, root), sp.S.Zero, {})))
        return root

    def limit(self, text: str, expression: sp.Expr, symbol: sp.Symbol, to: sp.Expr, rate: float = 1e-4) -> sp.Expr:
        """The limit of `expression`; checked against the expression itself at a distance (relative error below `rate`)."""
        value = sp.simplify(sp.limit(expression, symbol, to))
        statement = sp.Eq(sp.Limit(expression, symbol, to), value, evaluate=False)
        self.steps.append(Step(text, statement, lambda: _near(expression, symbol, to, value, rate)))
        return value

    def holds(self, text: str, relation: sp.Basic, samples: dict[sp.Symbol, Sequence[Any]] | None = None) -> None:
        """An inequality whose proof is in the sentence; tried at the sample values."""
        self.steps.append(Step(text, relation, lambda: _true(relation, samples or {})))

    def confirm(self, text: str, verify: Callable[[], tuple[bool, str]], equation: sp.Basic | None = None) -> None:
        """A step with a check of its own: `verify()` returns (passed, detail)."""
        self.steps.append(Step(text, equation, verify))

    def law(self, name: str, expression: sp.Expr) -> sp.Expr:
        """Name an end result, so that a `Quantity` can compile it."""
        self.laws[name] = expression
        return expression

    def show(self) -> str:
        """The steps as numbered text with pretty-printed equations."""
        blocks = []
        for number, step in enumerate(self.steps, start=1):
            blocks.append(f"  {number}. {step.text}")
            if step.equation is not None:
                pretty = sp.pretty(step.equation, use_unicode=True, num_columns=110)
                blocks += ["", *(f"       {line}" for line in pretty.splitlines()), ""]
        return "\n".join(blocks)


def compiled(expression: sp.Expr, parameters: Sequence[str]) -> Callable[..., Any]:
    """A NumPy function of the named parameters, in that order; every free symbol must be among them."""
    symbols = [TERMS[name].symbol for name in parameters]
    stray = expression.free_symbols - set(symbols)
    if stray:
        raise ValueError(f"the law has free symbols {stray} beyond its parameters {parameters}")
    return sp.lambdify(symbols, expression, modules=[{"LambertW": _lambert_w}, "scipy", "numpy"])


def _lambert_w(argument: Any) -> Any:
    """Principal real branch of Lambert's W, for arguments >= 0."""
    from scipy.special import lambertw

    return np.real(lambertw(argument))


def _points(expressions: Sequence[sp.Basic], samples: dict[sp.Symbol, Sequence[Any]]) -> list[dict[sp.Symbol, Any]]:
    """Three points at which to try the expressions out."""
    symbols = set().union(*(expression.free_symbols for expression in expressions))
    values = {symbol: samples.get(symbol) or SAMPLES.get(symbol) or _default_samples(symbol) for symbol in symbols}
    return [{symbol: value[index] for symbol, value in values.items()} for index in range(3)]


def _default_samples(symbol: sp.Symbol) -> tuple[sp.Rational, sp.Rational, sp.Rational]:
    """Values in (0, 1) that differ from symbol to symbol, for the bound variables of a derivation."""
    seed = sum(map(ord, symbol.name))
    return tuple(sp.Rational(1 + (seed * k) % 89, 97) for k in (1, 2, 3))  # type: ignore[return-value]


def _equal(left: sp.Expr, right: sp.Expr, samples: dict[sp.Symbol, Sequence[Any]]) -> tuple[bool, str]:
    if sp.simplify(left - right) == 0:
        return True, "symbolically"
    worst = sp.S.Zero
    for point in _points([left, right], samples):
        value, other = (sp.N(side.subs(point).doit(), DIGITS) for side in (left, right))
        worst = max(worst, sp.Abs(value - other) / max(sp.S.One, sp.Abs(other)))
    return bool(worst < TOLERANCE), f"at three sample points, relative error {sp.N(worst, 2)}"


def _near(expression: sp.Expr, symbol: sp.Symbol, to: sp.Expr, value: sp.Expr, rate: float) -> tuple[bool, str]:
    far = sp.Float(10, 2 * DIGITS) ** 7 if to is sp.oo else to + sp.Float(10, 2 * DIGITS) ** -7
    worst = sp.S.Zero
    for point in _points([expression, value], {}):
        there, here = (sp.N(side.subs(point | {symbol: far}), DIGITS) for side in (expression, value))
        worst = max(worst, sp.Abs(there - here) / max(sp.Float(rate), sp.Abs(here)))
    return bool(worst < rate), f"at {symbol} = {sp.N(far, 3)}, relative error {sp.N(worst, 2)}"


def _true(relation: sp.Basic, samples: dict[sp.Symbol, Sequence[Any]]) -> tuple[bool, str]:
    sides = ((sp.N(side.subs(point).doit(), DIGITS) for side in relation.args) for point in _points([relation], samples))
    verdicts = [bool(relation.func(*pair)) for pair in sides]
    return all(verdicts), f"at {sum(verdicts)} of {len(verdicts)} sample points"
