"""Numbers quoted on predictors of what a stream leaves in a pretrained model."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate
from figures.numbers.estimates import Tree, plain
from figures.predictors import LAWS, PLACES, correlations, errors, places
from figures.results import Results
from figures.verdicts.forgetting_scores import LEVELS, budgets, correlation, in_all, off_by, off_by_others, within
from figures.verdicts.predictors import (
    ALL,
    FACTOR,
    LINEAR,
    ahead,
    flips_ahead,
    in_reach,
    over_completion,
    over_constant,
    simultaneous,
    skills,
    taught,
)
from realmodels.experiments.smollm2 import STREAM
from realmodels.text.facts import stream as drawn

BLOCK = ("late", "late_off")
"""The two ways of writing the attention output of block 23."""


def predictors(results: Results) -> Tree:
    """Correlations by predictor and place, what rules judge, errors of forecasts and baselines, and budgets.

    A place that was not written, as in small runs, has None.
    """
    table = results.table("predictors")
    linear = table[table["place"].isin(LINEAR)]
    told, off = budgets(table, "kernel"), off_by(table)
    block = off[[place for place in BLOCK if place in off]].dropna(axis=1, how="all")
    entries = linear[linear["age"] >= 1].groupby(["place", "seed"]).size().tolist()
    others, empty = off_by_others(table), pd.Series(dtype=float)
    alone, last = (table[table["place"] == place] for place in ("early", "last"))
    early = {} if alone.empty else skills(alone, over_constant)
    return {
        "D": int(table["D"].iloc[0]),
        "steps": int(table["steps"].iloc[0]),
        "least": int((table["T"] * table["D"]).min()),
        "most": int((table["T"] * table["D"]).max()),
        "entries_least": int(min(entries)),
        "entries_most": int(max(entries)),
        "recur": _recurring(table),
        "seeds": int(table["seed"].nunique()),
        "correlation": {law.removeprefix("bits_"): _by_place(correlations(table, law)) for law in LAWS},
        "ahead": _by_place(ahead(table, in_all)),
        "ahead_task": _by_place(ahead(table, within)),
        "skill": _by_place(skills(linear, over_constant) | early, (*LINEAR, "early")),
        "entries": _by_place(skills(linear, partial(over_completion, count=100)), LINEAR),
        "flips": _by_place(flips_ahead(linear), LINEAR),
        "off": _by_place(simultaneous(block.fillna(block.mean())), BLOCK),
        "taught": None if last.empty else plain(taught(last)),
        "agree": int((off <= np.log2(FACTOR)).to_numpy().sum()),
        "told": int(off.notna().to_numpy().sum()),
        "in_reach": plain(in_reach(table)) if off.notna().to_numpy().any() else None,
        "others": int((others <= np.log2(FACTOR)).to_numpy().sum()),
        "others_last": int((others.get("last", empty) <= np.log2(FACTOR)).sum()),
        "agree_last": int((off.get("last", empty) <= np.log2(FACTOR)).sum()),
        "others_off": int((others.get("late_off", empty) <= np.log2(FACTOR)).sum()),
        "follow": {place: _follow(told[told["place"] == place]) if place in set(told["place"]) else None for place in ALL},
        "recency": _recency(table),
        "before": _means(table, "bits_before"),
        "age": _means(table, "age"),
        "function_most": max(value.mean for value in correlations(table, "function").values()),
        "known": {place: _mean(table, place, "known") for place in ALL},
        "rows": [_row(table[table["place"] == place], told[told["place"] == place], place) for place in places(table)],
        "text_rise": {place: _mean(table, place, "text_rise") for place in ALL},
    }


def _by_place(found: Mapping[str, Estimate], asked: Sequence[str] = ALL) -> Tree:
    return {place: plain(found[place]) if place in found else None for place in asked}


def _means(table: pd.DataFrame, column: str) -> dict[str, float | None]:
    found = correlations(table, column)
    return {place: found[place].mean if place in found else None for place in ALL}


def _follow(told: pd.DataFrame) -> float:
    """Spearman's correlation over the draws of a place of the budgets said and measured."""
    return correlation(told["said"].to_numpy(), told["measured"].to_numpy())


def _recency(table: pd.DataFrame) -> dict[str, float | None]:
    """By place, mean over draws: rank correlation of what is left with the tasks since a fact's answer was last written.

    It needs the answers and their order, no model; a referee found it after the run.
    """
    found: dict[str, list[float]] = {place: [] for place in ALL}
    for (place, seed), rows in table[table["age"] >= 1].groupby(["place", "seed"]):
        D = int(rows["D"].iloc[0])
        facts = drawn(STREAM, int(rows["T"].iloc[0]), D, int(seed))
        written = np.array([[fact.answer == other.answer for other in facts] for fact in facts])
        in_task = written.reshape(len(facts), -1, D).any(2)
        since = [np.argmax(in_task[fact, :now][::-1]) for fact, now in zip(rows["fact"], rows["written"], strict=True)]
        found[str(place)].append(correlation(np.array(since), rows["bits"].to_numpy()))
    return {place: float(np.mean(values)) if values else None for place, values in found.items()}


def _recurring(table: pd.DataFrame) -> float:
    """Share of a draw's facts, of its longest stream, that another draw has as well; mean over draws."""
    T, D = int(table["T"].max()), int(table["D"].iloc[0])
    draws = {seed: {fact.prompt for fact in drawn(STREAM, T, D, int(seed))} for seed in table["seed"].unique()}
    others = {seed: set().union(*(mine for one, mine in draws.items() if one != seed)) for seed in draws}
    return float(np.mean([len(mine & others[seed]) / len(mine) for seed, mine in draws.items()]))


def _mean(table: pd.DataFrame, place: str, column: str) -> float | None:
    values = table.loc[(table["place"] == place) & table[column].notna(), column]
    return float(values.mean()) if len(values) else None


def _row(table: pd.DataFrame, told: pd.DataFrame, place: str) -> Tree:
    """A place's row of the table; budgets as geometric means, those beyond the end counting as the stream's length."""
    cut = {name: np.log2(told[[name, "most"]].min(axis=1)) for name in ("measured", "said")}
    fresh, end = table[table["age"] == 0], table[table["written"] == table["T"]]
    return {
        "title": PLACES[place].label,
        "facts": int(told["most"].max()),
        "level": LEVELS[place],
        "learned": float(fresh["exact"].mean()),
        "kept": float(end["exact"].mean()),
        "kept_said": float(end["exact_kernel"].mean()),
        "known": float(end["known"].mean()),
        **{f"error_{name}": value for name, value in errors(table, place).items()},
        **{name: float(2 ** logs.mean()) for name, logs in cut.items()},
        "agree": int((told["off"] <= np.log2(FACTOR)).sum()),
        "told": int(told["off"].notna().sum()),
    }
