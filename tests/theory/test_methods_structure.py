"""Methods that choose where to write (adapters, slots, experts, columns) or what to rehearse, against their laws."""

from fractions import Fraction
from itertools import combinations, product
from math import comb

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standard_errors import within_standard_errors
from theory import conservation
from theory.errors import UserError
from theory.methods import comparison, experts, self_rehearsal
from theory.separation import S1

BY_ID = comparison.CLAIM


def value(id, quantity=None, **parameters):
    return BY_ID[id].value(quantity, **parameters).value


def unit(rng, count, size):
    keys = rng.normal(size=(count, size))
    return keys / np.linalg.norm(keys, axis=1, keepdims=True)


# --- adapters


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_freedom_is_the_rank_of_the_jacobian(seed, size, outputs, rank):
    rank = min(rank, size, outputs)
    rng = np.random.default_rng(seed)
    up, down = rng.normal(size=(outputs, rank)), rng.normal(size=(rank, size))
    by_up = np.kron(np.eye(outputs), down.T)  # d vec(B A)/d vec(B), rows first
    by_down = np.kron(up, np.eye(size))
    jacobian = np.hstack([by_up, by_down])
    assert jacobian.shape == (size * outputs, value("lora", "adapter", N=size, outputs=outputs, rank=rank))
    assert np.linalg.matrix_rank(jacobian) == value("lora", "freedom", N=size, outputs=outputs, rank=rank)


def test_an_adapter_holds_as_many_generic_facts_as_its_rank():
    rng, size, outputs, rank = np.random.default_rng(1), 9, 6, 3

    def error(facts, rank):
        keys, wanted = rng.normal(size=(size, facts)), rng.normal(size=(outputs, facts))
        left = np.inf
        for _ in range(20):  # alternating least squares from 20 starts
            up = rng.normal(size=(outputs, rank))
            for _ in range(200):
                down = np.linalg.lstsq(up, wanted, rcond=None)[0] @ np.linalg.pinv(keys)
                up = wanted @ np.linalg.pinv(down @ keys, rcond=1e-10)
            left = min(left, float(np.linalg.norm(up @ down @ keys - wanted)))
        return left

    held = int(value("lora", N=size, outputs=outputs, rank=rank))
    assert error(held, rank) < 1e-8 < 0.1 < error(held + 1, rank)
    assert value("lora", N=size, outputs=outputs, rank=outputs) == size
    assert error(size, outputs) < 1e-8
    with pytest.raises(UserError, match="lower the rank"):
        value("lora", N=size, outputs=2, rank=3)


def test_merged_adapters_forget_as_blocks():
    rng, size, rank, tasks = np.random.default_rng(2), 10, 3, 6
    oldest, totals = [], []
    for _ in range(1500):
        later, total = np.eye(size), 0.0
        for _ in range(tasks):
            basis = np.linalg.qr(rng.normal(size=(size, rank)))[0]
            kept = np.trace(basis.T @ later @ basis)
            total, later = total + kept, later @ (np.eye(size) - basis @ basis.T)
        oldest.append(kept / rank)
        totals.append(total)
    assert within_standard_errors(np.array(oldest), value("lora", "retained_depth", N=size, rank=rank, T=tasks))
    assert within_standard_errors(np.array(totals), value("lora", "merged_total", N=size, rank=rank, T=tasks))
    assert value("lora", "retained_depth", N=size, rank=rank, T=value("lora", "length", N=size, rank=rank, depth=0.3)) == (
        pytest.approx(0.3)
    )
    assert value("lora", "merged_total", N=size, rank=rank, T=500) == pytest.approx(size)


def test_what_adapters_keep():
    assert value("lora", "state", N=10, outputs=6, rank=2) == 60 + 32
    assert value("lora", "stored_ceiling", T=7, rank=2) == 14
    assert value("lora", "stored_state", N=10, outputs=6, rank=2, T=7) == 60 + 7 * 32


# --- sparse memory


