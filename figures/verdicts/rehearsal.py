"""Rules for how much replay is enough (S4): depth, rates, squared error, cost of a stream, and bits."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, below, decide, judgement, near
from theory.ledger import claim

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


def one_presentation(frame: pd.DataFrame) -> pd.Series:
    """(1 + √(M/N))²/M, the largest share of a missing depth that one presentation takes: the finite-size term of depth."""
    return (1 + np.sqrt(frame["load"])) ** 2 / frame["M"]


def _depth(results: Results) -> Judgement:
    """Depth over the law's, for each load and rate and for each amount."""
    frame = single_sleeps(results)
    frame = frame.assign(log=np.log(frame["depth"] / frame["predicted_depth"]), margin=one_presentation(frame))
    parts = [part for keys in (["load", "eta"], ["sweeps"]) for _, part in frame.groupby(keys, sort=True)]
    means = [back(estimate(part.groupby("seed")["log"].mean(), comparisons=len(parts))) for part in parts]
    return near(means, [float(part["margin"].mean()) for part in parts])


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
    parts = [part for _, part in frame[frame["load"] < 1].groupby("load")]
    found = [jackknife(_slopes, part, len(parts), "log") for part in parts]
    return near(found, [float(one_presentation(part).mean()) for part in parts])


def exponent(frame: pd.DataFrame) -> float:
    """Slope of the logarithm of missing depth (mean over facts, seeds) against that of x, mean over rates."""
    slopes = []
    for _, part in frame[frame["x"] >= CRITICAL_FROM].groupby("eta"):
        left = 1 - part.groupby("x")["depth"].mean()
        if len(left) > 2:
            slopes.append(np.polyfit(np.log(left.index), np.log(left), 1)[0])
    return float(np.mean(slopes))


def exponent_margin(N: float, x: float) -> float:
    """By how much the exponent at M = N may lie off −1/2, fitted from CRITICAL_FROM to x; see the rule."""
    return 1 / (16 * CRITICAL_FROM) + float(np.sqrt(np.pi * x)) / (4 * N * float(np.log(x / CRITICAL_FROM)))


def _critical(results: Results) -> Judgement:
    """The exponent at M = N."""
    frame = single_sleeps(results)
    full = frame[frame["load"] == 1]
    margin = exponent_margin(full["N"].iloc[0], full["x"].max())
    value = jackknife(exponent, full)
    return judgement(value, decide(value, -0.5 - margin, -0.5 + margin))


def _share_reached(frame: pd.DataFrame) -> float:
    """x times the keys' smallest eigenvalue at which SHARE of the worst targets' squared error, mean over seeds, is left."""
    curves = [(part["x"] * part["edge"], np.log(part["worst_error"])) for _, part in frame.groupby("seed")]
    grid = np.linspace(0, min(x.max() for x, _ in curves), 2000)
    shares = np.mean([np.exp(np.interp(grid, [0, *x], [0, *logs])) for x, logs in curves], axis=0)
    return float(np.interp(-SHARE, -shares, grid))


def error_times(results: Results) -> list[tuple[float, float, Estimate, float, float]]:
    """(load, eta, measured, least, enough): scaled time to SHARE where the law says that it lies within what was run.

    The intervals hold together.
    """
    found = []
    for (load, eta), part in single_sleeps(results).groupby(["load", "eta"]):
        if load < 1:
            scale = eta * (1 - np.sqrt(load)) ** 2
            law = {"N": part["N"].iloc[0], "M": part["M"].iloc[0], "eta": eta, "eps": SHARE}
            least, enough = (S4.value(name, **law).value for name in ("sweeps_least", "sweeps_enough"))
            if enough <= part["sweeps"].max():
                found.append((load, eta, part, scale * least, scale * enough))
    return [
        (load, eta, jackknife(_share_reached, part, len(found), "log"), least, enough) for load, eta, part, least, enough in found
    ]


