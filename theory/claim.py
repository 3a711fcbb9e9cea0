"""The ledger: what is claimed, under which assumptions, by which derivation, and what number follows.

A `Claim` owns a `Derivation`, an ordered list of steps that can be read, re-checked one by one, and printed. The last
expressions of the derivation are its *laws*; a `Quantity` is a law compiled to NumPy (or a numerical solution of laws) together with
the domain in which it may be asked for. Nothing is typed in twice: what the ledger answers is what the derivation ended with.

    >>> from theory.claim import ledger
    >>> ledger()["C4"].value(J=0.1, sigma=1.0).value
    0.18181818181818182
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from theory.derivation import Check, Derivation, compiled
from theory.errors import UserError
from theory.notation import TERMS

MODULES = ("interference", "conservation", "retention", "hebbian", "tradeoff", "separation", "interleaving")


@dataclass(frozen=True)
class Value:
    """A number (or an array of them) with its unit and the name of the quantity it is."""

    value: Any
    unit: str
    quantity: str


@dataclass(frozen=True)
class Assumption:
    """A condition in words; when it speaks of parameters, also a predicate over them (its argument names are their names)."""

    text: str
    holds: Callable[..., Any] | None = None
    mend: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that the predicate speaks of; empty for an assumption about the model itself."""
        return () if self.holds is None else tuple(inspect.signature(self.holds).parameters)

    def refuse(self, values: dict[str, Any], where: str) -> None:
        """Raise `UserError` where the values violate the assumption; silent where it holds or does not apply."""
        if self.holds is None or not set(self.parameters) <= set(values):
            return
        if not np.all(self.holds(**{name: values[name] for name in self.parameters})):
            given = ", ".join(f"{name} = {_short(values[name])}" for name in self.parameters)
            raise UserError(f"{where}: {given} violates '{self.text}'; {self.mend}")


@dataclass(frozen=True)
class Quantity:
    """A number that a claim answers: a law of its derivation compiled to NumPy, or a function built on such laws."""

    name: str
    meaning: str
    unit: str
    parameters: tuple[str, ...]
    domain: tuple[Assumption, ...] = ()
    solve: Callable[..., Any] | None = None
    _compiled: dict[str, Callable[..., Any]] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, derivation: Callable[[], Derivation], values: dict[str, Any]) -> Any:
        """Evaluate at values that have been checked; broadcasts over arrays."""
        if self.solve is not None:
            return self.solve(**values)
        if not self._compiled:
            self._compiled["law"] = compiled(derivation().laws[self.name], self.parameters)
        return self._compiled["law"](*(values[name] for name in self.parameters))


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger. `status` is one of: proved, proved under assumptions, conditional, open, refuted."""

    id: str
    title: str
    statement: str
    assumptions: tuple[Assumption, ...]
    status: str
    source: str
    evidence: tuple[str, ...]
    derive: Callable[[], Derivation]
    quantities: tuple[Quantity, ...]

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation, run once on first use."""
        return self.derive()

    def quantity(self, name: str | None = None) -> Quantity:
        """The quantity of that name; the first one is the default."""
        known = {quantity.name: quantity for quantity in self.quantities}
        if name is not None and name not in known:
            raise UserError(f"{self.id} has no quantity '{name}'; choose one of {', '.join(known)}")
        return self.quantities[0] if name is None else known[name]

    def value(self, quantity: str | None = None, **parameters: Any) -> Value:
        """Evaluate a quantity at parameters (floats or arrays that broadcast); raises `UserError` outside its domain."""
        wanted = self.quantity(quantity)
        values = _admitted(wanted, parameters, where=f"{self.id} {wanted.name}")
        result = np.asarray(wanted(lambda: self.derivation, values))
        return Value(float(result) if result.ndim == 0 else result, wanted.unit, wanted.name)

    def check(self) -> list[Check]:
        """Run the derivation again and re-check every step; a step that fails is reported, not raised."""
        try:
            return [step.check() for step in self.derive().steps]
        except Exception as error:  # a derivation that cannot even be run is itself the finding
            return [Check("the derivation runs", False, f"{type(error).__name__}: {error}")]

    def show(self) -> str:
        """The claim as text for a terminal: statement, assumptions, derivation step by step, what may be asked."""
        lines = [f"{self.id}  {self.title}  [{self.status}]", "", self.statement, "", "Assumptions"]
        lines += [f"  - {assumption.text}" for assumption in self.all_assumptions()]
        lines += ["", "Derivation", self.derivation.show(), "", "Quantities"]
        for quantity in self.quantities:
            lines += [f"  {quantity.name}({', '.join(quantity.parameters)}) [{quantity.unit}]: {quantity.meaning}"]
        return "\n".join([*lines, "", f"Source: {self.source}", "Evidence: " + "; ".join(self.evidence)])

    def record(self) -> dict[str, Any]:
        """The claim as a JSON-able dictionary."""
        return {
            "id": self.id,
            "title": self.title,
            "statement": self.statement,
            "assumptions": [assumption.text for assumption in self.all_assumptions()],
            "status": self.status,
            "source": self.source,
            "evidence": list(self.evidence),
        }

    def all_assumptions(self) -> list[Assumption]:
        """Assumptions of the claim, then the domains of its quantities, each once."""
        domains = (assumption for quantity in self.quantities for assumption in quantity.domain)
        return list({assumption.text: assumption for assumption in (*self.assumptions, *domains)}.values())


