"""Rules for methods along a long stream into one matrix of a language model: is it what one layer would do (H4)?"""

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement, together
from figures.verdicts.sequences import APART, crossing

Store = Literal["linear", "softmax"]

FEW = 8  # tasks below which the sum of a stream's depths is not judged: it is of few facts
NEAR = 0.2  # by how much a sum of depths may differ from its law
FACTOR = 1.5  # by which a length may differ from that of the store


def by_way(results: Results, *columns: str) -> dict[str, pd.DataFrame]:
    """Rows of every method, by its name."""
    table = results.table("long_streams", "way", "seed", "T", *columns)
    return {str(way): part for way, part in table.groupby("way", sort=False)}


def sum_ratio(rows: pd.DataFrame, store: Store, comparisons: int = 1) -> Estimate:
    """Sum of depths over that of the store, means over seeds; geometric mean over lengths from FEW tasks on, by jackknife."""

    def ratio(part: pd.DataFrame) -> float:
        means = part[part["T"] >= FEW].groupby("T")[["total", f"{store}_total"]].mean()
        return float(np.exp(np.log((means["total"] / means[f"{store}_total"]).clip(lower=1e-6)).mean()))

    return jackknife(ratio, rows, comparisons, "log")


def length(rows: pd.DataFrame, name: str = "") -> float:
    """Tasks at which the newest or the oldest, whichever is less deep, falls below half the depth of a task written alone.

    name: "" for what was measured, else "linear_" or "softmax_". Means over seeds, linear between lengths; the last length if
    neither falls that far, which `lasts` tells.
    """
    means = rows.groupby("T")[["trial", f"{name}newest", f"{name}oldest"]].mean()
    worst = means[[f"{name}newest", f"{name}oldest"]].min(axis=1) / means["trial"]
    return crossing(worst.index.to_numpy(float), worst.to_numpy(), 0.5)


def lasts(rows: pd.DataFrame, name: str = "") -> bool:
    """Whether neither the newest nor the oldest falls so far within the stream."""
    return bool(length(rows, name) >= rows["T"].max())


def length_ratio(rows: pd.DataFrame, comparisons: int = 1) -> Estimate:
    """Measured `length` over that of the softmax store; jackknife interval."""
    return jackknife(lambda part: length(part) / length(part, "softmax_"), rows, comparisons, "log")


def widest(rows: pd.DataFrame, store: Store) -> float:
    """Sum of depths over that of the store at the length, from FEW tasks on, at which they differ most; means over seeds."""
    means = rows[rows["T"] >= FEW].groupby("T")[["total", f"{store}_total"]].mean()
    ratios = means["total"] / means[f"{store}_total"]
    return float(ratios[np.log(ratios.clip(lower=1e-6)).abs().idxmax()])


def contrast(rows: pd.DataFrame, name: str = "", comparisons: int = 1) -> Estimate:
    """Depth of the newest less that of the oldest in the longest stream, in units of a task written alone."""
    last = rows[rows["T"] == rows["T"].max()]
    return estimate((last[f"{name}newest"] - last[f"{name}oldest"]) / last["trial"], comparisons=comparisons)


def failure(value: float) -> str:
    """How a method fails whose newest and oldest tasks differ by that much."""
    return "forgets" if value > APART else "stops learning" if value < -APART else "fades together"


def margins(rows: pd.DataFrame, comparisons: int = 1) -> list[Estimate]:
    """By how much a method fails as the softmax store says, from the border of that kind."""
    found, kind = contrast(rows, comparisons=comparisons), failure(contrast(rows, "softmax_").mean)
    if kind == "fades together":
        return [(-found).shifted(APART), found.shifted(APART)]
    return [(found if kind == "forgets" else -found).shifted(-APART)]


def _sums(results: Results, store: Store) -> Judgement:
    parts = by_way(results, "total", f"{store}_total")
    found = {way: sum_ratio(rows, store, len(parts)) for way, rows in parts.items()}
    words = {way: decide(value, 1 / (1 + NEAR), 1 + NEAR) for way, value in found.items()}
    told = [f"{word} for {way} ({found[way].mean:.2f})" for way, word in words.items() if word != "supported"]
    verdict = together(list(words.values()))
    shown = [way for way in found if words[way] == "refuted"] or list(found)
    return judgement(max((found[way] for way in shown), key=lambda value: abs(np.log(value.mean))), verdict, note="; ".join(told))


