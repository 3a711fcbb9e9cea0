"""Rules for the same stream into sparse models and a dense one: the ceiling, whether sparsity moves it, what is kept (H1, C2)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.ceiling import ROUND
from figures.verdicts.deeper_ceiling import ALLOWED, SKILL, skilled, under_allowed
from figures.verdicts.matrix_ceiling import stored
from figures.verdicts.rule import Judgement, Rule, decide, judgement

COMPARED = {
    "kwta.last_matrix": "dense.last_matrix",
    "kwta.full": "dense.full",
    "memory.values": "dense.middle_matrix",
    "memory.full": "dense.full",
}
"""What is written of a sparse model, and of the dense model beside it."""


def streams(results: Results) -> pd.DataFrame:
    """The table, whose ways are "model.way". A stream that diverged keeps nothing."""
    found = results.table("sparse_ceiling")
    return found.assign(way=found["model"] + "." + found["way"], total=found["total"].fillna(0.0))


def kept(table: pd.DataFrame, way: str) -> Estimate:
    """Sum of depths after the last task, of a sparse model less of the dense one, paired by seed, each at its best rate."""
    most = stored(table)
    return estimate(most[way] - most[COMPARED[way]])


def allowed(table: pd.DataFrame, way: str) -> Estimate:
    """Logarithm of what gradients allow after the last task, of a sparse over the dense model, paired by seed."""
    last = table[table["T"] == table["T"].max()]
    found = last.groupby(["seed", "way"])["allowed_total"].first().unstack("way")
    return estimate(np.log(found[way] / found[COMPARED[way]]))


def _more(found: Callable[[pd.DataFrame, str], Estimate], way: str) -> Callable[[pd.DataFrame], Judgement]:
    def judge(table: pd.DataFrame) -> Judgement:
        value = found(table, way)
        return judgement(value, decide(value, 0.0, np.inf))

    return judge


WHERE = (
    "Models of equal parameters: dense; kwta, whose feed-forward layers act at about 0.02 of their hidden units; memory, with a "
    "memory layer in the middle. Answers drawn at random, 3 to 12 tasks of 8 facts into the output matrix of the last or the "
    "middle feed-forward layer, the values of the memory layer, or all parameters. A stream that diverged keeps nothing. "
)
KEPT = (
    "Sum of the depths of all facts after 12 tasks, {what}, paired by seed, each at that of three learning rates at which it "
    "stores most in the mean. 95% t interval over seeds. Supported if it lies above 0, refuted if below."
)
MOVED = (
    "Logarithm of the largest sum of depths that a linear memory of the gradients allows after 12 tasks, {what}, paired by seed. "
    "95% t interval over seeds. Supported if it lies above 0, refuted if below."
)


def _rule(id: str, claim: str, expected: str, text: str, judge: Callable[[pd.DataFrame], Judgement], **more: str) -> Rule:
    def judged(results: Results) -> Judgement:
        return judge(streams(results))

    return Rule(
        id, claim, expected, WHERE + text, ("sparse_ceiling",), judged, rests_on="language model", rule_set="after", **more
    )


RULES = (
    _rule(
        "C2-sparse",
        "In sparse models too, all facts of a stream together keep no more depth than a linear memory of the gradients allows.",
        "at most 1",
        ALLOWED + " Streams that diverged are left out.",
        lambda table: under_allowed(table[~table["diverged"].astype(bool)]),
        why=ROUND + "the gradients are those of one draw of other prompts.",
        family="ways × learning rates: Bonferroni",
    ),
    _rule(
        "H1-sparse-ceiling",
        "Sparser activation raises what the last matrix of a language model may keep.",
        "> 0",
        MOVED.format(what="kwta over dense, of the last matrix"),
        _more(allowed, "kwta.last_matrix"),
    ),
    _rule(
        "H1-sparse-ceiling-full",
        "Sparser activation raises what all parameters of a language model may keep.",
        "> 0",
        MOVED.format(what="kwta over dense, of all parameters"),
        _more(allowed, "kwta.full"),
    ),
    _rule(
        "H1-sparse-kept",
        "The last matrix of a language model that acts more sparsely keeps more of a stream.",
        "> 0 facts of depth",
        KEPT.format(what="kwta less dense, in the last matrix"),
        _more(kept, "kwta.last_matrix"),
    ),
    _rule(
        "H1-sparse-kept-full",
        "All parameters of a language model that acts more sparsely keep more of a stream.",
        "> 0 facts of depth",
        KEPT.format(what="kwta less dense, in all parameters"),
        _more(kept, "kwta.full"),
    ),
    _rule(
        "H1-values-kept",
        "The values of a memory layer keep more of a stream than a matrix in the same place of a dense model.",
        "> 0 facts of depth",
        KEPT.format(what="the values of memory less the middle matrix of dense"),
        _more(kept, "memory.values"),
    ),
    _rule(
        "H1-memory-kept",
        "All parameters of a language model with a memory layer keep more of a stream.",
        "> 0 facts of depth",
        KEPT.format(what="memory less dense, in all parameters"),
        _more(kept, "memory.full"),
    ),
    _rule(
        "P1-sparse",
        "In dense and sparse models, kernel simulation, from the model before any write, forecasts the depth kept.",
        "skill > 0",
        SKILL,
        lambda table: skilled(table, "kernel"),
        family="the ways of writing: Bonferroni",
    ),
)
