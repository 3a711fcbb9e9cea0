"""Attacks: can an optimiser that chooses everything which a claim leaves free break the claim's bound?"""

import json
from collections.abc import Sequence
from pathlib import Path

from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory import evidence
from theory.attacks.attack import run as search

TRIES: dict[Preset, int] = {"quick": 1_500, "paper": 15_000}
SEEDS: dict[Preset, tuple[int, ...]] = {"quick": (0,), "paper": (0, 1)}


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per attack and seed."""
    return [
        {"claim": attack.claim, "attack": attack.name, "seed": seed, "tries": TRIES[preset]}
        for attack in evidence.attacks()
        for seed in SEEDS[preset]
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row: the tightest ratio of achieved to bound, and the instance that attains it, as JSON."""
    attack = next(one for one in evidence.attacks(cell["claim"]) if one.name == cell["attack"])
    result = search(attack, seed=cell["seed"], tries=cell["tries"])
    own = {name: cell[name] for name in ("claim", "attack", "seed")}
    return [{**own, "free": attack.text, "ratio": result.ratio, "tried": result.tried, "witness": json.dumps(result.witness)}]


EXPERIMENT = Experiment(
    name="attacks",
    question="How close to its bounds does an optimiser come that may choose directions, spectra, schedules, orders, codes and "
    "partitions?",
    prediction="No ratio of achieved to bound exceeds 1 by more than rounding; where a bound is said to be attained, the ratio "
    "comes near 1.",
    falsifier="A ratio above 1 + 1e-9: its witness is a counterexample, and the claim is wrong as stated.",
    controls="Each attack breaks a weakened version of its bound (tests/theory).",
    columns={
        "claim": Column("Id of the attacked claim.", str),
        "attack": Column("Name of the attack.", str),
        "seed": Column("Seed of the optimiser.", int),
        "free": Column("What the optimiser may choose, and which ratio it drives up.", str),
        "ratio": Column("Tightest ratio of achieved to bound; above 1 it would refute the claim."),
        "tried": Column("Instances evaluated.", int, unit="instances"),
        "witness": Column("The instance that attains the ratio, as JSON.", str),
    },
    cells=cells,
    run=run,
)
