"""Numbers quoted on overlap against rank, in trained networks and under the delta rule."""

import pandas as pd

from figures.estimate import jackknife
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.dissociation import advantage, explained, held, networks, over_law, removed, removed_ratio, unequal
from simulate.codes import ensemble_spectrum
from simulate.experiments.sweep_delta import C

COLUMNS = (
    "forgetting", "forgetting_mean", "depth", "predicted_depth", "write_strength", "gradient_overlap", "gradient_common_mode",
    "gradient_participation",
)  # fmt: skip


def dissociation(results: Results) -> Tree:
    """Sizes, every network, what centring takes from overlap and from forgetting, what explains forgetting; the delta rule."""
    frame = networks(results)
    dense, sparse = frame["a"].max(), frame[~frame["centred"]].groupby("a")["forgetting"].mean().idxmin()
    shares = explained(frame)
    return {
        "seeds": int(frame["seed"].nunique()),
        "networks": int(frame.groupby(["centred", "a"]).ngroups),
        "learned_loss": over_seeds(frame, "learned_loss"),
        "unequal": unequal(frame),
        "sparse_a": float(sparse),
        **{
            f"{word}_{'centred' if centred else 'plain'}": {
                column: over_seeds(frame[(frame["a"] == a) & (frame["centred"] == centred)], column) for column in COLUMNS
            }
            for word, a in (("dense", dense), ("sparse", sparse))
            for centred in (False, True)
        },
        "rank": _ranks(frame),
        "removed_overlap": plain(jackknife(lambda part: removed(part, "gradient_overlap"), frame)),
        "removed_forgetting": plain(jackknife(lambda part: removed(part, "forgetting"), frame)),
        "removed_forgetting_mean": plain(jackknife(lambda part: removed(part, "forgetting_mean"), frame)),
        "removed_ratio": plain(jackknife(removed_ratio, frame)),
        "explained_rank": shares["law"],
        "explained_overlap": shares["gradient_overlap"],
        "advantage": plain(jackknife(advantage, frame)),
        "depth_over_law": [
            {"centred": centred, "a": a, **plain(value)} for (centred, a), value in sorted(over_law(frame).items())
        ],
    }


def _ranks(frame: pd.DataFrame) -> Tree:
    """Isotropic rank by network that C2 needs for its prediction at the measured strength: eta D/(1 - kept^(1/(T - 1)))."""
    found = frame.assign(
        rank=frame["write_strength"] * frame["D"] / (1 - frame["predicted_depth"] ** (1 / (frame["T"] - 1))),
    )
    return {
        "centred" if centred else "plain": [{"a": float(a), **over_seeds(own, "rank")} for a, own in part.groupby("a")]
        for centred, part in found.groupby("centred")
    }


def delta_overlap(results: Results) -> Tree:
    """Overlap of dense codes with and without their mean, and the tasks that the delta rule holds with either."""
    table = results.table("sweep_delta", "N", "D", "a", "centred", "T", "depth", "required")
    N, a = int(table["N"].iloc[0]), float(table["a"].max())
    overlap = {
        word: float((ensemble_spectrum(N, a, family, C) ** 2).sum())
        for word, family in (("plain", "nonnegative"), ("centred", "mean_removed"))
    }
    dense = table[table["a"] == a].assign(centred=lambda f: f["centred"].astype(bool))
    means = dense.groupby(["D", "centred", "T"])[["depth", "required"]].mean().reset_index()
    most = means[means["depth"] >= means["required"]].groupby(["D", "centred"])["T"].max().unstack("centred")
    return {
        "N": N,
        "a": a,
        "overlap_plain": overlap["plain"],
        "overlap_centred": overlap["centred"],
        "overlap_ratio": overlap["plain"] / overlap["centred"],
        "tasks": [{"D": int(D), "plain": int(row[False]), "centred": int(row[True])} for D, row in most.iterrows()],
        "held_ratio": plain(held(results)),
    }
