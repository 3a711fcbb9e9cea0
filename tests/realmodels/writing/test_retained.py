"""Retained depth against claim C2 in closed form, and against matrices that are written."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from realmodels.writing.outputs import Facts, facts_from_ids
from realmodels.writing.retained import Matrix, bound, depth_of, depths
from tests.realmodels.writing.test_streamed import facts_of, model_of
from theory.errors import UserError
from theory.retention import retained_depth, task_ceiling


def gaussian(count: int, spectrum: np.ndarray, seed: int = 0) -> torch.Tensor:
    """Keys [count, n] whose second moment has these eigenvalues."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(len(spectrum), len(spectrum))))[0]
    return torch.from_numpy(rng.normal(size=(count, len(spectrum))) * np.sqrt(spectrum) @ turn)


def test_depth_is_0_at_chance_and_1_when_certain():
    assert depth_of(np.array([0.0, 4.0, -40.0]), 16) == pytest.approx([0, 1, -1 / 15])


def test_depth_is_what_exchanging_the_target_moves_in_the_mean():
    """A readout that is a random linear map of all one-hot targets: its diagonal is the depth, the rest crosstalk."""
    rng = np.random.default_rng(1)
    count, choices, draws = 6, 4, 40_000
    own, cross = rng.uniform(0.2, 0.6, count), rng.uniform(-0.1, 0.1, (count, count))
    labels = rng.integers(0, choices, (draws, count))
    onehot = np.eye(choices)[labels] - 1 / choices
    share = 1 / choices + own[:, None] * onehot + np.einsum("ij,djc->dic", cross - np.diag(np.diag(cross)), onehot)
    mine = np.take_along_axis(share, labels[..., None], 2)[..., 0]
    found = depth_of(np.log2(choices * mine), choices)
    error = found.std(0) / draws**0.5
    assert (np.abs(found.mean(0) - own) < 5 * error).all()


def test_single_facts_written_fully_fade_by_the_law_of_c2():
    keys = torch.nn.functional.normalize(gaussian(400, np.linspace(0.2, 2, 24)), dim=1)
    matrix = Matrix(keys, 1)
    spectrum = np.linalg.eigvalsh((keys.T @ keys / len(keys)).numpy())
    for age in (0, 1, 7, 60):
        assert matrix.depth(1e6, age) == pytest.approx(retained_depth(spectrum, 1.0, age), rel=1e-4)


@pytest.mark.parametrize("dose", [0.3, 3.0, 1e4])
def test_the_forecast_is_what_written_matrices_keep(dose):
    """Depth of the oldest task as the trace of d(readouts)/d(targets), mean over many streams of independent tasks."""
    n, D, T, streams = 12, 3, 9, 1500
    keys = gaussian(streams * T * D, np.linspace(0.3, 2, n), seed=2)
    matrix = Matrix(keys, D)
    q = dose / matrix.unit
    kept = []
    for stream in keys.view(streams, T, D, n).numpy():
        left = np.eye(n)
        projectors = []
        for task in stream:
            x, v = np.linalg.eigh(task @ task.T)
            projectors.append(task.T @ (v * (-np.expm1(-q * x) / x)) @ v.T @ task)
        for projector in projectors[1:]:
            left = (np.eye(n) - projector) @ left
        kept.append(np.trace(left @ projectors[0]) / D)
    assert abs(np.mean(kept) - matrix.depth(dose, T - 1)) < 4 * np.std(kept) / streams**0.5


@pytest.mark.parametrize(("rank", "D", "T"), [(7, 1, 3), (384, 8, 48), (30, 5, 2)])
def test_the_bound_is_the_ceiling_of_c2(rank, D, T):
    assert T * D * bound(rank, D, range(T - 1, T)) == pytest.approx(task_ceiling(rank, T), rel=1e-6)


def test_no_spectrum_is_allowed_more_than_the_bound():
    for decay in (0.0, 1.0, 3.0):
        matrix = Matrix(gaussian(240, (1 + np.arange(20)) ** -decay), 4)
        for ages in (range(0, 1), range(5, 9), range(40, 44)):
            assert matrix.most(ages) <= bound(matrix.rank, 4, ages) * (1 + 1e-9)


def test_the_dose_of_a_depth_writes_to_it():
    matrix = Matrix(gaussian(240, np.linspace(0.1, 2, 20)), 4)
    for depth in (0.1, 0.5, 0.95):
        assert matrix.depth(matrix.dose(depth), 0) == pytest.approx(depth, abs=1e-4)
    with pytest.raises(UserError, match="no dose"):
        matrix.dose(1.5)


def test_keys_without_a_direction_are_not_counted():
    keys = gaussian(100, np.array([1.0, 1.0, 1.0, 0.0, 0.0]))
    assert Matrix(keys, 2).rank == 3


def alike(prompts: int, seed: int) -> Facts:
    """Random prompts whose answers are drawn from the same five tokens."""
    rng = np.random.default_rng(seed)
    texts = [rng.integers(3, 400, length).tolist() for length in rng.integers(2, 7, prompts)]
    return facts_from_ids(texts, rng.integers(0, 5, prompts).tolist(), [0] * prompts, [10, 11, 12, 13, 14])


def test_an_answer_that_is_said_everywhere_is_no_depth():
    """Over all answers that a fact could have the mean depth is 0, whatever the model says; beside itself a bias is nothing."""
    model, one, other = model_of("gpt2"), alike(3, 0), alike(7, 1)
    for beside in (None, other):
        found = [depths(model, replace(one, target=torch.full((3,), answer)), beside) for answer in range(5)]
        assert np.mean(found, axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    same = one[torch.tensor([0, 0, 0])]
    assert depths(model, same, same) == pytest.approx(np.zeros(3), abs=1e-12)


def test_facts_are_asked_of_a_model_and_others_are_refused():
    model = model_of("gpt2")
    found = depths(model, alike(3, 0))
    assert found.shape == (3,)
    assert (found > -1).all()
    assert (found < 1).all()
    with pytest.raises(UserError, match="one token"):
        depths(model, facts_of([4], [2]))
    with pytest.raises(UserError, match="same answers"):
        depths(model, facts_of([4, 5, 3], [1, 1, 1]))
