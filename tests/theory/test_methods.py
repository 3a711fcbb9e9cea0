"""The laws of finetuning, EWC, projection, replay, masks and editing against the methods themselves, run on random facts.

Every simulation writes one-hot targets, so that a readout is a derivative by the targets. The penalised, constrained and
interleaved problems are solved here by generic least squares, apart from the recursions of the package.
"""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory import annealing, conservation, retention
from theory.errors import UserError
from theory.methods import comparison, ewc, gpm, masks, replay

BY_ID = comparison.CLAIM


def value(id, quantity=None, **parameters):
    return BY_ID[id].value(quantity, **parameters).value


def unit(rng, count, size):
    keys = rng.normal(size=(count, size))
    return keys / np.linalg.norm(keys, axis=1, keepdims=True)


def agrees(samples, law, rounding=1e-9):
    """Whether the mean over the first axis is within five standard errors of the law, everywhere."""
    error = np.std(samples, axis=0, ddof=1) / np.sqrt(len(samples))
    return np.all(np.abs(np.mean(samples, axis=0) - law) <= 5 * error + rounding)


def test_eleven_methods_whose_derivations_check():
    assert sorted(BY_ID) == sorted(
        [
            "finetuning",
            "ewc",
            "gpm",
            "replay",
            "lora",
            "masks",
            "sparse_memory",
            "editing",
            "experts",
            "progressive",
            "self_rehearsal",
        ]
    )
    for claim in BY_ID.values():
        assert [check for check in claim.check() if not check.passed] == []
        assert {"ceiling", "state", "state_bits", "length"} <= {quantity.name for quantity in claim.quantities}
        assert claim.quantities[0].name == "ceiling"


# --- finetuning


def test_finetuning_against_the_delta_rule():
    rng = np.random.default_rng(1)
    kept = np.array([conservation.depths(unit(rng, 12, 6), 0.6) for _ in range(1500)])[:, ::-1]
    assert agrees(kept, value("finetuning", "retained_depth", N=6, eta=0.6, age=np.arange(12.0)))
    assert value("finetuning", N=50, M=30) == pytest.approx(retention.ceiling(50, 30))
    assert value("finetuning", "state_bits", b=2, N=6, outputs=5) == 60


@pytest.mark.parametrize("depth", [0.05, 0.3, 0.5, 0.9])
def test_finetuning_length_on_both_sides(depth):
    length = value("finetuning", "length", N=40, depth=depth)
    assert retention.attainable_depth(40, 0.99 * length, 1) > depth > retention.attainable_depth(40, 1.01 * length, 1)
    full = value("finetuning", "length_at_full_strength", N=40, depth=depth)
    assert (1 - 1 / 40) ** (full - 1) == pytest.approx(depth)
    assert full <= length * (1 + 1e-9)
    assert (full == pytest.approx(length)) == (depth > 0.37)  # beyond M = N a weaker write keeps the oldest deeper
    annealed = value("finetuning", "annealed_length", N=40, depth=depth)
    assert annealing.annealed_depth(40, annealed) == pytest.approx(depth)


# --- EWC


def penalised(keys, ridge, diagonal):
    """Each write as the least-squares problem that EWC states: the new fact, and the penalty around the last optimum."""
    count, size = keys.shape
    weights, targets = np.zeros((size, count)), np.eye(count)
    for i, key in enumerate(keys):
        hessian = ridge * np.eye(size) + keys[:i].T @ keys[:i]
        root = np.sqrt(np.diag(np.diag(hessian))) if diagonal else np.linalg.cholesky(hessian).T
        problem = np.vstack([key, root])
        weights = np.linalg.lstsq(problem, np.vstack([targets[i], root @ weights]), rcond=None)[0]
    return keys @ weights


@pytest.mark.parametrize("diagonal", [False, True])
def test_ewc_recursion_solves_the_penalised_problem(diagonal):
    keys = unit(np.random.default_rng(2), 9, 5)
    np.testing.assert_allclose(ewc.responses(keys, 0.2, diagonal), penalised(keys, 0.2, diagonal), atol=1e-10)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 7), st.floats(1e-3, 2))
