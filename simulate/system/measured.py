"""The measurement of a plan. A failure that its sizes cause is one line that says so."""

import contextlib
import io
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from simulate.backend import jax
from simulate.system.plan import Plan
from simulate.system.system import Measure
from theory.errors import UserError

Result = TypeVar("Result")


def depths(plan: Plan) -> Measure:
    """The measurement of a plan: from 1 <= T <= T_max to the depth of the worst-kept task [seeds], all of them finite.

    Call it, and what it returns, inside `simulate.backend.exact`. Raises UserError where a depth is not finite or
    memory runs out.
    """
    name = plan.system.name
    measure = _guarded(name, lambda: plan.system.measure(plan.p, plan.T_max))

    def at(T: int) -> np.ndarray:
        depth = _guarded(name, lambda: np.asarray(measure(T), dtype=float))
        if not np.isfinite(depth).all():
            raise UserError(f"{name}: the depth at T={T} is not a finite number at these sizes; change them")
        return depth

    return at


def _guarded(name: str, work: Callable[[], Result]) -> Result:
    try:
        # JAX prints a line of its own before it raises for a NaN; NumPy warns of what is looked at below
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            return work()
    except UserError:
        raise
    except FloatingPointError as error:  # the check for NaN of `exact`
        raise UserError(f"{name}: the result is not a finite number at these sizes ({error}); change them") from None
    except (ArithmeticError, ValueError) as error:  # sizes that the system's own arithmetic cannot take
        raise UserError(f"{name}: it cannot be measured at these sizes ({' '.join(str(error).split())}); change them") from error
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            raise UserError(f"{name}: these sizes do not fit in memory; lower N, D, T or seeds") from None
        raise
