"""A derivation: ordered steps, each a sentence and an equation, each of which can be checked again on its own.

SymPy carries every step out; the check is a second opinion. An equality is confirmed symbolically, or else to thirty digits at
sample values of its symbols. A root is put back into its equation. A limit is compared with the expression far out. An
inequality is tried at the samples. What only fixes a definition or names an assumption is *given*; what is proved by the
sentence itself is *argued*, with a numerical test where there is one. The check says which.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.proof.latex import escaped, latex
from theory.proof.notation import TERMS

DIGITS = 30
TOLERANCE = sp.Float(10) ** -20
SAMPLES: dict[sp.Basic, Sequence[Any]] = {term.symbol: term.samples for term in TERMS.values()}
Verify = Callable[[], tuple[bool, str]]
Samples = Mapping[sp.Symbol, Sequence[Any]]


@dataclass(frozen=True)
class Check:
    """The verdict on one step."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Step:
    """A sentence, the equation or expression it ends in (if any), and how to check it."""

    text: str
    equation: Any
    verify: Verify

    def check(self) -> Check:
        """Check this step alone."""
        try:
            passed, detail = self.verify()
        except Exception as error:  # a check that breaks has not passed
            return Check(self.text, False, f"{type(error).__name__}: {error}")
        return Check(self.text, bool(passed), detail)


@dataclass(repr=False)
class Derivation:
    """Steps in order, and the laws they end in.

    Every method adds one step and returns its result, so that a derivation reads like the proof it is. `law` names the
    result, and `theory.proof.claim` compiles it under that name.
    """

    steps: list[Step] = field(default_factory=list)
    laws: dict[str, sp.Expr] = field(default_factory=dict)

    def _step(self, text: str, equation: Any, verify: Verify, result: Any, law: str | None) -> Any:
        self.steps.append(Step(text, equation, verify))
        if law is not None:
            self.laws[law] = result
        return result

    def name(self, law: str, expression: Any) -> Any:
        """Name an expression that earlier steps have established as a law, without a step of its own; returns it."""
        self.laws[law] = expression
        return expression

    def given(self, text: str, equation: Any = None, law: str | None = None) -> Any:
        """A definition or an assumption: nothing to check."""
        return self._step(text, equation, lambda: (True, "given"), equation, law)

    def argued(
        self,
        text: str,
        equation: Any = None,
        verify: Verify | None = None,
        law: str | None = None,
        samples: Samples | None = None,
    ) -> Any:
        """A step that its sentence proves; `verify()` -> (passed, detail) is a numerical test of it, where there is one.

        An inequality between expressions that have values is tried at the samples as well, so that what is printed is what
        is meant.
        """
        relation = equation if isinstance(equation, sp.core.relational.Relational) and not isinstance(equation, sp.Eq) else None

        def both() -> tuple[bool, str]:
            passed, detail = verify() if verify else (True, "argued in words")
            tried = None if relation is None else _tried(relation, samples or {})
            return (passed, detail) if tried is None else (passed and tried[0], f"{detail}; {tried[1]}")

        return self._step(text, equation, both, equation, law)

    def equal(self, text: str, left: Any, right: Any, law: str | None = None, samples: Samples | None = None) -> Any:
        """`left` equals `right`; returns `right`."""
        return self._step(text, sp.Eq(left, right, evaluate=False), lambda: _equal(left, right, samples or {}), right, law)

    def solve(
        self, text: str, zero: Any, unknown: sp.Symbol, law: str | None = None, pick: Callable[[Any], bool] | None = None
    ) -> Any:
        """The root of `zero` in `unknown`; `pick` selects among several."""
        roots = [root for root in sp.solve(zero, unknown) if pick is None or pick(root)]
        if len(roots) != 1:
            raise ArithmeticError(f"{text}: expected one root, found {roots}")
        root = roots[0]
        statement = sp.Eq(unknown, root, evaluate=False)
        return self._step(text, statement, lambda: _equal(zero.subs(unknown, root), sp.S.Zero, {}), root, law)

    def limit(self, text: str, expression: Any, symbol: sp.Symbol, to: Any, rate: float = 1e-4) -> Any:
        """The limit of `expression`; checked against the expression at a distance (relative error below `rate`)."""
        value = sp.limit(expression, symbol, to)
        statement = sp.Eq(sp.Limit(expression, symbol, to), value, evaluate=False)
        return self._step(text, statement, lambda: _near(expression, symbol, to, value, rate), value, None)

    def holds(self, text: str, relation: Any, samples: Samples | None = None) -> Any:
        """An inequality whose reason is in the sentence; tried at the sample values."""
        return self._step(text, relation, lambda: _true(relation, samples or {}), relation, None)

    def show(self) -> str:
        """The steps as numbered text with pretty-printed equations."""
        blocks = []
        for number, step in enumerate(self.steps, start=1):
            blocks += textwrap.wrap(f"{number}. {step.text}", 110, initial_indent="  ", subsequent_indent="     ")
            if step.equation is not None:
                pretty = sp.pretty(step.equation, use_unicode=True, num_columns=110)
                blocks += ["", *(f"       {line}" for line in pretty.splitlines()), ""]
        return "\n".join(blocks)

    def latex(self) -> list[tuple[str, str]]:
        """The steps as (sentence, LaTeX of the equation; empty where there is none)."""
        return [(step.text, "" if step.equation is None else latex(step.equation)) for step in self.steps]

    def __repr__(self) -> str:
        return f"<derivation: {len(self.steps)} steps; laws {', '.join(self.laws) or 'none'}>"

    def _repr_markdown_(self) -> str:
        """The steps of a notebook: numbered sentences with displayed equations."""
        lines = (
            f"{i}. {escaped(text)}" + (f"\n\n    $${math}$$" if math else "") for i, (text, math) in enumerate(self.latex(), 1)
        )
        return "\n\n".join(lines)


