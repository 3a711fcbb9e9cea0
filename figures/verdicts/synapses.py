"""Rules for bounded synapses and chains: exact curves (C6-curve), ceilings (C6-envelope, C6-oldest), even spread (C6-chain)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import SEEN, Judgement, Rule, below, decide_all, judgement
from theory.ledger import claim

CURVE = 0.05
CHAIN = 2 ** (1 / 8) - 1  # half a bin of ages: there are four to a factor of two
MARGIN = 0.1
ROUNDING = 1e-9  # relative; two states that always switch meet sqrt(N) exactly
COLUMNS = (
    *("model", "parameter", "N", "M_s", "beakers", "exact", "seed", "age", "age_end"),
    *("snr", "predicted_snr", "envelope_snr", "power", "predicted_power", "oldest", "ceiling_oldest"),
)
MODEL = ["model", "parameter"]


def table(results: Results) -> pd.DataFrame:
    """The table `synapses`, with the number of ages in each bin, `width`, and its middle age (geometric, of age + 1)."""
    frame = results.table("synapses", *COLUMNS)
    middle = np.sqrt((frame["age"] + 1) * frame["age_end"]) - 1
    return frame.assign(width=frame["age_end"] - frame["age"], middle=middle)


def curve_ratios(frame: pd.DataFrame) -> list[Estimate]:
    """Measured over exact SNR of every model with a law: one slope for the younger half of the power, one for the older.

    The slope of measured on exact SNR weighs every age by its signal. Halves with less than 1% of the power are left out.
    """
    slopes = []
    for _, part in frame[frame["exact"].astype(bool)].groupby(MODEL):
        one = part[part["seed"] == part["seed"].min()].sort_values("age")
        passed = one["predicted_power"].cumsum() / one["predicted_power"].sum()
        young = set(one["age"][passed - one["predicted_power"] / one["predicted_power"].sum() < 0.5])
        for _, half in part.groupby(part["age"].isin(young)):
            if half["predicted_power"].sum() < 0.01 * part["predicted_power"].sum():
                continue
            both = half["width"] * half["snr"] * half["predicted_snr"], half["width"] * half["predicted_snr"] ** 2
            by_seed = [column.groupby(half["seed"]).sum() for column in both]
            slopes.append(by_seed[0] / by_seed[1])
    return [estimate(slope, comparisons=len(slopes)) for slope in slopes]


def _shares(frame: pd.DataFrame, measured: str, bound: str) -> list[Estimate]:
    """Measured over bound in every bin of every model, intervals simultaneous."""
    groups = list((frame[measured] / frame[bound]).groupby([frame[key] for key in (*MODEL, "age")]))
    return [estimate(values, comparisons=len(groups)) for _, values in groups]


def envelope_shares(frame: pd.DataFrame) -> list[Estimate]:
    """SNR over the envelope in every bin (start included), and the sum over ages over sqrt(N) (M_s - 1) for finite states."""
    finite = frame[frame["M_s"] > 0]
    sums = (finite["snr"] * finite["width"]).groupby([finite[key] for key in (*MODEL, "seed")]).sum()
    bound = claim("C6").area(N=finite["N"], M_s=finite["M_s"], rate=1.0)
    bound = pd.Series(np.asarray(bound), index=finite.index).groupby([finite[key] for key in (*MODEL, "seed")]).first()
    models = (sums / bound).groupby(level=MODEL)
    return _shares(frame, "snr", "envelope_snr") + [estimate(values, comparisons=models.ngroups) for _, values in models]


def oldest_shares(frame: pd.DataFrame) -> list[Estimate]:
    """M SNR^2 of the oldest of M events over N (1 - 1/M)^(M-1), in every bin of M."""
    return _shares(frame, "oldest", "ceiling_oldest")


def late(frame: pd.DataFrame) -> pd.DataFrame:
    """Bins older than one event: there the envelope is more than the trivial start."""
    return frame[frame["age"] > 0]


def _envelope(results: Results) -> Judgement:
    return below(envelope_shares(table(results)), 1.0, MARGIN, ROUNDING)


def _oldest(results: Results) -> Judgement:
    return below(oldest_shares(table(results)), 1.0, MARGIN, ROUNDING)


def _curve(results: Results) -> Judgement:
    worst, verdict = decide_all(curve_ratios(table(results)), 1 - CURVE, 1 + CURVE)
    return judgement(worst, verdict)


def chain_rows(results: Results) -> pd.DataFrame:
    """Rows of the linear chain."""
    frame = table(results)
    return frame[frame["model"] == "chain"]


def slope(part: pd.DataFrame) -> float:
    """Exponent of SNR in age of one seed, between the times of the first beaker, 1/coupling, and of the last, 4^beakers."""
    inside = part[(part["age"] >= 1 / part["parameter"]) & (part["age_end"] <= 4 ** part["beakers"] + 1) & (part["snr"] > 0)]
    return float(np.polyfit(np.log(inside["middle"]), np.log(inside["snr"]), 1)[0])


def lifetime(part: pd.DataFrame) -> float:
    """Age at which the SNR of one seed last falls through 1, between bins by a power law."""
    part = part.sort_values("age")
    last = int(np.flatnonzero(part["snr"].to_numpy() >= 1)[-1])
    young, old = part.iloc[last], part.iloc[min(last + 1, len(part) - 1)]
    fallen = np.log(young["snr"]) / np.log(young["snr"] / max(old["snr"], 1e-3)) if old["age"] > young["age"] else 0.0
    return float(np.expm1(np.log1p(young["middle"]) + fallen * (np.log1p(old["middle"]) - np.log1p(young["middle"]))))


def chain_ratios(results: Results, comparisons: int = 3) -> dict[str, Estimate]:
    """Exponent over -1/2, sum of SNR^2 over N, and age at SNR 1 over the lifetime of C6-chain."""
    frame = chain_rows(results)
    N, beakers = float(frame["N"].iloc[0]), float(frame["beakers"].iloc[0])
    parts = [part for _, part in frame.groupby("seed")]
    law = claim("C6-chain").lifetime(N=N, beakers=beakers)
    found = {
        "exponent": [slope(part) / -0.5 for part in parts],
        "sum": [part["power"].sum() / N for part in parts],
        "lifetime": [lifetime(part) / float(law) for part in parts],
    }
    return {name: estimate(values, comparisons=comparisons) for name, values in found.items()}


def _chain(results: Results) -> Judgement:
    worst, verdict = decide_all(list(chain_ratios(results).values()), 1 - CHAIN, 1 + CHAIN)
    return judgement(worst, verdict)


UNDER = (
    "simultaneous 95% t intervals over seeds. Shown: the highest. Supported if every upper end lies at most "
    f"{MARGIN:.0%} above 1, refuted if a lower end lies above 1 (beyond rounding, {ROUNDING:g}), else undecided. {SEEN}"
)
RULES = (
    Rule(
        "C6-curve",
        "Simulated synapses with finitely many states, and linear ones, keep an event at every age with the SNR that their "
        "transition matrices or kernel give.",
        "ratio 1",
        "Slope of the measured on the exact SNR for each model, for the ages that hold the younger and the older half of its "
        "power; simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. "
        f"Supported if all lie within {CURVE:.0%} of 1, refuted if one lies wholly outside.",
        ("synapses",),
        _curve,
        rests_on="simulation",
        rule_set="after",
        why=f"The law is exact for N synapses of the same matrices: no finite-size term is allowed for. {CURVE:.0%} is a round "
        "number.",
    ),
    Rule(
        "C6-envelope",
        "No synapse of M_s states keeps an event above the envelope of start, area and power. That envelope is proved; in its "
        "middle piece it lies π²/8 = 1.23 above the numerical one of Lahiri and Ganguli.",
        "share at most 1",
        "SNR over the envelope of C6 for every model and bin of ages, and its sum over ages over sqrt(N) (M_s − 1); " + UNDER,
        ("synapses",),
        _envelope,
        rests_on="simulation",
        rule_set="after",
        why=f"The envelope holds for every N and age: no finite-size term is allowed for. {MARGIN:.0%} is a round number, below "
        "the 23% by which this envelope is looser in its middle than the numerical one.",
    ),
    Rule(
        "C6-oldest",
        "M SNR² of the oldest of M events is at most N (1 − 1/M)^(M−1), for finitely many states and for chains, as under one "
        "fixed regime (C2).",
        "share at most 1",
        "Ratio of the two for every model and bin of ages; " + UNDER,
        ("synapses",),
        _oldest,
        rests_on="simulation",
        rule_set="after",
        why=f"The ceiling holds for every N and M: no finite-size term is allowed for. {MARGIN:.0%} is a round number, as for "
        "C2.",
    ),
    Rule(
        "C6-chain",
        "A chain of beakers spreads the power N evenly over the logarithm of the age: SNR falls as age^(−1/2) up to 4^beakers.",
        "ratios 1",
        "Fitted exponent over −1/2 (ages from 1/coupling to 4^beakers), sum over ages of SNR² over N, and age at SNR 1 over the "
        "lifetime of C6-chain; simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. "
        f"Supported if all lie within {CHAIN:.1%} of 1, refuted if one lies wholly outside.",
        ("synapses",),
        _chain,
        rests_on="simulation",
        rule_set="after",
        why="Ages are averaged in four bins to a factor of two, so that an age is known to half a bin, 2^(1/8) − 1.",
    ),
)
