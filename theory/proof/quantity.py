"""What can be asked of a claim: a quantity with its parameters, its unit, and the domain in which it has a value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.errors import UserError
from theory.proof.limits import attempted, listed, short
from theory.proof.notation import TERMS

Number = float | np.ndarray
"""A number, or an array of numbers. A law answers in kind: a float for floats, a NumPy array for arrays."""


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
        # as NumPy's floats, which overflow to infinity where Python's would raise
        if not np.all(attempted(self.holds, {name: np.asarray(value)[()] for name, value in given.items()}, where)):
            raise UserError(f"{where}: {listed(given)} violates '{self.text}'; {self.mend}")


@dataclass(frozen=True)
class Quantity:
    """A number that a claim answers: the law of that name, or `solve(**parameters)` where it takes a numerical solution.

    `precise`: the law is compiled so that 1 - (1 - y)^p keeps its digits where y is small (`theory.proof.compiled.precise`).
    """

    name: str
    meaning: str
    unit: str
    parameters: tuple[str, ...]
    domain: tuple[Assumption, ...] = ()
    solve: Callable[..., Any] | None = None
    precise: bool = False

    def signature(self) -> inspect.Signature:
        """The parameters by name, as completion and `help` show them."""
        return inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in self.parameters])

    def describe(self) -> str:
        """Meaning, unit, parameters and conditions as text: the docstring of the quantity as a function."""
        lines = [f"{sentence(self.meaning)} Unit: {self.unit}."]
        if self.parameters:
            lines += ["", "Parameters, numbers or arrays that broadcast:"]
        for name in self.parameters:
            term = TERMS[name]
            lines.append(f"    {name}: {term.meaning} [{term.unit}], in {term.interval}")
        if self.domain:
            lines += ["", "Conditions:", *(f"    {assumption.text}" for assumption in self.domain)]
        return "\n".join([*lines, "", "Raises UserError outside of that range, and where the law has no finite value."])

    def check_names(self, given: Iterable[str], where: str, siblings: Sequence[Quantity] = ()) -> None:
        """Raise `UserError` unless exactly the parameters are given; it names the `siblings` that take what this one does not."""
        given, takes = list(given), ", ".join(self.parameters) or "no parameter"
        unknown = [name for name in given if name not in self.parameters]
        if unknown:
            others = [f"{other.name} takes {', '.join(other.parameters)}" for other in _takers(unknown, given, siblings)]
            alike = [name for name in self.parameters if name.casefold() == unknown[0].casefold() and name not in given]
            mends = [f"did you mean {alike[0]}?"] if alike else others[:3]
            if not mends:
                mends = [f"no quantity of {where.partition(' ')[0]} takes {unknown[0]} (`cwb theory notation` lists all symbols)"]
            raise UserError(f"{where} takes {takes}, not {', '.join(unknown)}; {'; '.join(mends)}")
        for name in self.parameters:
            if name not in given:
                raise UserError(f"{where}: missing parameter '{name}' ({TERMS[name].meaning}); give {takes}")

    def admit(self, parameters: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The parameters as floats or float arrays. Raises `UserError` for one that is no finite number or outside the domain."""
        values = {name: _number(name, parameters[name], where) for name in self.parameters}
        try:
            np.broadcast_shapes(*map(np.shape, values.values()))
        except ValueError:
            shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in values.items())
            raise UserError(f"{where}: the shapes of {shapes} do not broadcast; give numbers, or arrays of one shape") from None
        for name, value in values.items():
            term = TERMS[name]
            if not term.admits(value):
                given, interval = f"{name} = {short(value)}", f"{name} in {term.interval}"
                raise UserError(f"{where}: {given} violates '{interval}' ({term.meaning}); choose {name} in that range")
        for assumption in self.domain:
            assumption.require(values, where)
        return values


def sentence(text: str) -> str:
    """A phrase as a sentence: a capital where it begins with a word, and a full stop."""
    word = text.split(" ")[0]
    start = text[:1].upper() + text[1:] if word.isalpha() and word.islower() and (len(word) > 1 or word == "a") else text
    return start if start.endswith(".") else f"{start}."


def _takers(unknown: Sequence[str], given: Sequence[str], siblings: Sequence[Quantity]) -> list[Quantity]:
    """The quantities that take what was given: those that take all of it, else those that take what is unknown here."""
    for names in (given, unknown):
        takers = [other for other in siblings if set(names) <= set(other.parameters)]
        if takers:
            return sorted(takers, key=lambda other: len(other.parameters))
    return []


def _number(name: str, value: Any, where: str) -> Any:
    """The value as a finite float or float array."""
    try:
        number = np.asarray(value)
        number = number.astype(float) if not np.iscomplexobj(number) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None:
        text = " ".join(repr(value).split())
        text = text if len(text) <= 60 else f"{text[:57]}..."
        raise UserError(f"{where}: {name} = {text} is not a number; give a number, or an array of numbers")
    if not np.all(np.isfinite(number)):
        raise UserError(f"{where}: {name} = {short(number)} is not finite; give a finite number")
    return float(number) if number.ndim == 0 else number
