"""Numbers quoted in the chapter on simulation."""

import numpy as np

from figures.estimate import estimate
from figures.numbers.estimates import Tree, largest_error, over_seeds, plain
from figures.results import Results
from figures.verdicts.ceiling import seeds_of, tightness
from figures.verdicts.separation import gains, measured
from figures.verdicts.tradeoff import incursions
from simulate.tables import cell_means, frontier
from theory.ledger import claim

SWEEPS = {
    "delta": ("sweep_delta", None),
    "hebbian": ("sweep_hebbian", None),
    "cells": ("sweep_cells", None),
    "single": ("sweep_shared", "single"),
    "dual": ("sweep_shared", "dual"),
}


def interference(results: Results) -> Tree:
    """N E[kappa^2] of codes with their mean and without, at either end of the activities; how well I1 and I2 hold."""
    frame = results.table(
        "interference", "N", "M", "a", "c", "active", "family", "seed", "mean_square_overlap", "participation_ratio"
    )
    N, c = float(frame["N"].iloc[0]), float(frame["c"][frame["family"] == "nonnegative"].max())
    codes = {"plain": "nonnegative", "centred": "mean_removed"}
    ends = {"dense": frame["a"].max(), "sparse": frame["a"].min()}
    scaled = frame[frame["c"] == c].assign(scaled=frame["mean_square_overlap"] * N)
    law = claim("I2").mean_square_overlap(N=frame["N"], a=frame["active"] / frame["N"], c=frame["c"])
    uncentred = frame.assign(law=law)[frame["family"] == "nonnegative"]
    direct = (frame["M"] - 1) * frame["mean_square_overlap"]
    floor = claim("I1").floor(M=frame["M"], N=frame["N"])
    return {
        "N": int(N),
        "seeds": frame["seed"].nunique(),
        "c": c,
        "activity_smallest": float(ends["sparse"]),
        "activity_largest": float(ends["dense"]),
        "saturation_activity": claim("I2").a_star(N=N, c=c),
        **{
            end: {
                word: over_seeds(scaled[(scaled["a"] == a) & (scaled["family"] == family)], "scaled")
                for word, family in codes.items()
            }
            for end, a in ends.items()
        },
        "law_error": largest_error(uncentred, ["c", "a"], "mean_square_overlap", "law"),
        "identity_error": float(((direct + 1) * frame["participation_ratio"] / frame["M"] - 1).abs().max()),
        "floor_cells": len(frame),
        "floor_violations": int((direct < floor * (1 - 1e-9)).sum()),
        "floor_ratio": float((direct / floor).min()),
    }


def retention(results: Results) -> Tree:
    """Total depth against its trace; the oldest of M facts under one eta; the total of annealed writes."""
    frame = results.table(
        "retention", "N", "M", "centred", "schedule", "eta", "age", "seed", "depth", "total_depth", "trace_depth"
    )
    N, M = int(frame["N"].iloc[0]), int(frame["M"].max())
    whole = frame[(frame["M"] == M) & frame["centred"].astype(bool)]
    fixed = whole[(whole["schedule"] == "fixed") & (whole["eta"] < 1)]
    oldest = fixed[fixed["age"] == M - 1]
    annealed = whole[whole["schedule"] == "annealed"]
    return {
        "N": N,
        "M": M,
        "seeds": frame["seed"].nunique(),
        "identity_error": float((frame["total_depth"] - frame["trace_depth"]).abs().max()),
        "fixed_best": over_seeds(oldest.assign(kept=oldest["depth"] * M / N), "kept"),
        "fixed_ceiling": claim("C2").ceiling(N=N, M=M) / N,
        "annealed_total": over_seeds(annealed.assign(total=annealed["total_depth"] / N), "total"),
        "annealed_predicted": claim("C2-schedule").annealed_depth(N=N, M=M) * M / N,
    }


