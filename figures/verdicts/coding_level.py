"""Rules for trained networks of k winners: the coding-level law (I2) and the first hypothesis (H1), with and without centring."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from figures.estimate import Estimate, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, Verdict, decide, judgement, near

MOST = 0.5  # more than half
STEP = 2**0.5  # half a step of the shares of winners, a factor 2 at the least


def trained(results: Results) -> pd.DataFrame:
    """The rows taken after the last task."""
    frame = results.table(
        "coding_level", "stage", "a", "centred", "seed", "activity", "mean_square_overlap", "predicted", "predicted_units",
        "inner_product", "gradient_overlap", "forgetting",
    )  # fmt: skip
    return frame[frame["stage"] == "end"].astype({"centred": bool})


def distinct(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows without the shares of winners that are further ones in name only.

    No more units win than have a positive drive, about half of them: a larger share changes nothing. A share of winners is kept
    if it makes networks more than half a step more active than the share before it does.
    """
    active = frame.groupby("a")["activity"].mean().sort_index()
    kept: list[float] = []
    for a, activity in active.items():
        if not kept or activity > STEP * active[kept[-1]]:
            kept.append(float(a))  # pyright: ignore[reportArgumentType]
    return frame[frame["a"].isin(kept)]


def margin(network: pd.DataFrame, predicted: str) -> float:
    """By how much I2 may be off in a network (rows of its seeds), as a share of the overlap; see `TERM`."""
    floor, D, T = 1 / network["N_eff"], network["D"], network["T"]
    if network["centred"].all():
        return float((1 / (floor * D**2) + 2 / D).mean())
    common = np.sqrt(np.clip((network[predicted] - floor) / (1 - floor), 0, 1))
    return float((2 * common * (1 - common) * floor / network[predicted] + 1 / (D * T)).mean())


def _law(results: Results, predicted: str) -> Judgement:
    """Measured over predicted mean squared overlap of the readout's codes, for every share of winners, centred or not."""
    frame = distinct(trained(results))
    groups = frame.assign(ratio=frame["mean_square_overlap"] / frame[predicted]).groupby(["centred", "a"])
    ratios = [estimate(part["ratio"], comparisons=groups.ngroups, scale="log") for _, part in groups]
    return near(ratios, [margin(part, predicted) for _, part in groups])


def _raw(results: Results) -> Judgement:
    """Exponent of the activity in the inner product of gradients, without centring."""
    frame = trained(results)
    plain = frame[~frame["centred"]]
    slopes = [
        np.polyfit(np.log(part["activity"]), np.log(part["inner_product"]), 1)[0] for _, part in plain.groupby("seed", sort=True)
    ]
    value = estimate(slopes)
    return judgement(value, decide(value, 0.0, np.inf))


def removed(frame: pd.DataFrame, column: str) -> float:
    """What centring takes from `column` in the densest network, over what the best sparsity does."""
    means = frame.groupby(["centred", "a"])[column].mean()
    dense = means[False].loc[means[False].index.max()]
    return float((dense - means[True].loc[means[True].index.max()]) / (dense - means[False].min()))


def order(frame: pd.DataFrame) -> float:
    """Spearman's rank correlation of gradient overlap and forgetting over all distinct networks (winners, centred or not)."""
    means = distinct(frame).groupby(["centred", "a"])[["gradient_overlap", "forgetting"]].mean()
    return float(stats.spearmanr(means["gradient_overlap"], means["forgetting"]).statistic)


def pairs(frame: pd.DataFrame) -> list[tuple[Estimate, Verdict]]:
    """For every two distinct networks: by how much the one whose gradients overlap more forgets more, paired by seed.

    Intervals hold together over pairs. "supported" if it forgets more, "refuted" if less.
    """
    frame = distinct(frame)
    overlap, lost = (
        frame.pivot(index="seed", columns=["centred", "a"], values=name) for name in ("gradient_overlap", "forgetting")
    )
    both = list(combinations(overlap.columns, 2))
    found = []
    for one, other in both:
        more, less = (one, other) if overlap[one].mean() > overlap[other].mean() else (other, one)
        value = estimate(lost[more] - lost[less], comparisons=len(both))
        found.append((value, "supported" if value.low > 0 else "refuted" if value.high < 0 else "undecided"))
    return found


def _ordered(results: Results) -> Judgement:
    """The rank correlation, judged pair by pair."""
    frame = trained(results)
    words = [word for _, word in pairs(frame)]
    value = _placed(order, frame)
    verdict: Verdict = "refuted" if "refuted" in words else "supported" if set(words) == {"supported"} else "undecided"
    return judgement(value, verdict)


def _placed(statistic: Callable[[pd.DataFrame], float], frame: pd.DataFrame) -> Estimate:
    """A rank correlation with an interval by Fisher's artanh; one of 1 or −1 has no place there, and no interval."""
    whole = statistic(frame)
    if frame["seed"].nunique() > 1 and abs(whole) < 1:
        return jackknife(statistic, frame, scale="fisher")
    return Estimate(whole, -np.inf, np.inf, frame["seed"].nunique())


