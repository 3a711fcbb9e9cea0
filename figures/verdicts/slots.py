"""Rules for what the slots of a memory layer store (P9)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, Scale, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, every

HALF = 0.5  # of the effective number of slots before training
FLAT = -0.05  # a rank correlation nearer to 0 is of no use
ALIKE = 0.05  # by how much specificities may differ and count as equal


def of_stage(results: Results, stage: str, place: str, column: str) -> pd.Series:
    """A column at a place of the models at a stage, by seed."""
    table = results.table("slots", "seed", "stage", "place", column)
    rows = table[(table["stage"] == stage) & (table["place"] == place)]
    return pd.Series(rows.set_index("seed")[column], dtype=float)


def effective_ratio(results: Results, column: str, comparisons: int = 1) -> Estimate:
    """Effective number of slots after all training over that before; geometric mean over seeds."""
    after, before = (of_stage(results, stage, "text", column) for stage in ("finetuned", "untrained"))
    return estimate(after / before, comparisons=comparisons, scale="log")


def of_finetuned(results: Results, column: str, comparisons: int = 1, scale: Scale = "plain") -> Estimate:
    """A column of running text after all training."""
    return estimate(of_stage(results, "finetuned", "text", column), comparisons=comparisons, scale=scale)


def difference(results: Results, stage: str, place: str, other: str, comparisons: int = 1) -> Estimate:
    """Specificity at a place less that at another."""
    one, two = (of_stage(results, stage, where, "specificity") for where in (place, other))
    return estimate(one - two, comparisons=comparisons)


def _hubs(results: Results) -> Judgement:
    names = {"by weight": "effective", "by count": "counted_effective"}
    return every({name: effective_ratio(results, column, len(names)) for name, column in names.items()}, 0.0, HALF)


def _surprise(results: Results) -> Judgement:
    names = {"over all tokens": "rho_next", "among occurrences of one token": "rho_next_within"}
    return every({name: of_finetuned(results, column, len(names), "fisher") for name, column in names.items()}, -np.inf, FLAT)


def _boundary(results: Results) -> Judgement:
    stages = {"after pretraining": "pretrained", "after format finetuning": "finetuned"}
    found = {name: difference(results, stage, "last_equal", "inside_equal", len(stages)) for name, stage in stages.items()}
    return every(found, -ALIKE, ALIKE)


def _answer(results: Results) -> Judgement:
    found = {
        "after format finetuning": difference(results, "finetuned", "answer", "last", 2),
        "before it": difference(results, "pretrained", "last", "answer", 2),
    }
    return every(found, 0.0, np.inf)


WHERE = "Memory models of size small; t intervals over seeds, 95% and simultaneous over the two quantities. "
NAMES = (
    "Specificity: overlap of the slots that a prompt reads at a place with those of the same subject in another wording, less "
    "that of different subjects with the same token there. "
)
SEEN = "Set after a pilot on the development model"
FAMILY = "the two quantities: Bonferroni"

RULES = (
    Rule(
        "P9-hubs",
        "Training gathers the reads of a memory layer on few slots.",
        f"ratio below {HALF:g}",
        WHERE
        + "Effective number of slots (exp of the entropy of the reads of held-out text) after training over that of the same "
        "layer before, reads weighed and counted, on the logarithm. The larger ratio is shown. Supported if both lie below "
        f"{HALF:g} over the whole interval, refuted if one lies above it.",
        ("slots",),
        _hubs,
        rests_on="language model",
        rule_set="after",
        why=f"One half is a round number. {SEEN}: 0.20 by weight, 0.41 by count.",
        family=FAMILY,
    ),
    Rule(
        "P9-surprise",
        "Where a model is less sure of what comes next, its memory layer reads commoner slots, not rarer ones.",
        f"rank correlation below {FLAT:g}",
        WHERE
        + "Rank correlation of the mean rarity of the slots that a token reads (-log2 of their share in training text) with "
        "the model's surprise at the next token, over all tokens of held-out text and among occurrences of one token, on "
        f"Fisher's scale. The larger is shown. Supported if both lie below {FLAT:g} over the whole interval, refuted if one lies "
        "above it.",
        ("slots",),
        _surprise,
        rests_on="language model",
        rule_set="after",
        why="That rare slots hold what is surprising would be a positive correlation; one of less than 0.05 is of no use. "
        f"{SEEN}: -0.15 and -0.14, where the largest of 99 shuffles has 0.02.",
        family=FAMILY,
    ),
    Rule(
        "P9-boundary",
        "The slots read at the last token of a name tell no more and no less of its subject than those read inside a name.",
        "difference 0",
        WHERE + NAMES + "At the last token of names less at a token inside longer names, at the same number of the token within "
        "the name; after pretraining, and after format finetuning. The difference furthest from 0 is shown. Supported if both "
        f"lie from -{ALIKE:g} to {ALIKE:g} over the whole interval, refuted if one lies wholly outside.",
        ("slots",),
        _boundary,
        rests_on="language model",
        rule_set="after",
        why=f"{ALIKE:g} is about half of the specificity inside a name. {SEEN}: -0.02 and -0.01, of 0.11 inside.",
        family=FAMILY,
    ),
    Rule(
        "P9-answer",
        "Slots tell the subject at its name after pretraining, and best where the answer is due after format finetuning.",
        "differences above 0",
        WHERE
        + NAMES
        + "After format finetuning: at the token that predicts the answer less at the last token of the name. After "
        "pretraining alone: the other way round. The smaller difference is shown. Supported if both are positive over the whole "
        "interval, refuted if one is negative.",
        ("slots",),
        _answer,
        rests_on="language model",
        rule_set="after",
        why=f"{SEEN}: at the answer 0.22 and at the name 0.11; before format finetuning 0.00 and 0.11.",
        family=FAMILY,
    ),
)
