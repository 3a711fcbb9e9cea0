"""Rules for learners in the plane of C4 at equal total state: who enters the region closed to one rate, and what lets them in."""

import numpy as np
import pandas as pd

from figures.estimate import back, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, below, decide, judgement, near
from theory.ledger import claim

ONE = ("plain", "annealed", "replay")
TWO = ("two_regimes", "two_equal", "two_rules", "two_rules_averaged", "label_buffer")
PART = 0.1  # of what a second rate brings at the least, an entry that would count as one
SPARSE = 1 / 8  # activity of the sparse fast codes
SETTING = ["learner", "family", "sigma", "hold", "dial"]


def entries(results: Results) -> pd.DataFrame:
    """The table with `allowed`, the depth 2J/(private + J) that one rate may reach at that J, and `entry`, depth over it."""
    frame = results.table("two_rates", *SETTING, "seed", "D", "private", "J", "predicted_J", "depth", "sweeps")
    within = np.minimum(frame["J"], frame["private"])  # a larger error allows no more than depth 1
    allowed = np.asarray(claim("C4").eta(J=within, sigma=np.sqrt(frame["private"])))
    return frame.assign(allowed=allowed, entry=frame["depth"] / allowed)


def _slow(frame: pd.DataFrame) -> pd.Series:
    """J of the slow store alone, at the rate that is the dial (C4)."""
    return claim("C4").J(eta=frame["dial"], sigma=np.sqrt(frame["private"]))


def _stay_out(results: Results) -> Judgement:
    """The setting of a learner of one rate with the highest upper end of its entry (or the one that lies wholly inside)."""
    frame = entries(results)
    fastest = frame.loc[frame["learner"] == "two_regimes", "dial"].max()
    groups = frame[frame["learner"].isin(ONE)].groupby(SETTING)["entry"]
    settings = [estimate(values, comparisons=groups.ngroups, scale="log") for _, values in groups]
    return below(settings, 1.0, PART * (1 / fastest - 1), np.finfo(np.float32).eps)


def _go_in(results: Results) -> Judgement:
    """The learner of two rates or rules that enters least: of each, the setting with the largest lower end."""
    frame = entries(results)
    frame = frame[frame["learner"].isin(TWO)]
    groups = frame.groupby(SETTING)["entry"]
    settings = {key: estimate(values, comparisons=groups.ngroups, scale="log") for key, values in groups}
    reached = {name: [value for key, value in settings.items() if key[0] == name] for name in frame["learner"].unique()}
    least = min(
        (max(values, key=lambda value: (value.low, value.mean)) for values in reached.values()), key=lambda value: value.low
    )
    if least.low > 1:
        return judgement(least, "supported")
    stays = any(all(value.high < 1 for value in values) for values in reached.values())
    return judgement(least, "refuted" if stays else "undecided")


