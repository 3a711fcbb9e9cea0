"""Literature: do our laws, or the models behind them, give the values in print?"""

from collections.abc import Sequence
from pathlib import Path

from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory import evidence


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per value."""
    return [{"claim": item.claim, "name": item.name, "quantity": item.quantity} for item in evidence.agreements()]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row: our value beside theirs, how ours was obtained, and whether they differ by more than they may."""
    same = ("claim", "name", "quantity")
    item = next(one for one in evidence.agreements(cell["claim"]) if all(getattr(one, key) == cell[key] for key in same))
    ours = float("nan") if item.ours is None else float(item.ours())
    printed = {key: getattr(item, key) for key in ("theirs", "tolerance", "why", "how", "source", "provenance")}
    agrees = bool(abs(ours - item.theirs) <= item.tolerance)
    return [{**cell, "ours": ours, **printed, "quoted": item.ours is None, "agrees": agrees}]


EXPERIMENT = Experiment(
    name="literature",
    question="Do our laws, evaluated where others have printed a number, give that number?",
    prediction="Every value agrees within a tolerance that follows from the digits in print or from the size of a finite system.",
    falsifier="A value that differs by more.",
    controls="Ours is an independent computation: equations solved, systems enumerated or simulated; never the printed formula "
    "in other clothes. Values that are only quoted are marked so and do not count.",
    columns={
        "claim": Column("Id of the claim.", str),
        "name": Column("What the value is called in the field.", str),
        "quantity": Column("What is compared, with its unit.", str),
        "ours": Column("Our value, in the unit that `quantity` names.", optional="the value is only quoted"),
        "theirs": Column("Value in print, in the same unit."),
        "tolerance": Column("Largest admissible absolute difference."),
        "why": Column("Where that tolerance comes from.", str),
        "how": Column("How our value was obtained.", str),
        "source": Column("Publication with its equation, figure or table.", str),
        "provenance": Column("How the printed value is known.", str),
        "quoted": Column("Whether the value is only quoted, with nothing of ours beside it.", bool),
        "agrees": Column("Whether ours and theirs differ by no more than the tolerance.", bool),
    },
    cells=cells,
    run=run,
)
