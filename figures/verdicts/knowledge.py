"""Rules for knowledge: recall of facts that were read many times (K1-recall, K1-price), bits per parameter (K1-exposures)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement

KNOWN = 0.95  # share of the held-out questions that must be answered exactly
PRICE = 0.15  # bits per byte of held-out text that the facts may cost
LITERATURE = {100: 1.0, 1000: 2.0}  # exposures: bits per parameter (Allen-Zhu and Li 2024, part 3.3)
ABOUT = 1.5  # factor within which a value is about that of the literature


def recall(results: Results, phrasing: str = "heldout", taught: bool = True) -> pd.DataFrame:
    """Recall by architecture, kind of fact and seed."""
    table = results.table("knowledge", "architecture", "kind", "seed", "taught", "phrasing", "recall")
    return table[(table["phrasing"] == phrasing) & (table["taught"] == taught)]


def _recall(results: Results) -> Judgement:
    """The least recall, over models and kinds of fact."""
    groups = recall(results).groupby(["architecture", "kind"])["recall"]
    found = [estimate(group, comparisons=groups.ngroups) for _, group in groups]
    verdict = decide_all(found, KNOWN, 2 - KNOWN)[1]  # recall is at most 1: the upper end of the range is never met
    return judgement(min(found, key=lambda value: value.mean), verdict)


def price(results: Results) -> pd.DataFrame:
    """Bits per byte of held-out text with the facts minus without, by architecture and seed: column `price`."""
    table = results.table("knowledge", "architecture", "seed", "taught", "heldout_bits_per_byte")
    runs = table.groupby(["architecture", "seed", "taught"])["heldout_bits_per_byte"].first().unstack("taught")
    return (runs[True] - runs[False]).rename("price").reset_index()


def _price(results: Results) -> Judgement:
    """The price of the facts, mean over both models, by seed."""
    value = estimate(price(results).groupby("seed")["price"].mean())
    return judgement(value, decide(value, -np.inf, PRICE))


def held(results: Results) -> pd.DataFrame:
    """Bits per parameter: exposures, seed, `values`, `names`, `both`, and `layers` (both, over all but the embedding)."""
    table = results.table("exposures", "exposures", "seed", "value_bits", "name_bits", "parameters", "embedding_parameters")
    both, own = table["value_bits"] + table["name_bits"], table["parameters"]
    return table.assign(
        values=table["value_bits"] / own,
        names=table["name_bits"] / own,
        both=both / own,
        layers=both / (own - table["embedding_parameters"]),
    )


def _exposures(results: Results) -> Judgement:
    """Bits per parameter over the literature's, at its numbers of exposures; the one that strays furthest."""
    table = held(results)
    there = {n: table[table["exposures"] == n]["both"] / known for n, known in LITERATURE.items()}
    found = {n: estimate(ratio, comparisons=len(LITERATURE)) for n, ratio in there.items() if len(ratio)}
    if not found:
        value = estimate(table.groupby("seed")["both"].max())
        return judgement(Estimate(value.mean, -np.inf, np.inf, value.count), "undecided")
    value, verdict = decide_all(list(found.values()), 1 / ABOUT, ABOUT)
    return judgement(value, "undecided" if verdict == "supported" and len(found) < len(LITERATURE) else verdict)


RULES = (
    Rule(
        "K1-recall",
        "The dense and the memory model know the facts that they read in pretraining, in phrasings that they have never read.",
        f">= {KNOWN:.0%}",
        "Share of the questions in held-out phrasings (in no text from the name on) to which the greedy continuation is just "
        "the answer, for each model and kind (people, cities); simultaneous 95% t intervals over seeds; the least is shown. "
        f"Supported if all lie above {KNOWN}, refuted if one lies wholly below.",
        ("knowledge",),
        _recall,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "K1-price",
        "Reading the facts costs little of what a model predicts of other text.",
        f"< {PRICE} bits per byte",
        "Held-out bits per byte of a model with the facts minus that of the same seed without, as much English text read by "
        f"both; mean of both models, 95% t interval over seeds. Supported if it lies below {PRICE}, refuted if above.",
        ("knowledge",),
        _price,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "K1-exposures",
        "A small model holds about one bit per parameter of what it has read 100 times, and about two of what it has read 1000 "
        "times, as larger ones do (Allen-Zhu and Li 2024).",
        "ratio 1",
        "Bits in names and values (lower bound by the losses, as there) over all parameters, over the value in print, at 100 and "
        "1000 exposures; simultaneous 95% t intervals over seeds; the one furthest off is shown. "
        f"Supported if both lie within a factor {ABOUT}, refuted if one lies wholly outside.",
        ("exposures",),
        _exposures,
        rests_on="language model",
        rule_set="after",
    ),
)
