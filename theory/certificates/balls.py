"""Inequalities covered by ball arithmetic: the box is cut until, on every piece, enclosures prove the sign.

A piece is settled if the enclosure of the margin is not below zero there, or if its mean-value form is not. It is also settled
if the margin is monotone in a variable and settled on the worse face. Where the margin touches zero along a known curve x =
x0(others), a piece is settled if the margin is convex in x between the piece and the curve. SymPy has to confirm that the
margin and its slope vanish on the curve. The last three rules need a margin that is smooth on the piece, so its enclosure has
to be finite there. A derivative that SymPy has simplified no longer shows the poles, jumps and branch points of the margin
itself. Everything is evaluated with midpoint-radius numbers (Arb, through python-flint), so rounding cannot fake a proof.
Source: Moore, Kearfott and Cloud 2009, Introduction to Interval Analysis; Johansson 2017, IEEE Trans. Comput. 66, 1281.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy as sp
from flint import arb, fmpq

from theory.certificates.certificate import Verdict

Piece = dict[sp.Symbol, tuple[Fraction, Fraction]]
Balls = dict[sp.Symbol, arb]
FINEST = Fraction(1, 2**40)
"""Pieces narrower than this share of their box are not cut any further."""

CALLS: dict[Any, Callable[..., arb]] = {
    sp.exp: lambda x: x.exp(),
    sp.log: lambda x: x.log(),
    sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(),
    sp.tan: lambda x: x.tan(),
    sp.atan: lambda x: x.atan(),
    sp.tanh: lambda x: x.tanh(),
    sp.erf: lambda x: x.erf(),
    sp.erfc: lambda x: x.erfc(),
    sp.LambertW: lambda x: x.lambertw(),
    sp.Abs: abs,
    sp.Max: lambda *balls: reduce(arb.max, balls),
    sp.Min: lambda *balls: reduce(arb.min, balls),
}


def above_zero(
    margin: Any,
    box: Mapping[sp.Symbol, tuple[Any, Any]],
    contact: tuple[sp.Symbol, Any] | None = None,
    pieces: int = 20000,
) -> Verdict:
    """Prove margin >= 0 on the box {symbol: (low, high)} of rational ends, cutting it into at most `pieces` pieces.

    contact: (x, x0) where the margin touches zero at x = x0, an expression in the other symbols. Unbounded ranges have to be
    mapped to bounded ones first (x = 1/t). The verdict's coverage is the share of the box's volume that was settled. Raises
    ValueError if the margin and its slope do not vanish at the contact, or if the box reaches beyond the assumptions of its
    symbols; TypeError for a function without ball arithmetic.
    """
    for symbol, (low, _) in box.items():
        if (symbol.is_nonnegative and _fraction(low) < 0) or symbol.is_integer:
            raise ValueError(f"the box reaches beyond what SymPy assumes of {symbol}: use a symbol without assumptions")
    task = _Task.of(sp.sympify(margin), contact)
    whole: Piece = {symbol: (_fraction(low), _fraction(high)) for symbol, (low, high) in box.items()}
    queue, done, left, count = [(whole, Fraction(1))], Fraction(0), [], 0
    while queue:
        piece, volume = queue.pop()
        count += 1
        balls = _enclosed(piece)
        slopes = {symbol: _ball(slope, balls) for symbol, slope in task.slopes.items() if symbol in piece}
        if task.settled(piece, balls, slopes):
            done += volume
        elif count + len(queue) >= pieces or not (halves := _halves(piece, whole, slopes)):
            left.append(piece)
        else:
            queue += [(half, volume / 2) for half in halves]
    detail = f"{count} piece{'s' if count > 1 else ''}"
    if left:
        where = ", ".join(f"{symbol} in [{float(low):.6g}, {float(high):.6g}]" for symbol, (low, high) in left[0].items())
        detail += f", {len(left)} of them not settled, such as {where}"
    return Verdict(not left, float(done), detail)


@dataclass(frozen=True)
class _Task:
    """A margin with its slopes, and its curvature along the variable in which it touches zero."""

    margin: Any
    slopes: dict[sp.Symbol, Any]
    contact: tuple[sp.Symbol, Any] | None
    curvature: Any

    @classmethod
    def of(cls, margin: Any, contact: tuple[sp.Symbol, Any] | None) -> _Task:
        """The derivatives, once; a margin with corners (Max, Min, Abs) is settled by its enclosures alone."""
        smooth = not margin.has(sp.Max, sp.Min, sp.Abs)
        slopes = {symbol: sp.diff(margin, symbol) for symbol in margin.free_symbols} if smooth else {}
        if contact is None:
            return cls(margin, slopes, None, None)
        x, x0 = contact
        for order in (0, 1):
            if sp.simplify(sp.diff(margin, x, order).subs(x, x0)) != 0:
                raise ValueError(f"at {x} = {x0} the derivative of order {order} of the margin does not vanish")
        return cls(margin, slopes, contact, sp.diff(margin, x, 2))

    def settled(self, piece: Piece, balls: Balls, slopes: Balls) -> bool:
        """Whether the margin is proved not to be below zero on the piece."""
        enclosure = _ball(self.margin, balls)
        if enclosure >= 0:
            return True
        if enclosure.is_finite() and slopes and (self._mean_value(piece, balls, slopes) or self._on_worst_face(piece, slopes)):
            return True
        return self._convex(balls)

    def _mean_value(self, piece: Piece, balls: Balls, slopes: Balls) -> bool:
        """The margin at the centre, and what its slopes allow it to change from there."""
        centre = {symbol: _exact((low + high) / 2) for symbol, (low, high) in piece.items()}
        change = sum((slope * (balls[symbol] - centre[symbol]) for symbol, slope in slopes.items()), arb(0))
        return bool(_ball(self.margin, centre) + change >= 0)

    def _on_worst_face(self, piece: Piece, slopes: Balls) -> bool:
        """Monotone variables set to the end at which the margin is least; there it may vanish exactly."""
        worst = {symbol: piece[symbol][0 if slope >= 0 else 1] for symbol, slope in slopes.items() if slope >= 0 or slope <= 0}
        if not worst:
            return False
        ball = _ball(self.margin, _enclosed(piece) | {symbol: _exact(end) for symbol, end in worst.items()})
        if ball >= 0:
            return True
        if not ball.contains(0) or not ball.rad() < 1e-6:
            return False
        face = self.margin.subs({symbol: sp.Rational(end.numerator, end.denominator) for symbol, end in worst.items()})
        return sp.simplify(face) == 0

    def _convex(self, balls: Balls) -> bool:
        """Margin = curvature between here and the contact times half the squared distance."""
        if self.contact is None:
            return False
        x, x0 = self.contact
        reach = balls | {x: balls[x].union(_ball(sp.sympify(x0), balls))}
        return bool(_ball(self.margin, reach).is_finite() and _ball(self.curvature, reach) >= 0)


def _ball(expression: Any, balls: Balls) -> arb:
    """Enclosure of the expression, by walking its tree; not finite where it cannot be bounded."""
    known: dict[Any, arb] = {}

    def walk(node: Any) -> arb:
        if node not in known:
            known[node] = _node(node, walk, balls)
        return known[node]

    return walk(expression)


def _node(node: Any, walk: Callable[[Any], arb], balls: Balls) -> arb:
    if node.is_Symbol:
        return balls[node]
    if node.is_Rational:
        return arb(fmpq(int(node.p), int(node.q)))
    if node in (sp.pi, sp.E):
        return arb.pi() if node is sp.pi else arb(1).exp()
    if node.is_Add:
        return sum((walk(part) for part in node.args), arb(0))
    if node.is_Mul:
        return reduce(lambda product, part: product * walk(part), node.args, arb(1))
    if node.is_Pow:
        return _power(node, walk)
    if node.func not in CALLS:
        raise TypeError(f"no ball arithmetic for {node.func}: rewrite the margin")
    return CALLS[node.func](*(walk(part) for part in node.args))


def _power(node: Any, walk: Callable[[Any], arb]) -> arb:
    if node.base is sp.E:
        return walk(node.exp).exp()
    base = walk(node.base)
    if node.exp.is_Integer:
        whole = int(node.exp)
        ball = (abs(base) if whole % 2 == 0 else base) ** abs(whole)
        return ball if whole > 0 else 1 / ball
    if node.exp in (sp.Rational(1, 2), sp.Rational(-1, 2)):
        return base.sqrt() if node.exp > 0 else 1 / base.sqrt()
    return (walk(node.exp) * base.log()).exp()


def _fraction(end: Any) -> Fraction:
    """A rational end of a box; raises TypeError for anything else, floats included."""
    end = sp.sympify(end)
    if not end.is_Rational:
        raise TypeError(f"the end {end} of a box is not rational: give an integer, a fraction or a SymPy Rational")
    return Fraction(int(end.p), int(end.q))


def _exact(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def _enclosed(piece: Piece) -> Balls:
    """The tightest balls that contain the piece."""
    return {symbol: _exact(low).union(_exact(high)) for symbol, (low, high) in piece.items()}


def _halves(piece: Piece, whole: Piece, slopes: Balls) -> list[Piece]:
    """The piece cut in two where the margin varies most; none if it cannot be cut any further."""

    def variation(symbol: sp.Symbol) -> float:
        low, high = piece[symbol]
        slope = slopes.get(symbol)
        steepness = float(abs(slope).upper()) if slope is not None and slope.is_finite() else 1.0
        return float(high - low) * (steepness + 1e-9)

    widest = max(piece, key=variation)
    (low, high), (bottom, top) = piece[widest], whole[widest]
    if high - low <= (top - bottom) * FINEST:
        return []
    middle = (low + high) / 2
    return [piece | {widest: (low, middle)}, piece | {widest: (middle, high)}]
