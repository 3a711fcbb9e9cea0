"""The provers themselves: they prove what is true, refuse what is false, however nearly true, and say what they left open."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.certificates.balls import above_zero
from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.certificates.exact import in_all, vanishes
from theory.certificates.smt import follows

x, y, T = sp.symbols("x y T")


@pytest.mark.parametrize(
    ("margin", "box", "contact"),
    [
        (sp.exp(x) - 1 - x, {x: (-1, 2)}, (x, 0)),  # touches zero inside the box
        (x * (1 - x), {x: (0, 1)}, None),  # vanishes at both ends
        (sp.sin(x) - 2 * x / sp.pi, {x: (0, sp.Rational(3, 2))}, None),  # Jordan's inequality
        (x**2 + y**2 - 2 * x * y, {x: (-1, 1), y: (-1, 1)}, (x, y)),  # a whole line of contact
        (sp.Max(x, 1 - x) - sp.Rational(1, 3), {x: (-1, 1)}, None),  # a corner
        (sp.erfc(x) - sp.exp(-2 * x) / 2, {x: (0, sp.Rational(1, 2))}, None),
        (sp.LambertW(x) - x / (1 + x), {x: (sp.Rational(1, 100), 5)}, None),
        (sp.E * sp.sqrt(x) - sp.log(x), {x: (1, 100)}, None),
    ],
)
def test_true_inequalities_are_proved(margin, box, contact):
    found = above_zero(margin, box, contact)
    assert found == Verdict(True, 1.0, found.detail)
    assert "piece" in found.detail


@pytest.mark.parametrize(
    ("margin", "box"),
    [
        (x - sp.Rational(1, 3), {x: (0, 1)}),
        ((x - sp.Rational(1, 3)) ** 2 - sp.Rational(1, 10**8), {x: (0, 1)}),  # false on a sliver of width 2e-4
        (sp.log(x) + 1, {x: (sp.Rational(1, 10), 1)}),
        (x**2 - sp.Rational(1, 10**12), {x: (-1, 1)}),
    ],
)
def test_false_inequalities_are_not(margin, box):
    found = above_zero(margin, box, pieces=2000)
    assert not found.passed
    assert 0 <= found.covered < 1
    assert "not settled, such as x in [" in found.detail


def test_what_is_left_open_is_measured():
    found = above_zero(x - sp.Rational(1, 4), {x: (0, 1)}, pieces=3000)
    assert found.covered == pytest.approx(0.75, abs=0.01)


@given(st.fractions(-2, 2, max_denominator=50), st.fractions(-1, 1, max_denominator=50))
def test_a_parabola_is_settled_exactly_where_it_is_not_negative(centre, floor):
    found = above_zero((x - sp.Rational(centre)) ** 2 + sp.Rational(floor), {x: (-3, 3)}, pieces=500)
    assert found.passed == (floor >= 0) or (floor == 0 and not found.passed)
    assert not (found.passed and floor < 0)


@pytest.mark.parametrize(
    ("margin", "box", "contact"),
    [  # SymPy's derivatives of these show neither the pole nor the jump
        (sp.atan(sp.tan(x)) + 1, {x: (0, 3)}, None),
        (sp.atan(sp.tan(x)) - x, {x: (0, 3)}, (x, 0)),
        (x / sp.sqrt(x**2) + sp.Rational(1, 2), {x: (-1, 2)}, None),
        (-sp.sqrt(x**2) - x, {x: (-1, 1)}, (x, -1)),
        (sp.tan(x), {x: (0, 3)}, None),
        (1 / x, {x: (-1, 2)}, None),
    ],
)
def test_poles_jumps_and_branch_points_are_no_proof(margin, box, contact):
    assert not above_zero(margin, box, contact, pieces=300).passed


def test_a_wrong_contact_and_unusable_input_are_refused():
    with pytest.raises(ValueError, match="does not vanish"):
        above_zero(sp.exp(x) - 1 - x, {x: (-1, 1)}, (x, 1))
    with pytest.raises(TypeError, match="not rational"):
        above_zero(x, {x: (0, 0.5)})
    with pytest.raises(ValueError, match="beyond what SymPy assumes of p"):
        above_zero(sp.Symbol("p", positive=True), {sp.Symbol("p", positive=True): (-1, 1)})
    with pytest.raises(TypeError, match="no ball arithmetic"):
        above_zero(sp.besselj(0, x), {x: (0, 1)})


def test_rounding_cannot_fake_a_proof():
    tiny = sp.Rational(1, 10**30)
    zero = sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1  # SymPy leaves it as it is
    assert above_zero(zero, {x: (1, 2)}, pieces=50).passed
    assert not above_zero(zero - tiny, {x: (1, 2)}, pieces=50).passed


def test_polynomials_are_decided():
    assert follows([x > 0, y > 0], x * x + y * y >= 2 * x * y).passed
    found = follows([x > 0, y > 0], x * x + y * y > 2 * x * y)
    assert not found.passed
    assert found.detail.startswith("counterexample: ")
    assert follows([sp.Eq(x, 2 * y), y > 1], sp.And(x > 2, x * y > 2)).passed
    assert not follows([sp.Or(x > 1, x < -1)], x > 0).passed
    assert follows([], x**2 + sp.Rational(1, 3) > 0).passed
    assert not follows([2 > 1, x > 0], x < 0).passed
    with pytest.raises(ValueError, match="contradict each other"):
        follows([x > 0, x < 0], x > 5)
    with pytest.raises(TypeError, match="not a polynomial"):
        follows([], sp.exp(x) > 0)


def test_identities_in_exact_arithmetic():
    a, b = sp.symbols("a b", commutative=False)
    assert vanishes((x + y) ** 2 - x**2 - 2 * x * y - y**2).passed
    assert vanishes(1 / (x - y) + 1 / (y - x)).passed
    assert not vanishes((a + b) ** 2 - a**2 - 2 * a * b - b**2).passed
    assert in_all(((n, n * n >= n) for n in range(5)), "n^2 >= n").detail == "n^2 >= n: 5 cases"
    assert in_all(((n, n < 3) for n in range(5)), "n < 3").detail == "n < 3 fails at 3"
    assert not in_all([], "nothing").passed


def test_a_prover_that_breaks_has_proved_nothing():
    found = Certificate("C2", "1 < 2", "none", "exact", lambda: 1 / 0).run()  # pyright: ignore[reportArgumentType]
    assert (found.passed, found.covered) == (False, 0.0)
    assert "ZeroDivisionError" in found.detail
    both = all_of([Verdict(True, 1.0, "good"), Verdict(False, 0.3, "bad")])
    assert both == Verdict(False, 0.3, "bad")
    assert all_of([Verdict(True, 1.0, "good"), Verdict(True, 1.0, "good")]) == Verdict(True, 1.0, "good")
