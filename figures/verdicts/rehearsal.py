"""Rules for how much replay is enough (S4): depth, rates, squared error, cost of a stream, and bits."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, Verdict, decide, decide_all, judgement
from theory.ledger import claim

BAND, RATE_BAND, COST_BAND, MORE = 0.05, 0.10, 0.15, 0.05
EXPONENT_BAND = 0.05
LATE = (0.01, 0.3)  # missing depth, by the law, in which decay is fitted
CRITICAL_FROM = 4  # eta sweeps from which the power law is fitted
SHARE = 0.1  # of the squared error, left for the worst targets
REACHED = 0.9  # of the largest depth: enough, says the law
RESOLVED = 0.95  # of the largest depth: beyond, the sweeps that a depth took cannot be told
TABLES = ("rehearsal",)
S4 = claim("S4")


def single_sleeps(results: Results) -> pd.DataFrame:
    """Rows of one sleep at random over all facts, with load M/N, x = eta sweeps, and limit, the largest depth."""
    frame = results.table(
        "rehearsal", "N", "M", "T", "D", "hold", "eta", "sweeps", "replay", "seed", "depth", "depth_new", "depth_old",
        "predicted_depth", "presentations", "worst_error", "edge", "hard_bits", "graded_bits", "gram_depth",
    )  # fmt: skip
    frame = frame.assign(load=frame["M"] / frame["N"], x=frame["eta"] * frame["sweeps"])
    frame = frame.assign(limit=S4.depth_limit(N=frame["N"], M=frame["M"]))
    return frame[(frame["hold"] == frame["T"]) & (frame["replay"] == "random")]


def spaced(results: Results) -> pd.DataFrame:
    """Rows of random replay with true labels at every spacing, at the rate and the loads for which several were run."""
    single = single_sleeps(results)
    frame = results.table("rehearsal")
    frame = frame.assign(load=frame["M"] / frame["N"])
    between = frame[(frame["hold"] < frame["T"]) & (frame["replay"] == "random")]
    whole = single[single["load"].isin(between["load"]) & (single["eta"] == between["eta"].iloc[0])]
    together = pd.concat([between, whole[between.columns]])
    return together[together["sweeps"] <= between["sweeps"].max()]


def _depth(results: Results) -> Judgement:
    """Depth over the law's, for each load and rate and for each amount: the mean that strays furthest from 1."""
    frame = single_sleeps(results)
    frame = frame.assign(ratio=frame["depth"] / frame["predicted_depth"])
    means = [
        part.groupby("seed")["ratio"].mean()
        for keys in (["load", "eta"], ["sweeps"])
        for _, part in frame.groupby(keys, sort=True)
    ]
    worst, verdict = decide_all([estimate(values, comparisons=len(means)) for values in means], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


def _slopes(frame: pd.DataFrame) -> float:
    """Fitted decay of the missing depth over the law's, mean over rates; missing depths are means over facts and seeds."""
    ratios = []
    for _, part in frame.groupby("eta"):
        left = 1 - part.groupby("x")[["depth", "predicted_depth"]].mean()
        left = left[left["predicted_depth"].between(*LATE)]
        if len(left) > 2:
            logs = np.log(np.maximum(left, 1e-12))
            ratios.append(np.polyfit(left.index, logs["depth"], 1)[0] / np.polyfit(left.index, logs["predicted_depth"], 1)[0])
    return float(np.mean(ratios))


def _rate(results: Results) -> Judgement:
    """The ratio of decay rates for every load below 1."""
    frame = single_sleeps(results)
    found = [jackknife(_slopes, part) for _, part in frame[frame["load"] < 1].groupby("load")]
    worst, verdict = decide_all(found, 1 - RATE_BAND, 1 + RATE_BAND)
    return judgement(worst, verdict)


def exponent(frame: pd.DataFrame) -> float:
    """Slope of the logarithm of missing depth (mean over facts, seeds) against that of x, mean over rates."""
    slopes = []
    for _, part in frame[frame["x"] >= CRITICAL_FROM].groupby("eta"):
        left = 1 - part.groupby("x")["depth"].mean()
        if len(left) > 2:
            slopes.append(np.polyfit(np.log(left.index), np.log(left), 1)[0])
    return float(np.mean(slopes))


def _critical(results: Results) -> Judgement:
    """The exponent at M = N."""
    frame = single_sleeps(results)
    value = jackknife(exponent, frame[frame["load"] == 1])
    return judgement(value, decide(value, -0.5 - EXPONENT_BAND, -0.5 + EXPONENT_BAND))


def _share_reached(frame: pd.DataFrame) -> float:
    """x times the keys' smallest eigenvalue at which SHARE of the worst targets' squared error, mean over seeds, is left."""
    curves = [(part["x"] * part["edge"], np.log(part["worst_error"])) for _, part in frame.groupby("seed")]
    grid = np.linspace(0, min(x.max() for x, _ in curves), 2000)
    shares = np.mean([np.exp(np.interp(grid, [0, *x], [0, *logs])) for x, logs in curves], axis=0)
    return float(np.interp(-SHARE, -shares, grid))


def error_times(results: Results) -> list[tuple[float, float, Estimate, float, float]]:
    """(load, eta, measured, least, enough): scaled time to SHARE where the law says that it lies within what was run."""
    found = []
    for (load, eta), part in single_sleeps(results).groupby(["load", "eta"]):
        if load < 1:
            scale = eta * (1 - np.sqrt(load)) ** 2
            law = {"N": part["N"].iloc[0], "M": part["M"].iloc[0], "eta": eta, "eps": SHARE}
            least, enough = (S4.value(name, **law).value for name in ("sweeps_least", "sweeps_enough"))
            if enough <= part["sweeps"].max():
                found.append((load, eta, jackknife(_share_reached, part), scale * least, scale * enough))
    return found


def _error(results: Results) -> Judgement:
    """Time to SHARE over sweeps_enough; the setting that is worst decided is shown."""
    verdicts: list[tuple[Verdict, Estimate]] = []
    for _, _, time, least, enough in error_times(results):
        ratio = Estimate(time.mean / enough, time.low / enough, time.high / enough, time.count)
        verdicts.append((decide(ratio, (1 - RATE_BAND) * least / enough, 1 + RATE_BAND), ratio))
    for verdict in ("refuted", "undecided", "supported"):
        held = [ratio for word, ratio in verdicts if word == verdict]
        if held:
            return judgement(max(held, key=lambda ratio: ratio.mean), verdict)
    raise ValueError("no setting was run for as long as the law of squared error asks")


def log_cost(frame: pd.DataFrame) -> float:
    """Log of presentations that the law asks for the depth of the worst-kept task, over those spent: mean over loads, amounts."""
    ratios = []
    for _, part in frame.groupby(["load", "sweeps"]):
        N, M, T, D, hold, eta = (part[name].iloc[0] for name in ("N", "M", "T", "D", "hold", "eta"))
        limit = S4.depth_limit(N=N, M=M)
        if part["predicted_depth"].iloc[0] <= RESOLVED * limit:
            depth = float(np.clip(part[["depth_new", "depth_old"]].mean().min(), 1e-6, 0.999 * limit))
            sweeps = S4.sweeps_to_depth(N=N, M=M, eta=eta, depth=depth)
            asked = S4.presentations(T=T, D=D, hold=hold, sweeps=sweeps)
            ratios.append(np.log(asked / part["presentations"].iloc[0]))
    return float(np.mean(ratios))


def costs(results: Results) -> dict[int, Estimate]:
    """Presentations that the law asks for the depth kept, over those spent, by spacing."""
    return {int(hold): back(jackknife(log_cost, part)) for hold, part in spaced(results).groupby("hold")}


def _cost(results: Results) -> Judgement:
    """The ratio of costs at every spacing."""
    worst, verdict = decide_all(list(costs(results).values()), 1 - COST_BAND, 1 + COST_BAND)
    return judgement(worst, verdict)


def bits_after(results: Results) -> dict[tuple[float, float], Estimate]:
    """Hard-threshold bits at the most sweeps over those at the first amount that leaves REACHED of the largest depth, by law."""
    frame, found = single_sleeps(results), {}
    groups = list(frame.groupby(["load", "eta"]))
    for key, part in groups:
        enough = part["sweeps"][part["predicted_depth"] >= REACHED * part["limit"]]
        if len(enough) and 2 * enough.min() <= part["sweeps"].max():
            then, last = (
                part[part["sweeps"] == at].set_index("seed")["hard_bits"] for at in (enough.min(), part["sweeps"].max())
            )
            found[key] = estimate(last / then, comparisons=len(groups))
    return found


def _bits(results: Results) -> Judgement:
    """The setting that gains most."""
    worst, verdict = decide_all(list(bits_after(results).values()), 0, 1 + MORE)
    return judgement(worst, verdict)


RULES = (
    Rule(
        "S4-depth",
        "Rehearsal at random deposits depth as the busy period of an M/M/1 queue of load M/N ends, and no more than min(1, N/M).",
        "ratio 1",
        "Measured over predicted mean depth after one sleep, mean over amounts of replay for every load and rate and mean over "
        "loads and rates for every amount; simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. Supported "
        f"if all lie within {BAND:.0%} of 1 (finite stores: corrections of order 1/M), refuted if one lies wholly outside.",
        TABLES,
        _depth,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S4-rate",
        "Below M = N the missing depth decays at the rate that the law gives, near its end η(1 − √(M/N))² per sweep.",
        "ratio 1",
        f"Slope of the logarithm of missing depth where the law puts it between {LATE[0]:g} and {LATE[1]:g}, over the law's "
        "slope at the same amounts, mean over rates, for every load below 1; 95% jackknife intervals over seeds; the one "
        f"furthest from 1 is shown. Supported if all lie within {RATE_BAND:.0%} of 1, refuted if one lies wholly outside.",
        TABLES,
        _rate,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S4-critical",
        "At M = N the missing depth falls as a power of the sweeps only, 1/√(πη·sweeps).",
        "exponent −1/2",
        f"Slope of log missing depth on log(η sweeps) from η sweeps = {CRITICAL_FROM} on, mean over the rates that reach it; 95% "
        f"jackknife interval over seeds. Supported if it lies within {EXPONENT_BAND:g} of −1/2, refuted if wholly outside.",
        TABLES,
        _critical,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S4-error",
        f"To leave {SHARE:.0%} of the squared error the worst targets take between L/(2η) and L/(η(2 − η)) sweeps.",
        "ratio to the upper bound between (2 − η)/2 and 1",
        f"Sweeps after which {SHARE:.0%} of |w − w*|² is left (mean over seeds, targets along the smallest eigenvalue, time in "
        "units of that eigenvalue), over the upper bound, for every load and rate that were run for that long; 95% jackknife "
        f"intervals over seeds. Supported if all lie between the bounds, widened by {RATE_BAND:.0%}; refuted if one lies wholly "
        "outside.",
        TABLES,
        _error,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S4-cost",
        "A stream that rehearses all it holds after every h tasks spends sweeps·DT(T + h)/(2h) presentations for the depth of "
        "its worst-kept task, which does not depend on h.",
        "ratio 1",
        "Presentations that the law asks for the depth of the worst-kept tasks over those spent, geometric mean over loads and "
        f"amounts (up to {RESOLVED:.0%} of the largest depth), for every spacing; 95% jackknife intervals over seeds; the one "
        f"furthest from 1 is shown. Supported if all lie within {COST_BAND:.0%} of 1, refuted if one lies wholly outside.",
        TABLES,
        _cost,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S4-bits",
        f"Retained bits saturate with depth: past the sweeps that leave {REACHED:.0%} of the largest depth more replay brings "
        "hardly a bit.",
        f"ratio at most {1 + MORE:g}",
        f"Bits that survive a threshold at the most sweeps, over those at the first amount at which the law puts depth at "
        f"{REACHED:.0%} of its limit, for every load and rate with at least twice as many sweeps to come; simultaneous 95% t "
        f"intervals over seeds; the one furthest off is shown. Supported if none exceeds {1 + MORE:g}, refuted if one lies "
        "wholly above.",
        TABLES,
        _bits,
        rests_on="simulation",
        rule_set="after",
    ),
)
