"""Depth of any learner: probes against the whole Jacobian and against traces in closed form, and a learner that is not linear."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.system.freedom import depths, difference_depths, exact_depths, jacobian_depths, probed_depths, worst_kept
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import catalogue, setting_of
from theory.freedom import freedom

N, D, T, OUTPUTS = 12, 2, 9, 5
KEY = jax.random.key(0)


def facts(seed=0, outputs=OUTPUTS, tasks=T, size=N):
    rng = np.random.default_rng(seed)
    keys = rng.standard_normal((tasks, D, size))
    return jnp.array(keys / np.linalg.norm(keys, axis=-1, keepdims=True)), jnp.array(rng.standard_normal((tasks, D, outputs)))


def setting(learner, outputs=OUTPUTS, tasks=T):
    return setting_of(learner, {"N": N, "D": D, "outputs": outputs, "share": 2}, tasks)


def trace(name, keys, eta):
    """Total depth in closed form: plain loops over the keys [M, N]."""
    if name == "plain":
        A = np.eye(N)
        for u in keys:
            A = (np.eye(N) - eta * np.outer(u, u)) @ A
        return N - np.trace(A)
    if name == "gpm":
        return np.linalg.matrix_rank(keys)
    mu = np.linalg.eigvalsh(keys.T @ keys)
    return np.sum(mu / (mu + 1e-6))


@pytest.mark.parametrize("name", ["plain", "ewc", "rls", "gpm"])
def test_total_depth_is_the_trace_of_the_smoother(name):
    learner, (keys, targets) = catalogue()[name][0], facts()
    one = setting(learner)

    @jax.jit
    def measured(tasks):
        probes = jax.vmap(lambda key: jnp.sum(probed_depths(learner, one, keys, targets, tasks, key)))
        exact, whole = exact_depths(learner, one, keys, tasks), jacobian_depths(learner, one, keys, targets, tasks)
        return exact, whole, probes(jax.random.split(KEY, 200))

    for tasks in (3, T):
        expected = trace(name, np.asarray(keys[:tasks]).reshape(-1, N), one.hyperparameters.get("eta"))
        exact, whole, totals = map(np.asarray, measured(tasks))
        assert exact.sum() == pytest.approx(expected, abs=1e-6)
        assert not exact[tasks:].any()
        np.testing.assert_allclose(whole, exact, atol=1e-8)
        if name != "gpm" or tasks * D < N:  # a full projection answers keys that it did not write at random, without bound
            assert abs(totals.mean() - expected) < 5 * totals.std() / np.sqrt(len(totals)) + 1e-6


@pytest.mark.parametrize(
    "name", [name for name, (learner, _) in catalogue().items() if learner.linear and not name.endswith("_seeded")]
)
def test_who_says_that_it_is_linear_is(name):
    """One stream with identity targets gives the depths that the whole Jacobian gives at random targets."""
    learner, (keys, targets) = catalogue()[name][0], facts(1, outputs=2, tasks=4)
    small = {"N": N, "D": D, "outputs": 2, "share": 2, "slots": 3, "B": 4, "rank": 1, "F": 6, "active": 2}
    one = setting_of(learner, small, 4)
    both = jax.jit(lambda T: (exact_depths(learner, one, keys, T), jacobian_depths(learner, one, keys, targets, T)))
    exact, whole = both(4)
    np.testing.assert_allclose(exact, whole, atol=1e-7)
    assert float(jnp.sum(exact)) > 0.5
    np.testing.assert_allclose(depths(learner, one, keys, targets, 4, KEY), exact, atol=1e-12)


def winner(keep=2):
    """A selector: of the answers to a task's targets only the `keep` largest are written, beside nothing."""

    def write(state, keys, targets, t, setting):
        size = jnp.abs(targets)
        chosen = size >= jnp.sort(size, axis=1)[:, -keep][:, None]
        return state.at[t].set(jnp.where(chosen, targets**3, 0.0))

    return Learner(
        "winner", "", "C1-any", "one pass", lambda s: jnp.zeros((s.T, s.D, s.outputs)), write,
        lambda state, keys, t, setting: state[t], lambda s: 0.0,
    )  # fmt: skip


def test_a_learner_that_selects_is_measured_at_its_targets():
    learner, (keys, targets) = winner(), facts(2)
    one = Setting(N, OUTPUTS, D, T)
    chosen = np.sort(np.abs(np.asarray(targets)), axis=2)[:, :, -2:]
    expected = (3 * chosen**2).sum(axis=2) / OUTPUTS
    whole, probed, moved = jax.jit(
        lambda y: (
            jacobian_depths(learner, one, keys, y, T),
            probed_depths(learner, one, keys, y, T, KEY),
            difference_depths(learner, one, keys, y, T, KEY),
        )
    )(targets)
    np.testing.assert_allclose(whole, expected, rtol=1e-9)
    # the Jacobian is diagonal: probes have no noise, differences an error of step^2
    np.testing.assert_allclose(probed, expected, rtol=1e-9)
    np.testing.assert_allclose(moved, expected, rtol=1e-6)


def test_truncated_adapters_keep_the_divergence_of_a_truncated_spectrum():
    """LoRA on more facts than its rank is not linear; its freedom is that of singular value truncation (Candes et al. 2013)."""
    learner = catalogue()["lora_joint"][0]
    assert not learner.linear
    m, n, r = 4, 6, 2
    rng = np.random.default_rng(3)
    keys = jnp.array(np.linalg.qr(rng.standard_normal((N, m)))[0].T)[None]  # orthonormal: answers are the truncated targets
    targets = jnp.array(rng.standard_normal((1, m, n)))
    one = Setting(N, n, m, 1, (("rank", r),))
    s = np.linalg.svd(np.asarray(targets[0]), compute_uv=False)
    law = r * abs(m - n) + r * r  # and 2 s_i^2/(s_i^2 - s_j^2) for kept i and dropped j, 1 each within the kept block
    law += sum(2 * s[i] ** 2 / (s[i] ** 2 - s[j] ** 2) for i in range(r) for j in range(r, m))
    found = n * float(jnp.sum(jax.jit(lambda y: jacobian_depths(learner, one, keys, y, 1))(targets)))
    assert found == pytest.approx(law, rel=1e-6)
    assert found > r * (m + n - r)  # selection: more than the parameters of a matrix of that rank
    answered = jax.jit(lambda y: learner.read(learner.write(learner.begin(one), keys[0], y, 0, one), keys[0], 0, one))
    black_box = freedom(lambda y: np.asarray(answered(jnp.array(y.reshape(m, n)))).ravel(), np.asarray(targets).ravel())
    assert black_box == pytest.approx(law, rel=1e-5)


def test_the_worst_task_is_chosen_by_the_other_seeds():
    rng = np.random.default_rng(4)
    noise = jnp.array(rng.standard_normal((400, 8, 30)))
    kept = np.asarray(jax.vmap(partial(worst_kept, T=20))(noise))
    assert abs(kept.mean()) < 5 * kept.mean(axis=1).std() / np.sqrt(400)  # all alike: no bias
    assert float(jnp.min(noise[:, :, :20], axis=2).mean()) < -1.5  # where the smallest would have a large one
    np.testing.assert_allclose(worst_kept(jnp.array([[3.0, 1.0, 2.0, 0.0]] * 3), 3), 1.0)
    np.testing.assert_allclose(worst_kept(jnp.array([[3.0, 1.0, 2.0, 0.0]]), 4), 0.0)
