"""Rule for the frontier of every system under the ceiling of its claim."""

from dataclasses import replace
from math import inf

import numpy as np
import pandas as pd

from figures.estimate import Estimate, counted, estimate
from figures.results import Results
from figures.verdicts.ceiling import MARGIN, ROUND
from figures.verdicts.rule import SEEN, Judgement, Rule, below, together

COUNTED = ("cells", "shared_single", "shared_dual")
"""Systems whose task comes back whole or not: the ceiling leaves a share of the seeds (Markov)."""


def beyond(results: Results) -> pd.DataFrame:
    """Rows at the first whole number of tasks that the ceiling forbids: system, point, seed, and depth over what is asked for.

    Of the counted systems the ratio is 1 for a whole task, else 0, and `allowed` is the share that the ceiling leaves.
    """
    table = results.table("frontiers", "system", "point", "unit", "T", "seed", "depth", "required", "ceiling_T")
    table = table[table["T"] == np.floor(table["ceiling_T"] + 1e-9) + 1]
    whole = (table["depth"] >= table["required"]).astype(float)
    ratio = whole.where(table["system"].isin(COUNTED), table["depth"] / table["required"])
    return table.assign(ratio=ratio, allowed=table["ceiling_T"] / table["T"])


def by_system(rows: pd.DataFrame) -> dict[str, Estimate]:
    """Depth over what is asked for, mean over the settings of each system whose depth is a number; simultaneous intervals."""
    groups = list(rows[~rows["system"].isin(COUNTED)].groupby("system", sort=False))
    return {name: estimate(part.groupby("seed")["ratio"].mean(), comparisons=len(groups)) for name, part in groups}


def by_setting(rows: pd.DataFrame) -> dict[tuple[str, int], Estimate]:
    """The same setting by setting, simultaneous over all; of the counted systems the exact bound over what Markov leaves."""
    groups = list(rows.groupby(["system", "point"], sort=False))
    found = {}
    for (name, point), part in groups:
        if name in COUNTED:
            value = counted(int(part["ratio"].sum()), len(part), float(part["allowed"].iloc[0]), len(groups))
        else:
            value = estimate(part["ratio"], comparisons=len(groups))
        found[name, point] = value
    return found


def violating(rows: pd.DataFrame) -> set[tuple[str, int]]:
    """(system, point) of the settings that hold more than their ceiling beyond the simultaneous bound."""
    return {setting for setting, value in by_setting(rows).items() if value.low > 1}


def powerless(rows: pd.DataFrame) -> int:
    """Number of settings at which even a return of every task by every seed would not have counted as a violation."""
    return sum(value.detectable == inf for value in by_setting(rows).values())


def bounded(rows: pd.DataFrame) -> set[str]:
    """Systems whose depth cannot exceed 1 and is asked to be so near it that it cannot lie `MARGIN` above what is asked for."""
    near = rows["unit"].str.startswith("fraction") & (rows["required"] * (1 + MARGIN) >= 1)
    return set(rows["system"][near])


def _frontiers(results: Results) -> Judgement:
    """Support by system, refutation by system or setting; no support where settings have no power."""
    rows = beyond(results)
    systems, closed = by_system(rows), bounded(rows)
    parts = [[value for name, value in systems.items() if (name in closed) == near] for near in (False, True)]
    judged = [below(part, 1.0, margin) for part, margin in zip(parts, (MARGIN, 0.0), strict=True) if part]
    single = below(list(by_setting(rows).values()), 1.0, MARGIN)
    found = below(list(systems.values()), 1.0, MARGIN)
    if single.verdict == "refuted":
        return found if found.verdict == "refuted" else single
    verdict = together([part.verdict for part in judged])
    return replace(found, verdict="undecided" if powerless(rows) and verdict == "supported" else verdict)


RULES = (
    Rule(
        "frontiers",
        "No memory and no learner that is simulated holds one task more than the ceiling of its claim.",
        "at most 1",
        "At one task more than the ceiling allows: depth of the worst-kept task over the depth asked for, mean over the settings "
        "of each system, 95% t intervals over seeds, simultaneous over systems. Shown: the highest, and the smallest violation "
        f"that would have been found, the largest over systems. Supported if every upper end lies at most {MARGIN:.0%} above 1; "
        "refuted if a lower end lies above 1, or that of a single setting by intervals simultaneous over all settings; else "
        "undecided. Where a task comes back whole or not (cells, shared_single, shared_dual) a setting is judged by the exact "
        "binomial bound of the share of seeds over what the ceiling leaves (Markov). Settings at which even a return by every "
        "seed could not refute cannot be judged: with one of them the claim is not supported. C2-cells, S1-single and S1-dual "
        "judge those systems. " + SEEN,
        ("frontiers",),
        _frontiers,
        rests_on="simulation",
        rule_set="after",
        why=ROUND + "it is less than the one task by which the grid of T overshoots a ceiling below ten tasks.",
    ),
)