def capacity(results: Results) -> Tree:
    """Bits per synapse of one-shot storage at the largest load, under their ceiling."""
    frame = results.table("hebbian", "N", "P", "a", "seed", "snr", "bits_per_synapse")
    load = frame["P"] / frame["N"]
    frame = frame.assign(law=claim("C3").snr(N=frame["N"], P=frame["P"]))
    return {
        "N": int(frame["N"].iloc[0]),
        "seeds": frame["seed"].nunique(),
        "activities": frame["a"].nunique(),
        "load_smallest": float(load.min()),
        "load_largest": float(load.max()),
        "snr_error": largest_error(frame, ["P"], "snr", "law"),
        "bits": over_seeds(frame[load == load.max()], "bits_per_synapse"),
        "ceiling": claim("C3").bits(d=1),
    }


def plane(results: Results) -> Tree:
    """How many points of either regime lie in the region closed to one, and how well J follows its law."""
    frame = results.table("tradeoff", "N", "sigma", "eta", "regime", "seed", "J")
    single = frame[frame["regime"] == "single"]
    single = single.assign(law=claim("C4").J(eta=single["eta"], sigma=single["sigma"]))
    beyond = {regime: [ratio.low > 1 for ratio in incursions(results, regime)] for regime in ("single", "dual")}
    by_regime = frame.pivot_table(index=["sigma", "eta", "seed"], columns="regime", values="J")
    control = (by_regime["dual_dense"] / by_regime["dual"]).groupby("seed").mean()
    return {
        "N": int(frame["N"].iloc[0]),
        "sigma": sorted(frame["sigma"].unique().tolist()),
        "seeds": frame["seed"].nunique(),
        "J_error": largest_error(single, ["sigma", "eta"], "J", "law"),
        "single_points": len(beyond["single"]),
        "single_violations": sum(beyond["single"]),
        "dual_points": len(beyond["dual"]),
        "dual_beyond": sum(beyond["dual"]),
        "dense_control": plain(estimate(control)),
    }


def sweeps(results: Results) -> Tree:
    """Size and tightness of every sweep."""
    return {name: _sweep(results, *which) for name, which in SWEEPS.items()}


def _sweep(results: Results, name: str, regime: str | None) -> Tree:
    table = results.table(name, "N", "b", "T", "a", "seed", "ceiling_T", "ceiling_depth")
    if regime is not None:
        table = table[table["regime"] == regime]
    judged, reached = cell_means(table), tightness(table)
    depths = table.groupby([key for key in ("D", "R", "D_s") if key in table]).ngroups
    return {
        "N": int(table["N"].iloc[0]),
        "b": int(table["b"].iloc[0]),
        "seeds": table["seed"].nunique(),
        "cells": len(judged),
        "depths": depths,
        "activities": table["odds" if "odds" in table else "a"].nunique(),
        "tasks": int(judged.groupby([key for key in judged if key in ("D", "R", "D_s", "centred")])["T"].nunique().min()),
        "required": float(table["required"].iloc[0]) if "required" in table else 1.0,
        "frontier_points": len(frontier(table)),
        "tightness": plain(estimate(reached)),
        "best": float(reached.max()),
    }


def gain(results: Results) -> Tree:
    """Measured and predicted gain of two regimes at every R > 0 and D_s; a regime holds what every seed returns."""
    found = gains(results)
    rows = []
    for (_, _, R, D_s), law, value in zip(found.index, np.exp(found["law"]), map(plain, measured(found)), strict=True):
        rows.append(
            {"R": int(R), "D_s": int(D_s), "r": float(R / D_s), "predicted": float(law)}
            | {"measured": value["mean"], "low": value["low"], "high": value["high"]}
        )
    N, b, *_ = found.index[0]
    return {
        "N": int(N),
        "b": int(b),
        "seeds": len(seeds_of(found)) or 1,
        "D_s": sorted({row["D_s"] for row in rows}),
        "rows": rows,
        "largest": max(rows, key=lambda row: row["predicted"]),
    }
