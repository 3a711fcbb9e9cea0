"""A law as a function: the expression itself, compiled to NumPy, or to JAX for those who want its gradient."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.numpy import SciPyPrinter

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
    if library == "jax":
        return sp.lambdify(symbols, expression, modules=[_jax_functions(), "jax"])
    # with a printer of its own, `lambdify` imports the functions that the law needs, not all of NumPy and SciPy
    names = {name: name for name in _OWN_FUNCTIONS}
    settings = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True, "user_functions": names}
    return sp.lambdify(symbols, expression, modules=[_OWN_FUNCTIONS], printer=SciPyPrinter(settings))


def precise(law: Any) -> Any:
    """The same law with its digits kept where y is small: powers of 1 - y as functions of y.

    1 - (1 - y)^p cancels there: it becomes -expm1(p log1p(-y)), and (1 - y)^p becomes exp(p log1p(-y)). The functions are
    SciPy's (xlog1py is 0 at p = 0, y = 1).
    """

    def logarithm(power: Any) -> Any:
        base, exponent = power.as_base_exp()
        if base.is_Pow:
            base, exponent = base.base, base.exp * exponent
        if exponent.is_Integer or not (base.is_Add and sp.S.One in base.args):
            return None
        return sp.Function("xlog1py")(precise(exponent), -precise(1 - base))

    if law.is_Add and len(law.args) == 2 and sp.S.One in law.args and (logs := logarithm(1 - law)) is not None:
        return -sp.Function("expm1")(logs)
    if law.is_Pow and (logs := logarithm(law)) is not None:
        return sp.exp(logs)
    return law.func(*map(precise, law.args)) if law.args else law


def is_jax(value: Any) -> bool:
    """Whether the value is a JAX array, or stands for one while JAX traces."""
    return type(value).__module__.partition(".")[0] in ("jax", "jaxlib")


def _special(name: str) -> Callable[..., Any]:
    """The function of that name in SciPy, which is imported when it is called."""
    return lambda *arguments: getattr(importlib.import_module("scipy.special"), name)(*arguments)


_OWN_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "LambertW": lambda argument: np.real(_special("lambertw")(argument)),  # the principal real branch, for arguments >= 0
    "xlog1py": _special("xlog1py"),
    "expm1": np.expm1,
}
"""What SymPy's printer for SciPy lacks."""


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
        """Branches of a Piecewise, whose last condition is True: the default, which never applies, cannot become a NaN."""
        chosen = values[-1]
        for condition, value in zip(reversed(conditions[:-1]), reversed(values[:-1]), strict=True):
            chosen = jnp.where(condition, value, chosen)
        return chosen

    gammas = {"loggamma": special.gammaln, "digamma": special.digamma, "polygamma": special.polygamma}
    digits = {"xlog1py": special.xlog1py, "expm1": jnp.expm1}
    return {"LambertW": lambert_w, "select": select, **digits, "erf": special.erf, "erfc": special.erfc, **gammas}
