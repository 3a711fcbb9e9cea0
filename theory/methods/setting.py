"""The setting in which all methods are compared: one linear layer, unit keys, and an account of every number that is kept.

`outputs` outputs read one key of width N, each with N parameters of its own; a fact is a unit key and one value per output.
The retained depth of a fact is d(readout)/d(target), the same for each output, and ceilings are counted in facts. What
depends on keys alone (bases, Hessians, masks) is shared by all outputs and counted once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.special import gammaln

from theory.proof.claim import Assumption, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import b

LINEAR = Assumption("one linear layer: each of `outputs` outputs reads a unit key of width N with N parameters of its own")
ISOTROPIC = Assumption("keys are independent and isotropic (any spectrum: put its effective dimension for N); depths are means")
IDENTITY = Assumption("the reader is told the task")


def account(proof: Derivation, text: str, numbers: Any) -> None:
    """Append the account of persistent state to a derivation: laws `state` (numbers) and `state_bits` (b bits each)."""
    proof.given(text, numbers, law="state")
    proof.equal("The state in bits, b for each number, is", b * numbers, sp.expand(b * numbers), law="state_bits")


def state_quantities(*parameters: str) -> tuple[Quantity, Quantity]:
    """The two quantities of `account`, in these parameters."""
    return (
        Quantity("state", "numbers kept: parameters and protective state", "numbers", parameters),
        Quantity("state_bits", "whole state in bits, b for each number", "bits", ("b", *parameters)),
    )


def log_falling(x: Any, c: Any) -> Any:
    """ln Gamma(x) - ln Gamma(x - c) for x > c >= 0, by Stirling's series where both are large, so that they do not cancel."""
    x, c = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(c, dtype=float))
    low = x - c
    high, safe = np.maximum(x, 1e3), np.maximum(low, 1e3)
    large = (0.5 - safe) * np.log1p(-np.where(low > 1e3, c, 0) / high) + c * (np.log(high) - 1)
    large += (1 / high - 1 / safe) / 12 - (1 / high**3 - 1 / safe**3) / 360
    return np.where(low > 1e3, large, gammaln(x) - gammaln(low))


WIDE = Assumption("N > 1", lambda N: N > 1, "give a key of at least two dimensions")