def test_sparse_slots_by_overwriting():
    rng, slots, active, count = np.random.default_rng(3), 20, 4, 7
    share, kept, untouched = active / slots, [], []
    for _ in range(4000):
        owner = np.full(slots, -1)
        for fact in range(count):
            owner[rng.permutation(slots)[:active]] = fact
        counts = np.bincount(owner[owner >= 0], minlength=count)[::-1]
        kept.append(counts / active)
        untouched.append(counts == active)
    ages = np.arange(float(count))
    assert within_standard_errors(np.array(kept), value("sparse_memory", "retained_depth", a=share, age=ages))
    assert within_standard_errors(np.array(untouched), value("sparse_memory", "untouched", N=slots, a=share, age=ages))
    assert value("sparse_memory", "untouched", N=slots, a=share, age=1) == pytest.approx(comb(16, 4) / comb(20, 4))
    total = np.sum(value("sparse_memory", "retained_depth", a=share, age=np.arange(500.0)))
    assert total == pytest.approx(value("sparse_memory", a=share))


def test_untouched_by_brute_force():
    supports = [set(support) for support in combinations(range(6), 2)]
    missed = sum(not (one & two or one & three) for one, two, three in product(supports, repeat=3))
    assert value("sparse_memory", "untouched", N=6, a=1 / 3, age=2) == pytest.approx(missed / len(supports) ** 3)


def test_no_cancellation_in_large_stores():
    """Against the product in 50 digits."""
    with mpmath.workdps(50):
        for N, active, age in ((10**12, 1000, 10**6), (10**5, 60, 10**3), (64, 8, 3)):
            missed = mpmath.fprod(1 - mpmath.mpf(active) / (N - i) for i in range(active))
            assert value("sparse_memory", "untouched", N=N, a=active / N, age=age) == pytest.approx(float(missed**age), rel=1e-4)
        for N, rank, M in ((10**14, 10**14, 5), (10**12, 100, 300), (300, 20, 90)):
            kept = mpmath.fprod(1 - mpmath.mpf(N) / ((N + later) * rank) for later in range(1, M))
            assert value("ewc", "rotated_depth", N=N, rank=rank, M=M) == pytest.approx(float(kept), rel=1e-6)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.7])
def test_sparse_length_inverts_the_depth(share):
    length = value("sparse_memory", "length", a=share, depth=0.25)
    assert value("sparse_memory", "retained_depth", a=share, age=length - 1) == pytest.approx(0.25)


def test_sparse_throughput_is_the_best_activity():
    activities = np.linspace(0, 1, 100_001)[1:]
    for tasks in (1, 2, 9):
        assert np.max(tasks * activities * (1 - activities) ** (tasks - 1)) == pytest.approx(
            value("sparse_memory", "throughput", T=tasks), abs=1e-8
        )
    dual = value("sparse_memory", "private_bits", N=100, b=2, R=40, T=4, a=0.25)
    assert 4 * dual == pytest.approx(S1.value("dual_ceiling", N=100, b=2, R=40, T=4).value)
    assert value("sparse_memory", "state", N=50, outputs=3) == 200


# --- experts


def test_routing_does_not_change_what_is_retained():
    rng, size, count, choices, strength = np.random.default_rng(4), 12, 10, 3, 0.7
    width, kept = size // choices, []
    for _ in range(4000):
        expert = rng.integers(0, choices, count)
        directions = np.zeros((count, size))
        for i, key in enumerate(unit(rng, count, width)):
            directions[i, expert[i] * width : (expert[i] + 1) * width] = key
        kept.append(conservation.depths(directions, strength)[::-1])
    law = value("experts", "retained_depth", N=size, eta=strength, age=np.arange(float(count)))
    assert within_standard_errors(np.array(kept), law)
    length = value("experts", "length", N=size, depth=0.4)
    assert value("experts", "retained_depth", N=size, eta=1, age=length - 1) == pytest.approx(0.4)


