"""A claim of the ledger as Typst: statement, assumptions, derivation, each step with a mark for how it stands.

A step is *given* (a definition or an assumption), *argued* (its sentence is the proof, tried on numbers where that is possible)
or *checked* (an equation, root, limit or inequality that is computed again). The mark is that of the method of `Derivation` that
made the step.
"""

from collections import Counter
from collections.abc import Iterable

from figures.build.formulas import mathematics
from figures.build.prose import escaped, markup
from theory.ledger import ledger
from theory.proof.claim import Claim
from theory.proof.derivation import Step

KINDS = {"given": "G", "argued": "A"}
"""Mark of a step by the method that made it; all other methods compute, and their steps are checked."""
LEGEND = (
    "Each step bears a mark in the margin: *G*, given (a definition or an assumption); *A*, argued (its sentence is the proof, "
    "tried on numbers where that is possible); *C*, checked (an equation, a root, a limit or an inequality that the program "
    "computes anew)."
)


def appendix() -> str:
    """Typst source of all derivations, in the order of the ledger; it expects a function `fitted` in template.typ."""
    claims = [claim for claim in ledger().values() if not claim.cases]
    counts = Counter(kind(step) for claim in claims for step in claim.derivation.steps)
    head = (
        '// Written from the ledger by figures/build/derivations.py.\n#import "template.typ": fitted\n'
        "#let step(kind, body) = block(breakable: false)["
        '#place(left, dx: -4em, text(fill: rgb("#555555"), strong(kind)))#body]\n\n'
        f"{LEGEND} Of the {counts.total()} steps {counts['G']} are given, {counts['A']} argued and {counts['C']} checked.\n\n"
    )
    return head + "\n".join(typeset(claim) for claim in ledger().values())


def kind(step: Step) -> str:
    """G, A or C: how a step stands, by the method of `Derivation` that made it, whose name its check bears."""
    method = step.verify.__qualname__.split(".")[1]
    return KINDS.get(method, "C")


def typeset(claim: Claim) -> str:
    """Typst source of the claim: heading, statement, and the steps as a numbered list, or the truth table of a hypothesis."""
    head = f"= {claim.id}: {markup(claim.title)} <derivation-{claim.id}>\n\n_Status: {claim.status}._ {markup(claim.statement)}\n"
    if claim.cases:
        rows = (f"*{case.verdict}*: {markup(case.condition)} ({escaped(case.because)})" for case in claim.cases)
        return f"{head}\n_Truth table._ Every row is tested on numbers by `cwb theory check {claim.id}`.\n{_items(rows)}"
    steps = "".join(_step(step) for step in claim.derivation.steps)
    return f"{head}\n_Assumptions._\n{_items(markup(each.text) for each in claim.conditions())}\n_Derivation._\n{steps}"


def _items(texts: Iterable[str]) -> str:
    return "".join(f"- {text}\n" for text in texts)


def _step(step: Step) -> str:
    equation = "" if step.equation is None else f" #fitted($ {mathematics(step.equation)} $)"
    return f'+ #step("{kind(step)}")[{markup(step.text)}{equation}]\n'
