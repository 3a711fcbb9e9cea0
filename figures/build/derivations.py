"""A claim of the ledger as Typst: statement, assumptions, derivation. SymPy writes LaTeX, tex2typst turns it into Typst."""

from typing import Any

from theory.ledger import ledger
from theory.proof.claim import Claim
from theory.proof.latex import latex


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
    return f"+ {escaped(text)}\n  #fitted($ {mathematics(equation)} $)\n"


def mathematics(expression: Any) -> str:
    """A SymPy expression or relation as Typst mathematics; names of several letters stand upright."""
    from tex2typst import tex2typst

    return tex2typst(latex(expression)).replace("\n", " ")


def escaped(text: str) -> str:
    """Plain text as Typst markup that prints as it is."""
    for mark in "\\#$*_`<>@[]~":
        text = text.replace(mark, f"\\{mark}")
    return text