def _lengths(results: Results) -> Judgement:
    parts = by_way(results, "trial", "newest", "oldest", "softmax_newest", "softmax_oldest")
    open_ended = [way for way, rows in parts.items() if lasts(rows) or lasts(rows, "softmax_")]
    found = {way: length_ratio(rows, len(parts)) for way, rows in parts.items()}
    words = {way: decide(value, 1 / FACTOR, FACTOR) for way, value in found.items()}
    words |= dict.fromkeys(open_ended, "undecided")
    told = [f"{word} for {way} ({found[way].mean:.2f})" for way, word in words.items() if word != "supported"]
    told += [f"{way} or its store does not fall within the stream" for way in open_ended]
    shown = [way for way in found if words[way] == "refuted"] or list(found)
    value = max((found[way] for way in shown), key=lambda value: abs(np.log(value.mean)))
    return judgement(value, together(list(words.values())), note="; ".join(told))


def _failures(results: Results) -> Judgement:
    parts = by_way(results, "trial", "newest", "oldest", "softmax_newest", "softmax_oldest")
    found = {way: margins(rows, len(parts)) for way, rows in parts.items()}
    words = {way: together([decide(value, 0, np.inf) for value in values]) for way, values in found.items()}
    told = [f"{word} for {way}, which {failure(contrast(parts[way]).mean)}" for way, word in words.items() if word != "supported"]
    value, verdict = decide_all([value for values in found.values() for value in values], 0, 2)
    return judgement(value, verdict, note="; ".join(told))


WHERE = (
    "Dense model, answers drawn at random, tasks of 8 facts, 1 to 96 tasks into the last feed-forward matrix, by plain descent, "
    "replay, gpm and ewc at the options that they have by default and one learning rate. "
)
SUMS = (
    WHERE
    + "Sum of the depths of all facts over that of the method simulated in one {store} layer that reads the model's keys at "
    f"other prompts, means over seeds; geometric mean over lengths from {FEW} tasks on. 95% jackknife intervals over seeds, "
    f"simultaneous over the methods; the one furthest from 1 is shown. Supported if each lies from 1/{1 + NEAR:g} to "
    f"{1 + NEAR:g}, refuted if one lies wholly outside."
)
ROUND = (
    f"{NEAR:.0%} is a round number: a forecast that is used to plan a stream should be right to that. It was set after a pilot "
    "on the development model, in which plain descent kept 1.17 times what the softmax layer did after 48 tasks."
)
FAMILY = "the methods: Bonferroni"

RULES = (
    Rule(
        "H4-network-linear",
        "In one matrix of a language model a stream keeps in all what each method keeps in one linear layer that reads the same "
        "keys, as the laws of the methods assume.",
        "ratio 1",
        SUMS.format(store="linear"),
        ("long_streams",),
        partial(_sums, store="linear"),
        rests_on="language model",
        rule_set="after",
        why=ROUND,
        family=FAMILY,
    ),
    Rule(
        "H4-network-softmax",
        "In one matrix of a language model a stream keeps in all what each method keeps in one layer that reads the same keys "
        "and whose answers compete in a softmax.",
        "ratio 1",
        SUMS.format(store="softmax"),
        ("long_streams",),
        partial(_sums, store="softmax"),
        rests_on="language model",
        rule_set="after",
        why=ROUND,
        family=FAMILY,
    ),
    Rule(
        "H4-network-length",
        "In one matrix of a language model each method lasts as many tasks as in one layer whose answers compete in a softmax.",
        "ratio 1",
        WHERE + "Tasks at which the newest or the oldest tenth, whichever is less deep, falls below half the depth of a task "
        "written alone, over the same in the softmax layer; means over seeds, linear between lengths. 95% jackknife intervals "
        "over seeds, simultaneous over the methods; the one furthest from 1 is shown. Supported if each lies from "
        f"1/{FACTOR:g} to {FACTOR:g}, refuted if one lies wholly outside. A method that does not fall so far within the "
        "stream, or whose layer does not, is undecided.",
        ("long_streams",),
        _lengths,
        rests_on="language model",
        rule_set="after",
        why=f"A factor of {FACTOR:g} is a round number. The lesser of two noisy curves falls early, the more so the fewer "
        "facts an end has; below 20 tasks an end is one task.",
        family=FAMILY,
    ),
    Rule(
        "H4-network-fails",
        "In one matrix of a language model each method fails as in one layer whose answers compete in a softmax: it forgets the "
        "oldest, no longer learns the newest, or lets all facts fade together.",
        f"margin of 0 or more beyond {APART}",
        WHERE + "Depth of the newest tenth less that of the oldest after the last task, in units of a task written alone; t "
        f"intervals over seeds, 95% and simultaneous over the methods. Forgetting means at least {APART}, to stop learning at "
        f"most -{APART}, fading together between; which of them is expected is what the softmax layer does in the mean. The "
        "smallest margin to the border is shown. Supported if every margin is positive over its whole interval, refuted if "
        "one is negative over its whole interval. The informative method is ewc, whose facts fade together in the linear layer.",
        ("long_streams",),
        _failures,
        rests_on="language model",
        rule_set="after",
        why=f"{APART} is the border of H4-fails, midway between fading together and an oldest task at half depth.",
        family=FAMILY,
    ),
)
