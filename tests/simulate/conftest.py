"""Shapes and dtypes that the memories declare are checked at every call made by these tests."""

from jaxtyping import install_import_hook

install_import_hook("simulate.memories", "beartype.beartype")
