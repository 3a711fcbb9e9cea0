"""Numbers quoted about the frontier of every system."""

from math import isfinite
from statistics import median

from figures.numbers.estimates import Tree
from figures.results import Results
from figures.verdicts.frontiers import beyond, by_system, powerless, violating
from simulate.tables import searched


def frontiers(results: Results) -> Tree:
    """Counts, and one row per system: settings, violations, and tightness (median and range over settings).

    `powerless` settings could not have been seen to hold too much; detectable: the median over the other systems.
    """
    judged = beyond(results)
    above, least = violating(judged), median(value.detectable for value in by_system(judged).values())
    found = searched(results.table("frontiers"))
    rows = []
    for (kind, name, claim), part in found.groupby(["kind", "system", "claim"], sort=False):
        reached = part["tightness"].dropna()
        rows.append(
            {
                "kind": kind,
                "system": name,
                "claim": claim,
                "settings": len(part),
                "violations": sum(system == name for system, _ in above),
            }
            | {"tightness": {"mean": reached.median(), "low": reached.min(), "high": reached.max(), "count": len(reached)}}
        )
    return {
        "systems": len(rows),
        "settings": len(found),
        "violations": len(above),
        "powerless": powerless(judged),
        "detectable": least if isfinite(least) else None,
        "seeds": int(found["seeds"].min()),
        "median": float(found["tightness"].median()),
        "rows": rows,
    }
