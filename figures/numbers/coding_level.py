"""Numbers quoted on trained networks of k winners."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from figures.estimate import Estimate, estimate, jackknife
from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.verdicts.coding_level import distinct, pairs, removed, trained

POSITIVE = ("mean_square_overlap", "gradient_overlap", "inner_product", "N_eff")
SHARES = ("gradient_common_mode", "forgetting")


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
        found[word] = {end: _network(part, a) for end, a in ends.items()} | {"best": _best(part)}
    dense = frame[(frame["a"] == frame["a"].max()) & ~frame["centred"]]
    words = [word for _, word in pairs(frame)]
    found["pairs"] = {"count": len(words), "in_order": words.count("supported"), "reversed": words.count("refuted")}
    return found | {"dense_activity": float(dense["activity"].mean()), "taken": _taken(frame)}


def _network(part: pd.DataFrame, a: float) -> Tree:
    rows = part[part["a"] == a]
    found: Tree = {column: over_seeds(rows, column, "log") for column in POSITIVE}
    return found | {column: level_over_seeds(rows, column) for column in SHARES} | {"a": float(a)}


def _best(part: pd.DataFrame) -> Tree:
    """The share of winners that forgets least, and how much that is."""
    least = part.groupby("a")["forgetting"].mean().idxmin()
    return {"a": float(least), "forgetting": level_over_seeds(part[part["a"] == least], "forgetting")}  # pyright: ignore[reportArgumentType]


def _taken(frame: pd.DataFrame) -> Tree:
    """Shares of a dense network's overlap and forgetting that centring takes, and of its forgetting that the best sparsity takes;
    what centring takes of all that sparsity takes, and by share of winners; how much more the centred dense network forgets than
    the best sparse one.
    """  # fmt: skip
    names = {"overlap": "gradient_overlap", "forgetting": "forgetting"}
    dense = frame[frame["a"] == frame["a"].max()]
    parts = [(float(a), part) for a, part in distinct(frame).groupby("a")]  # pyright: ignore[reportArgumentType]
    return {
        **{name: plain(_gone(dense, column, _by_centring)) for name, column in names.items()},
        "sparsity": plain(_gone(frame, "forgetting", _by_sparsity)),
        "of_what_sparsity_takes": {
            name: plain(jackknife(lambda part, column=column: removed(part, column), frame)) for name, column in names.items()
        },
        "at": {
            f"{a:g}".replace(".", "_"): {name: plain(_gone(part, column, _by_centring)) for name, column in names.items()}
            for a, part in parts
        },
        "left_of_dense": _left(frame),
    }


def _gone(frame: pd.DataFrame, column: str, left: Callable[[pd.Series], float]) -> Estimate:
    """1 minus what is left of a column's mean, a ratio above 0 whose interval is on the log scale."""
    ratio = jackknife(lambda rows: left(rows.groupby(["centred", "a"])[column].mean()), frame, scale="log")
    return Estimate(1 - ratio.mean, 1 - ratio.high, 1 - ratio.low, ratio.count)


def _by_centring(means: pd.Series) -> float:
    return float(means[True].iloc[-1] / means[False].iloc[-1])


def _by_sparsity(means: pd.Series) -> float:
    return float(means[False].min() / means[False].iloc[-1])


def _left(frame: pd.DataFrame) -> Tree:
    """Forgetting of the centred dense network minus that of the best sparse one without centring, paired by seed, with its t."""
    lost = frame.pivot(index="seed", columns=["centred", "a"], values="forgetting")
    best = lost[False].mean().idxmin()
    difference = lost[True, frame["a"].max()] - lost[False, best]
    error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else np.inf
    t = float(difference.mean()) / error
    return plain(estimate(difference)) | {"t": t, "p": float(2 * stats.t.sf(abs(t), max(len(difference) - 1, 1)))}
