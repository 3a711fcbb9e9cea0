"""Numbers quoted on trained networks of k winners."""

import pandas as pd

from figures.estimate import jackknife
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.coding_level import trained

COLUMNS = ("mean_square_overlap", "gradient_overlap", "gradient_common_mode", "inner_product", "forgetting", "N_eff")


def taken(frame: pd.DataFrame, column: str, centred: bool) -> float:
    """Share of `column` that centring takes from the densest network, or else the best share of winners."""
    means = frame.groupby(["centred", "a"])[column].mean()
    dense = means[False].loc[means[False].index.max()]
    left = means[True].loc[means[True].index.max()] if centred else means[False].min()
    return float(1 - left / dense)


def coding_level(results: Results) -> Tree:
    """Sizes; overlaps, inner products and forgetting at either end of the shares of winners; the best share; what is taken.

    taken: shares of the dense network's overlap and forgetting that centring takes, and of its forgetting that sparsity takes.
    """
    frame = trained(results)
    frame = frame.assign(centred=frame["centred"].astype(bool))
    frame = frame.assign(units_ratio=frame["mean_square_overlap"] / frame["predicted_units"])
    found: Tree = {name: int(frame[name].iloc[0]) for name in ("N", "inputs", "D", "T")}
    found |= {"seeds": frame["seed"].nunique(), "learned_bits": over_seeds(frame, "learned_bits")}
    ratios = frame.groupby(["centred", "a"])["units_ratio"].mean()
    found["units_ratio"] = {"least": float(ratios.min()), "largest": float(ratios.max())}
    for word, centred in (("plain", False), ("centred", True)):
        part = frame[frame["centred"] == centred]
        ends = {"dense": part["a"].max(), "sparse": part["a"].min()}
        found[word] = {
            end: {column: over_seeds(part[part["a"] == a], column) for column in COLUMNS} | {"a": float(a)}
            for end, a in ends.items()
        }
        least = part.groupby("a")["forgetting"].mean().idxmin()
        found[word]["best"] = {"a": float(least), "forgetting": over_seeds(part[part["a"] == least], "forgetting")}
    found["taken"] = {
        "overlap": plain(jackknife(lambda part: taken(part, "gradient_overlap", True), frame)),
        "forgetting": plain(jackknife(lambda part: taken(part, "forgetting", True), frame)),
        "sparsity": plain(jackknife(lambda part: taken(part, "forgetting", False), frame)),
    }
    dense = frame[(frame["a"] == frame["a"].max()) & ~frame["centred"]]
    return found | {"dense_activity": float(dense["activity"].mean())}
