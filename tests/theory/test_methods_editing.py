"""Closed-form editing: the update formulas of ROME, of additive edits and of AlphaEdit, against their laws."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory import conservation
from theory.errors import UserError
from theory.methods import editing

EDITING = editing.CLAIM


def value(quantity=None, **parameters):
    return EDITING.value(quantity, **parameters).value


def second_moment(rng, size):
    mixing = rng.normal(size=(size, size))
    return mixing @ mixing.T / size + 0.05 * np.eye(size)


def test_rome_edits_in_whitened_keys():
    rng, size, count = np.random.default_rng(1), 6, 10
    moment = second_moment(rng, size)
    root = np.linalg.cholesky(moment)
    kept = [np.diag(editing.delta_responses(rng.normal(size=(count, size)) @ root.T, moment)) for _ in range(4000)]
    kept = np.array(kept)[:, ::-1]
    law = value("retained_depth", N=size, age=np.arange(float(count)))
    error = np.std(kept, axis=0) / np.sqrt(len(kept))
    assert np.all(np.abs(np.mean(kept, axis=0) - law) <= 5 * error + 1e-9)
    blind = [editing.delta_responses(rng.normal(size=(count, size)) @ root.T, np.eye(size))[0, 0] for _ in range(4000)]
    assert np.mean(blind) < law[-1] - 5 * np.std(blind) / np.sqrt(4000)  # an anisotropic spectrum, not whitened, forgets faster
    assert value("length", N=size, depth=law[-1]) == pytest.approx(count)


@given(st.integers(0, 10**6), st.integers(1, 15), st.integers(2, 6))
def test_rome_edits_obey_conservation(seed, count, size):
    rng = np.random.default_rng(seed)
    moment, drift = second_moment(rng, size), rng.uniform(0.05, 2)
    keys = rng.normal(size=size) + np.cumsum(drift * rng.normal(size=(count, size)), axis=0)
    writes = np.linalg.solve(moment, keys.T).T
    writes /= np.sum(writes * keys, axis=1, keepdims=True)
    kept = np.diag(editing.delta_responses(keys, moment))
    np.testing.assert_allclose(kept, conservation.depths(writes, 1.0, keys), atol=1e-6)
    assert kept.sum() == pytest.approx(conservation.total_depth(writes, 1.0, keys), abs=1e-6)
    target(kept.sum() / value("supremum", N=size), label="total depth over 2N - 1")
    assert kept.sum() < value("supremum", N=size)


def test_the_half_life_of_edits():
    assert value("length", N=1000, depth=0.5) / 1000 == pytest.approx(np.log(2), rel=2e-3)
    ages = np.arange(2000.0)
    assert np.sum(value("retained_depth", N=50, age=ages)) == pytest.approx(value(N=50))
    assert value("supremum", N=50) == 99


def test_additive_edits_never_decay_and_drown():
    rng, size, count = np.random.default_rng(2), 20, 31
    moment = second_moment(rng, size)
    root, ratios = np.linalg.cholesky(moment), []
    for _ in range(400):
        white = rng.normal(size=(count, size))
        white /= np.linalg.norm(white, axis=1, keepdims=True)
        response = editing.additive_responses(white @ root.T, moment)
        np.testing.assert_allclose(np.diag(response), 1, atol=1e-12)
        ratios.append(np.mean(np.sum(response**2, axis=1) - 1))
    law = value("additive_snr", N=size, M=count)
    assert abs(np.mean(ratios) - 1 / law) < 5 * np.std(ratios) / np.sqrt(len(ratios))
    assert value("additive_length", N=size, snr=law) == pytest.approx(count)


def test_an_additive_edit_by_its_increments():
    rng, size = np.random.default_rng(3), 4
    moment, keys = second_moment(rng, size), rng.normal(size=(6, size))
    increments, matrix = rng.normal(size=(6, 3)), np.zeros((3, size))
    for key, increment in zip(keys, increments, strict=True):
        moved = np.linalg.solve(moment, key)
        matrix += np.outer(increment, moved) / (key @ moved)
    np.testing.assert_allclose(keys @ matrix.T, editing.additive_responses(keys, moment) @ increments, atol=1e-10)


@pytest.mark.parametrize("count", [5, 9])
def test_null_space_edits_are_least_squares_beside_the_preserved(count):
    rng, size, rank = np.random.default_rng(4), 9, 3
    kept = []
    for _ in range(200):
        preserved, keys = rng.normal(size=(rank, size)), rng.normal(size=(count, size))
        response = editing.null_space_responses(keys, preserved, 1e-7)
        across = keys @ (np.eye(size) - np.linalg.pinv(preserved) @ preserved)
        np.testing.assert_allclose(response, across @ np.linalg.pinv(across, rcond=1e-9), atol=1e-3)
        kept.append(np.mean(np.diag(response)))
    law = value("null_space_depth", N=size, rank=rank, M=count)
    assert np.mean(kept) == pytest.approx(law, abs=1e-3)  # the ridge
    assert law == min(1, (size - rank) / count)
    assert value("null_space_ceiling", N=size, rank=rank) == 6
    assert value("null_space_length", N=size, rank=rank, depth=law) == pytest.approx(max(count, 6))


def test_null_space_edits_leave_the_preserved_keys():
    rng = np.random.default_rng(5)
    preserved, key = rng.normal(size=(3, 8)), rng.normal(size=(1, 8))
    stacked = np.vstack([key, preserved])
    across = np.eye(8) - np.linalg.pinv(preserved) @ preserved
    written = editing.null_space_responses(key, preserved, 1e-9)
    assert written[0, 0] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose((stacked @ across)[1:], 0, atol=1e-12)


def test_edits_of_a_measured_spectrum():
    rng, size, count = np.random.default_rng(6), 6, 15
    scales = np.array([2.0, 1.5, 1.0, 0.5, 0.2, 0.1])
    many = rng.normal(size=(200_000, size)) * scales
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    spectrum = np.mean(many**2, axis=0)
    spectrum /= spectrum.sum()
    runs = [editing.delta_responses(many[i * count : (i + 1) * count], np.eye(size)) for i in range(4000)]
    oldest = np.array([run[0, 0] for run in runs])
    depth = float(np.mean(oldest))
    error = 5 * np.std(oldest) / np.sqrt(len(oldest))
    assert editing.edits_until(spectrum, depth + error) < count < editing.edits_until(spectrum, depth - error)
    power = np.array(
        [np.sum(editing.additive_responses(many[i * count : (i + 1) * count], np.eye(size))[0] ** 2) for i in range(4000)]
    )
    crosstalk = np.mean(power) - 1
    spread = 5 * np.std(power) / np.sqrt(len(power))
    assert editing.additive_snr(spectrum, count) == pytest.approx(1 / crosstalk, rel=spread / crosstalk)
    assert editing.edits_until(np.full(4, 0.25), 0.3) == pytest.approx(value("length", N=4, depth=0.3))
    assert editing.additive_snr(np.full(4, 0.25), 9) == pytest.approx(0.5)


def test_what_editing_keeps():
    assert value("state", N=6, outputs=2) == 12 + 21
    assert value("null_space_state", N=6, outputs=2) == 12 + 42
    assert value("state_bits", b=16, N=6, outputs=2) == 16 * 33
    with pytest.raises(UserError, match="lower the rank"):
        value("null_space_ceiling", N=6, rank=6)