def test_exact_ewc_does_not_depend_on_the_order_and_stays_under_its_ceiling(seed, count, size, ridge):
    rng = np.random.default_rng(seed)
    keys, order = unit(rng, count, size), rng.permutation(count)
    kept = np.diag(ewc.responses(keys, ridge))
    np.testing.assert_allclose(np.diag(ewc.responses(keys[order], ridge)), kept[order], atol=1e-8)
    target(kept.sum() / size, label="total depth over N")
    assert kept.sum() < value("ewc", N=size)


@pytest.mark.parametrize(("count", "size"), [(5, 8), (20, 8)])
def test_exact_ewc_shares_its_ceiling_evenly(count, size):
    rng = np.random.default_rng(3)
    runs = [ewc.responses(unit(rng, count, size), ridge := 1e-9) for _ in range(300)]
    law = value("ewc", "retained_depth", N=size, M=count)
    assert agrees(np.array([np.diag(run) for run in runs]), law, rounding=1e4 * ridge)  # the least eigenvalues are about 1e-4
    own = np.array([np.diag(run) for run in runs])
    crosstalk = np.array([np.sum(run**2, axis=1) for run in runs]) - own**2
    np.testing.assert_allclose(crosstalk, own - own**2, atol=1e-6)
    if count > size:
        depth = value("ewc", "retained_depth", N=size, M=count)
        assert value("ewc", "snr", N=size, M=count) == pytest.approx(depth**2 / (depth - depth**2))
        assert value("ewc", "length", N=size, depth=depth) == pytest.approx(count)
    assert value("ewc", "state", N=8, outputs=3) == 24 + len(np.triu_indices(8)[0])


def annealed(keys):
    count, size = keys.shape
    weights = np.zeros((size, count))
    for j, key in enumerate(keys):
        weights += size / (size + j) * np.outer(key, np.eye(count)[j] - key @ weights)
    return keys @ weights


def test_a_uniform_diagonal_is_an_annealed_rate_and_its_crosstalk():
    rng, size, count = np.random.default_rng(4), 40, 60
    runs = np.array([annealed(unit(rng, count, size)) for _ in range(600)])
    own = np.diagonal(runs, axis1=1, axis2=2)
    law = value("ewc", "diagonal_depth", N=size, M=count)
    assert agrees(own, law)
    assert value("ewc", "diagonal_length", N=size, depth=law) == pytest.approx(count)
    crosstalk = np.sum(runs[:, 0] ** 2, axis=1) - own[:, 0] ** 2
    spread = np.std(crosstalk) / np.sqrt(len(crosstalk)) / np.mean(crosstalk)
    finite = 1 / size  # the law is that of large N, and u = 1 + j/N is read at either end of a step
    snr = value("ewc", "diagonal_snr", N=size, M=count)
    assert law**2 / np.mean(crosstalk) == pytest.approx(snr, rel=5 * spread + finite)
    assert snr < value("ewc", "snr", N=size, M=count)


