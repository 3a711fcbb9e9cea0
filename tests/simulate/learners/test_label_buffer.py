"""A list of labels beside a store: whole while it lasts, and emptied by its sleeps."""

import numpy as np
import pytest

from tests.simulate.learners.streams import D, N, T, depths, keys_of
from theory.errors import UserError


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
