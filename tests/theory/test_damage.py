"""S1-finite and S1-damage. The law of the survivors is drawn and counted; ceilings are found again by trying every K; the damage
borne by solving for equality of the two regimes; the vote by enumeration."""

import json
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erfcinv

from theory import damage
from theory.attacks.attack import run
from theory.attacks.damage import ATTACKS, CELLS, decoded
from theory.damage import (
    DAMAGED,
    FINITE,
    code_bits,
    damage_borne,
    dual_finite,
    gain_damaged,
    moments,
    readable,
    single_finite,
    survivors,
)
from theory.errors import UserError
from theory.separation import dual_ceiling, single_ceiling


def draw(rng, n, K, T, count):
    """Survivors of the first of T random K-subsets of n cells, `count` times."""
    found = np.empty(count, dtype=int)
    for i in range(count):
        first = np.zeros(n, dtype=bool)
        first[:K] = True
        for _ in range(T - 1):
            first[rng.permutation(n)[:K]] = False
        found[i] = first.sum()
    return found


@pytest.mark.parametrize(("n", "K", "T"), [(30, 6, 4), (50, 25, 2), (20, 3, 8)])
def test_survivors_by_drawing(n, K, T):
    law, counts, runs = survivors(n, K, T), np.arange(K + 1), 4000
    found = draw(np.random.default_rng(3), n, K, T, runs)
    for k in range(K + 1):
        assert np.mean(found == k) == pytest.approx(law[k], abs=5 * np.sqrt(law[k] * (1 - law[k]) / runs) + 1e-9)
    mean, sigma = moments(n, K, T)
    assert law.sum() == pytest.approx(1)
    assert mean == pytest.approx(law @ counts)
    assert sigma == pytest.approx(np.sqrt(law @ (counts - mean) ** 2))


@given(st.integers(1, 14), st.data())
def test_survivors_by_inclusion_and_exclusion(n, data):
    K, T = data.draw(st.integers(0, n)), data.draw(st.integers(1, 6))
    law = survivors(n, K, T)
    for left in range(K + 1):
        escaped = [comb(n - left - more, K) / comb(n, K) for more in range(K - left + 1)]
        exact = sum((-1) ** more * comb(K - left, more) * p ** (T - 1) for more, p in enumerate(escaped))
        assert law[left] == pytest.approx(comb(K, left) * exact, abs=1e-10)


def test_survivors_refuses_more_cells_than_there_are():
    with pytest.raises(UserError, match="K <= n"):
        survivors(3, 4, 2)


@pytest.mark.parametrize("delta", [0.001, 0.05, 0.3, 0.9])
def test_readable_is_the_last_count_that_fails_rarely_enough(delta):
    law = survivors(40, 9, 5)
    m = readable(40, 9, 5, delta)
    assert law[:m].sum() <= delta < law[: m + 1].sum()


@given(st.integers(4, 40), st.floats(0, 0.8), st.integers(1, 6), st.sampled_from([0.01, 0.2, 0.7]))
def test_finite_ceilings_by_trying_every_support(N, share, T, delta):
    b = 3.0
    R = share * b * N
    always = int(np.ceil(R / b - 1e-12))
    dual = max([b * readable(N - always, K, T, delta) for K in range(1, N - always + 1)], default=0.0)
    single = max([(b - R / K) * readable(N, K, T, delta) for K in range(1, N + 1)])
    assert dual_finite(N, b, R, T, delta) == pytest.approx(T * dual)
    assert single_finite(N, b, R, T, delta) == pytest.approx(T * max(0.0, single))


