"""Rules for one-shot storage: the signal-to-noise law (C3), its frontier (C3-frontier), and how near it comes (C3-tight)."""

from functools import partial

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.ceiling import NEAR_CEILING, NO_VIOLATION, ROUND, ceiling, near
from figures.verdicts.rule import Judgement, Rule, decide_all, judgement
from theory.ledger import claim

BAND = 0.1


def _signal(results: Results) -> Judgement:
    """SNR over N/(P - 1), for each coding level and for each load: the mean that strays furthest from 1."""
    frame = results.table("hebbian", "N", "P", "a", "seed", "snr")
    frame = frame.assign(ratio=frame["snr"] / claim("C3").snr(N=frame["N"], P=frame["P"]))
    means = [
        values.groupby(level="seed").mean() for key in ("a", "P") for _, values in frame.set_index("seed").groupby(key)["ratio"]
    ]
    worst, verdict = decide_all([estimate(values, comparisons=len(means), scale="log") for values in means], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


RULES = (
    Rule(
        "C3",
        "One-shot Hebbian storage reads with the power SNR N/(P − 1) at every coding level.",
        "ratio 1",
        "Measured over predicted SNR, mean over loads for every coding level and mean over coding levels for every load; "
        "simultaneous 95% t intervals over seeds on the logarithm; the one furthest from 1 is shown. "
        f"Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("hebbian",),
        _signal,
        rests_on="simulation",
        rule_set="after",
        why="Codes of a fixed number of active cells live in N − 1 dimensions, which lowers the ratio to (N − 1)/N, by 0.3% at "
        f"N = 384. The rest of the {BAND:.0%} is a round number: SNR off by a tenth moves the bits per synapse, "
        "(P/2N) log2(1 + SNR), by at most a tenth, half of the smallest step between two rungs of the ladder (1.20).",
    ),
    Rule(
        "C3-frontier",
        "Tasks × facts of one-shot storage stay below 1 + N/SNR at every coding level.",
        "at most 1",
        NO_VIOLATION,
        ("sweep_hebbian",),
        partial(ceiling, sweep="sweep_hebbian"),
        rests_on="simulation",
        rule_set="after",
        why=ROUND + "a tenth more SNR is at most a tenth more bits, half of the smallest step between two rungs of the ladder.",
    ),
    Rule(
        "C3-tight",
        "One-shot storage comes up to the limit of 1 + N/SNR at every coding level.",
        "ratio 1",
        NEAR_CEILING,
        ("sweep_hebbian",),
        partial(near, sweep="sweep_hebbian"),
        rests_on="simulation",
        rule_set="after",
        why="Codes of a fixed number of active cells live in N − 1 dimensions, which lowers the ratio by 1/N; the rest is the "
        "round number that C3-frontier allows above 1.",
    ),
)
