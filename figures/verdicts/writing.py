"""Contrasts of writers: common mode or sparsity (P2), scope (P3), sparse against full finetuning (P6), full against narrow (P8).

The unit of replication is the seed: with it a model is pretrained and its stream is drawn. Writers are compared in pairs of equal
seed, at each one's chosen learning rate (`figures.verdicts.runs`).
"""

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.earlier import judged_with_earlier
from figures.verdicts.rule import Judgement, Rule, Verdict, decide, judgement
from figures.verdicts.runs import ends, reported
from realmodels.writing.methods.catalogue import Run

FULL, LAST, OFF = ("dense", "full"), ("dense", "last_matrix"), ("dense", "off_mode")
FULL_MEMORY, SPARSE = ("memory", "full"), ("memory", "sparse_memory")
MOST = 0.5  # share of sparse memory's gain that is most of it: more than half

CONTRASTS: dict[str, dict[Run, float]] = {
    "P2-plain": {OFF: 1, LAST: -1},
    "P2-sparse": {OFF: 1, SPARSE: -1},
    "P3": {LAST: 1, SPARSE: -1},
    "P3-share": {LAST: 1, FULL: -1, SPARSE: -MOST, FULL_MEMORY: MOST},
    "P6": {SPARSE: 1, FULL_MEMORY: -1},
    "P8-off-mode": {FULL: 1, OFF: -1},
    "P8-last-matrix": {FULL: 1, LAST: -1},
}
"""The weight of each run's bits in a contrast. "Full minus sparse" of the memory model is P6 with the other sign: it counts
once."""

COMPARISONS = len(CONTRASTS) - 1  # P3-share is asked only once P6 is supported, and then at the level that P6 no longer needs


def bounds(table: pd.DataFrame, terms: dict[Run, float]) -> pd.DataFrame:
    """A contrast by seed: `kept` as it is, and the `least` and `most` that it can be at equal learning.

    table: as `figures.verdicts.runs.ends`. The contrast is the weighted sum of the bits that runs kept above those before any
    write. A run that learned less than another, had it learned as much, would have kept between nothing and all of the
    difference. `least` grants the difference to the runs of negative weight, `most` to those of positive weight.
    """
    runs = {run: table[(table["architecture"] == run[0]) & (table["method"] == run[1])].set_index("seed") for run in terms}
    kept = pd.DataFrame({run: rows["bits_gained"] for run, rows in runs.items()}).dropna()
    learned = pd.DataFrame({run: rows["bits_fresh"] for run, rows in runs.items()}).loc[kept.index]
    missing = learned.rsub(learned.max(axis=1), axis=0)
    weights = np.array(list(terms.values()))
    contrast = kept.to_numpy() @ weights
    return pd.DataFrame(
        {
            "kept": contrast,
            "least": contrast + missing.to_numpy() @ np.minimum(weights, 0),
            "most": contrast + missing.to_numpy() @ np.maximum(weights, 0),
        },
        index=kept.index,
    )


def contrast(table: pd.DataFrame, id: str) -> Estimate:
    """A contrast with the interval, simultaneous over the family, that covers all that it can be at equal learning."""
    by_seed = bounds(table, CONTRASTS[id])
    kept, least, most = (estimate(by_seed[name], comparisons=COMPARISONS) for name in ("kept", "least", "most"))
    return Estimate(kept.mean, least.low, most.high, kept.count)


def _above_zero(table: pd.DataFrame, id: str) -> Judgement:
    value = contrast(table, id)
    return judgement(value, decide(value, 0.0, np.inf))


def _judge(results: Results, id: str) -> Judgement:
    return judged_with_earlier(results, ends(reported(results)), "ends", partial(_above_zero, id=id))


def _share(results: Results) -> Judgement:
    """P3-share, where there is a gain to have a share of."""
    found, gain = _judge(results, "P3-share"), _judge(results, "P6").verdict
    if gain == "supported":
        return found
    verdict: Verdict = "not applicable"
    note = f"that sparse memory gains anything over full finetuning (P6) is {gain}"
    return Judgement(found.measured, found.interval, verdict, seeds=found.seeds, pooled=found.pooled, note=note)


def _rule(id: str, claim: str, which: str, prediction: str = "> 0 bits per fact", why: str = "") -> Rule:
    judge = _share if id == "P3-share" else partial(_judge, id=id)
    text = (
        f"{which}: bits per fact over all tasks after the last one, above those before the first, paired by seed; what one "
        "writer learned more than another, as just written, is granted to the other in full. Simultaneous 95% t interval over "
        "seeds. Supported if it lies above 0, refuted if below, on the seeds in the tables and on all seeds together."
    )
    return Rule(
        id,
        claim,
        prediction,
        text,
        ("streams",),
        judge,
        rests_on="language model",
        rule_set="after",
        why=why,
        family=f"{COMPARISONS} contrasts of writers on the same models: Bonferroni",
    )


RULES = (
    _rule(
        "P2-plain",
        "Off-mode writing retains more than the same matrix written plainly.",
        "Dense model, off-mode minus last matrix",
    ),
    _rule(
        "P2-sparse",
        "Off-mode writing on the dense model retains more than sparse memory finetuning of the memory model.",
        "Dense off-mode minus sparse memory",
    ),
    _rule(
        "P3",
        "Scope: writing the last matrix of a dense model alone retains at least as much as sparse memory finetuning.",
        "Dense last matrix minus sparse memory",
        ">= 0 bits per fact",
    ),
    _rule(
        "P3-share",
        "Scope, not sparsity: most of what sparse memory gains over full finetuning, a dense model gains by writing its last "
        "matrix alone. Not applicable unless sparse memory gains (P6).",
        f"(Last matrix minus full, dense) minus {MOST} of (sparse memory minus full, memory model)",
        why="Most is more than half.",
    ),
    _rule(
        "P6",
        "Sparse memory finetuning retains more of a stream than full finetuning of the same model (in print: more of the older "
        "abilities of a larger one).",
        "Memory model, sparse memory minus full",
    ),
    _rule(
        "P8-off-mode",
        "Full finetuning of the dense model retains more than off-mode writing of its last matrix.",
        "Dense model, full minus off-mode",
    ),
    _rule(
        "P8-last-matrix",
        "Full finetuning of the dense model retains more than writing its last matrix alone.",
        "Dense model, full minus last matrix",
    ),
)
