"""The ledger: what is claimed, under which assumptions, by which derivation, and what number follows.

A `Claim` owns a `Derivation`, an ordered list of steps that can be read, re-checked one by one, and printed. What the
derivation ends in are its *laws*. A `Quantity` is a law compiled to NumPy, or a numerical solution built on laws, with the
domain in which it may be asked for. Nothing is typed in twice: what the ledger answers is what the derivation ended with.

    >>> from theory.ledger import ledger
    >>> ledger()["C4"].value(J=0.1, sigma=1.0)
    Value(value=0.18181818181818182, unit='fraction', quantity='eta')
    >>> ledger()["C4"](J=0.1, sigma=1.0)
    0.18181818181818182
"""

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.errors import UserError
from theory.proof.compiled import compiled, is_jax, precise
from theory.proof.derivation import Check, Derivation
from theory.proof.limits import evaluated, listed, short
from theory.proof.notation import TERMS

WIDTH = 110
"""Columns of a claim in a terminal."""


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
        if self.holds is None:
            return
        given = {name: values[name] for name in self.parameters}
        with np.errstate(all="ignore"):  # NumPy's floats overflow to infinity, where Python's would raise
            holds = np.all(self.holds(*(np.asarray(value)[()] for value in given.values())))
        if not holds:
            raise UserError(f"{where}: {listed(given)} violates '{self.text}'; {self.mend}")


