"""Rules for one-shot storage: the signal-to-noise law (C3) and its frontier (C3-frontier)."""

from functools import partial

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.ceiling import ceiling, ceiling_rule
from figures.verdicts.rule import Judgement, Rule, decide_all, judgement
from theory.ledger import claim

BAND = 0.1
TIGHT = 0.8


def _signal(results: Results) -> Judgement:
    """SNR over N/(P - 1), for each coding level and for each load: the mean that strays furthest from 1."""
    frame = results.table("hebbian", "N", "P", "a", "seed", "snr")
    frame = frame.assign(ratio=frame["snr"] / claim("C3").snr(N=frame["N"], P=frame["P"]))
    means = [
        values.groupby(level="seed").mean() for key in ("a", "P") for _, values in frame.set_index("seed").groupby(key)["ratio"]
    ]
    worst, verdict = decide_all([estimate(values, comparisons=len(means)) for values in means], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


RULES = (
    Rule(
        "C3",
        "One-shot Hebbian storage reads with the power SNR N/(P − 1) at every coding level, so it holds at most 1/(2 ln 2) "
        "bits per synapse.",
        "ratio 1",
        "Measured over predicted SNR, mean over loads for every coding level and mean over coding levels for every load; "
        "simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. "
        f"Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("hebbian",),
        _signal,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C3-frontier",
        "Tasks × facts of one-shot storage stay below 1 + N/SNR at every coding level.",
        "no violation, tightness 1",
        ceiling_rule(TIGHT),
        ("sweep_hebbian",),
        partial(ceiling, sweep="sweep_hebbian", tight=TIGHT),
        rests_on="simulation",
        rule_set="after",
    ),
)