def _error(results: Results) -> Judgement:
    """Time to SHARE over sweeps_enough, between least/enough and 1: the one furthest from the middle."""
    times = error_times(results)
    if not times:
        raise ValueError("no setting was run for as long as the law of squared error asks")
    margin = min(1 - least / enough for _, _, _, least, enough in times) / 2
    middles = [(1 + least / enough) / 2 for _, _, _, least, enough in times]
    widths = [(1 - least / enough) / 2 + margin for _, _, _, least, enough in times]
    ratios = [Estimate(time.mean / enough, time.low / enough, time.high / enough, time.count) for _, _, time, _, enough in times]
    off = [ratio.shifted(-middle) for ratio, middle in zip(ratios, middles, strict=True)]
    judged = near(off, widths, 0.0)
    shown = next(ratio for ratio, each in zip(ratios, off, strict=True) if each.mean == judged.measured)
    return judgement(shown, judged.verdict)


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
    """Presentations that the law asks for the depth kept, over those spent, by spacing; the intervals hold together."""
    parts = {int(hold): part for hold, part in spaced(results).groupby("hold")}
    return {hold: back(jackknife(log_cost, part, len(parts))) for hold, part in parts.items()}


def _cost(results: Results) -> Judgement:
    """The ratio of costs at every spacing."""
    found = list(costs(results).values())
    margin = 1 / (2 * (1 - RESOLVED) * spaced(results)["N"].iloc[0])
    return near(found, [margin] * len(found))


def bits_after(results: Results) -> dict[tuple[float, float], tuple[Estimate, float]]:
    """(Hard-threshold bits at the most sweeps over those at the first amount that leaves REACHED of the largest depth by the
    law, by how much depth grows in between by the law), by (load, eta); the intervals hold together.
    """  # fmt: skip
    frame, found = single_sleeps(results), {}
    groups = list(frame.groupby(["load", "eta"]))
    for key, part in groups:
        enough = part["sweeps"][part["predicted_depth"] >= REACHED * part["limit"]]
        if len(enough) and 2 * enough.min() <= part["sweeps"].max():
            amounts = (enough.min(), part["sweeps"].max())
            then, last = (part[part["sweeps"] == at].set_index("seed") for at in amounts)
            grown = float(last["predicted_depth"].iloc[0] / then["predicted_depth"].iloc[0])
            found[key] = estimate(last["hard_bits"] / then["hard_bits"], comparisons=len(groups), scale="log"), grown
    return found


def _bits(results: Results) -> Judgement:
    """The setting in which bits outgrow depth most."""
    ratios = [
        Estimate(gain.mean / grown, gain.low / grown, gain.high / grown, gain.count, gain.detectable / grown)
        for gain, grown in bits_after(results).values()
    ]
    return below(ratios, 1.0, 1 / REACHED - 1)


