"""S1. The gains 3.18, 13.96, 83.2 at r = 10, 100, 1000 are checked against mpmath.lambertw and the equation that u solves;
maxima by brute force; the law for any code by decoding random linear codes over a prime field."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.attacks.attack import run
from theory.attacks.separation import ATTACKS
from theory.errors import UserError
from theory.ledger import claim
from theory.separation import any_code_bits, dual_ceiling, gain, largest_tasks, single_activity, single_bits, single_ceiling

S1 = claim("S1")
PRIME = 32749


@pytest.mark.parametrize(("r", "quoted"), [(0, 1.0), (10, 3.18), (100, 13.96), (1000, 83.2)])
def test_the_gain_in_print(r, quoted):
    value = gain(1e12, 1, r, 1)
    assert value == pytest.approx(quoted, rel=1e-3)
    assert value == pytest.approx(float(mpmath.exp(mpmath.lambertw(r / mpmath.e))), rel=1e-8)
    u = S1.value("single_load", r=r).value
    assert u * (np.log(u) - 1) == pytest.approx(r, abs=1e-9 * (1 + r))
    assert S1.value("gain_exact", N=1e8, b=1, R=r, D_s=1).value == pytest.approx(quoted, rel=1e-3)


@given(st.integers(10, 2000), st.floats(0.5, 4), st.floats(0, 0.99), st.integers(1, 60), st.floats(0, 1))
def test_no_activity_exceeds_the_single_ceiling(cells, b, share, T, position):
    R = share * b * cells
    a = share + (1 - share) * max(position, 1e-6)
    kept = T * single_bits(cells, b, R, T, a)
    most = single_ceiling(cells, b, R, T)
    if most > 1e-200:
        target(kept / most, label="bits over the ceiling")
    assert kept <= most * (1 + 1e-9)
    best = single_activity(cells, b, R, T)
    assert share <= best <= 1
    assert T * single_bits(cells, b, R, T, best) == pytest.approx(most, rel=1e-6)


@given(st.integers(10, 2000), st.floats(0.5, 4), st.floats(0, 0.95), st.integers(1, 40))
def test_gain_at_equal_tasks(cells, b, share, T):
    R = share * b * cells
    ratio = dual_ceiling(cells, b, R, T) / single_ceiling(cells, b, R, T)
    assert S1.value("gain_at_T", N=cells, b=b, R=R, T=T).value == pytest.approx(ratio, rel=1e-9)
    assert ratio >= 1 - 1e-12


def test_activity_on_both_sides_of_the_best():
    cells, b, R, T = 1000, 2, 300, 8
    best = single_activity(cells, b, R, T)
    peak = single_bits(cells, b, R, T, best)
    assert single_bits(cells, b, R, T, 0.9 * best) < peak > single_bits(cells, b, R, T, 1.1 * best)
    grid = np.linspace(R / (b * cells), 1, 200_001)
    assert grid[np.argmax((grid * b * cells - R) * (1 - grid) ** (T - 1))] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_sharp_gain_is_that_of_long_streams(share):
    cells, D_s = 1e6, 1e-3
    store = {"N": cells, "b": 1, "R": share * cells, "D_s": D_s}
    exact = S1.value("gain_exact", **store).value
    assert S1.value("gain_sharp", **store).value == pytest.approx(exact, rel=0.02)
    assert S1.value("gain", **store).value <= S1.value("gain_sharp", **store).value
    assert S1.value("gain_sharp", N=cells, b=1, R=0, D_s=1).value == 1.0


def test_a_task_that_leaves_no_room_is_refused():
    with pytest.raises(UserError, match="one task fits"):
        S1.value("gain_exact", N=100, b=1, R=99.9, D_s=0.1)
    assert S1.value("gain_exact", N=100, b=1, R=99.9, D_s=0.09).value >= 1


@given(
    st.integers(50, 2000),
    st.floats(0.01, 0.8),
    st.floats(1, 5),
    st.sampled_from(["single", "dual"]),
    st.sampled_from([None, 0.2]),
)
def test_largest_tasks_inverts_the_ceilings(cells, share, D_s, regime, a):
    R = share * cells
    most = largest_tasks(cells, 1, R, D_s, regime, a)

    def held(T):
        if a is None:
            return (single_ceiling if regime == "single" else dual_ceiling)(cells, 1, R, T) / T
        left = (cells - R) * a if regime == "dual" else max(0.0, a * cells - R)
        return left * (1 - a) ** (T - 1)

    if held(1) < D_s:
        assert most == 0
    else:
        assert held(most) == pytest.approx(D_s, rel=1e-6)
        assert held(most * 1.01 + 1e-6) < D_s


@given(st.integers(50, 2000), st.floats(0, 0.9), st.integers(1, 30), st.floats(0.01, 0.99))
def test_any_code_is_never_worse_and_equal_where_the_regime_is_sparse(cells, share, T, position):
    R = share * cells
    a = share + (1 - share) * position
    separable = single_bits(cells, 1, R, T, a)
    best = any_code_bits(cells, 1, R, T, a)
    assert best >= separable * (1 - 1e-9)
    assert best <= min(a * cells * (1 - a) ** (T - 1), a * cells - R) * (1 + 1e-9)
    if a <= (1 - a) ** (T - 1):
        assert best == pytest.approx(separable, rel=1e-9)


def test_in_long_streams_no_code_beats_the_separable_one():
    ratios = []
    for cells in (1e3, 1e4, 1e5):  # r = 10: T grows with the store
        T = np.floor(largest_tasks(cells, 1, 50, 5, "single"))
        store = {"N": cells, "b": 1, "R": 50, "T": T}
        ratios.append(S1.value("single_ceiling_any_code", **store).value / S1.value("single_ceiling", **store).value)
    assert 1.0 < ratios[0] < 1.1  # T = 23 is short: a denser regime that decodes its interferers is still a little better
    np.testing.assert_allclose(ratios[1:], 1.0, rtol=1e-6)
    short = S1.value("single_ceiling_any_code", N=1000, b=1, R=500, T=2).value
    assert short == pytest.approx(1000 * (5**0.5 - 1) / 4, rel=1e-6)  # a (1 - a) = (a - 1/2)/2 at the golden a = (1 + sqrt 5)/4
    assert short > dual_ceiling(1000, 1, 500, 2) > single_ceiling(1000, 1, 500, 2)


def rank(matrix):
    """Rank over the field of PRIME elements, by elimination."""
    rows, done = matrix.copy() % PRIME, 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[done:, column])
        if not len(pivots):
            continue
        pivot = done + pivots[0]
        rows[[done, pivot]] = rows[[pivot, done]]
        rows[done] = rows[done] * pow(int(rows[done, column]), -1, PRIME) % PRIME
        below = rows[done + 1 :]
        below -= below[:, column : column + 1] * rows[done] % PRIME
        below %= PRIME
        done += 1
        if done == len(rows):
            break
    return done


def decodes(owner, private, shared, own, tasks, rng):
    """Whether the oldest task's reader recovers the shared and its own symbols from its active cells.

    owner [cells]: who wrote each active cell last; private [cells]: whether it carries private symbols beside shared ones.
    """
    rows = np.zeros((len(owner), shared + tasks * own), dtype=np.int64)
    rows[:, :shared] = rng.integers(0, PRIME, (len(owner), shared))
    for task in range(tasks):
        cells = np.flatnonzero((owner == task) & private)
        rows[cells, shared + task * own : shared + (task + 1) * own] = rng.integers(0, PRIME, (len(cells), own))
    wanted = shared + own
    return rank(rows) == wanted + rank(rows[:, wanted:])


@pytest.mark.parametrize(("T", "a"), [(2, 0.8), (3, 0.6), (4, 0.15)])
def test_any_code_law_by_decoding_over_a_field(T, a):
    rng, cells, carried = np.random.default_rng(5), 240, 0.6
    supports = [rng.permutation(cells)[: int(a * cells)] for _ in range(T)]
    owner = np.empty(cells, dtype=int)
    for task, support in enumerate(supports):
        owner[support] = task
    owner = owner[supports[0]]
    private = rng.random(cells)[supports[0]] < carried
    counts = [np.sum((owner == task) & private) for task in range(T)]
    own = counts[0]  # an erasure code that the survivors just determine
    shared = len(owner) - sum(min(count, own) for count in counts)
    assert decodes(owner, private, shared, own, T, rng)
    assert not decodes(owner, private, shared + 1, own, T, rng)
    assert not decodes(owner, private, shared, own + 1, T, rng)
    # the law for large stores, up to the scatter of the counts of this one (a few standard deviations of a binomial)
    assert any_code_bits(cells, 1, shared, T, a) == pytest.approx(own, abs=4 * np.sqrt(cells) / 2)
    if a > (1 - a) ** (T - 1):  # a dense regime: separable coding holds much less
        assert own > 1.5 * single_bits(cells, 1, shared, T, a)


@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 8))
def test_no_partition_holds_more_than_two_regimes(seed, T, populations):
    rng = np.random.default_rng(seed)
    sizes = rng.dirichlet(np.ones(populations)) * 500
    activity, shared = 10 ** rng.uniform(-2.5, 0, populations), rng.uniform(0, 2, populations)  # cells of 2 bits
    R = np.sum(sizes * activity * shared)
    private = np.sum(sizes * activity * (2 - shared) * (1 - activity) ** (T - 1))
    most = dual_ceiling(500, 2, R, T)
    target(T * private / most, label="private bits over two regimes")
    assert T * private <= most * (1 + 1e-9)


def test_the_two_populations_of_the_dual_regime_reach_the_ceiling_of_all_partitions():
    R, T = 120.0, 7
    best = 0.0
    for always in np.linspace(0, 1, 101):  # populations: always on, and sparse with activities on a grid
        for a in (0.5 / T, 1 / T, 2 / T):
            structure = always * 500 * 2
            if structure >= R:
                best = max(best, T * (500 * (1 - always) * 2) * a * (1 - a) ** (T - 1))
    assert best == pytest.approx(dual_ceiling(500, 2, R, T), rel=1e-12)  # at always = R/(bN) = 0.12, a = 1/T


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_each_attack_breaks_a_bound_a_tenth_too_low(attack):
    weak = replace(attack, ratio=lambda witness: attack.ratio(witness) / 0.9)
    found = run(weak, tries=400)
    assert found.broken
    assert weak.ratio(found.witness) == found.ratio
    assert run(attack, tries=400).ratio <= 1 + 1e-9
