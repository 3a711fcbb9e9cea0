"""Rules for trained networks of k winners: the coding-level law (I2) and the first hypothesis (H1), with and without centring."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from figures.estimate import estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement

BAND = 0.25  # relative tolerance of the law in trained networks
SHARE = 0.9  # share of what sparsity removes that centring must remove
ORDER = 0.5  # rank correlation from which forgetting is said to follow the overlap


def trained(results: Results) -> pd.DataFrame:
    """The rows taken after the last task."""
    frame = results.table(
        "coding_level", "stage", "a", "centred", "seed", "activity", "mean_square_overlap", "predicted", "predicted_units",
        "inner_product", "gradient_overlap", "forgetting",
    )  # fmt: skip
    return frame[frame["stage"] == "end"]


def _law(results: Results, predicted: str) -> Judgement:
    """Measured over predicted mean squared overlap of the readout's codes, for every share of winners, centred or not."""
    frame = trained(results)
    groups = frame.assign(ratio=frame["mean_square_overlap"] / frame[predicted]).groupby(["centred", "a"])["ratio"]
    worst, verdict = decide_all([estimate(ratio, comparisons=groups.ngroups) for _, ratio in groups], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


def _raw(results: Results) -> Judgement:
    """Exponent of the activity in the inner product of gradients, without centring."""
    frame = trained(results)
    plain = frame[~frame["centred"].astype(bool)]
    slopes = [
        np.polyfit(np.log(part["activity"]), np.log(part["inner_product"]), 1)[0] for _, part in plain.groupby("seed", sort=True)
    ]
    value = estimate(slopes)
    return judgement(value, decide(value, 0.0, np.inf))


def removed(frame: pd.DataFrame, column: str) -> float:
    """What centring takes from `column` in the densest network, over what the best sparsity does."""
    means = frame.assign(centred=frame["centred"].astype(bool)).groupby(["centred", "a"])[column].mean()
    dense = means[False].loc[means[False].index.max()]
    return float((dense - means[True].loc[means[True].index.max()]) / (dense - means[False].min()))


def order(frame: pd.DataFrame) -> float:
    """Spearman's rank correlation of gradient overlap and forgetting over all settings (winners, centred or not)."""
    means = frame.groupby(["centred", "a"])[["gradient_overlap", "forgetting"]].mean()
    return float(stats.spearmanr(means["gradient_overlap"], means["forgetting"]).statistic)


def _at_least(statistic: Callable[[pd.DataFrame], float], border: float) -> Callable[[Results], Judgement]:
    def judge(results: Results) -> Judgement:
        value = jackknife(statistic, trained(results))
        return judgement(value, decide(value, border, np.inf))

    return judge


RULES = (
    Rule(
        "I2-trained",
        "In trained networks too the codes overlap by 1/N_eff + (1 − 1/N_eff)(ac)², with the activity and magnitudes of all "
        "units together.",
        "ratio 1",
        "Measured over predicted mean squared overlap of the codes that the readout reads, after the last task, for every share "
        "of winners, with and without centring; simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. "
        f"Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("coding_level",),
        lambda results: _law(results, "predicted"),
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "I2-units",
        "The same law holds with the common mode of units that have means of their own, |E[v]|²/E[|v|²] instead of ac.",
        "ratio 1",
        f"As I2-trained. Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("coding_level",),
        lambda results: _law(results, "predicted_units"),
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "H1-raw",
        "Raw inner products of the gradients of different tasks fall as sparsity rises.",
        "exponent above 0",
        "Slope of the logarithm of the root mean square inner product on that of the measured activity, without centring, after "
        "the last task; 95% t interval over seeds. Supported if the interval lies above 0, refuted if it lies wholly below.",
        ("coding_level",),
        _raw,
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "H1-centred",
        "Centring takes from the overlap of the gradients of a dense network as much as sparsity does.",
        "ratio 1",
        "Fall of the mean squared normalised overlap of gradients of different tasks by centring the densest network, over its "
        "fall from the densest network to the sparsity that overlaps least, without centring; 95% jackknife interval over seeds. "
        f"Supported if the interval lies above {SHARE}, refuted if it lies wholly below.",
        ("coding_level",),
        _at_least(lambda frame: removed(frame, "gradient_overlap"), SHARE),
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "H1-remedy",
        "Centring takes from the forgetting of a dense network as much as sparsity does.",
        "ratio 1",
        "As H1-centred, for the share of the bits of the oldest task that is lost after the last. "
        f"Supported if the interval lies above {SHARE}, refuted if it lies wholly below.",
        ("coding_level",),
        _at_least(lambda frame: removed(frame, "forgetting"), SHARE),
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "H1-forgetting",
        "After equal learning, networks forget in the order of the normalised overlap of their gradients.",
        "rank correlation 1",
        "Spearman's rank correlation, over all shares of winners with and without centring, of the mean squared overlap of "
        "gradients of different tasks and the share of the oldest task's bits that is lost (means over seeds); 95% jackknife "
        f"interval over seeds. Supported if the interval lies above {ORDER}, refuted if it lies wholly below.",
        ("coding_level",),
        _at_least(order, ORDER),
        rests_on="trained network",
        rule_set="after",
    ),
)
