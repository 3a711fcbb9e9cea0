"""Checks of the language models that streams are written into: quality (P4), common mode taken out (P5), format (P7).

Each says that the set-up does what it was built for. None is a statement of the theory, and none counts as one. Their borders
were set after pilots on seed 0. The seed is the unit of replication: of the models of one seed, the worst is judged.
"""

from functools import partial

import numpy as np

from figures.estimate import Scale, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement, together

APART = 0.5  # mean cosine below which prompts are told apart
COST = 0.15  # bits per byte of held-out text that format finetuning may cost
EQUAL = 0.05  # relative difference of bits per byte above which models are not comparable
LEFT = 0.1  # share of the squared overlap that the common mode may keep
DOUBLE = 2.0
CLEARLY = 0.2  # bits per byte that count as clearly better


def _beats_counting(results: Results) -> Judgement:
    """Bits per byte of the better of unigram and bigram minus those of the worst model of a seed."""
    baselines = results.table("baselines", "name", "source", "bits_per_byte")
    best = baselines.query("source == 'all' and name in ('unigram', 'bigram')")["bits_per_byte"].min()
    final = results.table("pretraining", "seed", "final", "bits_per_byte").query("final")
    value = estimate(best - final.groupby("seed")["bits_per_byte"].max())
    return judgement(value, decide(value, CLEARLY, np.inf))


def _equal(results: Results) -> Judgement:
    """Bits per byte of the worst model of a seed over the best, minus 1: above 0, so its interval is that of the logarithm."""
    final = results.table("pretraining", "architecture", "seed", "final", "bits_per_byte").query("final")
    seeds = final.groupby("seed")["bits_per_byte"]
    value = estimate(seeds.max() / seeds.min() - 1, scale="log")
    return judgement(value, decide(value, -np.inf, EQUAL))


def _flattens(results: Results) -> Judgement:
    """PR of the dense model's kernel under off-mode writes over that under plain writes of the same matrix, by seed."""
    kernel = results.table("kernel", "architecture", "seed", "scope", "participation_ratio", "common_mode")
    dense = kernel[kernel["architecture"] == "dense"].pivot(index="seed", columns="scope")
    ratio = estimate(dense["participation_ratio"]["off_mode"] / dense["participation_ratio"]["last_matrix"], scale="log")
    share = estimate(dense["common_mode"]["off_mode"], scale="logit")
    return judgement(ratio, together([decide(ratio, DOUBLE, np.inf), decide(share, -np.inf, LEFT)]))


def _after_format_finetuning(results: Results, change: bool, column: str, limit: float, scale: Scale) -> Judgement:
    """A column at the end of format finetuning (or its change), of the worst model of a seed, which must stay below a limit."""
    table = results.table("format_finetuning", "architecture", "seed", "step", "final", column)
    models = table.sort_values("step").groupby(["architecture", "seed"])[column]
    worst = (models.last() - models.first() if change else models.last()).groupby("seed").max()
    value = estimate(worst, scale=scale)
    return judgement(value, decide(value, -np.inf, limit))


_check = partial(
    Rule, rests_on="language model", rule_set="after", kind="check", why="A tolerance of the set-up, set after pilots on seed 0."
)

RULES = (
    _check(
        "P4",
        "The language models trained here predict held-out text clearly better than unigram and bigram models of the same text.",
        f"> {CLEARLY} bits per byte",
        "Bits per byte of the better of the two minus those of the worst model of a seed, 95% t interval over seeds. "
        f"Supported if the interval lies above {CLEARLY}, refuted if below.",
        ("pretraining", "baselines"),
        _beats_counting,
    ),
    _check(
        "P4-equal",
        "The three models that streams are written into end pretraining about equally good, so that writing can be compared.",
        f"< {EQUAL:.0%}",
        "Held-out bits per byte of the worst of the three over the best, minus 1, 95% t interval over seeds of its logarithm. "
        f"Supported if the interval lies below {EQUAL}, refuted if above.",
        ("pretraining",),
        _equal,
    ),
    _check(
        "P5",
        "Taking the mean key out of the writes takes out the kernel's common mode and at least doubles its participation ratio.",
        f"ratio >= {DOUBLE:g}",
        "Participation ratio of the dense model's logit kernel under off-mode writes over that under plain writes of the same "
        "matrix (geometric mean, shown), and the common mode's share that is left; 95% t intervals over seeds, of the logarithm "
        f"and of the logit. Supported if the first lies above {DOUBLE:g} and the second below {LEFT}, refuted if either lies "
        "wholly on the other side. That a mean taken out is gone is true by construction.",
        ("kernel",),
        _flattens,
    ),
    _check(
        "P7",
        "Finetuning on the form of the facts, with other subjects, makes every model tell prompts of a stream apart.",
        f"cosine < {APART}",
        "Mean cosine between prompts' keys at the answering position after format finetuning, the largest of the models of a "
        f"seed, 95% interval over seeds on Fisher's scale. Supported if the interval lies below {APART}, refuted if above.",
        ("format_finetuning",),
        partial(_after_format_finetuning, change=False, column="key_cosine", limit=APART, scale="fisher"),
    ),
    _check(
        "P7-cost",
        "Format finetuning costs little of what the models knew.",
        f"< {COST} bits per byte",
        "Held-out bits per byte after format finetuning minus before, the largest of the models of a seed, 95% t interval over "
        f"seeds. Supported if the interval lies below {COST}, refuted if above.",
        ("format_finetuning",),
        partial(_after_format_finetuning, change=True, column="bits_per_byte", limit=COST, scale="plain"),
    ),
)
