"""The one place where JAX is set up: import `jax` and `jnp` from here, never directly. `Scalar` is a number or a 0-d array.

Float64 throughout: the identities are tested to 1e-10. One thread a process: sweeps are parallel over cells, and a result
must not depend on how many threads summed it. A NaN in what a compiled function returns stops the run and names its cause.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("NPROC", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # LAPACK, under jnp.linalg, is SciPy's

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_debug_nans", True)

Scalar = int | float | jax.Array

__all__ = ["Scalar", "jax", "jnp"]
