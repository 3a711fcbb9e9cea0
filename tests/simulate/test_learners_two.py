"""Replay, self-rehearsal, adapters, sparse slots and two stores: depths against the ledger and against plain NumPy loops."""

from dataclasses import replace

import numpy as np
import pytest

from simulate.address import chosen, code, support
from simulate.backend import jax, jnp
from simulate.codes import draw_active
from simulate.learners import label_buffer, lora, replay, self_rehearsal, sparse_slots, two_regimes
from simulate.system.freedom import exact_depths, jacobian_depths
from simulate.system.learner import Setting, answers, written
from simulate.system.learner_systems import catalogue
from theory.errors import UserError
from theory.ledger import claim
from theory.methods import comparison

N, D, T, SEEDS = 16, 3, 8, 60
MINE = (
    "replay",
    "replay_buffer_read",
    "self_rehearsal",
    "self_rehearsal_seeded",
    "lora",
    "sparse_memory",
    "sparse_memory_chosen",
)


def learner(name):
    return catalogue()[name][0]


def setting(name, N=N, outputs=4, D=D, T=T, **given):
    known = learner(name)
    sizes = {**known.sizes, **{size: value for size, value in given.items() if size in known.sizes}}
    hyperparameters = {**known.hyperparameters, **{name: value for name, value in given.items() if name in known.hyperparameters}}
    return Setting(N, outputs, D, T, tuple(sizes.items()), hyperparameters)


def keys_of(seed, T=T, D=D, N=N):
    return draw_active(jax.random.key(seed), T * D, N, N, "gaussian").reshape(T, D, N)


def depths(name, keys, **given):
    """Exact depths [T, D], oldest first."""
    T, D, N = keys.shape
    return np.asarray(exact_depths(learner(name), setting(name, N=N, D=D, T=T, **given), keys, T))


def mean_depths(name, T=T, D=D, N=N, seeds=SEEDS, **given):
    """(mean, standard error) [T D] over seeds."""
    at = setting(name, N=N, D=D, T=T, **given)
    many = jax.jit(
        jax.vmap(lambda key: exact_depths(learner(name), at, draw_active(key, T * D, N, N, "gaussian").reshape(T, D, N), T))
    )
    found = np.asarray(many(jax.random.split(jax.random.key(1), seeds))).reshape(seeds, T * D)
    return found.mean(axis=0), found.std(axis=0) / np.sqrt(seeds) + 1e-12


def close(found, law, sigmas=5.0):
    mean, error = found
    assert (np.abs(mean - law) < sigmas * error + 1e-9).all(), np.max(np.abs(mean - law) / error)


def smoother(keys, write):
    """d(readout)/d(target) [M, M] of a rule write(weights, i, targets) on keys [M, N], by a loop; its diagonal is the depth."""
    count, size = keys.shape
    weights = np.zeros((size, count))
    for i in range(count):
        weights = write(weights, i, np.eye(count))
    return keys @ weights


# Replay


def test_replay_is_the_affine_projection_of_the_theory():
    from theory.methods.replay import responses

    keys = keys_of(0)
    found = depths("replay", keys, B=4).ravel()
    np.testing.assert_allclose(found, np.diag(responses(np.asarray(keys).reshape(-1, N), 4)), atol=1e-8)


def test_replay_follows_its_law_with_age():
    B = 4
    law = claim("replay").value("retained_depth", N=N, B=B, age=np.arange(T * D)[::-1]).value
    close(mean_depths("replay", B=B), law)


def test_no_buffer_is_the_delta_rule_at_full_strength():
    keys = keys_of(1)
    plain = learner("plain")
    full = Setting(N, T * D, D, T, (), {"eta": 1.0})
    np.testing.assert_allclose(depths("replay", keys, B=0), exact_depths(plain, full, keys, T), atol=1e-10)
    np.testing.assert_allclose(depths("replay_buffer_read", keys, B=0), exact_depths(plain, full, keys, T), atol=1e-10)


def test_a_buffer_that_is_read_delays_the_store():
    B = 5
    law = claim("finetuning").value("retained_depth", N=N, eta=1.0, age=np.maximum(0, np.arange(T * D)[::-1] - B)).value
    close(mean_depths("replay_buffer_read", B=B), law)


