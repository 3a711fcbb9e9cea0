"""Rules for streams that fill one matrix of a language model: nothing above its ceiling (C2), forecasts, what moves it (H2)."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate, jackknife
from figures.results import Results
from figures.verdicts.ceiling import MARGIN, ROUND
from figures.verdicts.rule import SEEN, Judgement, Rule, below, decide, judgement, together

NARROW = ("last_matrix", "off_mode_1", "off_mode_12")
"""Ways that write one matrix, whose laws are computed before any write."""

STREAM = ["way", "learning_rate"]

LEAST = 0.05  # tasks of full depth: below this an error of tasks × depth counts as none


def narrow(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the ways that write one matrix. A stream that diverged keeps nothing."""
    found = table[table["way"].isin(NARROW)]
    return found.assign(**{name: found[name].fillna(0.0) for name in ("oldest", "total")})


def shares(rows: pd.DataFrame, kept: str, allowed: str) -> dict[tuple[str, float], Estimate]:
    """Kept over allowed, mean over numbers of tasks, by way and learning rate; simultaneous 95% t intervals over seeds."""
    groups = rows.assign(share=rows[kept] / rows[allowed]).groupby(STREAM, sort=False)
    return {
        (str(way), float(rate)): estimate(part.groupby("seed")["share"].mean(), comparisons=groups.ngroups)
        for (way, rate), part in groups
    }


def skills(table: pd.DataFrame, law: str) -> dict[str, Estimate]:
    """Skill of a law on tasks times the depth of the oldest tenth, over learning rates and lengths; simultaneous over the ways.

    1 less the rms error of the law over that of the best constant product, which is fitted to the outcome.
    """
    rows = narrow(table)
    rows = rows[rows[law].notna()]
    products = rows.assign(**{name: rows[name] * rows["T"] for name in ("oldest", law)})
    return by_way(products, "oldest", law, LEAST)


def by_way(rows: pd.DataFrame, measured: str, law: str, least: float, base: str = "") -> dict[str, Estimate]:
    """Skill of the column of a law on a measured one, by way: 1 less the ratio of rms errors, of means over seeds.

    The other error is that of the best constant, or of the best multiple of the column `base`, fitted to the outcome; both are
    `least` at least. Jackknife intervals over seeds of the logarithm of the ratio, simultaneous over the ways.
    """

    def ratio(part: pd.DataFrame) -> float:
        means = part.assign(base=part[base] if base else 1.0).groupby(["learning_rate", "T"])[[measured, law, "base"]].mean()
        wrong = means[law] - means[measured]
        multiple = (means[measured] * means["base"]).sum() / (means["base"] ** 2).sum()
        other = means[measured] - multiple * means["base"]
        return float(np.sqrt(max((wrong**2).mean(), least**2) / max((other**2).mean(), least**2)))

    groups = rows.groupby("way", sort=False)
    return {str(way): (-jackknife(ratio, part, comparisons=groups.ngroups, scale="log")).shifted(1.0) for way, part in groups}


def best_rate(table: pd.DataFrame) -> pd.Series:
    """The learning rate at which each way stores most after the last task, in the mean over seeds."""
    last = table[table["T"] == table["T"].max()]
    return last.assign(total=last["total"].fillna(0.0)).groupby(STREAM)["total"].mean().unstack("learning_rate").idxmax(axis=1)


def stored(table: pd.DataFrame, rates: pd.Series | None = None) -> pd.DataFrame:
    """Total depth after the last task, by seed, a column per way. rates: learning rate of each; by default its `best_rate`."""
    last = table[table["T"] == table["T"].max()]
    last = last.assign(total=last["total"].fillna(0.0))
    chosen = last[np.isclose(last["learning_rate"], last["way"].map(best_rate(table) if rates is None else rates), rtol=1e-9)]
    return chosen.pivot(index="seed", columns="way", values="total")


def beyond(table: pd.DataFrame) -> Estimate:
    """Total depth of full finetuning over the most that the spectrum of the last matrix allows, after the last task."""
    last = table[(table["T"] == table["T"].max()) & (table["way"] == "last_matrix")]
    allowed = last.groupby("seed")["allowed_total"].first()
    return estimate(stored(table)["full"] / allowed)


def _ceiling(results: Results, kept: str, allowed: str) -> Judgement:
    table = results.table("matrix_ceiling", *STREAM, "seed", "T", kept, allowed)
    found = below(list(shares(narrow(table), kept, allowed).values()), 1.0, MARGIN)
    return replace(found, seeds=table["seed"].nunique())


def _forecast(results: Results, law: str) -> Judgement:
    return all_skilled(skills(results.table("matrix_ceiling", *STREAM, "seed", "T", "oldest", law), law))


