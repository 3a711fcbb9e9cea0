"""A law as a function: the expression itself, compiled to NumPy, or to JAX for those who want its gradient."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from theory.proof.notation import TERMS

HALLEY_STEPS = 8
"""From log(1 + z), Halley's iteration for W(z), z >= 0, has converged to double precision after five."""


def compiled(expression: sp.Expr, parameters: Sequence[str], library: str = "numpy") -> Callable[..., Any]:
    """A function of the named parameters, in that order, for arrays of that library ("numpy" or "jax").

    Raises ValueError if the expression has a free symbol beyond the parameters.
    """
    symbols = [TERMS[name].symbol for name in parameters]
    stray = expression.free_symbols - set(symbols)
    if stray:
        raise ValueError(f"the law has free symbols {stray} beyond its parameters {parameters}")
    modules = [{"LambertW": _lambert_w}, "scipy", "numpy"] if library == "numpy" else [_jax_functions(), "jax"]
    return sp.lambdify(symbols, expression, modules=modules)


def is_jax(value: Any) -> bool:
    """Whether the value is a JAX array, or stands for one while JAX traces."""
    return type(value).__module__.partition(".")[0] in ("jax", "jaxlib")


def _lambert_w(argument: Any) -> Any:
    """Principal real branch of Lambert's W, for arguments >= 0."""
    from scipy.special import lambertw

    return np.real(lambertw(argument))


def _jax_functions() -> dict[str, Callable[..., Any]]:
    """What SymPy's JAX printer lacks. JAX is imported by name: nobody needs it who does not bring JAX arrays."""
    jnp, special = importlib.import_module("jax.numpy"), importlib.import_module("jax.scipy.special")

    def lambert_w(z: Any) -> Any:
        w = jnp.log1p(z)
        for _ in range(HALLEY_STEPS):
            error = w * jnp.exp(w) - z
            w = w - error / (jnp.exp(w) * (w + 1) - (w + 2) * error / (2 * w + 2))
        return w

    def select(conditions: Any, values: Any, default: Any) -> Any:
        """Branches of a Piecewise, whose last condition is True: no NaN is made for a default that is never taken."""
        chosen = values[-1]
        for condition, value in zip(reversed(conditions[:-1]), reversed(values[:-1]), strict=True):
            chosen = jnp.where(condition, value, chosen)
        return chosen

    gammas = {"loggamma": special.gammaln, "digamma": special.digamma, "polygamma": special.polygamma}
    return {"LambertW": lambert_w, "select": select, "erf": special.erf, "erfc": special.erfc, **gammas}
