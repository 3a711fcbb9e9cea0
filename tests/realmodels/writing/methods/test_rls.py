"""Recursive least squares against one ridge regression on all facts at once."""

import numpy as np
import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.editor import second_moment
from realmodels.writing.methods.values import subject_keys
from theory.errors import UserError

RNG = np.random.default_rng(0)


def batch(prior, keys, values, weight):
    """argmin |W K - V|^2 + tr((W - W_0) A (W - W_0)^T): one least-squares problem over W - W_0."""
    root = np.linalg.cholesky(prior).T
    rows = np.vstack([root, keys.T])
    wanted = np.vstack([np.zeros((len(root), len(values))), (values - weight @ keys).T])
    return weight + np.linalg.lstsq(rows, wanted, rcond=None)[0].T


@pytest.mark.parametrize(
    ("kind", "options"), [("dense", {"prior": 0.3}), ("gpt2", {"prior": 0.1, "weight": 0.02}), ("llama", {})]
)
def test_any_number_of_tasks_is_one_regression_on_all_of_them(any_model, background, kind, options):
    model = any_model(kind)
    writer = bind("rls", model, background, **options)
    inputs, outputs = writer.matrix.inputs, writer.matrix.outputs
    size = subject_keys(model, writer.matrix, background.prompts).double().square().sum(1).mean().item()
    prior = options.get("prior", 0.1) * size * np.eye(inputs)
    if "weight" in options:
        prior += 0.02 * inputs * second_moment(model, writer.matrix, background, "rls").numpy()
    start = RNG.standard_normal((outputs, inputs))
    weight, all_keys, all_values = start, np.zeros((inputs, 0)), np.zeros((outputs, 0))
    for facts in (3, 1, 40, 5):
        keys, values = RNG.standard_normal((inputs, facts)), RNG.standard_normal((outputs, facts))
        weight = weight + writer.change(torch.from_numpy(keys), torch.from_numpy(values - weight @ keys)).numpy()
        all_keys, all_values = np.hstack([all_keys, keys]), np.hstack([all_values, values])
        expected = batch(prior, all_keys, all_values, start)
        assert np.abs(weight - expected).max() < 1e-8 * np.abs(expected).max()


def test_earlier_facts_are_kept_where_rome_forgets_them(any_model, background):
    """Independent keys are all fitted, whatever they share; the delta rule leaves the earlier ones off."""
    model = any_model("gpt2")
    keys = torch.from_numpy(RNG.standard_normal((48, 10)) + 2.0)
    wanted = torch.from_numpy(RNG.standard_normal((32, 10)))
    missed = {}
    for name, options in (("rls", {"prior": 1e-6}), ("rome", {})):
        writer, weight = bind(name, model, background, **options), torch.zeros(32, 48, dtype=torch.float64)
        for key, value in zip(keys.T, wanted.T, strict=True):
            weight = weight + writer.change(key[:, None], (value - weight @ key)[:, None])
        missed[name] = float((weight @ keys - wanted).norm() / wanted.norm())
    assert missed["rls"] < 1e-3
    assert missed["rome"] > 0.1


def test_text_is_asked_for_only_if_it_has_a_weight(any_model, background):
    model = any_model("gpt2")
    bind("rls", model, background.prompts)
    with pytest.raises(UserError, match="method 'rls' protects what a text reads and was given none"):
        bind("rls", model, background.prompts, weight=1.0)


def test_state_is_the_inverse_and_its_size_is_told(any_model, background):
    writer = bind("rls", any_model("gpt2"), background)
    assert (writer.state_numbers, writer.state_bits) == (48 * 49 // 2, 64 * 48 * 49 // 2)
    (inverse,) = writer.state().values()
    assert inverse.shape == (48, 48)
    assert torch.equal(inverse, inverse.T)
