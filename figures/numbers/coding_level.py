"""Numbers quoted on trained networks of k winners."""

import numpy as np
import pandas as pd
from scipy import stats

from figures.estimate import Estimate, Scale, estimate, jackknife
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.coding_level import distinct, pairs, removed, trained

COLUMNS: dict[str, Scale] = {
    "mean_square_overlap": "log",
    "gradient_overlap": "log",
    "gradient_common_mode": "logit",
    "inner_product": "log",
    "forgetting": "logit",
    "N_eff": "log",
}


def coding_level(results: Results) -> Tree:
    """Sizes; overlaps, inner products and forgetting at either end of the shares of winners; the best share; what centring takes
    from overlap and from forgetting; pairs of networks in the order of their overlap.
    """  # fmt: skip
    frame = trained(results)
    frame = frame.assign(units_ratio=frame["mean_square_overlap"] / frame["predicted_units"])
    found: Tree = {name: int(frame[name].iloc[0]) for name in ("N", "inputs", "D", "T")}
    found |= {"seeds": frame["seed"].nunique(), "learned_bits": over_seeds(frame, "learned_bits", "log")}
    ratios = frame.groupby(["centred", "a"])["units_ratio"].mean()
    found["units_ratio"] = {"least": float(ratios.min()), "largest": float(ratios.max())}
    for word, centred in (("plain", False), ("centred", True)):
        part = frame[frame["centred"] == centred]
        ends = {"dense": part["a"].max(), "sparse": part["a"].min()}
        found[word] = {
            end: {column: over_seeds(part[part["a"] == a], column, scale) for column, scale in COLUMNS.items()} | {"a": float(a)}
            for end, a in ends.items()
        }
        found[word]["best"] = _best(part)
    dense = frame[(frame["a"] == frame["a"].max()) & ~frame["centred"]]
    words = [word for _, word in pairs(frame)]
    found["pairs"] = {"count": len(words), "in_order": words.count("supported"), "reversed": words.count("refuted")}
    return found | {"dense_activity": float(dense["activity"].mean()), "centring": _centring(frame)}


def _best(part: pd.DataFrame) -> Tree:
    """The share of winners that forgets least, and how much that is."""
    least = part.groupby("a")["forgetting"].mean().idxmin()
    return {"a": float(least), "forgetting": over_seeds(part[part["a"] == least], "forgetting", "logit")}  # pyright: ignore[reportArgumentType]


def _centring(frame: pd.DataFrame) -> Tree:
    """What centring takes: {overlap, forgetting} of a dense network, of all there is and of what the best sparsity takes; the
    same of all by share of winners; and how much more the centred dense network forgets than the best sparse one.
    """  # fmt: skip
    names = {"overlap": "gradient_overlap", "forgetting": "forgetting"}
    dense = frame["a"].max()
    rows = [
        {"a": float(a)} | {name: plain(_taken(part, column)) for name, column in names.items()}
        for a, part in distinct(frame).groupby("a")
    ]
    return {
        "of_all": {name: plain(_taken(frame[frame["a"] == dense], column)) for name, column in names.items()},
        "of_what_sparsity_takes": {
            name: plain(jackknife(lambda part, column=column: removed(part, column), frame)) for name, column in names.items()
        },
        "by_winners": rows,
        "left_of_dense": _left(frame),
    }


def _taken(part: pd.DataFrame, column: str) -> Estimate:
    """Share of a column that centring takes at one share of winners: 1 minus a ratio of means, whose interval is on the log "
    "scale."""

    def ratio(rows: pd.DataFrame) -> float:
        means = rows.groupby("centred")[column].mean()
        return float(means[True] / means[False])

    left = jackknife(ratio, part, scale="log")
    return Estimate(1 - left.mean, 1 - left.high, 1 - left.low, left.count)


def _left(frame: pd.DataFrame) -> Tree:
    """Forgetting of the centred dense network minus that of the best sparse one without centring, paired by seed, with its t."""
    lost = frame.pivot(index="seed", columns=["centred", "a"], values="forgetting")
    best = lost[False].mean().idxmin()
    difference = lost[True, frame["a"].max()] - lost[False, best]
    error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else np.inf
    t = float(difference.mean()) / error
    return plain(estimate(difference)) | {"t": t, "p": float(2 * stats.t.sf(abs(t), max(len(difference) - 1, 1)))}
