"""S2, Gardner's capacity. 2 at f = 1/2 is Cover's theorem (1965), checked here from his exact count; other levels against a
minimisation of the integral itself by quadrature; 1/(2 ln 2) is Gardner's (1988) sparse limit in bits; the balance by counts."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from theory.attacks.attack import run
from theory.attacks.interleaving import ATTACKS
from theory.errors import UserError
from theory.hebbian import C3
from theory.interleaving import CLAIMS, dichotomies, gardner_bits, gardner_load, net_gain, stable_load

(S2,) = CLAIMS
BEST_FAST = 1 / (2 * np.log(2))


def cost(u):
    return quad(lambda z: (z + u) ** 2 * norm.pdf(z), -u, 12, epsabs=1e-14, epsrel=1e-12, limit=200)[0]


def test_cover():
    assert gardner_load(0.5) == pytest.approx(2.0, rel=1e-12)
    for size in (5, 20, 60):  # at P = 2N exactly half of all dichotomies are linearly separable
        separable = sum(comb(2 * size - 1, k) for k in range(size)) / 2 ** (2 * size - 1)
        assert separable == pytest.approx(0.5)
        assert S2.value("separable", N=size, P=2 * size).value == pytest.approx(0.5, rel=1e-12)


@given(st.integers(1, 60), st.integers(2, 150))
def test_the_share_of_separable_dichotomies(size, count):
    exact = 2 * sum(comb(count - 1, k) for k in range(size))
    assert dichotomies(count, size) == exact
    assert S2.value("separable", N=size, P=count).value == pytest.approx(exact / 2**count, rel=1e-9)


def test_the_transition_sharpens_at_two():
    width = []
    for size in (100, 400, 1600):
        loads = np.linspace(1.5, 2.5, 4001)
        share = S2.value("separable", N=size, P=loads * size).value
        assert np.all(np.diff(share) <= 0)
        width.append(loads[np.argmax(share < 0.16)] - loads[np.argmax(share < 0.84)])
    np.testing.assert_allclose(width[:-1], 2 * np.array(width[1:]), rtol=0.03)  # as 1/sqrt N


@pytest.mark.parametrize("f", [0.3, 0.05, 0.001])
@pytest.mark.parametrize("margin", [0.0, 0.8])
def test_against_a_minimisation_of_the_integral(f, margin):
    def total(u):
        return f * cost(margin + u) + (1 - f) * cost(margin - u)

    least = minimize_scalar(total, bounds=(-1, 6), method="bounded", options={"xatol": 1e-7}).fun
    assert stable_load(f, margin) == pytest.approx(1 / least, rel=1e-8)
    if margin == 0:
        assert gardner_load(f) == pytest.approx(1 / least, rel=1e-8)


def test_values_and_limits():
    levels = np.array([0.5, 0.3, 0.1, 0.05, 0.01, 0.001])
    np.testing.assert_allclose(gardner_bits(levels), [2.0, 1.971, 1.835, 1.742, 1.551, 1.356], atol=6e-4)
    sparse = gardner_bits(np.array([1e-6, 1e-30, 1e-200]))
    assert np.all(np.diff(sparse) < 0)
    assert sparse[-1] == pytest.approx(1 / (2 * np.log(2)), rel=0.05)  # the limit is approached only as 1/ln(1/f)
    assert S2.value("largest_gain").value == pytest.approx(4 * np.log(2))
    loads = gardner_load(np.array([1e-50, 1e-200])) * np.array([1e-50, 1e-200]) * 2 * np.log(10) * np.array([50, 200])
    assert 1 < loads[1] < loads[0] < 1.1  # 1/(2 f |ln f|), twice as small as 1/(f |ln f|)


@given(st.floats(1e-5, 0.5))
def test_rehearsal_beats_one_shot_at_every_level_by_no_more_than_the_largest_gain_of_the_best(f):
    rehearsed, one_shot = gardner_bits(f), C3.value("full_retrieval", f=f).value
    assert gardner_load(1 - f) == pytest.approx(gardner_load(f), rel=1e-7)
    assert one_shot < BEST_FAST < rehearsed <= 2.0 + 1e-12
    assert rehearsed / C3.value(d=1).value <= S2.value("largest_gain").value + 1e-12


@given(
    st.floats(0.001, 0.5),
    st.integers(1, 10**6),
    st.floats(0, 5),
    st.floats(0.01, 1),
    st.floats(1, 3),
    st.floats(2, 32),
)
def test_the_net_gain_by_counting_cells(f, tasks, cue, part, copies, b):
    fast = part * b
    slow, entropy = 1e6, -(f * np.log2(f) + (1 - f) * np.log2(1 - f))
    patterns = slow * gardner_load(f)
    cells = copies * slow + patterns * entropy / tasks / fast + patterns * cue / b
    gain = net_gain(f, tasks, cue, fast, copies, b)
    target(gain, label="net gain")
    assert gain == pytest.approx(patterns * entropy / cells / BEST_FAST, rel=1e-9)
    assert gain < 4 * np.log(2)


def test_limit_and_break_even():
    assert net_gain(0.5, 1e9, 0, BEST_FAST, 1, 2) == pytest.approx(4 * np.log(2), rel=1e-8)
    assert net_gain(0.5, 1e9, 0, BEST_FAST, 2, 2) == pytest.approx(2 * np.log(2), rel=1e-8)  # a frozen copy costs half of it
    for copies, quoted in ((1, 1 / (1 - 1 / (4 * np.log(2)))), (2, 1 / (1 - 1 / (2 * np.log(2))))):
        tasks = S2.value("break_even", f=0.5, cue=0, fast=BEST_FAST, copies=copies, b=2).value
        assert tasks == pytest.approx(quoted)
        assert net_gain(0.5, tasks, 0, BEST_FAST, copies, 2) == pytest.approx(1)
        assert net_gain(0.5, tasks * 1.1, 0, BEST_FAST, copies, 2) > 1 > net_gain(0.5, tasks * 0.9, 0, BEST_FAST, copies, 2)
    for b in (2, 8):  # cues beyond 0.886 b bits end the gain of long streams
        assert net_gain(0.5, 1e12, 0.8862 * b, b, 1, b) > 1 > net_gain(0.5, 1e12, 0.8864 * b, b, 1, b)
    with pytest.raises(UserError, match="rehearsal pays"):
        S2.value("break_even", f=0.5, cue=1.8, fast=BEST_FAST, copies=1, b=2)


@pytest.mark.parametrize(("f", "fast", "b"), [(0.5, 0.5, 1.99), (0.01, 0.5, 1.5), (0.5, 2.1, 2)])
def test_no_cell_holds_more_than_it_has(f, fast, b):
    with pytest.raises(UserError, match="C5"):
        net_gain(f, 10, 0, fast, 1, b)
    with pytest.raises(UserError, match="C5"):
        S2.value("break_even", f=f, cue=0, fast=fast, copies=1, b=b)
    assert net_gain(0.01, 10, 0, 1.6, 1, 1.6) > 0


@given(st.floats(0.01, 0.4), st.floats(0, 0.3), st.floats(0.1, 2), st.floats(1, 1.3))
def test_break_even_is_where_the_gain_is_one(f, cue, fast, copies):
    tasks = S2.value("break_even", f=f, cue=cue * 0.1, fast=fast, copies=copies, b=2).value
    if tasks >= 1:
        assert net_gain(f, tasks, cue * 0.1, fast, copies, 2) == pytest.approx(1, rel=1e-9)


def test_passes_by_counting():
    tasks, facts = 7, 3
    made = np.zeros(tasks * facts)
    for sleep in range(1, tasks + 1):
        made[: sleep * facts] += 1
    assert S2.value("passes", T=tasks).value == made.mean() == 4.0


def test_the_perceptron_stays_within_its_corrections():
    rng, size, trials = np.random.default_rng(0), 100, 12
    for load in (0.5, 1.0):
        count, made = int(load * size), []
        for _ in range(trials):
            patterns = rng.choice([-1.0, 1.0], (count, size)) * rng.choice([-1.0, 1.0], count)[:, None]
            weights, corrections = np.zeros(size), 0
            while np.any(wrong := patterns @ weights <= 0):
                weights += patterns[np.argmax(wrong)]
                corrections += 1
            made.append(corrections / count)
        bound = S2.value("corrections", load=load).value
        assert 0.05 * bound < np.mean(made) < bound
    margin = np.sqrt(1 / S2.value("corrections", load=1.0).value)
    assert stable_load(0.5, margin) == pytest.approx(1.0, rel=1e-9)
    with pytest.raises(UserError, match="load < 2"):
        S2.value("corrections", load=2.0)


def test_stability_costs_load():
    margins = np.array([0.0, 0.5, 1.0, 4.0])
    loads = stable_load(0.5, margins)
    assert loads[0] == pytest.approx(2.0)
    assert np.all(np.diff(loads) < 0)
    assert loads[-1] == pytest.approx(1 / (1 + 4.0**2), rel=1e-4)
    assert loads[2] == pytest.approx(1 / cost(1.0), rel=1e-9)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attacks_break_a_weakened_bound_and_replay(attack):
    outcome = run(attack, tries=400)
    assert not outcome.broken
    assert outcome.ratio > 0.9
    assert attack.ratio(outcome.witness) == outcome.ratio


def test_degenerate_points_make_fewer_dichotomies():
    attack = next(item for item in ATTACKS if item.name == "dichotomies")
    corner = np.eye(3)[[0, 1, 2, 0, 1, 2]].tolist()
    generic = np.random.default_rng(1).normal(size=(6, 3)).tolist()
    assert attack.ratio({"points": corner}) < 1 == attack.ratio({"points": generic})