RULES = (
    Rule(
        "S4-depth",
        "Rehearsal at random deposits depth as the busy period of an M/M/1 queue of load M/N ends, and no more than min(1, N/M).",
        "ratio 1",
        "Measured over predicted mean depth after one sleep, geometric mean over amounts of replay for every load and rate and "
        "over loads and rates for every amount; simultaneous 95% t intervals over seeds. Supported if all lie within "
        "(1 + √(M/N))²/M of 1, refuted if one lies wholly outside. The one furthest from 1 in units of its margin is shown.",
        TABLES,
        _depth,
        rests_on="simulation",
        rule_set="after",
        why="The law is one of large stores. With λ = (1 + √(M/N))², the largest eigenvalue, its relative finite-size terms are "
        "at most ηλ/(2(e − 1)M) (a power (1 − ηλ/M)^(M sweeps) for an exponential), 1/(2M) (spectrum of a finite random Gram "
        "matrix) and 0.6/N (keys of one length). Together they stay below λ/M, what one presentation can change.",
        family="All loads with each rate, and all amounts: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "S4-rate",
        "Below M = N the missing depth decays at the rate that the law gives, near its end η(1 − √(M/N))² per sweep.",
        "ratio 1",
        f"Slope of the logarithm of missing depth where the law puts it between {LATE[0]:g} and {LATE[1]:g}, over the law's "
        "slope at the same amounts, mean over rates, for every load below 1; simultaneous 95% jackknife intervals over seeds of "
        "the logarithm. Supported if all lie within (1 + √(M/N))²/M of 1, refuted if one lies wholly outside. The one furthest "
        "from 1 in units of its margin is shown.",
        TABLES,
        _rate,
        rests_on="simulation",
        rule_set="after",
        why="One presentation of M, as for S4-depth: −ln(1 − ηλ/M) exceeds ηλ/M by ηλ/(2M) of it, and the smallest eigenvalues "
        f"of a finite Gram matrix lie off the edge. Below a missing depth of {LATE[0]:g} less than one fact of a hundred is "
        "missing.",
        family="The loads below 1: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "S4-critical",
        "At M = N the missing depth falls as a power of the sweeps only, 1/√(πη·sweeps).",
        "exponent −1/2",
        f"Slope of log missing depth on log(η sweeps) from η sweeps = {CRITICAL_FROM} to the most, x, mean over the rates that "
        f"reach it; 95% jackknife interval over seeds. Supported if it lies within 1/(16·{CRITICAL_FROM}) + "
        f"√(πx)/(4N ln(x/{CRITICAL_FROM})) of −1/2, refuted if wholly outside.",
        TABLES,
        _critical,
        rests_on="simulation",
        rule_set="after",
        why="Two terms of the theory, both towards 0. The missing depth e^(−2x)(I₀(2x) + I₁(2x)) is (1 − 1/(16x))/√(πx): its "
        "slope differs from −1/2 by 1/(16x) at x. A finite random Gram matrix adds up to 1/(4N) to the missing depth, √(πx)/(4N) "
        "of it at x, over the length ln(x/4) of the fit.",
    ),
    Rule(
        "S4-error",
        f"To leave {SHARE:.0%} of the squared error the worst targets take between L/(2η) and L/(η(2 − η)) sweeps.",
        "ratio to the upper bound between (2 − η)/2 and 1",
        f"Sweeps after which {SHARE:.0%} of |w − w*|² is left (mean over seeds, targets along the smallest eigenvalue, time in "
        "units of that eigenvalue), over the upper bound, for every load and rate that were run for that long; simultaneous 95% "
        "jackknife intervals over seeds of the logarithm. Supported if all lie between the bounds, widened at either end by half "
        "of the narrowest distance between them; refuted if one lies wholly outside. The one furthest from the middle is shown.",
        TABLES,
        _error,
        rests_on="simulation",
        rule_set="after",
        why="Both bounds hold at every N. The bounds lie η/2 apart, at the least rate the least: a run that places a time to "
        "half of that can tell inside from outside.",
        family="All loads and rates that were run long enough: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "S4-cost",
        "A stream that rehearses all it holds after every h tasks spends sweeps·DT(T + h)/(2h) presentations for the depth of "
        "its worst-kept task, which does not depend on h.",
        "ratio 1",
        "Presentations that the law asks for the depth of the worst-kept tasks over those spent, geometric mean over loads and "
        f"amounts (up to {RESOLVED:.0%} of the largest depth), for every spacing; simultaneous 95% jackknife intervals over "
        f"seeds of the logarithm. Supported if all lie within 1/(2N(1 − {RESOLVED:g})) of 1, refuted if one lies wholly outside. "
        "The one furthest from 1 is shown.",
        TABLES,
        _cost,
        rests_on="simulation",
        rule_set="after",
        why="A finite random Gram matrix adds up to 1/(4N) to the missing depth m (S4-critical). At M = N the sweeps that leave "
        f"m are 1/(πηm²): they change by twice 1/(4Nm) of them, most at m = 1 − {RESOLVED:g}.",
        family="All spacings: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "S4-bits",
        f"Retained bits saturate with depth: past the sweeps that leave {REACHED:.0%} of the largest depth, bits grow no more "
        "than depth does.",
        "ratio at most 1",
        "Bits that survive a threshold at the most sweeps, over those at the first amount at which the law puts depth at "
        f"{REACHED:.0%} of its limit, divided by the growth of depth in between by the law, for every load and rate with at "
        "least twice as many sweeps to come; simultaneous 95% t intervals over seeds of the logarithm. Supported if every upper "
        f"end lies below 1/{REACHED:g}, refuted if a lower end lies above 1. Shown is the highest upper end (or the violation).",
        TABLES,
        _bits,
        rests_on="simulation",
        rule_set="after",
        why=f"At {REACHED:.0%} of its limit depth can still grow by 1/{REACHED:g}: bits that outgrow it by that much gain from "
        "something else than the depth still missing.",
        family="All loads and rates: their intervals hold together (Bonferroni).",
    ),
)
