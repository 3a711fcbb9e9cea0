"""MEMIT against least squares by numpy."""

import numpy as np
import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.editor import second_moment, with_ridge

RNG = np.random.default_rng(0)


def stacked(prior, keys, residuals):
    """argmin tr(dW A dW^T) + |dW K - R|^2 as one least-squares problem: [A^(1/2); K^T] dW^T = [0; R^T]."""
    root = np.linalg.cholesky(prior).T
    rows, wanted = np.vstack([root, keys.T]), np.vstack([np.zeros((len(root), len(residuals))), residuals.T])
    return np.linalg.lstsq(rows, wanted, rcond=None)[0].T


@pytest.mark.parametrize(("kind", "facts"), [("dense", 5), ("gpt2", 5), ("llama", 80)])
def test_the_change_minimises_what_text_and_facts_lose(any_model, background, kind, facts):
    model = any_model(kind)
    writer = bind("memit", model, background, weight=0.3, ridge=1e-2)
    inputs, outputs = writer.matrix.inputs, writer.matrix.outputs
    keys, wanted = RNG.standard_normal((inputs, facts)), RNG.standard_normal((outputs, facts))
    prior = 0.3 * inputs * with_ridge(second_moment(model, writer.matrix, background, "memit"), 1e-2).numpy()
    expected = stacked(prior, keys, wanted)
    for _ in range(2):  # additive: the second task is written as if there had been no first
        change = writer.change(torch.from_numpy(keys), torch.from_numpy(wanted)).numpy()
        assert np.abs(change - expected).max() < 1e-8 * np.abs(expected).max()


def test_without_a_weight_on_text_it_is_least_squares(any_model, background):
    model = any_model("gpt2")
    writer = bind("memit", model, background, weight=1e-8, ridge=1e-2)
    few, many = (RNG.standard_normal((48, facts)) for facts in (6, 200))
    wanted = RNG.standard_normal((32, 6))
    assert np.abs(writer.change(torch.from_numpy(few), torch.from_numpy(wanted)).numpy() @ few - wanted).max() < 1e-5
    wanted = RNG.standard_normal((32, 200))
    change = writer.change(torch.from_numpy(many), torch.from_numpy(wanted)).numpy()
    assert np.abs(change - np.linalg.lstsq(many.T, wanted.T, rcond=None)[0].T).max() < 1e-5


def test_a_key_as_usual_as_those_of_text_gets_the_stated_share(any_model, background):
    """Mean over the text's own keys of q / (1 + q), q = k^T C^-1 k / (weight * inputs): q has the mean 1 / weight."""
    model = any_model("gpt2")
    for weight, share in ((0.01, 1 / 1.01), (1.0, 1 / 2), (100.0, 1 / 101)):
        writer = bind("memit", model, background, weight=weight, ridge=1e-9)
        moment = second_moment(model, writer.matrix, background, "memit")
        keys = torch.linalg.cholesky(moment) * 48**0.5  # 48 keys with the text's second moment, q = 1 / weight
        got = [float(writer.change(key[:, None], torch.ones(1, 1).double()) @ key) for key in keys.T]
        assert np.allclose(got, share, rtol=1e-3)


def test_state_is_the_second_moment(any_model, background):
    writer = bind("memit", any_model("gpt2"), background)
    assert (writer.state_numbers, writer.state_bits) == (48 * 49 // 2, 64 * 48 * 49 // 2)
    assert writer.state() == {}