def _points(expressions: Sequence[Any], samples: Samples) -> list[dict[Any, Any]]:
    """Three points at which to try the expressions out."""
    symbols = set().union(*(expression.free_symbols for expression in expressions))
    values = {symbol: samples.get(symbol) or SAMPLES.get(symbol) or _default_samples(symbol) for symbol in symbols}
    return [{symbol: value[index] for symbol, value in values.items()} for index in range(3)]


def _default_samples(symbol: sp.Symbol) -> list[Any]:
    """Values in (0, 1) that differ from symbol to symbol, for the bound variables of a derivation."""
    seed = sum(map(ord, symbol.name))
    return [sp.Rational(1 + (seed * k) % 89, 97) for k in (1, 2, 3)]


def _equal(left: Any, right: Any, samples: Samples) -> tuple[bool, str]:
    if sp.simplify(left - right) == 0:
        return True, "symbolically"
    worst = sp.S.Zero
    for point in _points([left, right], samples):
        value, other = (sp.N(side.subs(point).doit(), DIGITS) for side in (left, right))
        worst = max(worst, sp.Abs(value - other) / max(sp.S.One, sp.Abs(other)))
    return bool(worst < TOLERANCE), f"at three sample points, relative error {sp.N(worst, 2)}"


def _near(expression: Any, symbol: sp.Symbol, to: Any, value: Any, rate: float) -> tuple[bool, str]:
    far = sp.Float(10, 2 * DIGITS) ** 7 if to is sp.oo else to + sp.Float(10, 2 * DIGITS) ** -7
    worst = sp.S.Zero
    for point in _points([expression, value], {}):
        there, here = (sp.N(side.subs(point | {symbol: far}), DIGITS) for side in (expression, value))
        worst = max(worst, sp.Abs(there - here) / max(sp.Float(rate), sp.Abs(here)))
    return bool(worst < rate), f"at {symbol} = {sp.N(far, 3)}, relative error {sp.N(worst, 2)}"


def _tried(relation: Any, samples: Samples) -> tuple[bool, str] | None:
    """As `_true`; None if the sides have no values at the samples (names of traces, functions that are only named)."""
    try:
        return _true(relation, samples)
    except (TypeError, ValueError, AttributeError):
        return None


def _true(relation: Any, samples: Samples) -> tuple[bool, str]:
    sides = ((sp.N(side.subs(point).doit(), DIGITS) for side in relation.args) for point in _points([relation], samples))
    verdicts = [bool(relation.func(*pair)) for pair in sides]
    return all(verdicts), f"at {sum(verdicts)} of {len(verdicts)} sample points"
