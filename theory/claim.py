"""The ledger: what is claimed, under which assumptions, by which derivation, and what number follows.

A `Claim` owns a `Derivation`, an ordered list of steps that can be read, re-checked one by one, and printed. What the
derivation ends in are its *laws*. A `Quantity` is a law compiled to NumPy, or a numerical solution built on laws, with the
domain in which it may be asked for. Nothing is typed in twice: what the ledger answers is what the derivation ended with.

    >>> from theory.ledger import ledger
    >>> ledger()["C4"].value(J=0.1, sigma=1.0)
    Value(value=0.18181818181818182, unit='fraction', quantity='eta')
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.derivation import Check, Derivation, compiled
from theory.errors import UserError
from theory.notation import TERMS


@dataclass(frozen=True)
class Value:
    """A number (or an array of them) with its unit and the name of the quantity it is."""

    value: Any
    unit: str
    quantity: str


@dataclass(frozen=True)
class Assumption:
    """A condition in words and, where it speaks of parameters, a predicate whose argument names are theirs."""

    text: str
    holds: Callable[..., Any] | None = None
    mend: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters it speaks of; none for an assumption about the model itself."""
        return () if self.holds is None else tuple(inspect.signature(self.holds).parameters)

    def require(self, values: dict[str, Any], where: str) -> None:
        """Raise `UserError` if some of the values violate the assumption."""
        if self.holds is not None and not np.all(self.holds(*(values[name] for name in self.parameters))):
            given = ", ".join(f"{name} = {_short(values[name])}" for name in self.parameters)
            raise UserError(f"{where}: {given} violates '{self.text}'; {self.mend}")


@dataclass(frozen=True)
class Quantity:
    """A number that a claim answers: the law of that name, or `solve(**parameters)` where it takes a numerical solution."""

    name: str
    meaning: str
    unit: str
    parameters: tuple[str, ...]
    domain: tuple[Assumption, ...] = ()
    solve: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger; `status`: proved, proved under assumptions, conditional, open or refuted."""

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
        """The derivation, run once, on first use."""
        return self.derive()

    @cached_property
    def _functions(self) -> dict[str, Callable[..., Any]]:
        """Quantities as functions of checked keyword arguments, filled on demand."""
        return {quantity.name: quantity.solve for quantity in self.quantities if quantity.solve}

    def quantity(self, name: str | None = None) -> Quantity:
        """The quantity of that name; the first one is the default."""
        known = {quantity.name: quantity for quantity in self.quantities}
        if name is not None and name not in known:
            raise UserError(f"{self.id} has no quantity '{name}'; choose one of {', '.join(known)}")
        return self.quantities[0] if name is None else known[name]

    def value(self, quantity: str | None = None, **parameters: Any) -> Value:
        """Evaluate a quantity at numbers, or arrays that broadcast; raises `UserError` outside its domain."""
        wanted = self.quantity(quantity)
        values = _admitted(wanted, parameters, where=f"{self.id} {wanted.name}")
        if wanted.name not in self._functions:
            law = compiled(self.derivation.laws[wanted.name], wanted.parameters)
            self._functions[wanted.name] = lambda **given: law(*(given[name] for name in wanted.parameters))
        result = np.asarray(self._functions[wanted.name](**values), dtype=float)
        shape = np.broadcast_shapes(*map(np.shape, values.values()))
        return Value(np.broadcast_to(result, shape).copy() if shape else float(result), wanted.unit, wanted.name)

    def check(self) -> list[Check]:
        """Run the derivation afresh and check every step; a step that fails is reported, not raised."""
        try:
            steps = self.derive().steps
        except Exception as error:  # a derivation that cannot even be run is itself the finding
            return [Check("the derivation runs", False, f"{type(error).__name__}: {error}")]
        return [step.check() for step in steps]

    def conditions(self) -> list[Assumption]:
        """Assumptions of the claim, then the domains of its quantities, each once."""
        domains = (assumption for quantity in self.quantities for assumption in quantity.domain)
        return list({assumption.text: assumption for assumption in (*self.assumptions, *domains)}.values())

    def show(self) -> str:
        """The claim as text for a terminal: statement, assumptions, derivation step by step, what may be asked."""
        lines = [f"{self.id}  {self.title}  [{self.status}]", "", *textwrap.wrap(self.statement, 110), "", "Assumptions"]
        lines += [f"  - {assumption.text}" for assumption in self.conditions()]
        lines += ["", "Derivation", self.derivation.show(), "", "Quantities"]
        lines += [f"  {item.name}({', '.join(item.parameters)}) [{item.unit}]: {item.meaning}" for item in self.quantities]
        lines += ["", f"Source: {self.source}", "", "Evidence", *(f"  - {item}" for item in self.evidence)]
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        """The claim as a JSON-able dictionary."""
        return {
            "id": self.id,
            "title": self.title,
            "statement": self.statement,
            "assumptions": [assumption.text for assumption in self.conditions()],
            "status": self.status,
            "source": self.source,
            "evidence": list(self.evidence),
        }


def _admitted(quantity: Quantity, parameters: dict[str, Any], where: str) -> dict[str, Any]:
    """The parameters as floats or float arrays, once they are the right ones and lie in the domain."""
    wanted = ", ".join(quantity.parameters) or "none"
    for name in parameters:
        if name not in quantity.parameters:
            raise UserError(f"{where}: unknown parameter '{name}'; it takes {wanted}")
    for name in quantity.parameters:
        if name not in parameters:
            raise UserError(f"{where}: missing parameter '{name}' ({TERMS[name].meaning}); give {wanted}")
    values = {name: _number(name, parameters[name], where) for name in quantity.parameters}
    try:
        np.broadcast_shapes(*map(np.shape, values.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in values.items())
        raise UserError(f"{where}: the shapes of {shapes} do not broadcast; give numbers, or arrays of one shape") from None
    for name, value in values.items():
        term = TERMS[name]
        if not term.admits(value):
            given, range = f"{name} = {_short(value)}", f"{name} in {term.interval}"
            raise UserError(f"{where}: {given} violates '{range}' ({term.meaning}); choose {name} in that range")
    for assumption in quantity.domain:
        assumption.require(values, where)
    return values


def _number(name: str, value: Any, where: str) -> Any:
    """The value as a finite float or float array."""
    try:
        number = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise UserError(f"{where}: {name} = {value!r} is not a number; give a number, or an array of numbers") from None
    if not np.all(np.isfinite(number)):
        raise UserError(f"{where}: {name} = {_short(number)} is not finite; give a finite number")
    return float(number) if number.ndim == 0 else number


def _short(value: Any) -> str:
    """The value in few characters and one line."""
    flat = np.ravel(value)
    return (
        f"{flat[0]:g}"
        if np.ndim(value) == 0
        else f"[{', '.join(f'{item:g}' for item in flat[:3])}{', ...' if flat.size > 3 else ''}]"
    )
