"""Claims as functions: the same law on floats, NumPy arrays and JAX arrays; gradients against the symbolic derivative."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp

from simulate.backend import use
from theory.errors import UserError
from theory.ledger import claim, ledger
from theory.proof.compiled import compiled
from theory.proof.notation import TERMS

use()  # 64-bit JAX, as everywhere

LAWS = [(id, quantity) for id, entry in ledger().items() for quantity in entry.quantities if quantity.parameters]


@pytest.mark.parametrize(("id", "quantity"), LAWS, ids=[f"{id}-{quantity.name}" for id, quantity in LAWS])
def test_jax_gives_what_numpy_gives(id, quantity, inside):
    values = inside(quantity)
    expected = getattr(claim(id), quantity.name)(**values)
    assert isinstance(expected, float)
    found = getattr(claim(id), quantity.name)(**{name: jnp.asarray(value) for name, value in values.items()})
    assert isinstance(found, jax.Array)
    assert float(found) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("id", "quantity"), LAWS, ids=[f"{id}-{quantity.name}" for id, quantity in LAWS])
def test_jax_differentiates_what_sympy_differentiates(id, quantity, inside):
    values = inside(quantity)
    if quantity.solve is not None:
        with pytest.raises(UserError, match="numerical solution, which JAX cannot trace"):
            jax.jit(lambda given: getattr(claim(id), quantity.name)(**given))({k: jnp.asarray(v) for k, v in values.items()})
        return
    law, name = claim(id).derivation.laws[quantity.name], quantity.parameters[0]
    if law.has(sp.Max, sp.Min, sp.ceiling, sp.floor):
        return
    slope = sp.diff(law, TERMS[name].symbol)
    point = {TERMS[key].symbol: sp.Float(value, 30) for key, value in values.items()}
    expected = float(sp.N(slope.subs(point)))
    function = jax.jit(jax.grad(lambda x: jnp.asarray(getattr(claim(id), quantity.name)(**{**values, name: x}), float)))
    assert float(function(values[name])) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_lambert_w_over_its_whole_range():
    W = compiled(sp.LambertW(TERMS["r"].symbol), ("r",), "jax")
    z = np.array([0.0, 1e-12, 1e-3, 0.5, 1.0, np.e, 30.0, 1e4, 1e9])
    np.testing.assert_allclose(W(jnp.asarray(z)), [float(mpmath.lambertw(x)) for x in z], rtol=1e-13, atol=1e-300)
    assert float(jax.grad(W)(jnp.asarray(2.0))) == pytest.approx(float(mpmath.diff(lambda x: mpmath.lambertw(x).real, 2)))


def test_arrays_broadcast_and_map():
    fixed = claim("C2")
    many = fixed.task_ceiling(N=jnp.array([[10.0], [20.0]]), T=jnp.array([1.0, 2.0, 4.0]))
    np.testing.assert_allclose(many, np.array([[10], [20]]) * np.array([1, 1 / 2, 27 / 64]))
    mapped = jax.vmap(lambda T: fixed.task_ceiling(N=10.0, T=T))(jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(mapped, [10, 5])
    solved = claim("S2").gardner_bits(f=jnp.array([0.5, 0.1]))
    assert isinstance(solved, jax.Array)
    np.testing.assert_allclose(solved, claim("S2").gardner_bits(f=np.array([0.5, 0.1])))


def test_outside_the_domain_jax_arrays_are_refused_too():
    with pytest.raises(UserError, match="a = 0 violates"):
        claim("I2").mean_square_overlap(N=10, a=jnp.asarray(0.0), c=1)
    with pytest.raises(UserError, match="missing parameter 'c'"):
        claim("I2").mean_square_overlap(N=10, a=jnp.asarray(0.5))
    # what is only traced has no value yet: the law is evaluated as it is
    assert float(jax.jit(lambda a: claim("I2").mean_square_overlap(N=10, a=a, c=1))(0.0)) == pytest.approx(0.1)


def test_a_law_with_an_unknown_symbol_is_not_compiled():
    with pytest.raises(ValueError, match="free symbols"):
        compiled(TERMS["N"].symbol + sp.Symbol("x"), ("N",))
