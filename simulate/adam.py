"""Adam (Kingma and Ba 2015), for the networks that are trained here: moments of any pytree of parameters, bias corrected."""

from typing import Any

from simulate.backend import Scalar, jax, jnp

FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8


def start(model: Any) -> tuple[Any, Any, jax.Array]:
    """First and second moment, both 0 and shaped as `model`, and the number of steps made."""
    zeros = jax.tree.map(jnp.zeros_like, model)
    return zeros, zeros, jnp.zeros(())


def step(model: Any, slope: Any, state: tuple[Any, Any, jax.Array], rate: Scalar) -> tuple[Any, tuple[Any, Any, jax.Array]]:
    """The model after one step of size `rate` against `slope` (its gradient), and the new state."""
    mean, square, count = state
    count = count + 1
    mean = jax.tree.map(lambda m, g: FIRST * m + (1 - FIRST) * g, mean, slope)
    square = jax.tree.map(lambda v, g: SECOND * v + (1 - SECOND) * g * g, square, slope)
    first, second = 1 - FIRST**count, 1 - SECOND**count

    def moved(w: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return w - rate * (m / first) / (jnp.sqrt(v / second) + EPSILON)

    return jax.tree.map(moved, model, mean, square), (mean, square, count)
