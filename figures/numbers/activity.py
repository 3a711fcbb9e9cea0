"""Numbers quoted on sparser activation in language models."""

import numpy as np
import pandas as pd

from figures.activity import LOOKS
from figures.estimate import Estimate, jackknife
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.activity import (
    DENSE,
    LEVEL,
    MATRIX_WAYS,
    against_centring,
    by_way,
    each_sparse,
    explained,
    forgotten,
    models,
    of,
    overlap,
    overlap_left,
    reached,
    removed_ratio,
    spared,
    sparse,
    taken,
    trends,
)
from figures.verdicts.pareto import at_level


def activity(results: Results) -> Tree:
    """Every way at every activity, the contrasts of the rules, and what explains forgetting."""
    table, whole = models(results), results.table("activity")
    actives = [*sparse(table), DENSE]
    rows = [_row(whole, active, way) for way in LOOKS for active in actives]
    centred = {
        "overlap_left": each_sparse(table, lambda part, active: overlap_left(part, active, "centred")),
        "spared": each_sparse(table, lambda part, active: spared(part, active, "centred")),
    }
    spared_by, spared_next = by_way(table, spared), by_way(table, _spared_next)
    sparsest = actives[0]
    return {
        "level": LEVEL,
        "seeds": int(table["seed"].nunique()),
        "T": int(whole["T"].iloc[0]),
        "D": int(whole["D"].iloc[0]),
        "rows": rows,
        "at": {way: {_key(row["active"]): row for row in rows if row["way"] == way} for way in LOOKS},
        "overlap_left": {way: _by_key(found) for way, found in by_way(table, overlap_left).items()},
        "spared": {way: _by_key(found) for way, found in spared_by.items()},
        "spared_next": {way: _by_key(found) for way, found in spared_next.items()},
        "sparsest": {
            "active": sparsest,
            "spared": {way: plain(found[sparsest]) for way, found in spared_by.items()},
            "spared_next": {way: plain(found[sparsest]) for way, found in spared_next.items()},
            "matrix": _row(whole, sparsest, "matrix"),
        },
        "centred": {name: _by_key(found) for name, found in centred.items()},
        "against_centring": _by_key(against_centring(table)),
        "trends": {name.split()[-1]: plain(value) for name, value in trends(table).items()},
        "taken": {
            "overlap": plain(jackknife(taken, table)),
            "forgetting": plain(jackknife(lambda part: taken(part, forgotten), table)),
            "next": plain(jackknife(lambda part: taken(part, _next), table)),
        },
        "ratio": plain(jackknife(removed_ratio, table)),
        "ratio_next": plain(jackknife(lambda part: removed_ratio(part, "kept_next"), table)),
        "ratio_root": plain(jackknife(lambda part: removed_ratio(part, power=0.5), table)),
        "explained": explained(table),
        "explained_within": explained(table, within=True),
    }


def _row(whole: pd.DataFrame, active: float, way: str) -> Tree:
    """One way at one activity."""
    part = of(whole, active, way)
    shared = overlap(whole, active, way) * float(np.mean(part["common_mode"]))
    law = {"law": "law_kept", "law_own": "law_kept_own"} if way in MATRIX_WAYS else {}
    return {
        "way": way,
        "title": LOOKS[way].label,
        "active": active,
        "acting": float(np.mean(part["acting"])),
        "before": float(np.mean(part["before"])),
        "raw": float(np.mean(part["raw_overlap"])),
        "overlap": overlap(whole, active, way),
        "common": shared,
        "rest": overlap(whole, active, way) - shared,
        "reached": reached(whole, active, way),
        "forgotten": forgotten(whole, active, way),
        "next": forgotten(whole, active, way, "kept_next"),
        **{name: forgotten(whole, active, way, column) for name, column in law.items()},
        "text_rise": at_level(part, "text_rise", LEVEL),
    }


def _next(part: pd.DataFrame, active: float, way: str) -> float:
    """Share of a task's depth that is gone when one further task was written."""
    return forgotten(part, active, way, "kept_next")


def _spared_next(part: pd.DataFrame, active: float, way: str) -> float:
    """That of the dense model less that at an activity."""
    return spared(part, active, way, "kept_next")


def _by_key(values: dict[float, Estimate]) -> Tree:
    return {_key(active): plain(value) for active, value in values.items()}


def _key(active: float) -> str:
    """An activity within a dotted key: 0.05 as 0_05, 1 as dense."""
    return "dense" if active == DENSE else f"{active:g}".replace(".", "_")
