"""Equations and sentences of a derivation for a notebook: LaTeX with readable names, Markdown that prints as it is."""

from __future__ import annotations

import re
from typing import Any

import sympy as sp

GREEK = {"eta", "lambda", "sigma", "kappa", "tau", "rho", "theta", "delta", "alpha", "xi", "mu", "epsilon", "phi"}


def latex(equation: Any) -> str:
    """A SymPy expression or relation as LaTeX. Names of several letters stand upright.

    An equation whose two sides read the same was evaluated by SymPy: it is written as the value alone.
    """
    names = {symbol: symbol_name(symbol.name) for symbol in equation.free_symbols if isinstance(symbol, sp.Symbol)}

    def written(expression: Any) -> str:
        return sp.latex(expression, symbol_names=names, mul_symbol=r"\,").replace(r"\int\limits", r"\int")

    if isinstance(equation, sp.Eq) and written(equation.lhs) == written(equation.rhs):
        return written(equation.rhs)
    return written(equation)


def symbol_name(name: str) -> str:
    """LaTeX of a symbol's name, word by word: "E[tr A_1]" is three words and two brackets."""
    return re.sub(r"([A-Za-z]+)(?:_(\w+))?", _word, name)


def _word(match: re.Match[str]) -> str:
    """Greek letters and sums as such, other names of several letters upright, what follows "_" as an index."""
    base, index = match.groups()
    if base in GREEK or base == "sum":
        base = rf"\{base}"
    elif len(base) > 1:
        base = rf"\mathrm{{{base}}}"
    if index and len(index) > 1:
        index = rf"\mathrm{{{index}}}"
    return f"{base}_{{{index}}}" if index else base


def escaped(words: str) -> str:
    """Text that Markdown prints as it is: its marks are escaped, so that M*d is no emphasis and E[u] no link."""
    return "".join(f"\\{mark}" if mark in r"\`*_[]<>$~^|#" else mark for mark in words)
