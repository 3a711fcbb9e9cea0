"""Numbers quoted on sparser activation in language models."""

from figures.activity import LOOKS
from figures.estimate import jackknife
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.activity import (
    DENSE,
    LEVEL,
    MATRIX_WAYS,
    against_centring,
    contrasts,
    each_sparse,
    explained,
    forgotten,
    models,
    of,
    overlap,
    overlap_left,
    removed_ratio,
    sparse,
)
from figures.verdicts.pareto import at_level


def activity(results: Results) -> Tree:
    """Every way at every activity, the contrasts of the rules, and what explains forgetting."""
    table = models(results)
    whole = results.table("activity")
    actives = [*sparse(table), DENSE]
    rows = []
    for way, look in LOOKS.items():
        for active in actives:
            part = of(whole, active, way)
            rows.append(
                {
                    "way": way,
                    "title": look.label,
                    "active": active,
                    "acting": float(part["acting"].mean()),
                    "before": float(part["before"].mean()),
                    "raw": float(part["raw_overlap"].mean()),
                    "overlap": overlap(table, active, way),
                    "common_mode": float(part["common_mode"].mean()),
                    "forgotten": forgotten(table, active, way),
                    "law": forgotten(table, active, way, "law_kept") if way in MATRIX_WAYS else None,
                    "old_lost": at_level(part, "old_lost", LEVEL),
                }
            )
    shares = explained(table)
    return {
        "level": LEVEL,
        "seeds": int(table["seed"].nunique()),
        "T": int(whole["T"].iloc[0]),
        "D": int(whole["D"].iloc[0]),
        "sparsest": actives[0],
        "rows": rows,
        "at": {way: {_key(row["active"]): row for row in rows if row["way"] == way} for way in LOOKS},
        "overlap_left": {_key(a): plain(value) for a, value in each_sparse(table, overlap_left).items()},
        "spared": {way: {_key(a): plain(value) for a, value in found.items()} for way, found in contrasts(table).items()},
        "against_centring": {_key(a): plain(value) for a, value in against_centring(table).items()},
        "ratio": plain(jackknife(removed_ratio, table)),
        "explained": shares,
        "before": {_key(a): over_seeds(whole[whole["active"] == a], "before") for a in actives},
    }


def _key(active: float) -> str:
    """An activity within a dotted key: 0.05 as 0_05, 1 as dense."""
    return "dense" if active == DENSE else f"{active:g}".replace(".", "_")