def test_finite_ceilings_approach_the_large_store_as_the_square_root():
    T, b, share, delta = 5, 16, 0.2, 0.01
    backoffs = []
    for N in (100, 400, 1600):
        R = share * b * N
        backoffs.append(1 - dual_finite(N, b, R, T, delta) / dual_ceiling(N, b, R, T))
        predicted = FINITE.value("backoff", N=N, b=b, R=R, T=T, delta=delta).value
        # beyond the normal quantile: rounding to whole cells, one of (1 - share) N / T * 0.8^4, and terms of order 1/N
        assert backoffs[-1] == pytest.approx(predicted, abs=3 / (0.8 * N / T * 0.8**4))
    slope = np.polyfit(np.log([100, 400, 1600]), np.log(backoffs), 1)[0]
    assert -0.6 < slope < -0.4
    z = np.sqrt(2) * erfcinv(2 * delta)
    for T in (2, 3):  # p = (1 - 1/T)^(T-1)/T of the cells survive, with variance p (1 - (1 - 1/T)^(T-1) (1 + 1/T)) a cell
        mean, sigma = moments(30_000, 30_000 // T, T)
        assert FINITE.value("backoff", N=30_000, b=1, R=0, T=T, delta=delta).value == pytest.approx(z * sigma / mean, rel=1e-3)
    long = FINITE.value("backoff", N=1e9, b=1, R=0, T=1000, delta=delta).value
    assert long == pytest.approx(z * np.sqrt((np.e - 1) * 1000 / 1e9), rel=2e-3)
    assert single_finite(400, b, share * b * 400, T, delta) < single_ceiling(400, b, share * b * 400, T)


def test_the_backoff_of_one_regime_grows_exponentially():
    N, share, T = 10_000_000, 0.3, np.array([10, 15, 20])
    spread = []
    for tasks in T:
        mean, sigma = moments(N, round(N * (1 / tasks + (1 - 1 / tasks) * share)), tasks)
        spread.append(sigma / mean)
    # E S = K ((1 - 1/T)(1 - R/(bN)))^(T-1), nearly Poisson
    assert np.polyfit(T, np.log(spread), 1)[0] == pytest.approx(-np.log(1 - share) / 2, abs=0.02)


def test_the_gain_of_a_finite_store_is_the_ratio():
    store = {"N": 200, "b": 8, "R": 300, "T": 4, "delta": 0.05}
    ratio = dual_finite(200, 8, 300, 4, 0.05) / single_finite(200, 8, 300, 4, 0.05)
    assert FINITE.value("gain_finite", **store).value == pytest.approx(ratio)
    assert FINITE.value("dual_finite", **store).value == pytest.approx(dual_finite(200, 8, 300, 4, 0.05))
    assert FINITE.value("single_finite", **store).value == pytest.approx(single_finite(200, 8, 300, 4, 0.05))
    with pytest.raises(UserError, match="holds nothing"):
        FINITE.value("gain_finite", N=20, b=1, R=19, T=20, delta=0.01)


@given(st.integers(5, 60), st.data(), st.sampled_from([0.01, 0.1, 0.5]), st.sampled_from([1.0, 8.0]))
def test_no_code_holds_more_than_the_converse(n, data, delta, b):
    K, T = data.draw(st.integers(1, n)), data.draw(st.integers(1, 6))
    bits = code_bits(n, b, K, T, delta)
    law, counts = survivors(n, K, T), np.arange(K + 1)
    assert law @ np.minimum(1.0, 2.0 ** (b * counts - bits)) == pytest.approx(1 - delta, abs=1e-9)
    assert bits >= b * readable(n, K, T, delta) - 1e-6


def test_random_linear_codes_lie_between_reach_and_converse():
    rng, n, K, T, D = np.random.default_rng(0), 24, 8, 3, 3
    fails = runs = 0
    for left in draw(rng, n, K, T, 3000):  # a random binary D x left matrix is decoded if it has rank D
        columns = rng.integers(0, 2, (left, D))
        fails += gf2_rank(columns) < D
        runs += 1
    law, counts = survivors(n, K, T), np.arange(K + 1)
    converse = 1 - law @ np.minimum(1.0, 2.0 ** (counts - D))
    assert fails / runs >= converse - 5 * np.sqrt(converse * (1 - converse) / runs)
    rank_law = [0 if k < D else np.prod(1 - 2.0 ** (np.arange(D) - k)) for k in counts]
    exact = 1 - law @ rank_law
    assert fails / runs == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / runs))
    assert code_bits(n, 1.0, K, T, exact) >= D  # three bits do fit at that failure probability


