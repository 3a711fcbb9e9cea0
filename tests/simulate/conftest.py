"""JAX as the experiments use it; shapes and dtypes that the memories declare are checked at every call made by these tests."""

from jaxtyping import install_import_hook

from simulate.backend import use

use()
install_import_hook("simulate.memories", "beartype.beartype")