def test_a_reservoir_as_derived_and_against_a_loop():
    B, M = 4, T * D
    close(mean_depths("replay_reservoir", B=B, seeds=300), replay.reservoir_depth(N, B, M))
    assert replay.reservoir_depth(N, B, B) == pytest.approx(np.ones(B))
    share = claim("replay").value("reservoir_share", B=B, M=M).value
    assert replay.reservoir_depth(N, B, M).min() > share
    rng, runs = (
        np.random.default_rng(0),
        40_000,
    )  # the derivation's own loop: where each fact of a reservoir ends, q a write outside
    whole = np.zeros(M)
    for _ in range(runs // 100):
        held, kept = np.full((100, B), -1), np.ones((100, M))
        for j in range(M):
            outside = np.ones((100, M), bool)
            for run in range(100):
                outside[run, held[run][held[run] >= 0]] = False
            kept[:, :j] *= np.where(outside[:, :j], 1 - 1 / (N - B), 1.0)
            place = np.full(100, j) if j < B else rng.integers(0, j + 1, 100)
            held[place < B, place[place < B]] = j
        whole += kept.mean(axis=0)
    np.testing.assert_allclose(whole / (runs // 100), replay.reservoir_depth(N, B, M), atol=0.02)


def test_a_buffer_leaves_no_room_for_structure():
    assert replay.shared_error(32, 0, 0.7) == pytest.approx(0.7)
    rng, size, B = np.random.default_rng(0), 24, 6
    teacher, w, held, errors = rng.normal(size=size), rng.normal(size=size), [], []
    for t in range(30_000):
        x = rng.normal(size=size)
        x /= np.linalg.norm(x)
        facts = [*held[-B:], (x, teacher @ x + rng.normal())]
        K, y = np.array([u for u, _ in facts]), np.array([v for _, v in facts])
        w = w + np.linalg.pinv(K) @ (y - K @ w)
        held = facts
        if t > 500:
            errors.append(np.sum((w - teacher) ** 2) / size)
    blocks = np.array(errors[: len(errors) // 30 * 30]).reshape(30, -1).mean(axis=1)
    assert abs(blocks.mean() - replay.shared_error(size, B, 1.0)) < 5 * blocks.std() / np.sqrt(30)


# Self-rehearsal


@pytest.mark.parametrize("name", ["self_rehearsal", "self_rehearsal_seeded"])
@pytest.mark.parametrize("tasks", [3, 8])  # fewer and more facts than N
def test_rehearsing_every_answer_is_joint_least_squares(name, tasks):
    keys = keys_of(2, T=tasks)
    flat = np.asarray(keys).reshape(-1, N)
    np.testing.assert_allclose(depths(name, keys).ravel(), np.diag(flat @ np.linalg.pinv(flat)), atol=1e-6)


def test_self_rehearsal_shares_its_ceiling():
    total = depths("self_rehearsal", keys_of(3)).sum()
    assert total == pytest.approx(claim("self_rehearsal").value("ceiling", N=N).value, abs=1e-6)


# Adapters


def test_merged_adapters_follow_their_law():
    tasks, r = 6, 3
    law = claim("lora").value("retained_depth", N=N, rank=r, T=np.repeat(np.arange(tasks, 0, -1), r)).value
    close(mean_depths("lora", T=tasks, rank=r), law)


def test_adapters_against_a_loop():
    keys, r = keys_of(4, D=5), 2
    flat = np.asarray(keys).reshape(-1, N)
    weights = np.zeros((N, len(flat)))
    for task in range(T):
        for first in range(0, 5, r):
            rows = np.arange(task * 5 + first, task * 5 + min(first + r, 5))
            weights += np.linalg.pinv(flat[rows]) @ (np.eye(len(flat))[rows] - flat[rows] @ weights)
    np.testing.assert_allclose(depths("lora", keys, rank=r).ravel(), np.diag(flat @ weights), atol=1e-8)


def test_rank_one_is_the_delta_rule_at_full_strength():
    keys = keys_of(5)
    full = Setting(N, T * D, D, T, (), {"eta": 1.0})
    np.testing.assert_allclose(depths("lora", keys, rank=1), exact_depths(learner("plain"), full, keys, T), atol=1e-10)


def test_a_joint_adapter_is_the_best_product_of_its_rank():
    D, outputs, r = 5, 4, 2
    keys, targets = keys_of(6, T=1, D=D), jax.random.normal(jax.random.key(9), (1, D, outputs))
    at = setting("lora_joint", outputs=outputs, D=D, T=1, rank=r)
    found = np.asarray(answers(learner("lora_joint"), at, written(learner("lora_joint"), at, keys, targets, 1), keys))[0]
    left, values, right = np.linalg.svd(np.asarray(targets[0]))
    np.testing.assert_allclose(found, left[:, :r] * values[:r] @ right[:r], atol=1e-9)
    # Candes, Sing-Long and Trzasko 2013: divergence of a truncated singular value decomposition
    square = values**2
    gaps = sum(square[j] / (square[i] - square[j]) for i in range(r) for j in range(r, outputs))
    depth = np.asarray(jacobian_depths(learner("lora_joint"), at, keys, targets, 1))
    assert depth.sum() * outputs == pytest.approx(r * (D + outputs - r) + 2 * gaps, rel=1e-6)


def test_a_joint_adapter_of_full_rank_is_finetuning():
    keys, targets = keys_of(7), jax.random.normal(jax.random.key(9), (T, D, 2))
    joint = setting("lora_joint", outputs=2, rank=2)
    exact = setting("lora", outputs=2, rank=D)
    one, other = (
        answers(learner(name), at, written(learner(name), at, keys, targets, T), keys)
        for name, at in (("lora_joint", joint), ("lora", exact))
    )
    np.testing.assert_allclose(one, other, atol=1e-8)


# Sparse slots


def test_random_slots_follow_their_law():
    slots = 3
    law = claim("sparse_memory").value("retained_depth", a=slots / N, age=np.arange(T * D)[::-1]).value
    close(mean_depths("sparse_memory", slots=slots, seeds=200), law)


def test_chosen_slots_fill_up_and_stop():
    found = depths("sparse_memory_chosen", keys_of(8)).ravel()
    ceiling = round(float(claim("sparse_memory").value("ceiling", a=1 / N).value))
    np.testing.assert_array_equal(found, np.arange(T * D) < ceiling)


def test_addresses_are_frozen_random_and_independent():
    keys = draw_active(jax.random.key(0), 4000, N, N, "gaussian")
    codes = np.asarray(jax.jit(jax.vmap(lambda u: code(u, 24, 4)))(keys))
    again = jax.jit(jax.vmap(lambda u: code(u, 24, 4)))(
        keys + 1e-13
    )  # an entry in 10^6 lies within that of a step of the rounding
    assert np.mean(np.all(codes == again, axis=1)) > 0.999
    np.testing.assert_allclose(np.sum(codes**2, axis=1), 1)
    assert (np.count_nonzero(codes, axis=1) == 4).all()
    assert np.abs(np.cov(codes.T) - np.eye(24) / 24).max() < 5 / np.sqrt(4000) * 0.1  # entries of size 1/2 in a sixth of cells
    nearly = np.asarray(jax.vmap(lambda u: support(u, 24, 4))(keys + 1e-6))
    assert abs((nearly & (codes != 0)).sum(axis=1).mean() - 4 * 4 / 24) < 5 / np.sqrt(4000)
    places = np.asarray(jax.vmap(lambda u: chosen(u, jnp.array(10)))(keys))
    assert np.abs(np.bincount(places, minlength=10) - 400).max() < 5 * 20


# Two stores


@pytest.mark.parametrize("name", ["two_regimes", "two_equal", "two_rules", "two_rules_averaged"])
def test_two_stores_against_a_loop(name):
    given = {"F": 12, "active": 3, "hold": 2, "sweeps": 3, "eta": 0.2, "keep": 0.6}
    keys, targets = keys_of(10), np.asarray(jax.random.normal(jax.random.key(3), (T, D, 4)))
    at = setting(name, **given)
    state = written(learner(name), at, keys, jnp.asarray(targets), T)
    same, active = name.startswith("two_rules"), 12 if name == "two_equal" else 3
    z = np.asarray(keys if same else jax.vmap(jax.vmap(lambda u: code(u, 12, active)))(keys))
    slow, fast, u = np.zeros((N, 4)), np.zeros((z.shape[-1], 4)), np.asarray(keys)
    for t in range(T):
        fast = fast * (0.6 if t % 2 == 0 else 1.0)
        for i in range(D):
            fast = fast + np.outer(z[t, i], targets[t, i] - u[t, i] @ slow - z[t, i] @ fast)
        for _ in range(3 if t % 2 else 0):
            for j in range((t - 1) * D, (t + 1) * D):
                eta = N / (N + j) if name == "two_rules_averaged" else 0.2
                moved = eta * z.reshape(-1, z.shape[-1])[j] @ fast
                slow = slow + np.outer(u.reshape(-1, N)[j], moved)
                fast = fast - np.outer(z.reshape(-1, z.shape[-1])[j], moved)
    np.testing.assert_allclose(state["slow"], slow, atol=1e-10)
    np.testing.assert_allclose(state["fast"], fast, atol=1e-10)


def test_a_sleep_leaves_the_answer_to_the_last_fact():
    at, keys = setting("two_regimes", D=1, eta=0.3), keys_of(11, D=1)
    targets = jax.random.normal(jax.random.key(0), (T, 1, 4))
    read = answers(learner("two_regimes"), at, written(learner("two_regimes"), at, keys, targets, T), keys)
    np.testing.assert_allclose(read[-1], targets[-1], atol=1e-12)


def test_a_fast_store_that_keeps_nothing_leaves_the_slow_one():
    keys = keys_of(12, D=1)
    slow = depths("plain", keys, eta=0.3)
    np.testing.assert_allclose(depths("two_regimes", keys, eta=0.3, keep=0.0)[:-1], slow[:-1], atol=1e-12)
    np.testing.assert_allclose(depths("two_regimes", keys, eta=1.0, keep=0.0), depths("plain", keys, eta=1.0), atol=1e-12)


def test_the_error_of_two_stores_settles_where_theory_says():
    from simulate.memories.lms import HOLD, predicted_error
    from theory import tradeoff

    eta, sigma = 0.3, 0.7
    *_, (alone, depth) = two_regimes.predicted_errors(N, 0, np.full(2000, eta), HOLD, sigma)
    assert (alone, depth) == (pytest.approx(tradeoff.J(eta, sigma)), eta)
    *_, (both, depth) = two_regimes.predicted_errors(N, N, np.full(2000, eta), HOLD, sigma)
    assert (both, depth) == (pytest.approx(predicted_error(N, eta, sigma, True)), 1.0)
    *_, (one_key, _) = two_regimes.predicted_errors(N, N, np.full(2000, eta), HOLD, sigma, same=True)
    C = (1 - eta) * tradeoff.J(eta, sigma) / (1 - HOLD * (1 - 1 / N))
    assert one_key == pytest.approx(both + 2 * C / N)


# Label buffer


def test_a_list_is_whole_and_then_the_store():
    B, eta, keys = 6, 0.3, keys_of(13)
    found, store = depths("label_buffer", keys, B=B, eta=eta).ravel(), depths("plain", keys, eta=eta).ravel()
    np.testing.assert_allclose(found[-B:], 1.0)
    np.testing.assert_allclose(found[:-B], store[:-B], atol=1e-12)


def test_a_list_sleeps_when_it_should():
    keys, given = keys_of(14), {"B": 6, "hold": 2, "sweeps": 2, "eta": 0.4}
    flat = np.asarray(keys).reshape(-1, N)
    weights = np.zeros((N, T * D))
    for t in range(1, T, 2):
        for _ in range(2):
            for j in range((t - 1) * D, (t + 1) * D):
                weights += 0.4 * np.outer(flat[j], np.eye(T * D)[j] - flat[j] @ weights)
    np.testing.assert_allclose(depths("label_buffer", keys, **given).ravel()[:-6], np.diag(flat @ weights)[:-6], atol=1e-12)
    with pytest.raises(UserError, match="do not fit in a list"):
        depths("label_buffer", keys, B=2)


# Accounts


@pytest.mark.parametrize("name", MINE)
def test_state_is_that_of_the_comparison(name):
    state, outputs = 2e5, 100
    account = comparison.system(name, state, outputs)
    size = {"B": round(account.whole) - 1} if name.startswith("replay") else {}
    own = comparison.RANK if name == "lora" else 0
    facts = round(account.N / 0.5) if name == "self_rehearsal" else 1  # cues of as many facts as its length at depth 1/2
    known = learner(name)
    at = setting(name, N=int(account.N), outputs=outputs, D=1, T=facts, **size, **({"rank": own} if own else {}))
    spent, room = known.numbers(at), 2 * outputs + 4 * account.N  # one more key or one wider: not even all of that is left
    assert state - room <= spent <= state


@pytest.mark.parametrize("name", [*MINE, "two_regimes", "two_equal", "two_rules", "two_rules_averaged", "label_buffer"])
def test_numbers_count_what_is_carried(name):
    at = setting(name)
    carried = sum(leaf.size for leaf in jax.tree.leaves(learner(name).begin(at)))
    uncounted = {"self_rehearsal_seeded": T * D * N, "two_rules_averaged": -1}.get(name, 0)
    assert learner(name).numbers(at) == carried - uncounted


def test_every_file_binds_its_systems():
    for module in (replay, self_rehearsal, lora, sparse_slots, two_regimes, label_buffer):
        assert module.LEARNERS
        for system in module.SYSTEMS:
            for preset in ("quick", "paper"):
                assert all(system.ceiling({**system.defaults, **point}) > 1 for point in system.points[preset])
            assert replace(system).claim in ("replay", "self_rehearsal", "lora", "sparse_memory", "C2")
