"""Numbers quoted in the chapter on methods by the length of the stream."""

from figures.estimate import estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.sequences import COLUMNS, length, ratio, used


def sequences(results: Results) -> Tree:
    """For every learner its state, lengths by law and measured, how it fails, and its bits; the extremes over all."""
    frame = results.table("sequences", *COLUMNS, "method", "state", "outputs", "N", "numbers", "length", "bits")
    rows = []
    for learner, part in frame.groupby("learner"):
        first, last = part.iloc[0], part[part["M"] == part["M"].max()]
        bits = part.groupby("M")["bits"].mean()
        rows.append(
            {"learner": str(learner), "method": str(first["method"]), "N": int(first["N"]), "numbers": float(first["numbers"])}
            | {"protective": float(first["numbers"] - first["N"] * first["outputs"]), "law": float(first["length"])}
            | {"predicted": length(part, "predicted_worst"), "measured": length(part), "ratio": plain(ratio(part))}
            | {"fails": str(first["fails"]), "newest": float(last["newest"].mean()), "oldest": float(last["oldest"].mean())}
            | {"bits": float(bits.max()), "bits_at": int(bits.idxmax())}
        )
    by_name = {row["learner"]: row for row in rows}
    routes = frame.pivot_table(index="seed", columns="learner", values="total")
    return {
        "state": int(frame["state"].iloc[0]),
        "outputs": int(frame["outputs"].iloc[0]),
        "seeds": frame["seed"].nunique(),
        "learners": len(rows),
        "cells": len(used(results)),
        "rows": sorted(rows, key=lambda row: -row["law"]),
        "by_learner": by_name,
        "largest_error": max(abs(row["ratio"]["mean"] - 1) for row in rows),
        "law_error": max(abs(row["predicted"] / row["law"] - 1) for row in rows),
        "largest_share": max(share.mean for share in used(results)),
        "two_routes": plain(estimate(routes["rls"] / routes["ewc"])),
    }
