"""One thread a process: sweeps run many processes side by side, and a sum must not depend on how many threads made it."""

import os

SETTINGS = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "NPROC": "1",  # threads of XLA's own pool
    "OPENBLAS_NUM_THREADS": "1",  # LAPACK under jnp.linalg is SciPy's
}


def one_thread() -> None:
    """Ask NumPy, SciPy and JAX for one thread in this process; what the environment says already stays as it is.

    OpenBLAS reads its setting when NumPy or SciPy is imported, XLA at JAX's first computation: call this before. Only processes
    of our own call it (`cwb`, its workers, the tests); a user's session keeps its threads.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
