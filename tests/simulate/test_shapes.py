"""The shape checks of conftest are on: a wrong shape is refused."""

import importlib

import pytest
from jaxtyping import TypeCheckError

from simulate.backend import jnp
from simulate.memories import delta_rule


@pytest.mark.parametrize("etas", [jnp.ones(4), jnp.ones((3, 1)), jnp.ones(3, dtype=int)])
def test_a_wrong_shape_or_dtype_is_refused(etas):
    checked = importlib.reload(delta_rule)  # through the hook, even if another test had imported it without
    assert checked.retained_depths(jnp.eye(3), jnp.ones(3)).shape == (3,)
    with pytest.raises(TypeCheckError):
        checked.retained_depths(jnp.eye(3), etas)