def test_diagonal_ewc_tends_to_the_uniform_law_as_keys_widen():
    rng, gaps, excess, errors = np.random.default_rng(5), [], [], []
    for size, trials in ((20, 300), (120, 24)):
        count = 3 * size // 2
        runs = [ewc.responses(unit(rng, count, size), 1e-6, diagonal=True) for _ in range(trials)]
        gaps.append(np.mean([np.trace(run) for run in runs]) / (count * value("ewc", "diagonal_depth", N=size, M=count)) - 1)
        late = np.array([np.mean(np.sum(run**2, axis=1)[-size // 4 :] - np.diag(run)[-size // 4 :] ** 2) for run in runs])
        uniform = [annealed(unit(rng, count, size)) for _ in range(trials)]
        floor = np.mean([np.mean(np.sum(run**2, axis=1)[-size // 4 :] - np.diag(run)[-size // 4 :] ** 2) for run in uniform])
        excess.append(np.mean(late) / floor)
        errors.append(np.std(late) / np.sqrt(trials) / floor)
    assert gaps[0] > 5 * gaps[1] > 0
    assert gaps[1] < 0.01
    assert excess[0] - 1 > 1.5 * (excess[1] - 1) > 0
    assert excess[0] - excess[1] > 3 * np.hypot(*errors)


def test_diagonal_ewc_cannot_see_rotation():
    rng, size, rank, count = np.random.default_rng(6), 90, 30, 60
    rotated, aligned, exact = [], [], []
    for _ in range(60):
        keys = unit(rng, count, rank)
        turn = np.linalg.qr(rng.normal(size=(size, size)))[0][:, :rank]
        rotated.append(ewc.responses(keys @ turn.T, 1e-6, diagonal=True)[0, 0])
        aligned.append(np.mean(np.diag(ewc.responses(keys, 1e-6, diagonal=True))))
        exact.append(np.mean(np.diag(ewc.responses(keys @ turn.T, 1e-6))))
    law = value("ewc", "rotated_depth", N=size, rank=rank, M=count)
    assert law == pytest.approx(np.prod([1 - size / ((size + j) * rank) for j in range(1, count)]))
    first = np.std(rotated) / np.sqrt(len(rotated))
    assert np.mean(rotated) == pytest.approx(law, abs=5 * first)
    assert np.mean(aligned) == pytest.approx(value("ewc", "aligned_depth", rank=rank, M=count), rel=1.0 / rank)
    assert np.mean(exact) == pytest.approx(rank / count, rel=1e-4)
    assert np.mean(rotated) < 0.75 * np.mean(aligned) < 0.75 * np.mean(exact)
    assert value("ewc", "rotated_depth", N=1e5, rank=2.5e4, M=1e5) == pytest.approx(0.5**4, rel=1e-3)
    assert value("ewc", "diagonal_state", N=7, outputs=3) == 28


# --- projection


def test_gpm_keeps_everything_until_it_is_full():
    rng, size, tasks = np.random.default_rng(7), 6, 9
    runs = np.array([np.diag(gpm.responses(unit(rng, tasks, size))) for _ in range(50)])
    np.testing.assert_allclose(runs[:, :size], 1, atol=1e-7)
    np.testing.assert_allclose(runs[:, size:], 0, atol=1e-7)
    assert np.mean(runs) == pytest.approx(value("gpm", "retained_depth", N=size, M=tasks))
    assert value("gpm", "length", N=size, D=2) == 3
    assert value("gpm", "state", N=size, outputs=2, M=2) == 12 + 2 * 6
    assert value("gpm", "state", N=size, outputs=2, M=6) == 12 + 21


def test_gpm_by_projected_gradient_descent():
    rng, size, count = np.random.default_rng(8), 5, 3
    keys = unit(rng, count, size)
    weights = np.zeros((size, count))
    for i, key in enumerate(keys):
        complement = np.eye(size) - np.linalg.pinv(keys[:i]) @ keys[:i]
        for _ in range(3000):
            weights += complement @ np.outer(key, np.eye(count)[i] - key @ weights)
    np.testing.assert_allclose(keys @ weights, gpm.responses(keys), atol=1e-8)


@pytest.mark.parametrize("held", [0, 4, 8, 11])
def test_gpm_plasticity(held):
    rng, size = np.random.default_rng(9), 8
    left = [np.sum((np.eye(size) - (k := unit(rng, held, size)).T @ np.linalg.pinv(k.T)) @ x * x) for x in unit(rng, 800, size)]
    assert agrees(np.array(left), value("gpm", "plasticity", N=size, M=max(held, 1e-9)) if held else 1.0)


@given(st.integers(0, 10**6), st.integers(1, 10), st.integers(1, 6), st.integers(1, 6))
def test_gpm_total_is_the_rank(seed, count, size, rank):
    rng = np.random.default_rng(seed)
    keys = unit(rng, count, rank) @ rng.normal(size=(rank, size))
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    assert np.trace(gpm.responses(keys)) == pytest.approx(np.linalg.matrix_rank(keys, tol=1e-6), abs=1e-5)


def test_gpm_writes_no_key_that_depends_on_earlier_ones():
    """e1, e2, their sum, e3: the third is not written, and the fourth still is."""
    keys = np.array([[1, 0, 0], [0, 1, 0], [np.sqrt(0.5), np.sqrt(0.5), 0], [0, 0, 1]])
    np.testing.assert_allclose(np.diag(gpm.responses(keys)), [1, 1, 0, 1], atol=1e-12)


# --- replay


def test_replay_step_is_the_constrained_least_change():
    rng, size, count, held = np.random.default_rng(10), 7, 12, 3
    keys, weights = unit(rng, count, size), np.zeros((size, count))
    for i, key in enumerate(keys):
        facts = np.vstack([keys[max(0, i - held) : i], key])
        wanted = facts @ weights
        wanted[-1] = np.eye(count)[i]
        weights += np.linalg.lstsq(facts, wanted - facts @ weights, rcond=None)[0]
    np.testing.assert_allclose(keys @ weights, replay.responses(keys, held), atol=1e-8)


@pytest.mark.parametrize(("size", "held"), [(6, 0), (6, 2), (9, 5), (4, 3)])
def test_replay_moves_depth_and_adds_none(size, held):
    rng, count = np.random.default_rng(11), 14
    kept = np.array([np.diag(replay.responses(unit(rng, count, size), held)) for _ in range(700)])[:, ::-1]
    law = value("replay", "retained_depth", N=size, B=held, age=np.arange(float(count)))
    assert agrees(kept, law)
    ages = np.arange(3000.0)
    total = np.sum(value("replay", "retained_depth", N=size, B=held, age=ages))
    assert total == pytest.approx(value("replay", "store_ceiling", N=size), rel=1e-6)


def test_replay_length_state_and_buffer():
    length = value("replay", "length", N=30, B=10, depth=0.4)
    assert value("replay", "retained_depth", N=30, B=10, age=length - 1) == pytest.approx(0.4)
    assert value("replay", "length", N=30, B=0, depth=0.4) == pytest.approx(
        value("finetuning", "length_at_full_strength", N=30, depth=0.4)
    )
    assert value("replay", N=30, B=10) == 40
    assert value("replay", "state", N=30, outputs=4, B=10) == 120 + 10 * 34
    assert [value("replay", "interleaved", N=30, M=count) for count in (20, 50)] == [20, 30]
    with pytest.raises(UserError, match="lower B"):
        value("replay", "retained_depth", N=5, B=5, age=1)


def test_reservoir_share():
    rng, held, count, hits = np.random.default_rng(12), 4, 10, np.zeros((3000, 10))
    for run in hits:
        slots = list(range(held))
        for i in range(held, count):
            if (slot := rng.integers(0, i + 1)) < held:
                slots[slot] = i
        run[slots] = 1
    assert agrees(hits, value("replay", "reservoir_share", B=held, M=count))


# --- masks


def test_masks_hold_their_share_and_no_more():
    rng, size, tasks, share = np.random.default_rng(13), 24, 4, 0.25
    owners = rng.permutation(np.repeat(np.arange(tasks), size // tasks))
    facts = int(value("masks", "task_facts", N=size, a=share))
    whole = masks.responses(rng.normal(size=(tasks, facts, size)), owners)
    np.testing.assert_allclose(np.diag(whole), 1, atol=1e-7)
    assert np.trace(whole) == pytest.approx(value("masks", N=size))
    crowded = masks.responses(rng.normal(size=(tasks, facts + 1, size)), owners)
    assert np.trace(crowded) == pytest.approx(value("masks", N=size), abs=1e-6)
    assert np.mean(np.diag(crowded)) == pytest.approx(facts / (facts + 1), abs=1e-6)
    assert value("masks", "length", a=share) == tasks


def test_mask_bits_by_hand():
    assert value("masks", "state", N=10, outputs=3) == 30
    assert value("masks", "state_bits", b=8, N=10, outputs=3, a=0.25) == 8 * 30 + 10 * 2
    assert value("masks", "weight_state_bits", b=8, N=10, outputs=3, a=0.25) == 8 * 30 + 30 * 2
    assert value("masks", "random_ceiling", N=10, T=2) == 5
    assert value("masks", N=10) / value("masks", "random_ceiling", N=10, T=1e6) == pytest.approx(np.e, rel=1e-5)