def _single(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of one fact a task and a sleep after each, where the expected J is exact."""
    return frame[(frame["D"] == 1) & (frame["hold"] == 1)]


def _as_predicted(results: Results) -> Judgement:
    """The learner whose error strays furthest from its prediction, by the geometric mean over rates and variances."""
    frame = _single(entries(results))
    frame = frame[frame["learner"].isin(TWO)].assign(off=np.log(frame["J"] / frame["predicted_J"]))
    apart = frame[frame["learner"] == "two_regimes"]
    margin = float(np.exp(np.mean(np.log(apart["predicted_J"] / _slow(apart))) / 2) - 1)
    learners = frame.groupby("learner")
    off = [back(estimate(part.groupby("seed")["off"].mean(), comparisons=learners.ngroups)) for _, part in learners]
    return near(off, [margin] * len(off))


def paired(frame: pd.DataFrame, first: str, second: str, column: str = "J") -> pd.Series:
    """Log of the ratio of `column` of two learners on the same streams at the same rates, mean over rates, by seed."""
    frame = frame[frame["learner"].isin((first, second)) & (frame["hold"] == 1)]
    wide = frame.pivot_table(index=["family", "sigma", "dial", "seed"], columns="learner", values=column).dropna()
    return np.log(wide[first] / wide[second]).groupby("seed").mean()


def _one_sparsity(results: Results) -> Judgement:
    """J with sparse over J with dense fast codes."""
    frame = entries(results)
    held = frame[(frame["learner"] == "two_regimes") & (frame["hold"] == 1)]
    slow, whole = _slow(held), held["predicted_J"]
    rival = np.mean(np.log((slow + SPARSE * (whole - slow)) / whole))
    return near([back(estimate(paired(frame, "two_regimes", "two_equal")))], [float(1 - np.exp(rival / 2))])


def _one_key(results: Results) -> Judgement:
    """J of two rules over J of two sparsities, against the ratio that is expected of them."""
    frame = _single(entries(results))
    law = float(np.exp(paired(frame, "two_rules", "two_regimes", "predicted_J").mean()))
    value = back(estimate(paired(frame, "two_rules", "two_regimes")))
    return judgement(value, decide(value, (1 + law) / 2, law + (law - 1) / 2))


RULES = (
    Rule(
        "C4-learners",
        "No learner of one rate enters the region that is closed to one regime: not at any fixed rate, not annealed, not with a "
        "buffer that is rehearsed at every write.",
        "depth over 2J/(σ² + J) at most 1",
        "Depth of the fact just written over 2J/(σ² + J), σ² the variance of private parts, at equal total state, in every "
        "setting of every learner; simultaneous 95% t intervals over seeds of the logarithm. Supported if every upper end lies "
        f"below 1 by less than a margin above it: {PART:g} of 1/η − 1 at the fastest slow rate η; refuted if a lower end lies "
        "above 1. Shown is the highest upper end (or the violation).",
        ("two_rates",),
        _stay_out,
        rests_on="simulation",
        rule_set="after",
        why="A second rate brings depth 1 where one rate has η: an entry of 1/η − 1, the least at the fastest slow rate (0.43 at "
        f"η = 0.7). An entry of {PART:g} of that would change no conclusion. Where J exceeds σ², depth 1 is allowed, and the "
        "ratio can exceed 1 by the rounding of single precision only.",
        family="All settings of the learners of one rate: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "C4-two-rates",
        "Every learner with a second rate or a second rule enters that region: a fast store with sparse codes, with dense codes, "
        "or on the same keys, beside a slow store or an average, and a list of labels. This is so by construction: what is "
        "written fast is the whole residual, so that depth is 1, and J stays below σ² at some slow rate.",
        "ratio > 1",
        "Depth of the fact just written over 2J/(σ² + J), geometric mean over seeds, 95% t intervals, simultaneous over all "
        "settings; of each learner the setting with the largest lower end, and of these the least (shown). Supported if its "
        "lower end lies above 1, refuted if a learner has all of its intervals below 1.",
        ("two_rates",),
        _go_in,
        rests_on="simulation",
        rule_set="after",
        kind="check",
        family="All settings of the learners of two rates: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "C4-crosstalk",
        "How far they enter follows from the slow rate and the size of the fast store: J is the slow store's error plus the fast "
        "store's crosstalk.",
        "ratio 1",
        "J over its prediction, one fact a task and a sleep after each: geometric mean over settings for each learner of "
        "two rates or rules, 95% t intervals over seeds, simultaneous over learners. Supported if all lie nearer to 1 than to "
        "what a slow store without crosstalk would make of them, refuted if one lies wholly outside. The one furthest off is "
        "shown.",
        ("two_rates",),
        _as_predicted,
        rests_on="simulation",
        rule_set="after",
        why="The expected J is exact at every N. The margin is half the distance to the nearest rival: the square root of the "
        "geometric mean of predicted J over the slow store's own J = ησ²/(2 − η), less 1.",
        family="The five learners: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "C4-sparse",
        "The sparsity of the fast store is not what lets them in: with dense codes J is the same.",
        "ratio 1",
        "J with sparse over J with dense codes of the fast store, same streams and rates: geometric mean over settings, 95% "
        f"t interval over seeds. Supported if it lies nearer to 1 than to the ratio of a crosstalk that falls in proportion to "
        f"the activity, {SPARSE:g}; refuted if wholly outside.",
        ("two_rates",),
        _one_sparsity,
        rests_on="simulation",
        rule_set="after",
        why="Centred codes of one size have one mean squared overlap, exactly. The margin is half the distance to the rival by "
        f"which sparse codes interfere less: J = slow + {SPARSE:g} crosstalk.",
    ),
    Rule(
        "C4-rules",
        "Two learning rules on the same dense keys need no second code: their error on shared structure exceeds that of two "
        "sparsities only by the correlation of two stores that are read by one key, about 2h(1 − η)/((1 − keep)N) at h facts a "
        "sleep.",
        "the ratio of the two expected errors",
        "J of two rules over J of two sparsities, same streams and rates, one fact a task, both at depth 1: geometric mean over "
        "settings, 95% t interval over seeds. Supported if it lies within half of the expected excess over 1 of the expected "
        "ratio, refuted if wholly outside.",
        ("two_rates",),
        _one_key,
        rests_on="simulation",
        rule_set="after",
        why="Both expected errors are exact at one fact a task. Half of the excess is half the distance to its rival, no "
        "correlation.",
    ),
)
