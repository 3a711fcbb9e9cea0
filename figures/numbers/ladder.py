"""Numbers quoted about the capacity ladder."""

from figures.numbers.estimates import Tree, over_seeds
from figures.results import Results
from figures.verdicts.ladder import COLUMNS, at_allowed, best
from theory.predictions.ladder import RUNGS, limit


def ladder(results: Results) -> Tree:
    """Per rung: sizes, the most bits measured (graded, hard), bits at 1% error, depth there, and the laws' limits."""
    frame = results.table("ladder", *COLUMNS, "histogram", "depth", "whole")
    score = frame[~frame["system"].isin(["interleaved", "two"])]
    gap = (score["histogram"] - score["graded"]).groupby([score["system"], score["N"], score["P"]]).mean()
    rungs = {}
    for system in (name for name in RUNGS if (frame["system"] == name).any()):
        part = frame[frame["system"] == system]
        graded, hard, allowed = limit(system)
        most = {kind: best(frame, system, kind) for kind in ("graded", "hard")}
        rungs[system] = {
            "title": RUNGS[system].title,
            "smallest": int(part["N"].min()),
            "largest": int(part["N"].max()),
            **{kind: over_seeds(rows, kind) for kind, rows in most.items()},
            **{f"{kind}_load": float(rows["load"].mean()) for kind, rows in most.items()},
            "allowed": at_allowed(frame, system),
            "depth": float((part["load"] * part["depth"])[part["P"] == most["graded"]["P"].iloc[0]].mean()),
            "graded_law": graded,
            "hard_law": hard,
            "allowed_law": allowed,
        }
    return {
        "seeds": frame["seed"].nunique(),
        "points": frame.groupby(["system", "N", "P", "predicted_error"]).ngroups,
        "largest": int(frame["N"].max()),
        "histogram_gap": float(gap.abs().max()),
        "rungs": rungs,
        "rows": list(rungs.values()),
    }