def ledger() -> dict[str, Claim]:
    """Every claim by its id, in the order of the paper; imports the laws on first use."""
    claims: dict[str, Claim] = {}
    for name in MODULES:
        claims |= {claim.id: claim for claim in importlib.import_module(f"theory.{name}").CLAIMS}
    return claims


def claim(id: str) -> Claim:
    """The claim of that id; raises `UserError` that lists the known ones."""
    claims = ledger()
    if id not in claims:
        raise UserError(f"no claim '{id}'; choose one of {', '.join(claims)}")
    return claims[id]


def _admitted(quantity: Quantity, parameters: dict[str, Any], where: str) -> dict[str, Any]:
    """The parameters as floats or float arrays, once they are the right ones and lie in the domain."""
    unknown = [name for name in parameters if name not in quantity.parameters]
    missing = [name for name in quantity.parameters if name not in parameters]
    if unknown:
        raise UserError(f"{where}: unknown parameter {_names(unknown)}; it takes {_names(quantity.parameters)}")
    if missing:
        raise UserError(f"{where}: missing parameter {_names(missing)}; give {_names(quantity.parameters)}")
    values = {name: _number(name, parameters[name], where) for name in quantity.parameters}
    try:
        np.broadcast_shapes(*(np.shape(value) for value in values.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in values.items())
        raise UserError(f"{where}: shapes do not broadcast ({shapes}); give arrays of one shape, or numbers") from None
    for name in quantity.parameters:
        term = TERMS[name]
        in_range = Assumption(f"{term.range} ({term.meaning})", None)
        if not np.all(term.admits(values[name])):
            raise UserError(f"{where}: {name} = {_short(values[name])} violates '{in_range.text}'; choose {name} in that range")
    for assumption in quantity.domain:
        assumption.refuse(values, where)
    return values


def _number(name: str, value: Any, where: str) -> Any:
    """The value as a finite float or float array."""
    try:
        number = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise UserError(f"{where}: {name} = {value!r} is not a number; give a number or an array of numbers") from None
    if not np.all(np.isfinite(number)):
        raise UserError(f"{where}: {name} = {_short(number)} is not finite; give a finite number")
    return float(number) if number.ndim == 0 else number


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)


def _short(value: Any) -> str:
    return f"{value:g}" if np.ndim(value) == 0 else np.array2string(np.asarray(value), threshold=4, edgeitems=2, precision=4)


__all__ = ["Assumption", "Check", "Claim", "Derivation", "Quantity", "Value", "claim", "ledger", "sp"]
