"""Families of tasks: one formula against a loop, the moments that define each family, likeness of codes, bits."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.codes import magnitude_exponent
from simulate.tasks import TASKS, Stream, bits, correlated, stream
from tests.standard_errors import within_standard_errors
from theory.errors import UserError

N, O, T, D = 48, 3, 40, 5


@partial(jax.jit, static_argnames=("family", "code_family"))
def stream_of(key, family, code_family="signed", exponent=0.0, **given):
    return stream(key, family, N, O, T, D, code_family, 12, exponent, **given)


@pytest.mark.parametrize("family", TASKS)
@pytest.mark.parametrize("code_family", ["signed", "nonnegative", "mean_removed", "gaussian"])
def test_shapes_and_unit_codes(family, code_family):
    tasks = stream_of(jax.random.key(1), family, code_family, magnitude_exponent(0.75))
    assert isinstance(tasks, Stream)
    assert (tasks.codes.shape, tasks.targets.shape, tasks.shared.shape) == ((T, D, N), (T, D, O), (N, O))
    np.testing.assert_allclose(jnp.linalg.norm(tasks.codes, axis=-1), 1, rtol=1e-12)
    assert bool(jnp.any(tasks.shared)) == (family == "teacher")


def test_targets_are_teacher_plus_private_part_fact_by_fact():
    key = jax.random.key(2)
    noisy, clean, doubled = (jax.device_get(stream_of(key, "teacher", sigma=sigma)) for sigma in (0.5, 0.0, 1.0))
    for t in range(T):
        for fact in range(D):
            for output in range(O):
                told = sum(float(clean.codes[t, fact, cell]) * float(clean.shared[cell, output]) for cell in range(N))
                assert float(clean.targets[t, fact, output]) == pytest.approx(told, abs=1e-12)
    np.testing.assert_allclose(doubled.targets - clean.targets, 2 * (noisy.targets - clean.targets), atol=1e-12)
    random = stream_of(key, "random", sigma=0.5)
    np.testing.assert_allclose(random.targets, noisy.targets - clean.targets, atol=1e-12)


@pytest.mark.parametrize("family", TASKS)
@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_power_of_targets(family, sigma):
    keys = jax.random.split(jax.random.key(3), 40)
    targets = np.asarray(jax.vmap(lambda key: stream_of(key, family, sigma=sigma, rho=0.3).targets)(keys))
    per_stream = np.mean(targets**2, axis=(1, 2, 3))
    assert within_standard_errors(per_stream, (family != "random") + sigma**2, independent=len(per_stream), rounding=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.25, 1.0])
def test_similar_teachers_have_the_cosine_asked_for(rho):
    """A probe: facts of two tasks with the same code would have targets of covariance rho."""
    keys = jax.random.split(jax.random.key(4), 60)

    def teachers(key):
        tasks = stream(key, "similar", N, O, 2, N, "gaussian", N, 0.0, sigma=0.0, rho=rho)
        return jnp.linalg.solve(tasks.codes, tasks.targets), tasks.shared  # N facts of N cells: the teacher itself

    w, shared = jax.jit(jax.vmap(teachers))(keys)
    products = np.mean(np.asarray(w[:, 0] * w[:, 1]), axis=(1, 2))
    assert within_standard_errors(products, rho, independent=len(products), rounding=1e-12)
    assert within_standard_errors(np.mean(np.asarray(w) ** 2, axis=(1, 2, 3)), 1, independent=len(keys), rounding=1e-12)
    rest = np.mean(np.asarray((w[:, 0] - shared) * (w[:, 1] - shared)), axis=(1, 2))
    assert rho == 1 or within_standard_errors(rest, 0, independent=len(rest), rounding=1e-12)


def test_the_ends_of_rho_are_one_teacher_and_none_shared():
    key = jax.random.key(5)
    np.testing.assert_allclose(stream_of(key, "similar", rho=1.0).targets, stream_of(key, "teacher").targets, atol=1e-12)
    assert not jnp.any(stream_of(key, "similar", rho=0.0).shared)


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.8])
def test_codes_of_a_task_are_as_alike_as_asked(overlap):
    tasks = stream_of(jax.random.key(6), "random", overlap=overlap)
    kappa = np.einsum("tdn,ten->tde", tasks.codes, tasks.codes)[:, *np.triu_indices(D, 1)].mean(axis=1)
    assert abs(kappa.mean() - overlap) < 5 * kappa.std() / np.sqrt(T) + 1 / N  # normalising: of order 1/N
    across = np.einsum("dn,tdn->t", tasks.codes[0], tasks.codes[1:]) / D
    assert within_standard_errors(across, 0, independent=T - 1, rounding=1e-12)


def test_no_overlap_leaves_the_codes_as_drawn():
    codes = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 8)))
    codes = codes / jnp.linalg.norm(codes, axis=-1, keepdims=True)
    np.testing.assert_allclose(correlated(codes, codes[:, 0], 0.0), codes, atol=1e-15)


def test_bits_are_shared_by_all_tasks_or_by_none():
    R, own = 4, 6
    tasks = bits(jax.random.key(7), N, O, T, R, own, "signed", 12, 0.0)
    assert tasks.codes.shape == (T, R + own, N)
    assert set(np.unique(tasks.targets)) == {-1.0, 1.0}
    assert (tasks.codes[:, :R] == tasks.codes[0, :R]).all()
    assert (tasks.targets[:, :R] == tasks.targets[0, :R]).all()
    private = np.asarray(tasks.codes[:, R:]).reshape(T * own, N)
    assert len(np.unique(private, axis=0)) == T * own
    assert within_standard_errors(np.asarray(tasks.targets[:, R:]).mean(axis=2), 0, independent=T * own, rounding=1e-12)
    assert bits(jax.random.key(7), N, O, T, 0, own, "signed", 12, 0.0).codes.shape == (T, own, N)


def test_an_unknown_family_is_named():
    with pytest.raises(UserError, match="no such task family"):
        stream(jax.random.key(0), "chess", N, O, T, D, "signed", 4, 0.0)  # type: ignore[arg-type]