def all_skilled(found: Mapping[str, Estimate]) -> Judgement:
    """Whether the skills of all ways lie above 0; the least is shown."""
    verdicts = {way: decide(value, 0.0, np.inf) for way, value in found.items()}
    words = [f"{verdict} for {way} ({found[way].mean:.2f})" for way, verdict in verdicts.items() if verdict != "supported"]
    return judgement(min(found.values(), key=lambda value: value.mean), together(list(verdicts.values())), note="; ".join(words))


def _off_mode(results: Results) -> Judgement:
    most = stored(results.table("matrix_ceiling", *STREAM, "seed", "T", "total"))
    value = estimate(most["off_mode_12"] - most["last_matrix"])
    return judgement(value, decide(value, 0.0, np.inf))


def _full(results: Results) -> Judgement:
    value = beyond(results.table("matrix_ceiling", *STREAM, "seed", "T", "total", "allowed_total"))
    return judgement(value, decide(value, 1.0, np.inf))


WHERE = "Dense model, answers drawn at random, tasks of 8 facts, 12 to 96 tasks into one matrix with 384 inputs. "
MEAN = (
    "Mean over numbers of tasks, for every way of writing one matrix (plain, off-mode without one and without twelve directions) "
    "and learning rate; simultaneous 95% t intervals over seeds. Supported if every upper end lies at most "
    f"{MARGIN:.0%} above 1, refuted if a lower end lies above 1. " + SEEN
)
SKILL = (
    "Tasks × mean depth of the oldest tenth, mean over seeds, at every learning rate and number of tasks{upto}. Skill = 1 - rms "
    "error / that of the best constant product, fitted to the outcome; both errors at least 0.05. Every way of writing one "
    "matrix by itself, 95% jackknife intervals over seeds of the logarithm of the ratio, simultaneous over the ways; the least "
    "skill is shown. Supported if all lie above 0, refuted if one lies below."
)

RULES = (
    Rule(
        "C2-matrix",
        "In one matrix of a language model, the oldest facts of a stream keep no more depth than its keys' spectrum allows.",
        "at most 1",
        WHERE
        + "Mean depth of the oldest tenth of the tasks over the largest that the measured spectrum allows at any one dose. "
        + MEAN,
        ("matrix_ceiling",),
        partial(_ceiling, kept="oldest", allowed="allowed"),
        rests_on="language model",
        rule_set="after",
        why=ROUND + "the ceiling is a mean over draws of the facts.",
        family="ways × learning rates: Bonferroni",
    ),
    Rule(
        "C2-matrix-total",
        "In one matrix of a language model, all facts of a stream together keep no more depth than the spectrum allows.",
        "at most 1",
        WHERE + "Sum of the depths of all facts over the largest that the measured spectrum allows at any one dose. " + MEAN,
        ("matrix_ceiling",),
        partial(_ceiling, kept="total", allowed="allowed_total"),
        rests_on="language model",
        rule_set="after",
        why=ROUND + "the ceiling is a mean over draws of the facts.",
        family="ways × learning rates: Bonferroni",
    ),
    Rule(
        "C2-matrix-law",
        "The spectral law, from keys and trial writes, forecasts the depth that the oldest facts keep in one matrix.",
        "skill > 0",
        WHERE + SKILL.format(upto=""),
        ("matrix_ceiling",),
        partial(_forecast, law="spectral"),
        rests_on="language model",
        rule_set="after",
        family="the ways of writing one matrix: Bonferroni",
    ),
    Rule(
        "P1-matrix",
        "Kernel simulation, from the model before any write, forecasts the depth that the oldest facts keep in one matrix.",
        "skill > 0",
        WHERE + SKILL.format(upto=" up to 48"),
        ("matrix_ceiling",),
        partial(_forecast, law="kernel"),
        rests_on="language model",
        rule_set="after",
        family="the ways of writing one matrix: Bonferroni",
    ),
    Rule(
        "H2-off_mode",
        "Taking out twelve common directions of its keys lets one matrix of a language model store more of a long stream.",
        "> 0 facts of depth",
        WHERE
        + "Sum of the depths of all facts after the last task, off-mode without twelve directions minus plain, paired by seed, "
        "each at the learning rate at which it stores most in the mean. 95% t interval over seeds. Supported if it lies above 0, "
        "refuted if below.",
        ("matrix_ceiling",),
        _off_mode,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "H2-full",
        "Writing all parameters stores more of a long stream than the spectrum of the last matrix allows one matrix.",
        "> 1",
        WHERE
        + "Sum of the depths of all facts after the last task, full finetuning at the learning rate at which it stores most in "
        "the mean, over the largest that the spectrum of the last matrix allows. 95% t interval over seeds. Supported if it lies "
        "above 1, refuted if below.",
        ("matrix_ceiling",),
        _full,
        rests_on="language model",
        rule_set="after",
    ),
)
