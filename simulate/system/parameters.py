"""The parameters of systems: what each one means, and whether the values that a caller gives are possible."""

import difflib
import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from simulate.codes import active_cells
from simulate.system.system import System
from theory.errors import UserError

MEANINGS: dict[str, tuple[str, str]] = {
    "N": ("numbers", "Size: weights, synapses or cells that one output has."),
    "D": ("facts", "Facts (for cells: bits) that one task brings."),
    "a": ("fraction", "Activity: share of the cells that are active in one code."),
    "c": ("", "E[g]^2/E[g^2] of the magnitudes g of active cells; 1 if all are equal."),
    "centred": ("", "1: codes have no mean direction in common; 0: they share one."),
    "required": ("unit of depth", "Depth that the worst-kept task must keep for a stream to count as held."),
    "seeds": ("seeds", "Independent memories; depths are means over them."),
    "outputs": ("outputs", "Outputs (units) that are taught every fact."),
    "b": ("bits", "Bits that one cell holds."),
    "R": ("bits", "Bits that all tasks share."),
    "D_s": ("bits", "Bits that each task has for itself."),
    "f": ("fraction", "Share of the targets that are 1."),
    "eta": ("fraction", "Strength (learning rate) of a write: share of the error that one write removes."),
    "ridge": ("", "Ridge: the Hessian before the first fact, times the identity."),
    "rank": ("", "Rank of one adapter."),
    "B": ("facts", "Facts that the buffer holds."),
    "slots": ("slots", "Slots that one fact is written to."),
    "F": ("numbers", "Weights of the fast store, per output."),
    "active": ("cells", "Cells of the fast store that the code of a fact activates."),
    "hold": ("tasks", "Tasks from one sleep to the next."),
    "sweeps": ("sweeps", "Passes over the rehearsed facts in one sleep or training, at most."),
    "keep": ("fraction", "Share of the fast store that is left when the next period begins."),
    "blocks": ("blocks", "Blocks of weights, each with a write strength of its own."),
    "spread": ("", "Largest write strength of a block divided by the smallest."),
    "switch": ("probability", "Probability that an event switches a synapse."),
    "levels": ("levels", "Levels of metaplasticity for each of the two weights."),
    "ratio": ("", "Switching probability of a level divided by that of the level before."),
    "beakers": ("variables", "Coupled variables of one synapse."),
    "noise": ("fraction", "Share of the units of the cue that are flipped."),
    "k": ("labels", "Labels that share one active cell of the fast store."),
    "room": ("", "Size of the fast store divided by the least that one task needs."),
}
"""{parameter: (unit, meaning)}. A system whose parameter means something else says so in its `meanings`."""
LEAST = {"N": 2, "seeds": 2, "R": 0, "k": 1}
"""Least values of whole numbers. Others must be 1 where they have to be given, and may be 0 where a default exists."""
MOST = 2**40
"""Most that any parameter may be: what is larger is a slip of the keyboard, and powers of it overflow."""
SHARES = {"fraction", "fraction of bits", "fraction of seeds", "fraction of units"}
"""Units in which no depth exceeds 1."""


def described(system: System) -> dict[str, tuple[str, str]]:
    """{parameter: (unit, meaning)} of a system; ("", "") for one that nobody describes."""
    known = {**MEANINGS, **system.meanings}
    own = {name: known.get(name, ("", "")) for name in system.defaults}
    return {**own, "required": (system.unit, MEANINGS["required"][1])}


def close(name: str, known: Iterable[str]) -> str:
    """ " did you mean ...?" if a known name is like this one, else an empty string."""
    folded: dict[str, list[str]] = {}
    for one in known:
        folded.setdefault(one.casefold(), []).append(one)
    likely = [one for match in difflib.get_close_matches(name.casefold(), folded, 3, 0.6) for one in folded[match]]
    return f" did you mean {' or '.join(likely)}?" if likely else ""


def checked(system: System, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a system, complete and of the right type. Raises UserError for one that is missing, unknown or impossible."""
    for name, value in given.items():
        if name not in system.defaults:
            raise UserError(
                f"{system.name} has no parameter {name!r}:{close(name, system.defaults)} it takes {', '.join(system.defaults)}"
            )
        if value is not None:
            _check_number(system, name, value)
    p: dict[str, Any] = {**system.defaults, **given}
    for name, value in p.items():
        if isinstance(value, type) or (value is None and system.defaults[name] is not None):
            raise UserError(f"{system.name}: {name} is missing; give {name}=...")
        if _whole(system.defaults[name]):
            p[name] = int(value)
            if p[name] < _least(name, system.defaults[name]):
                raise UserError(
                    f"{system.name}: {name}={value} is too small; give at least {_least(name, system.defaults[name])}"
                )
        elif value is not None and value < 0:
            raise UserError(f"{system.name}: {name}={value} is not a possible value; give a number of at least 0")
    if not p["required"] > 0 or (system.unit in SHARES and p["required"] > 1):
        raise UserError(f"{system.name}: required={p['required']} is not a possible depth ({system.unit})")
    if p.get("a") is not None and "N" in p:
        active_cells(p["N"], p["a"], "nonnegative", p.get("c", 1.0))
    return p


def _check_number(system: System, name: str, value: Any) -> None:
    if not isinstance(value, Real):
        raise UserError(f"{system.name}: {name}={value!r} is not a number; give {name}=...")
    if not abs(value) <= MOST:  # so is NaN
        raise UserError(f"{system.name}: {name}={value} is not a possible value; give a number of at most 2^40")
    if _whole(system.defaults[name]) and value != math.floor(value):
        raise UserError(f"{system.name}: {name}={value} is not a whole number; round it")


def _whole(default: Any) -> bool:
    """Whether a parameter is a whole number: its default is one, or the type int."""
    return default is int or (isinstance(default, int) and not isinstance(default, bool))


def _least(name: str, default: Any) -> int:
    """Least value of a whole number."""
    must_be_given = default is int
    return LEAST.get(name, 1 if must_be_given else 0)
