"""Rules on why two small stores hold less than S3 says: the sparse store is small, and one store holds more than S3-one."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.regimes import winner
from figures.verdicts.rule import Judgement, Rule, Verdict, decide, decide_all, judgement, together

FACT = 0.13  # tolerance of the law with terms of size
PARTS = 1.15  # factor by which two stores may differ from what their parts give
STORES = {"sparse": "sparse fast store", "dense": "dense fast store"}
CONTROLS = ("one store", "equal sparsity")


def stores(results: Results, part: str) -> pd.DataFrame:
    """The rows of a part of the run: "alone" or "system"."""
    frame = results.table("diagnosis", "part", "N", "T", "system", "size", "seed", "M", "load", "law", "predicted")
    return frame[frame["part"] == part]


def by_size(results: Results, kind: str, column: str) -> dict[int, Estimate]:
    """Load of a fast store alone over `column` ("law" or "predicted"), by numbers a unit; simultaneous over sizes and kinds."""
    frame = stores(results, "alone")
    count = frame.groupby(["system", "N"]).ngroups
    part = frame[frame["system"] == STORES[kind]]
    return {int(N): estimate(own["load"] / own[column], comparisons=count) for N, own in part.groupby("N")}


def sparse_over_dense(results: Results) -> dict[int, Estimate]:
    """Load of the sparse store alone over that of the dense one, of means over seeds, by numbers a unit."""
    frame = stores(results, "alone")
    kinds = [frame["system"] == name for name in STORES.values()]

    def ratio(part: pd.DataFrame) -> float:
        means = part.groupby("system")["load"].mean()
        return float(means[STORES["sparse"]] / means[STORES["dense"]])

    either = frame[kinds[0] | kinds[1]].groupby("N")
    return {int(N): jackknife(ratio, part, comparisons=2, scale="log") for N, part in either}


def composed(part: pd.DataFrame, kind: str) -> float:
    """Load that the measured parts give together: both hold as many facts, at the best division (S3's 1/load = 1/C + c/T).

    part: rows of one N and T, means over seeds of what the parts hold.
    """
    N = int(part["N"].iloc[0])
    held = part.groupby(["system", "size"])["M"].mean()
    slow = held["slow store"]
    fast, size = held[STORES[kind]], np.arange(1, N)
    facts = np.interp(size, [0, *fast.index], [0, *fast.to_numpy()])
    return float(np.max(np.minimum(facts, slow.iloc[0] / slow.index[0] * (N - size))) / N)


def over_parts(results: Results) -> dict[int, Estimate]:
    """Load of two stores over what their measured parts give, by number of tasks; simultaneous 95% jackknife over seeds."""

    def ratio(part: pd.DataFrame) -> float:
        return float(part.loc[part["system"] == "two stores", "load"].mean() / composed(part, "sparse"))

    groups = stores(results, "system").groupby("T")
    return {int(T): jackknife(ratio, part, groups.ngroups, "log") for T, part in groups}


class Call(NamedTuple):
    """Two stores over a control: the ratio that S3 gives, the one that measured parts give, the one measured, and the verdict."""

    control: str
    T: int
    law: float
    parts: float
    measured: Estimate
    verdict: Verdict


def calls(results: Results) -> list[Call]:
    """The comparisons that S3 calls for two stores, as the measured parts call them.

    Against one store: its measured load. Against equal sparsity: what its measured parts give.
    """
    groups = {int(T): part for T, part in stores(results, "system").groupby("T")}
    found = []
    for control in CONTROLS:
        for T, part in groups.items():
            law = part.groupby("system")["law"].first()
            own = part[part["system"].isin(("two stores", control))].assign(log=lambda f: np.log(np.maximum(f["M"], 0.5)))
            logs = own.pivot(index="seed", columns="system", values="log")
            measured = estimate(logs["two stores"] - logs[control], comparisons=len(CONTROLS) * len(groups))
            single = float(part.loc[part["system"] == "one store", "load"].mean())
            parts = composed(part, "sparse") / (single if control == "one store" else composed(part, "dense"))
            side = {"two stores": (0.0, np.inf), "control": (-np.inf, 0.0)}.get(winner(parts), (-np.log(PARTS), np.log(PARTS)))
            found.append(
                Call(control, T, float(law["two stores"] / law[control]), parts, back(measured), decide(measured, *side))
            )
    return [each for each in found if winner(each.law) == "two stores"]


def _rises(results: Results) -> Judgement:
    part = stores(results, "alone")
    part = part[part["system"] == STORES["sparse"]]
    part = part.assign(log=np.log(np.maximum(part["M"], 0.5) / part["size"] / part["law"]))
    slopes = [np.polyfit(np.log(own["N"]), own["log"], 1)[0] for _, own in part.groupby("seed")]
    value = estimate(slopes)
    return judgement(value, decide(value, 0.0, np.inf))


def _finite(results: Results) -> Judgement:
    worst, verdict = decide_all([each for kind in STORES for each in by_size(results, kind, "predicted").values()],
                                1 - FACT, 1 + FACT)  # fmt: skip
    return judgement(worst, verdict)


def _cross(results: Results) -> Judgement:
    ratios = sparse_over_dense(results)
    small, large = ratios[min(ratios)], ratios[max(ratios)]
    return judgement(large, together([decide(small, 0.0, 1.0), decide(large, 1.0, np.inf)]))


def _parts(results: Results) -> Judgement:
    worst, verdict = decide_all(list(over_parts(results).values()), 1 / PARTS, PARTS)
    return judgement(worst, verdict)


def _called(results: Results) -> Judgement:
    found = calls(results)
    verdict = together([each.verdict for each in found])
    shown = [each for each in found if each.verdict == verdict] or found
    return judgement(min((each.measured for each in shown), key=lambda value: abs(np.log(value.mean))), verdict)


SHOWN = "labels per number of state, at most 1% wrong, seed by seed"
RULES = (
    Rule(
        "H3-small",
        "A sparse one-shot store falls short of its law where it is small, and comes nearer as it grows.",
        "exponent above 0",
        f"Slope, seed by seed, of the logarithm of the load ({SHOWN}) over C3's at 1% error on the logarithm of the size, 48 to "
        "768 numbers a unit; 95% t interval over seeds. Supported if the interval lies above 0, refuted if it lies wholly below.",
        ("diagnosis",),
        _rises,
        rests_on="simulation",
        rule_set="before",
    ),
    Rule(
        "H3-finite",
        "One-shot stores of every size hold what C3 says once the facts themselves, the few facts of a cell and the counting of "
        "labels are kept in it.",
        "ratio 1",
        f"Load ({SHOWN}) over theory.predictions.one_shot, sparse and dense, 48 to 768 numbers a unit; simultaneous 95% t "
        f"intervals over seeds; the one furthest from 1 is shown. Supported if all lie within {FACT:.0%} of 1, refuted if one "
        "lies wholly outside.",
        ("diagnosis",),
        _finite,
        rests_on="simulation",
        rule_set="before",
        why="One fact of the 7.7 that the law gives the smallest store.",
    ),
    Rule(
        "H3-cross",
        "Of 48 numbers a unit a sparse one-shot store holds less than a dense one, of 768 more.",
        "0.80 at 48, 1.20 at 768",
        f"Load of the sparse store over that of the dense one ({SHOWN}), at the smallest and at the largest size; two "
        "simultaneous 95% jackknife intervals over seeds on the logarithm; the largest size is shown. Supported if the first "
        "lies below 1 and the second above, refuted if either lies wholly on the other side.",
        ("diagnosis",),
        _cross,
        rests_on="simulation",
        rule_set="before",
    ),
    Rule(
        "H3-parts",
        "Two stores hold what their parts, measured alone, hold together: S3's composition is right at any size.",
        "ratio 1",
        "Load of two stores, divided as the parts on other seeds say, over the load at which a fast and a slow store, each "
        "measured alone, hold as many facts at the best division of the same numbers; every number of tasks; simultaneous 95% "
        "jackknife intervals over seeds on the logarithm; the one furthest from 1 is shown. Supported if all lie within a "
        f"factor {PARTS} of 1, refuted if one lies wholly outside.",
        ("diagnosis",),
        _parts,
        rests_on="simulation",
        rule_set="before",
        why="Facts are whole, one of the about twelve at two tasks; a sparse store grows by four numbers of 64 at a time.",
    ),
    Rule(
        "H3-called",
        "With the measured loads of its parts and of one store, S3's composition calls the comparisons right that S3 calls for "
        "two stores.",
        "the winner of every comparison",
        "Ratio of the loads of two stores and of one store, or of two stores of equal sparsity, with sleep, wherever S3 calls "
        "two stores; simultaneous 95% t intervals over seeds. The parts call the winner, or a tie within 5%. Supported if every "
        f"interval lies on the winner's side of 1, for a tie within a factor {PARTS} of 1; refuted if one lies wholly outside. "
        "Shown is the ratio nearest to 1 among those that decide.",
        ("diagnosis",),
        _called,
        rests_on="simulation",
        rule_set="before",
        why="As H3-parts; the tie is that of the rules on regimes.",
    ),
)
