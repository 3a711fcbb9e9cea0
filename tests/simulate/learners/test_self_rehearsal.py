"""Self-rehearsal of every answer is joint least squares, and has its ceiling."""

import numpy as np
import pytest

from tests.simulate.learners.streams import N, depths, keys_of
from theory.ledger import claim


@pytest.mark.parametrize("name", ["self_rehearsal", "self_rehearsal_seeded"])
@pytest.mark.parametrize("tasks", [3, 8])  # fewer and more facts than N
def test_rehearsing_every_answer_is_joint_least_squares(name, tasks):
    keys = keys_of(2, T=tasks)
    flat = np.asarray(keys).reshape(-1, N)
    np.testing.assert_allclose(depths(name, keys).ravel(), np.diag(flat @ np.linalg.pinv(flat)), atol=1e-6)


def test_self_rehearsal_shares_its_ceiling():
    total = depths("self_rehearsal", keys_of(3)).sum()
    assert total == pytest.approx(claim("self_rehearsal").value("ceiling", N=N).value, abs=1e-6)
