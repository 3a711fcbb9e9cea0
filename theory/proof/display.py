"""How a claim is shown: as text in a terminal, as Markdown with LaTeX in a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from theory.proof.latex import escaped, latex, symbol_name
from theory.proof.notation import TERMS
from theory.proof.quantity import Quantity

Claim = Any
"""A `theory.proof.claim.Claim`; not imported, since claims import this file to show themselves."""

WIDTH = 110
"""Columns of a claim in a terminal."""
LONGEST_LAW = 700
"""Characters of LaTeX up to which a law is printed beside its quantity; a longer one is left to the derivation."""


def text(claim: Claim) -> str:
    """The claim for a terminal: plain words, statement, assumptions, derivation step by step, quantities, source, evidence."""
    lines = [f"{claim.id}  {claim.title}  [{claim.status}]"]
    if claim.plain:
        lines += ["", "In plain words", *_paragraph(claim.plain)]
    lines += ["", "Statement", *_paragraph(claim.statement)]
    lines += ["", "Assumptions", *_items(f"- {assumption.text}" for assumption in claim.conditions())]
    if claim.cases:
        lines += ["", f"Truth table (cwb theory check {claim.id} tests every row)"]
        lines += _items(f"{case.verdict:<6}{case.condition} ({case.because})" for case in claim.cases)
    else:
        lines += ["", "Derivation", claim.derivation.show()]
    if claim.quantities:
        lines += ["", f"Quantities (cwb theory value {claim.id} quantity=NAME {_example(claim.quantities[0])})"]
        lines += _items(f"{q.name}({', '.join(q.parameters)}) [{q.unit}]: {q.meaning}" for q in claim.quantities)
        lines += ["", "Parameters"]
        lines += _items(
            f"{name} [{TERMS[name].unit}], in {TERMS[name].interval}: {TERMS[name].meaning}" for name in _names(claim)
        )
    lines += ["", *textwrap.wrap(f"Source: {claim.source}", WIDTH), "", "Evidence"]
    return "\n".join([*lines, *_items(f"- {item}" for item in claim.evidence)])


def markdown(claim: Claim) -> str:
    """The claim for a notebook: plain words, statement, conditions, quantities, parameters, and the laws as LaTeX."""
    parts = [f"### {claim.id}: {claim.title}", f"*{claim.status}*"]
    if claim.plain:
        parts.append(escaped(claim.plain))
    parts += [f"**Statement.** {escaped(claim.statement)}", "**Conditions**", _bullets(a.text for a in claim.conditions())]
    if claim.cases:
        rows = [(case.verdict, escaped(case.condition), case.because) for case in claim.cases]
        parts += ["**Truth table**", _table(("verdict", "condition", "because of"), rows)]
    if claim.quantities:
        first = claim.quantities[0]
        rows = [(f"`{q.name}({', '.join(q.parameters)})`", escaped(q.meaning), q.unit) for q in claim.quantities]
        parts += [f'**Quantities**, for instance `claim("{claim.id}").{first.name}({_example(first).replace(" ", ", ")})`']
        parts += [_table(("quantity", "meaning", "unit"), rows)]
        terms = [(name, TERMS[name]) for name in _names(claim)]
        rows = [(f"${symbol_name(n)}$ `{n}`", escaped(term.meaning), term.unit, term.interval) for n, term in terms]
        parts += ["**Parameters**", _table(("parameter", "meaning", "unit", "range"), rows), "**Laws**"]
        parts += [law(claim, quantity) for quantity in claim.quantities]
    parts += [f'Source: {escaped(claim.source)}. The steps of the proof: `claim("{claim.id}").derivation`.']
    return "\n\n".join(parts)


def law(claim: Claim, quantity: Quantity) -> str:
    """One law as displayed LaTeX, or a line that says how the quantity is computed instead."""
    expression = claim.derivation.laws.get(quantity.name)
    written = "" if expression is None else latex(expression)
    if not written:
        return f"`{quantity.name}`: computed numerically"
    if len(written) > LONGEST_LAW:
        return f"`{quantity.name}`: a long expression, see the derivation"
    name = quantity.name.replace("_", r"\ ")
    return rf"$$\mathrm{{{name}}} = {written}$$"


def _names(claim: Claim) -> list[str]:
    """The parameters that some quantity of the claim takes, each once, in the order in which they come."""
    return list(dict.fromkeys(name for quantity in claim.quantities for name in quantity.parameters))


def _example(quantity: Quantity) -> str:
    """Parameters with values at which identities are tried: "N=64 M=150"."""
    return " ".join(f"{name}={float(TERMS[name].samples[0]):.3g}" for name in quantity.parameters)


def _paragraph(words: str) -> list[str]:
    """A text as lines of a terminal, indented alike."""
    return textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _items(texts: Iterable[str]) -> list[str]:
    """The texts as lines of a terminal, each indented and wrapped."""
    wrapped = (textwrap.wrap(one, WIDTH, initial_indent="  ", subsequent_indent="      ") for one in texts)
    return [line for lines in wrapped for line in lines]


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(one)}" for one in texts)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell for cell in line)} |" for line in lines)