def gf2_rank(rows):
    words, done = [int("".join(map(str, row)), 2) for row in rows], 0
    while words:
        word = words.pop()
        if word:
            done += 1
            low = word & -word
            words = [other ^ word if other & low else other for other in words]
    return done


@given(st.floats(0.01, 0.9), st.integers(2, 50))
def test_the_damage_borne_makes_both_equal(share, T):
    N, b = 1000, 2
    R = share * b * N
    borne = damage_borne(N, b, R, T)
    single, peak = single_ceiling(N, b, R, T), (1 - 1 / T) ** (T - 1)

    def lead(damage):
        return (b * N - R / (1 - damage) ** (T - 1)) * peak - single

    most = 1 - share ** (1 / (T - 1))  # beyond, not even the shared bits stay
    assert 0 <= borne <= most + 1e-12
    assert lead(0.99 * borne) > 0 > lead(1.01 * borne + 1e-9)
    assert lead(borne) == pytest.approx(0, abs=1e-8 * b * N)
    held = DAMAGED.value("dual_damaged", N=N, b=b, R=R, T=T, damage=0.5 * borne).value
    assert held == pytest.approx(lead(0.5 * borne) + single)
    assert gain_damaged(N, b, R, T, 0.5 * borne) == pytest.approx(held / single)
    assert gain_damaged(N, b, R, T, 0) == pytest.approx((1 - share) ** (1 - T), rel=1e-9)


def test_the_damage_borne_falls_as_ln_T_over_T():
    tau = 2.0  # R = tau bN/T
    for T in (1e3, 1e4, 1e5):
        expected = np.log(T * (1 - np.exp(-tau)) / tau) / T
        assert damage_borne(1e6, 1, tau * 1e6 / T, T) == pytest.approx(expected, rel=2 * np.log(T) / T + 2 * tau / T)


def test_at_a_fixed_share_the_damage_borne_falls_as_one_over_T():
    for share in (0.1, 0.5):
        assert damage_borne(1000, 1, share * 1000, 1e5) * 1e5 == pytest.approx(np.log(1 / share), rel=1e-4)


@pytest.mark.parametrize(("share", "T"), [(0.1, 2), (0.3, 10)])
def test_renewed_cells_lose_only_beyond_a_damage_of_their_own(share, T):
    single = single_ceiling(1000, 1, share * 1000, T)

    def renewed(damage):  # one task's damage at a read
        return (1 - 1 / T) ** (T - 1) * (1000 - share * 1000 / (1 - damage))

    borne = 1 - share / (1 - (1 - share) ** T)
    assert renewed(0.99 * borne) > single > renewed(1.01 * borne)
    assert renewed(borne) == pytest.approx(single)
    assert borne >= damage_borne(1000, 1, share * 1000, T) - 1e-12


def test_damaged_stores_cell_by_cell():
    rng, N, b, R, T, epsilon = np.random.default_rng(2), 20_000, 1, 3000, 6, 0.03
    always = R / (b * (1 - epsilon) ** (T - 1))
    intact = np.ones(round(always), dtype=bool)
    sparse = np.zeros(N - round(always), dtype=int)
    for task in range(T):
        if task:
            intact &= rng.random(len(intact)) >= epsilon
        sparse[rng.random(len(sparse)) < 1 / T] = task + 1
    assert intact.sum() * b == pytest.approx(R, abs=5 * np.sqrt(R * 0.15))
    held = DAMAGED.value("dual_damaged", N=N, b=b, R=R, T=T, damage=epsilon).value
    oldest = np.sum(sparse == 1) * b * T
    assert oldest == pytest.approx(held, abs=5 * T * np.sqrt(held / T))
    assert DAMAGED.value("dual_damaged", N=N, b=b, R=R, T=T, damage=0).value == pytest.approx(dual_ceiling(N, b, R, T))


