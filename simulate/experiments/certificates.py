"""Certificates: are the inequalities of the ledger true everywhere on their boxes, by machine-checked proof?"""

from collections.abc import Sequence
from pathlib import Path

from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory import evidence


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per claim that has certificates."""
    return [{"claim": id} for id in dict.fromkeys(certificate.claim for certificate in evidence.certificates())]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per certificate: what it proves, on which box, by which method, and how much of it is proved."""
    rows = []
    for certificate in evidence.certificates(cell["claim"]):
        outcome = certificate.run()
        about = {"claim": certificate.claim, "statement": certificate.statement, "box": certificate.box}
        about["method"] = certificate.method
        rows.append(about | {"passed": outcome.passed, "covered": outcome.covered, "detail": outcome.detail})
    return rows


EXPERIMENT = Experiment(
    name="certificates",
    question="Do the inequalities of the ledger hold everywhere on the boxes that they are certified for?",
    prediction="Every certificate is proved on the whole of its box.",
    falsifier="A counterexample found by a prover refutes the inequality; a part of a box not settled leaves it undecided there.",
    controls="The provers are tested on inequalities that are false, on false ones that hold at almost every point, and on "
    "margins that touch zero.",
    columns={
        "claim": Column("Id of the claim.", str),
        "statement": Column("Inequality that is certified.", str),
        "box": Column("Set of parameters on which it is certified.", str),
        "method": Column("How: smt (solver), exact (exact arithmetic) or balls (interval arithmetic).", str),
        "passed": Column("Whether the whole of the box is proved.", bool),
        "covered": Column("Share of the box that is proved."),
        "detail": Column("What the prover reported.", str),
    },
    cells=cells,
    run=run,
)
