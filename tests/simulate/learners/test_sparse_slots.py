"""Sparse slots: random ones follow their law, chosen ones fill up; addresses are frozen and independent."""

import numpy as np

from simulate.address import chosen, code, support
from simulate.backend import jax, jnp
from simulate.codes import draw_active
from tests.simulate.learners.streams import D, N, T, depths, depths_of_seeds, keys_of
from tests.standard_errors import within_standard_errors
from theory.ledger import claim


def test_random_slots_follow_their_law():
    slots = 3
    law = claim("sparse_memory").value("retained_depth", a=slots / N, age=np.arange(T * D)[::-1]).value
    assert within_standard_errors(depths_of_seeds("sparse_memory", slots=slots, seeds=200), law)


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
