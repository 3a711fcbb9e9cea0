"""A claim of the ledger as Typst: statement, assumptions, derivation. SymPy writes LaTeX, tex2typst turns it into Typst."""

import re
from typing import Any

import sympy as sp

from theory.proof.claim import Claim
from theory.ledger import ledger

GREEK = {"eta", "lambda", "sigma", "kappa", "tau", "rho", "theta", "delta", "alpha", "xi", "mu", "epsilon", "phi"}


def appendix() -> str:
    """Typst source of all derivations, in the order of the ledger; it expects a function `fitted` in template.typ."""
    head = '// Written from the ledger by figures/build/derivations.py.\n#import "template.typ": fitted\n\n'
    return head + "\n".join(typeset(claim) for claim in ledger().values())


def typeset(claim: Claim) -> str:
    """Typst source of the claim: a heading, the statement, the steps as a numbered list with displayed equations."""
    head = (
        f"= {claim.id}: {escaped(claim.title)} <derivation-{claim.id}>\n\n_Status: {claim.status}._ {escaped(claim.statement)}\n"
    )
    assumptions = "".join(f"- {escaped(assumption.text)}\n" for assumption in claim.conditions())
    cases = "".join(f"- *{case.verdict}*: {escaped(case.condition)} ({escaped(case.because)})\n" for case in claim.cases)
    steps = "".join(_step(step.text, step.equation) for step in claim.derivation.steps)
    truth = f"\n_Truth table._\n{cases}" if cases else ""
    return f"{head}\n_Assumptions._\n{assumptions}{truth}\n_Derivation._\n{steps}"


def _step(text: str, equation: Any) -> str:
    if equation is None:
        return f"+ {escaped(text)}\n"
    if isinstance(equation, sp.Eq) and mathematics(equation.lhs) == mathematics(equation.rhs):
        equation = equation.rhs  # what the step computed: the two sides differed before SymPy evaluated them
    return f"+ {escaped(text)}\n  #fitted($ {mathematics(equation)} $)\n"


def mathematics(expression: Any) -> str:
    """A SymPy expression or relation as Typst mathematics; names of several letters stand upright."""
    from tex2typst import tex2typst

    names = {symbol: _name(symbol) for symbol in expression.free_symbols if isinstance(symbol, sp.Symbol)}
    latex = sp.latex(expression, symbol_names=names, mul_symbol=r"\,").replace(r"\int\limits", r"\int")
    return tex2typst(latex).replace("\n", " ")


def _name(symbol: sp.Symbol) -> str:
    """LaTeX of a symbol's name, word by word: "E[tr A_1]" is three words and two brackets."""
    return re.sub(r"([A-Za-z]+)(?:_(\w+))?", _word, symbol.name)


def _word(found: re.Match[str]) -> str:
    """Greek letters and sums as such, other names of several letters upright, what follows "_" as an index."""
    base, index = found.groups()
    if base in GREEK or base == "sum":
        base = rf"\{base}"
    elif len(base) > 1:
        base = rf"\mathrm{{{base}}}"
    if index and len(index) > 1:
        index = rf"\mathrm{{{index}}}"
    return f"{base}_{{{index}}}" if index else base


def escaped(text: str) -> str:
    """Plain text as Typst markup that prints as it is."""
    for mark in "\\#$*_`<>@[]~":
        text = text.replace(mark, f"\\{mark}")
    return text
