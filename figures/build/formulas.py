"""SymPy expressions as Typst mathematics, written as a reader would: positive terms first, names of several letters apart."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from theory.proof.latex import symbol_name

NAMES = {
    "tr_K": r"\operatorname{tr} K",
    "tr_K2": r"\operatorname{tr} K^{2}",
    "tr J": r"\operatorname{tr} J",
    "tr A_1": r"\operatorname{tr} A_{1}",
    "E[tr A_1]": r"\mathbb{E} \operatorname{tr} A_{1}",
    "EP": r"\mathbb{E} P",
    "sum_SNR2": r"\sum \mathrm{SNR}^{2}",
    "snr": r"\mathrm{SNR}",
    "teacher_snr": r"\mathrm{SNR}",
    "u_+": "u_{+}",
    "u_-": "u_{-}",
    "P_n'(1)": "P_{n}'(1)",
}
"""Symbols whose name in the code is an abbreviation of a formula."""


class _Printer(LatexPrinter):
    """LaTeX of SymPy with a readable order of terms and products."""

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        return NAMES.get(expr.name) or symbol_name(expr.name)

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        """Terms in SymPy's order, those with a minus sign behind the others: "1 - x", not "-x + 1"."""
        return sorted(super()._as_ordered_terms(expr, order=order), key=lambda term: term.could_extract_minus_sign())

    def _print_Mul(self, expr: Any) -> str:
        """Factors side by side; where a name of several letters is among them, a dot between them."""
        before = self._settings["mul_symbol_latex"]
        if any(len(symbol.name) > 1 and r"\mathrm" in symbol_name(symbol.name) for symbol in _factors(expr)):
            self._settings["mul_symbol_latex"] = r" \cdot "
        try:
            return super()._print_Mul(expr)
        finally:
            self._settings["mul_symbol_latex"] = before


def _factors(product: Any) -> list[Any]:
    """The symbols that are factors of a product, or bases of its powers."""
    bases = (factor.base if isinstance(factor, sp.Pow) else factor for factor in product.args)
    return [base for base in bases if isinstance(base, sp.Symbol)]


def latex(expression: Any) -> str:
    """LaTeX of an expression or relation; of an equation whose sides read the same, the value alone."""
    written = [_Printer({"mul_symbol": r"\,", "ln_notation": True}).doprint(side) for side in _sides(expression)]
    if len(written) == 2 and written[0] == written[1]:
        return written[1]
    return " = ".join(written).replace(r"\int\limits", r"\int")


def _sides(expression: Any) -> tuple[Any, ...]:
    return (expression.lhs, expression.rhs) if isinstance(expression, sp.Eq) else (expression,)


def mathematics(expression: Any) -> str:
    """An expression or relation as Typst mathematics, in one line."""
    from tex2typst import tex2typst

    return tex2typst(latex(expression)).replace("\n", " ")
