"""Rules for knowledge: recall of facts that were read many times (K1-recall, K1-price), bits per parameter (K1-exposures).

The unit of replication is the seed, with which the people, the order of texts and the model are drawn. The shares of one model,
over facts, are its outcome.
"""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.earlier import judged_with_earlier
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement, together

KNOWN = 0.95  # share of the held-out questions that must be answered exactly
PRICE = 0.15  # bits per byte of held-out text that the facts may cost
LITERATURE = {100: 1.0, 1000: 2.0}  # exposures: bits per parameter (Allen-Zhu and Li 2024, part 3.3)
ABOUT = 1.5  # factor within which a value is about that of the literature


def recall(results: Results, phrasing: str = "heldout", taught: bool = True) -> pd.DataFrame:
    """Recall by architecture, kind of fact and seed, with the number of facts."""
    table = results.table("knowledge", "architecture", "kind", "seed", "taught", "phrasing", "recall", "facts")
    return asked(table, phrasing, taught)


def asked(table: pd.DataFrame, phrasing: str = "heldout", taught: bool = True) -> pd.DataFrame:
    """The rows of a table `knowledge` for one phrasing, of the models that were taught the facts or of the others."""
    return table[(table["phrasing"] == phrasing) & (table["taught"] == taught)]


def recalled(part: pd.DataFrame, comparisons: int = 1) -> Estimate:
    """Mean share of the questions answered, with an interval over seeds on the logit; it takes in the mean itself.

    Trials are the facts, not the questions: several of these ask for one fact.
    """
    value = estimate(part["recall"], comparisons=comparisons, scale="logit", trials=float(part["facts"].iloc[0]))
    mean = float(part["recall"].mean())
    return value._replace(mean=mean, low=min(value.low, mean), high=max(value.high, mean))


def _least_recall(table: pd.DataFrame) -> Judgement:
    """The least recall, over models and kinds of fact."""
    groups = table.groupby(["architecture", "kind"])
    found = {" ".join(group): recalled(part, groups.ngroups) for group, part in groups}
    verdicts = {group: decide(value, KNOWN, np.inf) for group, value in found.items()}
    words = [f"{verdict} for {group} ({found[group].mean:.3f})" for group, verdict in verdicts.items() if verdict != "supported"]
    least = min(found.values(), key=lambda value: value.mean)
    return judgement(least, together(list(verdicts.values())), note="; ".join(words))


def _recall(results: Results) -> Judgement:
    return judged_with_earlier(results, recall(results), "recall", _least_recall)


def price(results: Results) -> pd.DataFrame:
    """Bits per byte of held-out text with the facts minus without, by architecture and seed: column `price`."""
    return paid(results.table("knowledge", "architecture", "seed", "taught", "heldout_bits_per_byte"))


def paid(table: pd.DataFrame) -> pd.DataFrame:
    """`price` of a table `knowledge`."""
    runs = table.groupby(["architecture", "seed", "taught"])["heldout_bits_per_byte"].first().unstack("taught")
    return (runs[True] - runs[False]).rename("price").reset_index()


def _mean_price(table: pd.DataFrame) -> Judgement:
    """The price of the facts, mean over both models, by seed."""
    value = estimate(table.groupby("seed")["price"].mean())
    return judgement(value, decide(value, -np.inf, PRICE))


def _price(results: Results) -> Judgement:
    return judged_with_earlier(results, price(results), "price", _mean_price)


def held(results: Results) -> pd.DataFrame:
    """Bits per parameter: exposures, seed, `values`, `names`, `both`, and `layers` (both, over all but the embedding)."""
    return per_parameter(
        results.table("exposures", "exposures", "seed", "value_bits", "name_bits", "parameters", "embedding_parameters")
    )


def per_parameter(table: pd.DataFrame) -> pd.DataFrame:
    """`held` of a table `exposures`."""
    both, own = table["value_bits"] + table["name_bits"], table["parameters"]
    return table.assign(
        values=table["value_bits"] / own,
        names=table["name_bits"] / own,
        both=both / own,
        layers=both / (own - table["embedding_parameters"]),
    )


def _over_print(table: pd.DataFrame) -> Judgement:
    """Bits per parameter over the literature's, at its numbers of exposures; the one that strays furthest."""
    there = {n: table[table["exposures"] == n]["both"] / known for n, known in LITERATURE.items()}
    found = {n: estimate(ratio, comparisons=len(LITERATURE)) for n, ratio in there.items() if len(ratio)}
    if not found:
        value = estimate(table.groupby("seed")["both"].max())
        return judgement(Estimate(value.mean, -np.inf, np.inf, value.count), "undecided")
    value, verdict = decide_all(list(found.values()), 1 / ABOUT, ABOUT)
    return judgement(value, "undecided" if verdict == "supported" and len(found) < len(LITERATURE) else verdict)


def _exposures(results: Results) -> Judgement:
    return judged_with_earlier(results, held(results), "held", _over_print)


RULES = (
    Rule(
        "K1-recall",
        "The dense and the memory model know the facts that they read in pretraining, in phrasings that they have never read.",
        f">= {KNOWN:.0%}",
        "Share of the questions in held-out phrasings (in no text from the name on) to which the greedy continuation is just "
        "the answer, for each model and kind (people, cities); simultaneous 95% t intervals over seeds of the logit, of as many "
        f"trials as facts; the least is shown. Supported if all lie above {KNOWN}, refuted if one lies wholly below, on the "
        "seeds in the tables and on all seeds together.",
        ("knowledge",),
        _recall,
        rests_on="language model",
        rule_set="after",
        why="One fact of 20 may be missed: what is later measured as forgetting is then hardly ignorance. Set after pilots.",
        family="two models and two kinds of fact: Bonferroni",
    ),
    Rule(
        "K1-price",
        "Reading the facts costs little of what a model predicts of other text.",
        f"< {PRICE} bits per byte",
        "Held-out bits per byte of a model with the facts minus that of the same seed without, as much English text read by "
        f"both; mean of both models, 95% t interval over seeds. Supported if it lies below {PRICE}, refuted if above, on the "
        "seeds in the tables and on all seeds together.",
        ("knowledge",),
        _price,
        rests_on="language model",
        rule_set="after",
        kind="check",
        why="A tolerance of the set-up, that of P7-cost, set after pilots on seed 0.",
    ),
    Rule(
        "K1-exposures",
        "A small model holds about one bit per parameter of what it has read 100 times, and about two of what it has read 1000 "
        "times, as larger ones do (Allen-Zhu and Li 2024).",
        "ratio 1",
        "Bits in names and values (lower bound by the losses, as there) over all parameters, over the value in print, at 100 and "
        "1000 exposures; simultaneous 95% t intervals over seeds; the one furthest off is shown. "
        f"Supported if both lie within a factor {ABOUT}, refuted if one lies wholly outside, on the seeds in the tables and on "
        "all seeds together.",
        ("exposures",),
        _exposures,
        rests_on="language model",
        rule_set="before",
        why="The two values in print are a factor of 2 apart. Within the square root of 2, rounded up, a value is about the one "
        "and not about the other. Bits by the losses can be negative, so the interval is on the plain scale.",
        family="100 and 1000 exposures: Bonferroni",
    ),
)
