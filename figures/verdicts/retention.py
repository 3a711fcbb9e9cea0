"""Rules for retained depth: the accounting identity (C1-identity), the total (C1), decay with age (C2-age), and the ceilings of
one fixed regime with how near it comes to them (C2, C2-tight, C2-cells, C2-cells-tight).
"""  # fmt: skip

from functools import partial

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.ceiling import (
    FINITE,
    MARGIN,
    NEAR_CEILING,
    NO_MARGIN,
    NO_VIOLATION,
    RETURNED,
    ROUND,
    WHOLE,
    ceiling,
    near,
    whole,
)
from figures.verdicts.rule import SEEN, Judgement, Rule, below, decide_all, judgement

ROUNDING = 1e-9  # relative difference that double precision may make
BAND = 0.05  # relative tolerance of the slopes
OLD = 0.5  # a fact is old once it is predicted to keep less than this share of the deepest one's depth
WAY = ["N", "M", "a", "centred", "schedule", "eta"]
BITS = " at an activity within a factor 2 of the best"


def _identity(results: Results) -> Judgement:
    """Largest difference of total and trace depth, relative to N, over all runs."""
    frame = results.table("retention", "N", "total_depth", "trace_depth")
    largest = float(((frame["total_depth"] - frame["trace_depth"]).abs() / frame["N"]).max())
    return Judgement(largest, None, "supported" if largest <= ROUNDING else "refuted")


def _total(results: Results) -> Judgement:
    """Mean total over N of every way of writing, under 1."""
    frame = results.table("retention", *WAY, "seed", "total_depth").drop_duplicates([*WAY, "seed"])
    groups = (frame["total_depth"] / frame["N"]).groupby([frame[key] for key in WAY])
    return below([estimate(values, comparisons=groups.ngroups, scale="log") for _, values in groups], 1.0, MARGIN)


def _decay(results: Results) -> Judgement:
    """Slope of measured on predicted depth, centred or not, young and old facts apart: the one that strays furthest from 1."""
    frame = results.table("retention", *WAY, "seed", "age", "depth", "predicted_depth")
    deepest = frame.groupby(WAY)["predicted_depth"].transform("max")
    x, y = frame["predicted_depth"] / deepest, frame["depth"] / deepest
    frame = frame.assign(old=x < OLD, cross=x * y, square=x * x)
    sums = frame.groupby(["centred", "old", "seed"])[["cross", "square"]].sum()
    slopes = (sums["cross"] / sums["square"]).groupby(["centred", "old"])
    worst, verdict = decide_all(
        [estimate(values, comparisons=slopes.ngroups, scale="log") for _, values in slopes], 1 - BAND, 1 + BAND
    )
    return judgement(worst, verdict)


RULES = (
    Rule(
        "C1-identity",
        "Accounting identity: retained depth sums to N − tr ∏(I − ηP), for every order and schedule of the writes.",
        "0",
        f"Largest difference of the two, over N, in any run. Supported if it is at most {ROUNDING:g}, refuted otherwise.",
        ("retention",),
        _identity,
        rests_on="simulation",
        rule_set="after",
        kind="check",
        why="It is true by algebra; the tolerance is the rounding of double precision.",
    ),
    Rule(
        "C1",
        "Independent random writes retain a total depth of at most N on average, whatever the activity, strength and schedule.",
        "total over N at most 1",
        "Mean total depth over N for every size, activity, code and schedule, simultaneous 95% t intervals over seeds on the "
        f"logarithm. Shown: the highest. Supported if every upper end lies at most {MARGIN:.0%} above 1, refuted if a lower end "
        f"lies above 1, else undecided. {SEEN}",
        ("retention",),
        _total,
        rests_on="simulation",
        rule_set="after",
        why=ROUND + "an order of writes that is chosen can add up to N − 1, nearly 100%.",
    ),
    Rule(
        "C2-age",
        "Under independent writes a fact of age m keeps the depth that the spectrum of the write directions and the schedule "
        "foretell.",
        "slope 1",
        "Slope of measured on predicted depth through 0, depths relative to the deepest fact's, centred and non-negative codes "
        f"and young and old facts (predicted below {OLD} of the deepest) apart; simultaneous 95% t intervals over seeds on the "
        f"logarithm; the one furthest from 1 is shown. Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly "
        "outside.",
        ("retention",),
        _decay,
        rests_on="simulation",
        rule_set="after",
        why=f"The law of the mean depth is exact at every size: no finite-size term is allowed for, and {BAND:.0%} is a round "
        "number: what is left of old facts under one strength and under annealed writes differs by a factor e in long streams.",
    ),
    Rule(
        "C2",
        "One fixed regime of delta-rule writes: tasks × facts × depth <= N (1 − 1/T)^(T−1).",
        "at most 1",
        NO_VIOLATION,
        ("sweep_delta",),
        partial(ceiling, sweep="sweep_delta"),
        rests_on="simulation",
        rule_set="after",
        why=ROUND + "in long streams the next system, annealed writes, keeps a factor e more.",
    ),
    Rule(
        "C2-tight",
        "One fixed regime of delta-rule writes comes up to its ceiling, with a common mode and without, at every activity.",
        "ratio 1",
        NEAR_CEILING,
        ("sweep_delta",),
        partial(near, sweep="sweep_delta"),
        rests_on="simulation",
        rule_set="after",
        why="A common mode takes one of N directions, which lowers the ratio by 1/N, 0.8% at N = 128; the rest is the round "
        "number that C2 allows above 1.",
    ),
    Rule(
        "C2-cells",
        "Overwritten cells of b bits: tasks × bits <= b N (1 − 1/T)^(T−1).",
        "at most 1",
        RETURNED.format(which=BITS, over=""),
        ("sweep_cells",),
        partial(ceiling, sweep="sweep_cells"),
        rests_on="simulation",
        rule_set="after",
        why=NO_MARGIN,
    ),
    Rule(
        "C2-cells-tight",
        "Overwritten cells with an erasure code come up to their ceiling, but for what finite tasks cost.",
        "ratio 1",
        WHOLE,
        ("sweep_cells",),
        partial(whole, sweep="sweep_cells"),
        rests_on="simulation",
        rule_set="after",
        why=FINITE,
    ),
)
