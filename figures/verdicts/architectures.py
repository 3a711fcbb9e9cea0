"""Rules for exchanging one part: bits per byte after as many tokens and as much time (A1-tokens, A1-time), recall (A1-recall).

These are checks of the set-up: no statement of the theory rests on them. They name an architecture that differs so much, or knows
so little, that its forgetting cannot be compared with that of the others.

Every architecture is trained with one seed. The noise of one seed is taken from the models that have several: the standard
deviation, over seeds, of a model's bits per byte over those of the dense model of the same seed, pooled over the memory and the
sparse-attention model without facts and the memory model with facts.
"""

import numpy as np
import pandas as pd
from scipy import stats

from figures.estimate import Estimate
from figures.results import Results
from figures.verdicts.knowledge import KNOWN
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement, together

BAND = 0.05  # of the dense model's bits per byte
BETTER = 0.01  # by so much an architecture must beat the dense one to be better


def noise(results: Results) -> tuple[float, int]:
    """(standard deviation over seeds of a model's bits per byte over the dense model's, degrees of freedom; infinite if none)."""
    plain = results.table("pretraining", "architecture", "seed", "bits_per_byte", "final").query("final")
    taught = results.table("knowledge", "architecture", "seed", "heldout_bits_per_byte", "taught").query("taught")
    squares, freedom = 0.0, 0
    for table, column in ((plain, "bits_per_byte"), (taught, "heldout_bits_per_byte")):
        runs = table.groupby(["architecture", "seed"])[column].first().unstack("seed")
        for _, ratios in (runs / runs.loc["dense"]).drop("dense").iterrows():
            squares += float(((ratios - ratios.mean()) ** 2).sum())
            freedom += len(ratios) - 1
    return (float(np.sqrt(squares / freedom)), freedom) if freedom else (np.inf, 0)


def excess(results: Results, equal: str) -> pd.Series:
    """Bits per byte over the dense model's, less 1, by architecture; equal: "tokens" or "time"."""
    table = results.table("architectures", "architecture", "equal", "heldout_bits_per_byte")
    dense = float(table.query("architecture == 'dense'")["heldout_bits_per_byte"].iloc[0])
    found = table[(table["equal"] == equal) & (table["architecture"] != "dense")]
    return found.groupby("architecture", sort=False)["heldout_bits_per_byte"].first() / dense - 1


def estimates(results: Results, equal: str) -> dict[str, Estimate]:
    """`excess` with simultaneous 95% intervals for what other seeds would give in the mean."""
    found = excess(results, equal)
    deviation, freedom = noise(results)
    half = stats.t.ppf(1 - 0.025 / len(found), freedom) * deviation if freedom else np.inf
    return {str(name): Estimate(value, value - half, value + half, 1) for name, value in found.items()}


def recalled(results: Results) -> dict[str, Estimate]:
    """Share of the facts about people recalled in held-out phrasings after as many tokens, simultaneous 95% Wilson intervals."""
    table = results.table("architectures", "architecture", "equal", "kind", "phrasing", "recall", "facts")
    own = table.query("equal == 'tokens' and kind == 'people' and phrasing == 'heldout'").set_index("architecture")
    found = {}
    for name, row in own.iterrows():
        facts = int(row["facts"])  # not its questions: several ask for one fact
        test = stats.binomtest(round(row["recall"] * facts), facts)
        interval = test.proportion_ci(1 - 0.05 / len(own), "wilson")
        found[str(name)] = Estimate(float(row["recall"]), interval.low, interval.high, facts)
    return found


def _tokens(results: Results) -> Judgement:
    return judgement(*decide_all(list(estimates(results, "tokens").values()), -BAND, BAND))


def _time(results: Results) -> Judgement:
    found = list(estimates(results, "time").values())
    verdict = decide_all(found, -BETTER, np.finfo(float).max)[1]
    return judgement(min(found, key=lambda value: value.mean), verdict)


def _recall(results: Results) -> Judgement:
    found = recalled(results)
    least = min(found.values(), key=lambda value: value.mean)
    if found["dense"].mean < KNOWN:  # read too little to tell an architecture that does not know from one that cannot
        return judgement(least, "undecided", note=f"the dense model recalls {found['dense'].mean:.3f}")
    verdicts = {name: decide(value, KNOWN, np.inf) for name, value in found.items()}
    words = [f"refuted for {name} ({found[name].mean:.3f})" for name, verdict in verdicts.items() if verdict == "refuted"]
    return judgement(least, together(list(verdicts.values())), note="; ".join(words))


TABLES = ("architectures", "pretraining", "knowledge")
ONE_SEED = "A tolerance of the set-up. Each architecture has one seed; the noise is that of other models, with several."
FAMILY = "all architectures: Bonferroni"
RULES = (
    Rule(
        "A1-tokens",
        "At equal parameters and after as many tokens, exchanging one part changes little of how well a model predicts text.",
        f"< {BAND:.0%}",
        "Held-out bits per byte of each architecture over the dense model's, less 1; one seed, simultaneous 95% intervals by the "
        "noise over seeds of the models that have several; the one furthest off is shown. "
        f"Supported if all lie within {BAND}, refuted if one lies wholly outside.",
        TABLES,
        _tokens,
        rests_on="language model",
        rule_set="before",
        kind="check",
        why=ONE_SEED,
        family=FAMILY,
    ),
    Rule(
        "A1-time",
        f"After as much processor time of a thread, no architecture predicts other text {BETTER:.0%} better than the dense one.",
        f">= −{BETTER:.0%}",
        "As A1-tokens, but each trained for as many steps as fit into the dense model's time; the lowest is shown. "
        f"Supported if no interval reaches below −{BETTER}, refuted if one lies wholly below.",
        TABLES,
        _time,
        rests_on="language model",
        rule_set="before",
        kind="check",
        why=ONE_SEED,
        family=FAMILY,
    ),
    Rule(
        "A1-recall",
        "Every architecture knows the facts that it read in pretraining, in phrasings that it has never read.",
        f">= {KNOWN:.0%}",
        "Share of the facts about people recalled exactly in held-out phrasings, for each architecture after as many tokens; one "
        "seed, simultaneous 95% Wilson intervals over facts, taken as independent; the least is shown. "
        f"Supported if all lie above {KNOWN}, refuted if one lies wholly below; undecided if the dense model recalls less.",
        ("architectures",),
        _recall,
        rests_on="language model",
        rule_set="before",
        kind="check",
        why="Of 20 facts one may be missed. Of a few hundred facts and one seed, only perfect recall lies above by its interval.",
        family=FAMILY,
    ),
)