@dataclass(frozen=True)
class Quantity:
    """A number that a claim answers: the law of that name, or `solve(**parameters)` where it takes a numerical solution.

    `precise`: the law is compiled so that 1 - (1 - y)^p keeps its digits where y is small (`theory.proof.compiled.precise`).
    `work(**parameters)`: about how many numbers the solution computes; `Claim.value` refuses what would not fit.
    """

    name: str
    meaning: str
    unit: str
    parameters: tuple[str, ...]
    domain: tuple[Assumption, ...] = ()
    solve: Callable[..., Any] | None = None
    precise: bool = False
    work: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Case:
    """A row of a truth table: under which condition a hypothesis is "true", "false" or "open", and by which claims."""

    condition: str
    verdict: str
    because: str


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger; `status`: proved, proved under assumptions, conditional, open or refuted.

    A hypothesis that holds under some conditions and fails under others has them as `cases`, its truth table. `successors`
    names the modules of claims that were once part of this one: it still answers their quantities, as it did then.
    """

    id: str
    title: str
    statement: str
    assumptions: tuple[Assumption, ...]
    status: str
    source: str
    evidence: tuple[str, ...]
    derive: Callable[[], Derivation]
    quantities: tuple[Quantity, ...]
    cases: tuple[Case, ...] = ()
    successors: tuple[str, ...] = ()

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation, run once, on first use."""
        return self.derive()

    @cached_property
    def _functions(self) -> dict[tuple[str, str], Callable[..., Any]]:
        """Quantities as functions of keyword arguments by (name, array library), filled on demand."""
        return {}

    def _function(self, quantity: Quantity, library: str) -> Callable[..., Any]:
        """The numerical solution of the quantity, or its law compiled for that library."""
        key = quantity.name, library
        if key not in self._functions:
            if quantity.solve is not None:
                self._functions[key] = quantity.solve
            else:
                expression = self.derivation.laws[quantity.name]
                law = compiled(precise(expression) if quantity.precise else expression, quantity.parameters, library)
                self._functions[key] = lambda **given: law(*(given[name] for name in quantity.parameters))
        return self._functions[key]

    def __call__(self, quantity: str | None = None, **parameters: Any) -> Any:
        """The bare number of a quantity: floats in, a float out; arrays in, an array out; JAX arrays in, a JAX array out.

        With JAX arrays the law itself is traced, so that `jax.grad`, `jax.jit` and `jax.vmap` go through; what JAX only
        traces has no value yet, and its domain cannot be checked. Quantities that take a numerical solution refuse tracing.
        Raises `UserError` outside the domain, as `value` does.
        """
        if not any(is_jax(value) for value in parameters.values()):
            return self.value(quantity, **parameters).value
        if (successor := self._successor(quantity)) is not None:
            return successor(quantity, **parameters)
        wanted = self.quantity(quantity)
        known = {name: _known(value) for name, value in parameters.items()}
        if all(value is not None for value in known.values()):
            _admitted(wanted, known, where=f"{self.id} {wanted.name}")
        elif wanted.solve is not None:
            raise UserError(f"{self.id} {wanted.name} takes a numerical solution, which JAX cannot trace; call it outside jit")
        if wanted.solve is None:
            return self._function(wanted, "jax")(**parameters)
        return importlib.import_module("jax.numpy").asarray(self.value(quantity, **known).value)

    def _successor(self, name: str | None) -> Claim | None:
        """The claim that took this quantity over; None if it is this claim's own, or nobody's."""
        if name is None or name in {quantity.name for quantity in self.quantities}:
            return None
        claims = (claim for module in self.successors for claim in importlib.import_module(module).CLAIMS)
        return next((claim for claim in claims if name in {quantity.name for quantity in claim.quantities}), None)

    def quantity(self, name: str | None = None) -> Quantity:
        """The quantity of that name; the first one is the default."""
        if (successor := self._successor(name)) is not None:
            return successor.quantity(name)
        known = {quantity.name: quantity for quantity in self.quantities}
        if not known:
            raise UserError(f"{self.id} has no quantity to evaluate; `cwb theory show {self.id}` prints what it says")
        if name is not None and name not in known:
            raise UserError(f"{self.id} has no quantity '{name}'; choose one of {', '.join(known)}")
        return self.quantities[0] if name is None else known[name]

    def value(self, quantity: str | None = None, **parameters: Any) -> Value:
        """Evaluate a quantity at numbers, or arrays that broadcast.

        Raises `UserError` outside its domain, and where it has no finite value (`theory.proof.limits`).
        """
        if (successor := self._successor(quantity)) is not None:
            return successor.value(quantity, **parameters)
        wanted, where = self.quantity(quantity), f"{self.id} {quantity or self.quantity().name}"
        values = _admitted(wanted, parameters, where)
        result = evaluated(self._function(wanted, "numpy"), values, where, wanted.work)
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
        lines = [f"{self.id}  {self.title}  [{self.status}]", "", *textwrap.wrap(self.statement, WIDTH)]
        lines += ["", "Assumptions", *_items(f"- {assumption.text}" for assumption in self.conditions())]
        if self.cases:
            lines += ["", "Truth table", *_items(f"{c.verdict:<6}{c.condition} ({c.because})" for c in self.cases)]
        lines += ["", "Derivation", self.derivation.show(), "", "Quantities"]
        lines += _items(f"{q.name}({', '.join(q.parameters)}) [{q.unit}]: {q.meaning}" for q in self.quantities)
        lines += [
            "",
            *textwrap.wrap(f"Source: {self.source}", WIDTH),
            "",
            "Evidence",
            *_items(f"- {item}" for item in self.evidence),
        ]
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
            "cases": [vars(case) for case in self.cases],
        }


def _items(texts: Iterable[str]) -> list[str]:
    """The texts as lines of a terminal, each indented and wrapped."""
    wrapped = (textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="      ") for text in texts)
    return [line for lines in wrapped for line in lines]


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
            given, range = f"{name} = {short(value)}", f"{name} in {term.interval}"
            raise UserError(f"{where}: {given} violates '{range}' ({term.meaning}); choose {name} in that range")
    for assumption in quantity.domain:
        assumption.require(values, where)
    return values


def _known(value: Any) -> Any:
    """The value as NumPy sees it; None for what JAX is tracing."""
    try:
        return np.asarray(value)
    except TypeError:
        return None


def _number(name: str, value: Any, where: str) -> Any:
    """The value as a finite float or float array."""
    try:
        number = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise UserError(f"{where}: {name} = {value!r} is not a number; give a number, or an array of numbers") from None
    if not np.all(np.isfinite(number)):
        raise UserError(f"{where}: {name} = {short(number)} is not finite; give a finite number")
    return float(number) if number.ndim == 0 else number