def test_noise_takes_bits_from_both_regimes():
    N, b, R, T, p = 500, 2, 200, 6, 0.3
    expected = dual_ceiling(N, b * (1 - p), R, T) / single_ceiling(N, b * (1 - p), R, T)
    assert DAMAGED.value("gain_erased", N=N, b=b, R=R, T=T, erasure=p).value == pytest.approx(expected)
    assert expected > dual_ceiling(N, b, R, T) / single_ceiling(N, b, R, T)
    assert DAMAGED.value("gain_erased", N=N, b=b, R=0, T=T, erasure=p).value == 1


def test_capacity_of_flipped_bits():
    for p, joint in ((0.11, None), (0.0, 1.0), (0.5, 0.0), (1.0, 1.0)):
        value = DAMAGED.value("capacity_factor", flip=p).value
        if joint is None:  # mutual information of a uniform bit and its flipped copy
            table = np.array([[0.5 * (1 - p), 0.5 * p], [0.5 * p, 0.5 * (1 - p)]])
            joint = np.sum(table * np.log2(table / 0.25))
        assert value == pytest.approx(joint, abs=1e-12)


@pytest.mark.parametrize("T", [1, 3, 7])
def test_votes_by_enumeration(T):
    p = 0.2
    wrong = sum(p ** sum(views) * (1 - p) ** (T - sum(views)) for views in product((0, 1), repeat=T) if 2 * sum(views) > T)
    assert DAMAGED.value("vote_error", T=T, flip=p).value == pytest.approx(wrong)
    held = DAMAGED.value("dual_counted", N=1000, b=1, R=50, T=T).value
    assert held == pytest.approx((1 - 1 / T) ** (T - 1) * (1000 - 50 * np.log2(T + 1)))


@pytest.mark.parametrize(
    ("quantity", "store", "violated"),
    [
        ("dual_damaged", {"N": 100, "b": 1, "R": 60, "T": 20, "damage": 0.1}, "intact"),
        ("gain_erased", {"N": 100, "b": 1, "R": 60, "T": 20, "erasure": 0.5}, "what is read"),
        ("damage_borne", {"N": 100, "b": 1, "R": 60, "T": 1}, "later task"),
        ("damage_borne", {"N": 100, "b": 1, "R": 0, "T": 5}, "shared"),
        ("damage_borne", {"N": 100, "b": 1, "R": 60, "T": 1.5}, "later task"),
        ("vote_error", {"T": 4, "flip": 0.1}, "odd"),
        ("dual_counted", {"N": 100, "b": 1, "R": 60, "T": 20}, "counters"),
    ],
)
def test_domains(quantity, store, violated):
    with pytest.raises(UserError, match=violated):
        DAMAGED.value(quantity, **store)


def test_the_backoff_needs_a_later_task():
    with pytest.raises(UserError, match="later task"):
        FINITE.value("backoff", N=100, b=1, R=0, T=1.2, delta=0.1)


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_breaks_a_bound_that_is_too_low_and_replays(attack):
    found = run(attack, tries=1000)
    assert not found.broken
    assert found.ratio > 0.9
    assert attack.ratio(json.loads(json.dumps(found.witness))) == pytest.approx(found.ratio, rel=1e-12)


def test_a_codebook_is_decoded_as_often_as_a_likeliest_guess():
    rng, words, runs, hits = np.random.default_rng(5), [0b00000, 0b00111, 0b01011, 0b11100], 4000, 0
    for _ in range(runs):
        sent = words[rng.integers(len(words))]
        lost = set().union(*(rng.permutation(12)[:CELLS] for _ in range(2)))
        kept = sum(1 << cell for cell in range(CELLS) if cell not in lost)
        fits = [word for word in words if word & kept == sent & kept]
        hits += fits[rng.integers(len(fits))] == sent
    exact = decoded({"cells": 12, "tasks": 3, "bits": 1, "words": words})
    assert hits / runs == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / runs))


def test_the_claims_check():
    for claim in damage.CLAIMS:
        assert [check for check in claim.check() if not check.passed] == []


@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1])
def test_a_failure_probability_outside_its_range_is_refused(delta):
    with pytest.raises(UserError, match="0 < delta < 1"):
        code_bits(10, 1, 5, 1, delta)
