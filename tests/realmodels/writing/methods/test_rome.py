"""ROME against a second implementation: the least change, measured on text, that gives a value at a key."""

import numpy as np
import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.editor import second_moment, with_ridge
from realmodels.writing.methods.values import Search, residuals, subject_keys
from realmodels.writing.stream import write_task


def weight_of(writer):
    """The matrix as [outputs, inputs]."""
    weight = writer.matrix.parameter(writer.model).detach().double()
    return (weight.T if writer.matrix.transposed else weight).clone().numpy()


def least(moment, key, residual):
    """argmin tr(dW C dW^T) with dW k = r, row by row, from the stationarity and the constraint as one linear system."""
    n = len(key)
    system = np.block([[2 * moment, -key[:, None]], [key[None], np.zeros((1, 1))]])
    return np.stack([np.linalg.solve(system, np.append(np.zeros(n), r))[:n] for r in residual])


@pytest.mark.parametrize("kind", ["dense", "gpt2", "llama"])
def test_a_fact_is_written_by_the_least_change_and_exactly(any_model, spelled_facts, background, kind):
    model, fact = any_model(kind), spelled_facts(1, 2)[torch.tensor([0])]
    writer = bind("rome", model, background)
    moment = with_ridge(second_moment(model, writer.matrix, background, "rome"), 1e-4).numpy()
    key = subject_keys(model, writer.matrix, fact)[0].double().numpy()
    wanted = residuals(model, writer.matrix, fact, 0.1, 4, Search(4.0, 0.5))[0].double().numpy()
    before = weight_of(writer)
    write_task(writer, fact, 0.1, 4)
    change = weight_of(writer) - before
    expected = least(moment, key, wanted)
    assert np.abs(change - expected).max() < 1e-4 * np.abs(expected).max()
    assert np.allclose(change @ key, wanted, atol=1e-4 * np.abs(wanted).max())
    assert np.linalg.matrix_rank(change, tol=1e-4 * np.linalg.norm(change)) == 1


def test_facts_of_a_task_are_written_one_after_another(any_model, spelled_facts, background):
    """The last fact is there exactly; earlier ones have lost what later keys share with theirs."""
    model, facts = any_model("gpt2"), spelled_facts(1, 3)
    writer = bind("rome", model, background)
    keys = subject_keys(model, writer.matrix, facts).double().numpy()
    lacking = residuals(model, writer.matrix, facts, 0.1, 4, Search()).double().numpy()
    moment = with_ridge(second_moment(model, writer.matrix, background, "rome"), 1e-4).numpy()
    weight = weight_of(writer)
    values = [weight @ key + r for key, r in zip(keys, lacking, strict=True)]
    for key, value in zip(keys, values, strict=True):
        weight = weight + least(moment, key, value - weight @ key)
    write_task(writer, facts, 0.1, 4)
    assert np.abs(weight_of(writer) - weight).max() < 1e-4 * np.abs(weight).max()
    missed = [np.linalg.norm(weight_of(writer) @ key - value) for key, value in zip(keys, values, strict=True)]
    assert missed[2] < 1e-4 < missed[0]


def test_state_is_the_second_moment(any_model, background):
    writer = bind("rome", any_model("gpt2"), background)
    assert (writer.state_numbers, writer.state_bits) == (48 * 49 // 2, 64 * 48 * 49 // 2)
    assert writer.state() == {}
