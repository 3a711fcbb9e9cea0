"""What a claim is: a statement, its assumptions, the derivation that proves it, and the numbers that follow from it.

A `Claim` owns a `Derivation`, an ordered list of steps that can be read, re-checked one by one, and printed. What the
derivation ends in are its *laws*. A `Quantity` is a law compiled to NumPy, or a numerical solution built on laws, with the
domain in which it has a value. Nothing is typed in twice: the number that a claim answers is what its derivation ended with.

    >>> import theory
    >>> theory.claim("C4").eta(J=0.1, sigma=1.0)
    0.18181818181818182
    >>> theory.claim("C4").value("eta", J=0.1, sigma=1.0)
    Value(value=0.18181818181818182, unit='fraction', quantity='eta')
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.errors import UserError
from theory.proof.compiled import compiled, is_jax, precise
from theory.proof.derivation import Check, Derivation
from theory.proof.limits import evaluated
from theory.proof.quantity import Assumption, Quantity, Value


@dataclass(frozen=True)
class Case:
    """A row of a truth table: under which condition a hypothesis is "true", "false" or "open", and by which claims."""

    condition: str
    verdict: str
    because: str


@dataclass(frozen=True, repr=False)
class Claim:
    """One entry of the ledger. Each of its quantities is a method: `claim("C2").task_ceiling(N=1000, T=20)` is a number.

    plain: the claim in plain words, for a reader who knows none of the symbols. status: proved, proved under assumptions,
    conditional, open or refuted. cases: the truth table of a hypothesis that holds under some conditions and fails under
    others. successors: files in theory/ with claims that were once part of this one; it still answers their quantities. They
    are named without the package, as none of its own numbers depends on them (`simulate.runs.fingerprint`).
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
    plain: str = ""

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

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The quantity of that name as a function of its parameters.

        Floats give a float, arrays an array, JAX arrays a JAX array. With JAX arrays the law itself is traced, so that
        `jax.grad`, `jax.jit` and `jax.vmap` go through; a value that JAX only traces is not checked against the domain. A
        quantity that takes a numerical solution refuses to be traced. Raises AttributeError for an unknown quantity.
        """
        if name.startswith("_") or "quantities" not in self.__dict__:  # an unfinished copy has no fields yet
            raise AttributeError(name)
        try:
            quantity = self.quantity(name)
        except UserError as error:
            raise AttributeError(str(error)) from None
        claim = self.owner(name)

        def number(*positional: Any, **parameters: Any) -> Any:
            if positional:
                example = ", ".join(f"{parameter}=..." for parameter in quantity.parameters)
                raise UserError(f"{claim.id} {name} takes its parameters by name: write {name}({example})")
            return claim._number(quantity, parameters)

        number.__name__, number.__qualname__ = name, f"{claim.id}.{name}"
        number.__doc__ = quantity.describe()
        number.__dict__["__signature__"] = quantity.signature()
        return number

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *(quantity.name for quantity in self.quantities)})

    def _number(self, quantity: Quantity, parameters: dict[str, Any]) -> Any:
        """The bare number of a quantity of this claim, as `__getattr__` says."""
        if not any(is_jax(value) for value in parameters.values()):
            return self.value(quantity.name, **parameters).value
        where = f"{self.id} {quantity.name}"
        quantity.check_names(parameters, where, self._siblings())
        known = {name: _known(value) for name, value in parameters.items()}
        if all(value is not None for value in known.values()):
            quantity.admit(known, where)
        elif quantity.solve is not None:
            raise UserError(f"{where} takes a numerical solution, which JAX cannot trace; call it outside jit")
        if quantity.solve is None:
            return self._function(quantity, "jax")(**parameters)
        return importlib.import_module("jax.numpy").asarray(self.value(quantity.name, **known).value)

    def _successors(self) -> Iterator[Claim]:
        """The claims that were once part of this one."""
        return (claim for module in self.successors for claim in importlib.import_module(f"theory.{module}").CLAIMS)

    def owner(self, name: str | None = None) -> Claim:
        """The claim that states this quantity: this one, unless a claim that was split off from it has taken it over."""
        if name is None or name in {quantity.name for quantity in self.quantities}:
            return self
        return next((one for one in self._successors() if name in {quantity.name for quantity in one.quantities}), self)

    def _siblings(self) -> list[Quantity]:
        """All quantities that can be asked for under this id."""
        return [quantity for claim in (self, *self._successors()) for quantity in claim.quantities]

    def quantity(self, name: str | None = None) -> Quantity:
        """The quantity of that name; the first one is the default. Raises UserError for an unknown one."""
        if (owner := self.owner(name)) is not self:
            return owner.quantity(name)
        known = {quantity.name: quantity for quantity in self.quantities}
        if not known:
            raise UserError(f"{self.id} has no quantity to evaluate; `cwb theory show {self.id}` prints what it says")
        if name is None:
            return self.quantities[0]
        if name not in known:
            close = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.7)
            mend = f"did you mean {' or '.join(close)}?" if close else f"choose one of {', '.join(known)}"
            raise UserError(f"{self.id} has no quantity '{name}'; {mend}")
        return known[name]

    def value(self, /, quantity: str | None = None, **parameters: Any) -> Value:
        """Evaluate a quantity at numbers, or arrays that broadcast: the number with its unit and its name.

        Raises `UserError` outside its domain, and where it has no finite value (`theory.proof.limits`).
        """
        if (owner := self.owner(quantity)) is not self:
            return owner.value(quantity, **parameters)
        chosen = self.quantity(quantity)
        where = f"{self.id} {chosen.name}"
        chosen.check_names(parameters, where, () if set(parameters) <= set(chosen.parameters) else self._siblings())
        values = chosen.admit(parameters, where)
        result = evaluated(self._function(chosen, "numpy"), values, where)
        shape = np.broadcast_shapes(*map(np.shape, values.values()))
        return Value(np.broadcast_to(result, shape).copy() if shape else float(result), chosen.unit, chosen.name)

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

    def __repr__(self) -> str:
        count = len(self.quantities)
        return f"<claim {self.id}: {self.title}; {self.status}; {count} quantit{'y' if count == 1 else 'ies'}>"

    def _repr_markdown_(self) -> str:
        from theory.proof import display

        return display.markdown(self)

    def show(self) -> str:
        """The claim as text for a terminal: plain words, statement, assumptions, derivation, quantities, evidence."""
        from theory.proof import display

        return display.text(self)

    def record(self) -> dict[str, Any]:
        """The claim as a JSON-able dictionary."""
        return {
            "id": self.id,
            "title": self.title,
            "in_plain_words": self.plain,
            "statement": self.statement,
            "assumptions": [assumption.text for assumption in self.conditions()],
            "status": self.status,
            "source": self.source,
            "evidence": list(self.evidence),
            "cases": [vars(case) for case in self.cases],
            "quantities": [
                {"name": q.name, "meaning": q.meaning, "unit": q.unit, "parameters": list(q.parameters)} for q in self.quantities
            ],
        }


def _known(value: Any) -> Any:
    """The value as NumPy sees it; None for what JAX is tracing."""
    try:
        return np.asarray(value)
    except TypeError:
        return None