def _most(column: str) -> Callable[[Results], Judgement]:
    def judge(results: Results) -> Judgement:
        value = jackknife(lambda frame: removed(frame, column), trained(results))
        return judgement(value, decide(value, MOST, np.inf))

    return judge


WORD = "'Most' means more than half: a border of the word, no band. By how much it is more or less is measured."
TERM = (
    "Given N_eff all is algebra but one term. Plain: the law gives the direction of the mean the variance of any other, "
    "2ρ(1 − ρ)/N_eff of the overlap with ρ the common mode; the margin is that whole term, as if there were no variance there or "
    "twice as much, and 1/M for statistics of M facts. Centred: the running mean is that of the D facts of the last task, off "
    "the mean of all by a variance of 1/D, which adds N_eff/D² + 2/D of the overlap."
)
ALL = "All shares of winners, centred or not: their intervals hold together (Bonferroni)."

RULES = (
    Rule(
        "I2-trained",
        "In trained networks too the codes overlap by 1/N_eff + (1 − 1/N_eff)(ac)², with the activity and magnitudes of all "
        "units together.",
        "ratio 1",
        "Measured over predicted mean squared overlap of the codes that the readout reads, after the last task, for every share "
        "of winners that makes a network of its own, with and without centring; simultaneous 95% t intervals over seeds of the "
        "logarithm. Supported if all lie within a margin of 1, refuted if one lies wholly outside: 2ρ(1 − ρ)/N_eff over the "
        "predicted overlap, plus 1/M, with ρ = ac; if centred N_eff/D² + 2/D. The one furthest from 1 in units of its margin is "
        "shown.",
        ("coding_level",),
        lambda results: _law(results, "predicted"),
        rests_on="trained network",
        rule_set="after",
        why=TERM,
        family=ALL,
    ),
    Rule(
        "I2-units",
        "The same law holds with the common mode of units that have means of their own, |E[v]|²/E[|v|²] instead of ac.",
        "ratio 1",
        "As I2-trained, with ρ = |E[v]|²/E[|v|²]. Supported if all lie within the margin of 1, refuted if one lies wholly "
        "outside.",
        ("coding_level",),
        lambda results: _law(results, "predicted_units"),
        rests_on="trained network",
        rule_set="after",
        why=TERM,
        family=ALL,
    ),
    Rule(
        "H1-raw",
        "Raw inner products of the gradients of different tasks fall as sparsity rises. This is so by construction: fewer active "
        "units make shorter gradients.",
        "exponent above 0",
        "Slope of the logarithm of the root mean square inner product on that of the measured activity, without centring, after "
        "the last task; 95% t interval over seeds. Supported if the interval lies above 0, refuted if it lies wholly below.",
        ("coding_level",),
        _raw,
        rests_on="trained network",
        rule_set="after",
        kind="check",
    ),
    Rule(
        "H1-centred",
        "Centring takes from the overlap of the gradients of a dense network most of what sparsity takes.",
        "ratio 1",
        "Fall of the mean squared normalised overlap of gradients of different tasks by centring the densest network, over its "
        "fall from the densest network to the sparsity that overlaps least, without centring; 95% jackknife interval over seeds. "
        f"Supported if the interval lies above {MOST}, refuted if it lies wholly below.",
        ("coding_level",),
        _most("gradient_overlap"),
        rests_on="trained network",
        rule_set="after",
        why=WORD,
    ),
    Rule(
        "H1-remedy",
        "Centring takes from the forgetting of a dense network most of what sparsity takes.",
        "ratio 1",
        "As H1-centred, for the share of the bits of the oldest task that is lost after the last. "
        f"Supported if the interval lies above {MOST}, refuted if it lies wholly below.",
        ("coding_level",),
        _most("forgetting"),
        rests_on="trained network",
        rule_set="after",
        why=WORD,
    ),
    Rule(
        "H1-forgetting",
        "After equal learning, of two networks the one whose gradients overlap more forgets more. (Their order only: how much "
        "they forget need not follow the overlap.)",
        "every pair in order, rank correlation 1",
        "For every two networks that differ in the share of winners or in centring (shares that make the same network count "
        "once): difference of the share of the oldest task's bits that is lost, paired by seed; 95% t intervals, simultaneous "
        "over pairs. Supported if every pair is in the order of the mean squared overlap of gradients by its interval, refuted "
        "if one is in the reverse order by its interval. Shown is Spearman's rank correlation with a 95% jackknife interval on "
        "Fisher's scale.",
        ("coding_level",),
        _ordered,
        rests_on="trained network",
        rule_set="after",
        why="No band: the border is a difference of 0. A rank correlation alone has no border between 0 and 1 that the claim "
        "gives.",
        family="All pairs of networks: their intervals hold together (Bonferroni).",
    ),
)
