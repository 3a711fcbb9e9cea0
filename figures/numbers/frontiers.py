"""Numbers quoted about the frontier of every system."""

from figures.numbers.estimates import Tree
from figures.results import Results
from simulate.tables import searched


def frontiers(results: Results) -> Tree:
    """Counts, and one row per system: settings, violations, and tightness (median and range over settings)."""
    found = searched(results.table("frontiers"))
    rows = []
    for (kind, name, claim), part in found.groupby(["kind", "system", "claim"], sort=False):
        reached = part["tightness"].dropna()
        rows.append(
            {"kind": kind, "system": name, "claim": claim, "settings": len(part), "violations": int(part["violation"].sum())}
            | {"tightness": {"mean": reached.median(), "low": reached.min(), "high": reached.max(), "count": len(reached)}}
        )
    return {
        "systems": len(rows),
        "settings": len(found),
        "violations": int(found["violation"].sum()),
        "seeds": int(found["seeds"].min()),
        "median": float(found["tightness"].median()),
        "rows": rows,
    }
