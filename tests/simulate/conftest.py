"""JAX as the experiments use it; the shapes that memories and networks declare are checked at every call made by these tests."""

from jaxtyping import install_import_hook

from simulate.backend import use

use()
install_import_hook(["simulate.memories", "simulate.networks", "simulate.labels", "simulate.delta_blocks"], "beartype.beartype")
