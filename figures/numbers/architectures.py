"""Numbers quoted on the architectures: what each costs, predicts and recalls."""

from figures.numbers.estimates import Tree
from figures.results import Results
from figures.verdicts.architectures import BAND, BETTER, excess
from realmodels.model.architectures import ARCHITECTURES

COUNTS = ("parameters", "active_parameters", "flops_per_token", "cost")


def architectures(results: Results) -> Tree:
    """A row an architecture, in the order of the project's list; extremes of both comparisons."""
    table = results.table("architectures", "architecture", "equal", "kind", "phrasing", "recall", *COUNTS)
    rows = []
    for name in (name for name in ARCHITECTURES if name in set(table["architecture"])):
        mine = table[table["architecture"] == name]
        ways = {str(equal): part for equal, part in mine.groupby("equal")}
        ways.setdefault("time", ways["tokens"])  # the dense model's time is its own
        row: Tree = {"architecture": name, **{column: float(mine[column].iloc[0]) for column in COUNTS}}
        row |= {f"bits_{equal}": float(part["heldout_bits_per_byte"].iloc[0]) for equal, part in ways.items()}
        heldout = ways["tokens"].query("phrasing == 'heldout'").set_index("kind")["recall"]
        rows.append(row | {str(kind): float(value) for kind, value in heldout.items()})
    spread = {}
    for equal in ("tokens", "time"):
        found = excess(results, equal)
        spread[equal] = {
            "lowest": str(found.idxmin()),
            "low": float(found.min()),
            "highest": str(found.idxmax()),
            "high": float(found.max()),
        }
    counts = [row["parameters"] for row in rows]
    return {
        "rows": rows,
        "count": len(rows),
        "seed": int(table["seed"].iloc[0]),
        "band": BAND,
        "better": BETTER,
        **spread,
        "parameter_spread": max(counts) / min(counts) - 1,
        "least_recall": min(row["people"] for row in rows),
        "tokens_read": int(table.query("architecture == 'dense'")["tokens"].iloc[0]),
    }
