"""Generalised degrees of freedom of any learner (claim C1-any): d(answer)/d(target) of every fact, by perturbing targets.

Let f(y) be the answers to the keys of all tasks, read from the state that a stream with targets y [T, D, outputs] left behind.
The depth of a fact is the mean over outputs of df/dy for itself, and the sum over facts is the total depth. For a learner that is
linear in its targets it is the trace of the smoother matrix of an output.

`exact_depths` writes one stream with identity targets: one run, no noise, for learners that are linear and treat outputs alike.
`probed_depths` is Hutchinson's estimate of a diagonal: E v (df/dy v) = diag df/dy for random signs v, with df/dy v by forward
differentiation, for any differentiable learner. Its variance is the power of the crosstalk of the fact over outputs x probes.
`difference_depths` is the same with a central difference, for learners that automatic differentiation cannot follow.
`jacobian_depths` is the diagonal itself, one forward derivative a target: for few facts. Jumps are not seen by any of these.
"""

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting, answers, written


def depths(
    learner: Learner,
    setting: Setting,
    keys: Float[Array, "T D N"],
    targets: Float[Array, "T D outputs"],
    T: Scalar,
    key: jax.Array,
    probes: int = 1,
) -> Float[Array, "T D"]:
    """Depth of every fact after the first T tasks, fraction of its target: exact for linear learners, by probes for others.

    T may be traced; facts of later tasks have depth 0. probes is static.
    """
    if learner.linear:
        return exact_depths(learner, setting, keys, T)
    return probed_depths(learner, setting, keys, targets, T, key, probes)


def exact_depths(learner: Learner, setting: Setting, keys: Float[Array, "T D N"], T: Scalar) -> Float[Array, "T D"]:
    """Depth of every fact after the first T tasks: an output of its own for each fact, whose target alone is 1."""
    tasks, D, _ = keys.shape
    alone = jnp.eye(tasks * D).reshape(tasks, D, tasks * D)
    wide = Setting(setting.N, tasks * D, D, setting.T, setting.sizes, setting.hyperparameters)
    read = answers(learner, wide, written(learner, wide, keys, alone, T), keys)
    return _written_only(jnp.diagonal(read.reshape(tasks * D, tasks * D)).reshape(tasks, D), T)


def probed_depths(
    learner: Learner,
    setting: Setting,
    keys: Float[Array, "T D N"],
    targets: Float[Array, "T D outputs"],
    T: Scalar,
    key: jax.Array,
    probes: int = 1,
) -> Float[Array, "T D"]:
    """Unbiased estimate of the depth of every fact at these targets, by forward derivatives along random signs."""

    def probe(one: jax.Array) -> Array:
        signs = jax.random.rademacher(one, targets.shape, targets.dtype)
        moved = jax.jvp(lambda y: _answered(learner, setting, keys, y, T), (targets,), (signs,))[1]
        return jnp.mean(signs * moved, axis=-1)

    return _written_only(jnp.mean(jax.lax.map(probe, jax.random.split(key, probes)), axis=0), T)


def difference_depths(
    learner: Learner,
    setting: Setting,
    keys: Float[Array, "T D N"],
    targets: Float[Array, "T D outputs"],
    T: Scalar,
    key: jax.Array,
    probes: int = 1,
    step: Scalar = 1e-4,
) -> Float[Array, "T D"]:
    """The estimate of `probed_depths` by central differences of that step: error of order step^2, blind to smaller jumps."""

    def probe(one: jax.Array) -> Array:
        signs = jax.random.rademacher(one, targets.shape, targets.dtype)
        ahead, behind = (_answered(learner, setting, keys, targets + way * step * signs, T) for way in (1, -1))
        return jnp.mean(signs * (ahead - behind), axis=-1) / (2 * step)

    return _written_only(jnp.mean(jax.lax.map(probe, jax.random.split(key, probes)), axis=0), T)


def jacobian_depths(
    learner: Learner, setting: Setting, keys: Float[Array, "T D N"], targets: Float[Array, "T D outputs"], T: Scalar
) -> Float[Array, "T D"]:
    """Depth of every fact at these targets from the whole Jacobian, (T D outputs)^2 numbers."""
    jacobian = jax.jacfwd(lambda y: _answered(learner, setting, keys, y.reshape(targets.shape), T).ravel())(targets.ravel())
    return _written_only(jnp.mean(jnp.diagonal(jacobian).reshape(targets.shape), axis=-1), T)


def worst_kept(depth: Float[Array, "seeds tasks"], T: Scalar) -> Float[Array, " seeds"]:
    """Depth, at every seed, of that one of the first T tasks which the other seeds together keep worst.

    The smallest of many noisy depths lies below the smallest of their means; a task chosen by other seeds does not. With one
    seed there is no other: the smallest depth itself.
    """
    others = jnp.sum(depth, axis=0) - depth if len(depth) > 1 else depth
    task = jnp.argmin(jnp.where(jnp.arange(depth.shape[1]) < T, others, jnp.inf), axis=1)
    return jnp.take_along_axis(depth, task[:, None], axis=1)[:, 0]


def _answered(learner: Learner, setting: Setting, keys: Array, targets: Array, T: Scalar) -> Array:
    return answers(learner, setting, written(learner, setting, keys, targets, T), keys)


def _written_only(depth: Array, T: Scalar) -> Array:
    """Zero for tasks that were not written."""
    return jnp.where(jnp.arange(len(depth))[:, None] < T, depth, 0.0)