def test_protecting_experts_turn_facts_away():
    rng, size, choices = np.random.default_rng(5), 400, 8
    loads = rng.multinomial(size, np.full(choices, 1 / choices), size=4000)
    held = np.sum(np.minimum(loads, size // choices), axis=1)
    assert within_standard_errors(held[:, None], experts.held(size, choices, size))
    exact = size - value("experts", "held", N=size, experts=choices, M=size)
    assert value("experts", "imbalance", N=size, experts=choices) == pytest.approx(exact, rel=choices / size)
    assert value("experts", "held", N=size, experts=choices, M=40 * size) == pytest.approx(value("experts", N=size))
    assert value("experts", "held", N=size, experts=1, M=size) == size
    brute = sum(Fraction(comb(5, k), 2**5) * min(k, 2) for k in range(6)) * 2
    assert experts.held(4, 2, 5) == pytest.approx(float(brute))
    assert value("experts", "state", N=40, outputs=3) == 160
    with pytest.raises(UserError, match="round N"):
        value("experts", "held", N=10, experts=4, M=5)


# --- columns


def test_columns_raise_the_ceiling_with_the_state():
    assert value("progressive", N=10, T=6) == 60
    assert value("progressive", "state", N=10, outputs=3, T=6) == 180
    assert value("progressive", "length", d=180, N=10, outputs=3) == 6
    lateral = sum(10 * column for column in range(1, 7))
    assert value("progressive", "lateral_ceiling", N=10, T=6) == lateral
    assert value("progressive", "lateral_state", N=10, outputs=3, T=6) == 3 * lateral
    assert value("progressive", "facts_per_parameter", outputs=3) == pytest.approx(60 / 180)


# --- self-rehearsal


@pytest.mark.parametrize(("facts", "size"), [(2, 9), (4, 9)])
def test_own_answers_are_as_good_as_labels(facts, size):
    rng, kept = np.random.default_rng(6), []
    for _ in range(200):
        tasks = [unit(rng, facts, size) for _ in range(4)]
        response, cues = self_rehearsal.responses(tasks), np.concatenate(tasks)
        np.testing.assert_allclose(response, cues @ np.linalg.pinv(cues), atol=1e-7)
        kept.append(np.mean(np.diag(response)))
    law = value("self_rehearsal", "retained_depth", N=size, M=4 * facts)
    assert np.mean(kept) == pytest.approx(law, abs=1e-7)
    assert value("self_rehearsal", "length", N=size, depth=law) == pytest.approx(max(size, 4 * facts))


@pytest.mark.parametrize(("count", "size"), [(6, 10), (25, 10)])
def test_errors_of_answers_add_up(count, size):
    rng, variance, sleeps, wrong = np.random.default_rng(7), 0.04, 5, []
    for _ in range(800):
        keys = unit(rng, count, size)
        start = weights = np.linalg.lstsq(keys, rng.normal(size=count), rcond=None)[0]
        for _ in range(sleeps):
            weights = np.linalg.lstsq(keys, keys @ weights + np.sqrt(variance) * rng.normal(size=count), rcond=None)[0]
        wrong.append(np.mean((keys @ (weights - start)) ** 2))
    law = value("self_rehearsal", "drift", N=size, M=count, noise=variance, sleeps=sleeps)
    assert within_standard_errors(np.array(wrong), law)
    if count <= size:
        assert value("self_rehearsal", "sleeps_to_snr", noise=variance, snr=1 / law) == pytest.approx(sleeps)


def test_a_cue_left_out():
    rng, size, count, cues, new = np.random.default_rng(8), 14, 9, 4, 3
    left, rehearsed = [], []
    for _ in range(3000):
        keys = unit(rng, count, size)
        fresh = unit(rng, new, size)
        after = self_rehearsal.sleep(np.linalg.pinv(keys), keys[:cues], fresh, np.zeros((new, count)))
        own = np.diag(keys @ after)
        rehearsed.append(own[:cues])
        left.append(own[cues:])
    np.testing.assert_allclose(rehearsed, 1, atol=1e-7)
    assert within_standard_errors(np.array(left), value("self_rehearsal", "unrehearsed", N=size, B=cues, D=new))


def test_answers_given_while_the_store_changes_rehearse_nothing():
    rng = np.random.default_rng(9)
    keys, fresh = unit(rng, 5, 8), unit(rng, 2, 8)
    plain = moving = np.linalg.pinv(keys)
    for _ in range(300):
        pull = fresh.T @ (0 - fresh @ plain)
        plain = plain + 0.5 * pull
        answers = keys @ moving
        moving = moving + 0.5 * (fresh.T @ (0 - fresh @ moving) + keys.T @ (answers - keys @ moving))
    np.testing.assert_allclose(moving, plain, atol=1e-12)
    assert np.max(np.abs(np.diag(keys @ moving) - 1)) > 0.1


def test_what_self_rehearsal_keeps():
    assert value("self_rehearsal", "state", N=10, outputs=3, copies=2, M=7) == 60 + 70
    assert value("self_rehearsal", "seeded_state", N=10, outputs=3, copies=2) == 60
    with pytest.raises(UserError, match="positive noise"):
        value("self_rehearsal", "sleeps_to_snr", noise=0, snr=1)
