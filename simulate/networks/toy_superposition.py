"""Toy model of superposition (Elhage et al. 2022): ReLU(W^T W x + b), features of an input squeezed through fewer dimensions.

A feature is 0, or with probability `density` uniform in [0, 1]. The loss is the squared error of every output, weighted by the
feature's importance. Trained by Adam on fresh samples, with a rate that falls to 0 linearly. What it holds is counted by the
capacities of the columns of W (theory.superposition, U1), which add up to `dims` at most, whatever it was trained on.

A task activates its own features and leaves all others at 0. A feature joins the model with the first task that shows it; from
then on the loss counts its output, so that a task that is written later must keep the outputs of older features silent.
`sequence` trains one model on task after task.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float

from simulate import adam
from simulate.backend import Scalar, jax, jnp
from simulate.grid import seed_keys
from simulate.system.system import Measure, System
from theory.superposition import capacities

RATE = 0.03
GOLDEN = (5**0.5 - 1) / 2
FAINT = 0.01
"""Weights of a sequence begin so much smaller: a feature that no task has shown yet must not take up room."""


class Model(NamedTuple):
    """Embedding W [dims, features] and bias b [features]."""

    W: Float[Array, "*batch dims features"]
    b: Float[Array, "*batch features"]


def fresh(key: jax.Array, dims: int, features: int, scale: float = 1.0) -> Model:
    """Normal weights of variance 2/(dims + features) (Glorot and Bengio 2010), times `scale`; bias 0."""
    return Model(scale * jnp.sqrt(2 / (dims + features)) * jax.random.normal(key, (dims, features)), jnp.zeros(features))


def errors(model: Model, x: Float[Array, "samples features"], importance: Scalar) -> Float[Array, " samples"]:
    """Weighted squared error of each input; importance: of each feature [features], or one number for all."""
    output = jax.nn.relu(x @ model.W.T @ model.W + model.b)
    return jnp.sum(importance * (x - output) ** 2, axis=1)


def inputs(
    key: jax.Array, samples: int, density: Scalar, active: Bool[Array, "*samples features"]
) -> Float[Array, "{samples} features"]:
    """Sparse inputs; features that are not `active` (of all samples, or of each) stay 0."""
    draw = jax.random.uniform(key, (samples, active.shape[-1]))
    return jnp.where(active & (draw < density), draw / density, 0.0)


def trained(key: jax.Array, model: Model, draw: Any, loss: Any, steps: int, rate: float = RATE) -> Model:
    """Model after `steps` of Adam on loss(model, draw(key)), the rate falling to 0; draw gives a batch."""

    def step(state: Any, turn: tuple[Array, Array]) -> tuple[Any, None]:
        model, moments = state
        batch_key, i = turn
        slope = jax.grad(loss)(model, draw(batch_key))
        return adam.step(model, slope, moments, rate * (1 - i / steps)), None

    turns = (jax.random.split(key, steps), jnp.arange(steps))
    return jax.lax.scan(step, (model, adam.start(model)), turns)[0][0]


@partial(jax.jit, static_argnums=(1, 2, 4, 5))
def uniform_models(keys: jax.Array, dims: int, features: int, density: Scalar, steps: int, samples: int) -> Model:
    """Models [seeds] of equally important features, one per key."""

    def one(key: jax.Array) -> Model:
        begin, train = jax.random.split(key)
        everything = jnp.ones(features, dtype=bool)
        return trained(
            train,
            fresh(begin, dims, features),
            lambda key: inputs(key, samples, density, everything),
            lambda model, x: jnp.mean(errors(model, x, 1.0)),
            steps,
        )

    return jax.lax.map(one, keys)


@partial(jax.jit, static_argnums=(1, 4, 5))
def pairs(
    keys: jax.Array, starts: int, density: Float[Array, " points"], importance: Float[Array, " points"], steps: int, samples: int
) -> Model:
    """Models [seeds, points, starts] of two features in one dimension, for points (density, importance of the second feature).

    The chances of the four patterns (both on, one on, none) weight the error exactly. The values are a shifted lattice of
    `samples` points, a new shift at each step, so that the gradient is unbiased and hardly noisy at any density.
    """
    lattice = jnp.arange(samples)[:, None] * jnp.array([1 / samples, GOLDEN])
    on = jnp.array([[True, True], [True, False], [False, True], [False, False]])

    def batch(key: jax.Array) -> Array:
        values = (lattice + jax.random.uniform(key, (2,))) % 1
        return jnp.where(on[:, None], values, 0.0).reshape(-1, 2)

    def loss(model: Model, x: Array, density: Array, importance: Array) -> Array:
        chance = jnp.prod(jnp.where(on, density, 1 - density), axis=1)
        squared = errors(model, x, jnp.stack([jnp.ones(()), importance])).reshape(4, samples)
        return jnp.sum(chance * jnp.mean(squared, axis=1))

    def one(begin: jax.Array, train: jax.Array, density: Array, importance: Array) -> Model:
        draw, cost = batch, lambda model, x: loss(model, x, density, importance)
        return trained(train, fresh(begin, 1, 2), draw, cost, steps)

    def seed(key: jax.Array) -> Model:
        begin, train = jax.random.split(key)
        begins = jax.random.split(begin, (len(density), starts))
        over_starts = jax.vmap(one, (0, None, None, None))
        return jax.vmap(over_starts, (0, None, 0, 0))(begins, train, density, importance)

    return jax.vmap(seed)(keys)


@partial(jax.jit, static_argnums=(1, 3, 4))
def sequence(
    keys: jax.Array, dims: int, tasks: Bool[Array, "T features"], steps: int, samples: int, density: Scalar, interleaved: Scalar
) -> Model:
    """Models [seeds, T] after each task of a sequence, `steps` a task; tasks: the features that each activates.

    interleaved: true if every stage draws its inputs from all tasks so far, in equal parts, instead of the newest alone.
    """
    features = tasks.shape[1]
    met = (jnp.cumsum(tasks, axis=0) > 0).astype(float)

    def one(key: jax.Array) -> Model:
        begin, train = jax.random.split(key)

        def stage(model: Model, turn: tuple[Array, Array]) -> tuple[Model, Model]:
            stage_key, t = turn

            def draw(key: jax.Array) -> Array:
                choice, values = jax.random.split(key)
                older = jax.random.randint(choice, (samples,), 0, t + 1)
                return inputs(values, samples, density, tasks[jnp.where(interleaved, older, t)])

            model = trained(stage_key, model, draw, lambda model, x: jnp.mean(errors(model, x, met[t])), steps)
            return model, model

        turns = (jax.random.split(train, len(tasks)), jnp.arange(len(tasks)))
        return jax.lax.scan(stage, fresh(begin, dims, features, FAINT), turns)[1]

    return jax.lax.map(one, keys)


def task_features(T: int, D: int, stride: int) -> np.ndarray:
    """Features of each task [T, T*D]: D in a row, those of the next task `stride` further on (D: disjoint; less: the last few of
    the T*D are no task's).
    """  # fmt: skip
    place = np.arange(T * D)
    first = stride * np.arange(T)[:, None]
    return (place >= first) & (place < first + D)


def task_capacities(W: Float[np.ndarray, "dims features"], tasks: Bool[np.ndarray, "T features"]) -> Float[np.ndarray, " T"]:
    """Mean capacity of the features of each task, in dimensions."""
    return tasks @ capacities(W) / tasks.sum(axis=1)


STEPS, SAMPLES, DENSITY = 150, 32, 0.1


def _measure(p: Mapping[str, Any], T_max: int) -> Measure:
    """Mean capacity, per feature, of the task of which least is left after T tasks; one run serves every T."""
    tasks = task_features(T_max, p["D"], p["D"])
    squared = sequence(seed_keys(range(p["seeds"]), p["D"]), p["N"], jnp.array(tasks), STEPS, SAMPLES, DENSITY, False)
    W = np.asarray(squared.W)

    def depth(T: int) -> np.ndarray:
        return np.array([task_capacities(embedding[T - 1], tasks[:T]).min() for embedding in W])

    return depth


SYSTEMS = (
    System(
        name="toy_superposition",
        description="toy model of superposition, D features a task in N dimensions; depth: capacity per feature, worst task",
        claim="U1",
        unit="fraction",
        defaults={"N": 8, "D": int, "required": 0.25, "seeds": 8},
        ceiling=lambda p: p["N"] / (p["D"] * p["required"]),
        measure=_measure,
        points={
            "quick": [{"N": 4, "D": D} for D in (2, 4)],
            "paper": [{"N": 8, "D": D} for D in (2, 4, 8)],
        },
    ),
)
