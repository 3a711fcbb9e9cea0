"""The one place where JAX comes from: import `jax` and `jnp` from here. `Scalar` is a number or a 0-d array.

Importing this changes nothing in a user's session. Results are computed in float64 (identities are tested to 1e-10), and a NaN
in what a compiled function returns stops the run and names its cause. Both are asked for where a result is made:

* `exact()` around one computation, and what the user had set comes back afterwards: `simulate.frontier`, `simulate.curve`, and
  every cell of an experiment (`simulate.runs.sweep`) do that.
* `use()` for a whole process of our own: the tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import jax.numpy as jnp

Scalar = int | float | jax.Array


@contextmanager
def exact() -> Iterator[None]:
    """Float64 and checks for NaN inside the block, in this thread; the settings from before after it, even after an error."""
    with jax.enable_x64(True), jax.debug_nans(True):
        yield


def use() -> None:
    """Float64 and checks for NaN from now on in this process."""
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_debug_nans", True)


__all__ = ["Scalar", "exact", "jax", "jnp", "use"]
