"""Rules for learners in the plane of C4 at equal total state: who enters the region closed to one rate, and what lets them in."""

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import back, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement
from theory.ledger import claim

ONE = ("plain", "annealed", "replay")
TWO = ("two_regimes", "two_equal", "two_rules", "two_rules_averaged", "label_buffer")
LINE, BAND = 0.05, 0.1  # relative tolerance at the line, and of errors J
SETTING = ["learner", "family", "sigma", "hold", "dial"]


def entries(results: Results) -> pd.DataFrame:
    """The table with `allowed`, the depth 2J/(private + J) that one rate may reach at that J, and `entry`, depth over it."""
    frame = results.table("two_rates", *SETTING, "seed", "D", "private", "J", "predicted_J", "depth", "sweeps")
    within = np.minimum(frame["J"], frame["private"])  # a larger error allows no more than depth 1
    allowed = np.asarray(claim("C4").eta(J=within, sigma=np.sqrt(frame["private"])))
    return frame.assign(allowed=allowed, entry=frame["depth"] / allowed)


def _stay_out(results: Results) -> Judgement:
    """The learner of one rate with the largest mean entry, unless a setting of one lies wholly inside."""
    frame = entries(results)
    frame = frame[frame["learner"].isin(ONE)]
    groups = frame.groupby(SETTING)["entry"]
    settings = [estimate(values, comparisons=groups.ngroups) for _, values in groups]
    inside = [value for value in settings if value.low > 1 + LINE]
    if inside:
        return judgement(max(inside, key=lambda value: value.low), "refuted")
    learners = frame.groupby("learner")
    means = [estimate(part.groupby("seed")["entry"].mean(), comparisons=learners.ngroups) for _, part in learners]
    verdict = "supported" if all(value.high <= 1 + LINE for value in means) else "undecided"
    return judgement(max(means, key=lambda value: value.mean), verdict)


def _go_in(results: Results) -> Judgement:
    """The learner of two rates or rules that enters least: of each, the setting with the largest lower end."""
    frame = entries(results)
    frame = frame[frame["learner"].isin(TWO)]
    groups = frame.groupby(SETTING)["entry"]
    settings = {key: back(estimate(np.log(values), comparisons=groups.ngroups)) for key, values in groups}
    reached = {name: [value for key, value in settings.items() if key[0] == name] for name in frame["learner"].unique()}
    least = min(
        (max(values, key=lambda value: (value.low, value.mean)) for values in reached.values()), key=lambda value: value.low
    )
    if least.low > 1:
        return judgement(least, "supported")
    stays = any(all(value.high < 1 for value in values) for values in reached.values())
    return judgement(least, "refuted" if stays else "undecided")


def _as_predicted(results: Results) -> Judgement:
    """The learner whose error strays furthest from its prediction, by the geometric mean over rates and variances."""
    frame = entries(results)
    frame = frame[frame["learner"].isin(TWO) & (frame["D"] == 1) & (frame["hold"] == 1)]
    frame = frame.assign(off=np.log(frame["J"] / frame["predicted_J"]))
    learners = frame.groupby("learner")
    off = [back(estimate(part.groupby("seed")["off"].mean(), comparisons=learners.ngroups)) for _, part in learners]
    return judgement(*decide_all(off, 1 - BAND, 1 + BAND))


def paired(results: Results, first: str, second: str) -> pd.Series:
    """Log of the ratio of the errors J of two learners on the same streams at the same rates, mean over rates, by seed."""
    frame = entries(results)
    frame = frame[frame["learner"].isin((first, second)) & (frame["hold"] == 1)]
    wide = frame.pivot_table(index=["family", "sigma", "dial", "seed"], columns="learner", values="J").dropna()
    return np.log(wide[first] / wide[second]).groupby("seed").mean()


def _ratio(results: Results, first: str, second: str, low: float) -> Judgement:
    value = back(estimate(paired(results, first, second)))
    return judgement(value, decide(value, low, 1 + BAND))


RULES = (
    Rule(
        "C4-learners",
        "No learner of one rate enters the region that is closed to one regime: not at any fixed rate, not annealed, not with a "
        "buffer that is rehearsed at every write.",
        "depth over 2J/(σ² + J) at most 1",
        "Depth of the fact just written over 2J/(σ² + J), σ² the variance of private parts, at equal total state; 95% t "
        f"intervals over seeds. Supported if for every learner that of the mean over its settings ends below {1 + LINE:.2f} (the "
        f"largest mean is shown), refuted if that of a setting, simultaneous over settings, lies wholly above {1 + LINE:.2f}.",
        ("two_rates",),
        _stay_out,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C4-two-rates",
        "Every learner with a second rate or a second rule enters that region: a fast store with sparse codes, with dense codes, "
        "or on the same keys, beside a slow store or an average, and a list of labels.",
        "ratio > 1",
        "Depth of the fact just written over 2J/(σ² + J), geometric mean over seeds, 95% t intervals, simultaneous over all "
        "settings; of each learner the setting with the largest lower end, and of these the least (shown). Supported if its "
        "lower end lies above 1, refuted if a learner has all of its intervals below 1.",
        ("two_rates",),
        _go_in,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C4-crosstalk",
        "How far they enter follows from the slow rate and the size of the fast store: J is the slow store's error plus the fast "
        "store's crosstalk.",
        "ratio 1",
        "J over its prediction, one fact a task and a sleep after each: geometric mean over settings for each learner of "
        "two rates or rules, 95% t intervals over seeds, simultaneous over learners; the one furthest off is shown. "
        f"Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("two_rates",),
        _as_predicted,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C4-sparse",
        "The sparsity of the fast store is not what lets them in: with dense codes J is the same.",
        "ratio 1",
        "J with sparse over J with dense codes of the fast store, same streams and rates: geometric mean over settings, 95% "
        f"t interval over seeds. Supported if it lies within {BAND:.0%} of 1, refuted if it lies wholly outside.",
        ("two_rates",),
        partial(_ratio, first="two_regimes", second="two_equal", low=1 - BAND),
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C4-rules",
        "Two learning rules on the same dense keys are as good as two sparsities: at the same depth their error on shared "
        "structure is not larger.",
        "ratio 1 to 1 + 2h(1 − η)/((1 − keep)N) at h facts a sleep",
        "J of two rules over J of two sparsities, same streams and rates, both at depth 1: geometric mean over settings, 95% t "
        f"interval over seeds. Supported if it ends below {1 + BAND:.1f}, refuted if it lies wholly above.",
        ("two_rates",),
        partial(_ratio, first="two_rules", second="two_regimes", low=0.0),
        rests_on="simulation",
        rule_set="after",
    ),
)
