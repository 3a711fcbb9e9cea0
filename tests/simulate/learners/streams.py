"""Short streams of isotropic facts, written by one learner: what the tests of the learners share."""

import numpy as np

from simulate.backend import jax
from simulate.codes import draw_active
from simulate.system.freedom import exact_depths
from simulate.system.learner import Setting
from simulate.system.learner_systems import catalogue

N, D, T, SEEDS = 16, 3, 8, 60


def learner(name):
    return catalogue()[name][0]


def setting(name, N=N, outputs=4, D=D, T=T, **given):
    known = learner(name)
    sizes = {**known.sizes, **{size: value for size, value in given.items() if size in known.sizes}}
    hyperparameters = {**known.hyperparameters, **{name: value for name, value in given.items() if name in known.hyperparameters}}
    return Setting(N, outputs, D, T, tuple(sizes.items()), hyperparameters)


def keys_of(seed, T=T, D=D, N=N):
    return draw_active(jax.random.key(seed), T * D, N, N, "gaussian").reshape(T, D, N)


def depths(name, keys, **given):
    """Exact depths [T, D], oldest first."""
    T, D, N = keys.shape
    return np.asarray(exact_depths(learner(name), setting(name, N=N, D=D, T=T, **given), keys, T))


def depths_of_seeds(name, T=T, D=D, N=N, seeds=SEEDS, **given):
    """Exact depths [seeds, T D], oldest first."""
    at = setting(name, N=N, D=D, T=T, **given)
    many = jax.jit(
        jax.vmap(lambda key: exact_depths(learner(name), at, draw_active(key, T * D, N, N, "gaussian").reshape(T, D, N), T))
    )
    return np.asarray(many(jax.random.split(jax.random.key(1), seeds))).reshape(seeds, T * D)
