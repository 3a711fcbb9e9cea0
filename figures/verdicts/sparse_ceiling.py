"""Rules for streams into sparse models beside dense ones: the ceiling, whether sparsity moves it, what is kept (C2, H1, E2)."""

from collections.abc import Callable, Sequence
from functools import partial
from math import log

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts import deeper_ceiling
from figures.verdicts.ceiling import ROUND
from figures.verdicts.deeper_ceiling import ALLOWED, SKILL, skilled, under_allowed
from figures.verdicts.matrix_ceiling import stored
from figures.verdicts.rule import Judgement, Rule, every

NEAR = 0.1
"""Part of what is allowed by which a sparse model may differ from the dense one and count as the same."""

FAMILIES = (("kwta.last_matrix", "kwta.full"), ("nsa.last_matrix", "nsa.full"), ("memory.full",), ("memory.values",))
"""Ways that one rule asks about together."""

COMPARED = {
    "kwta.last_matrix": "last_matrix",
    "kwta.full": "full",
    "nsa.last_matrix": "last_matrix",
    "nsa.full": "full",
    "memory.values": "last_matrix",
    "memory.full": "full",
}
"""What is written of a sparse model, and of the dense model beside it."""


def streams(results: Results) -> pd.DataFrame:
    """The table of the sparse models, whose ways are "model.way". A stream that diverged keeps nothing."""
    found = results.table("sparse_ceiling")
    return found.assign(way=found["model"] + "." + found["way"], total=found["total"].fillna(0.0))


def differences(table: pd.DataFrame, dense: pd.DataFrame, ways: Sequence[str]) -> dict[str, Estimate]:
    """Sum of depths after the last task, sparse less dense, by way, paired by seed, each at its best learning rate in the mean;
    the intervals hold together."""
    sparse, beside = stored(table), stored(dense)
    return {way: estimate(sparse[way] - beside[COMPARED[way]], comparisons=len(ways)) for way in ways}


def moved(table: pd.DataFrame, dense: pd.DataFrame) -> dict[str, Estimate]:
    """Logarithm of what gradients allow the last matrix after the last task, sparse over dense, by model; simultaneous."""
    beside = _allowed(dense)["last_matrix"]
    ways = [way for way, place in COMPARED.items() if way.endswith(f".{place}") and place == "last_matrix"]
    found = _allowed(table)
    return {way: estimate(np.log(found[way] / beside), comparisons=len(ways)) for way in ways}


def _allowed(table: pd.DataFrame) -> pd.DataFrame:
    """Largest sum of depths after the last task, by seed, a column per way."""
    last = table[table["T"] == table["T"].max()]
    return last.groupby(["seed", "way"])["allowed_total"].first().unstack("way")


def _same(table: pd.DataFrame, dense: pd.DataFrame) -> Judgement:
    return every(moved(table, dense), log(1 - NEAR), -log(1 - NEAR))


def _more(table: pd.DataFrame, dense: pd.DataFrame, ways: Sequence[str]) -> Judgement:
    return every(differences(table, dense, ways), 0.0, np.inf)


WHERE = (
    "Models of equal parameters: kwta, whose feed-forward layers act at 0.02 of their hidden units; nsa, with native sparse "
    "attention; memory, with a memory layer. Answers drawn at random, tasks of 8 facts, 3 to 24 tasks into the output matrix of "
    "the last feed-forward layer (kwta, nsa), the values of the memory layer, or all parameters. A stream that diverged keeps "
    "nothing. "
)
PAIRED = (
    "Sum of the depths of all facts after 24 tasks less that of the dense model of the same seed and stream, {what}; paired by "
    "seed, each at the learning rate at which it stores most in the mean. {interval} Supported if {all} above 0, refuted if "
    "{one} below."
)
BOTH = "95% t intervals over seeds, simultaneous over the two."


def _rule(
    id: str, claim: str, expected: str, text: str, judge: Callable[[pd.DataFrame, pd.DataFrame], Judgement], **more: str
) -> Rule:
    def judged(results: Results) -> Judgement:
        return judge(streams(results), deeper_ceiling.streams(results))

    tables = ("sparse_ceiling", "deeper_ceiling")
    return Rule(id, claim, expected, WHERE + text, tables, judged, rests_on="language model", rule_set="after", **more)


def _paired(what: str, one: bool = False) -> str:
    if one:
        return PAIRED.format(what=what, interval="95% t interval over seeds.", all="it lies", one="it lies")
    return PAIRED.format(what=what, interval=BOTH, all="both lie", one="one lies")


RULES = (
    _rule(
        "C2-sparse",
        "In sparse models too, all facts of a stream together keep no more depth than a linear memory of the gradients allows.",
        "at most 1",
        ALLOWED,
        lambda table, dense: under_allowed(table),
        why=ROUND + "the gradients are those of one draw of other prompts.",
        family="ways × learning rates: Bonferroni",
    ),
    _rule(
        "C2-sparse-same",
        "Sparse activation and sparse attention leave the ceiling of the last matrix where it is.",
        f"within {NEAR:.0%}",
        "Logarithm of the largest sum of depths that gradients allow the last matrix after 24 tasks, sparse over dense model of "
        "the same seed; 95% t intervals over seeds, simultaneous over kwta and nsa. Supported if both lie between the logarithms "
        f"of {1 - NEAR:g} and of 1/{1 - NEAR:g}, refuted if one lies wholly outside.",
        _same,
        family="the two models: Bonferroni",
    ),
    _rule(
        "H1-sparse-kwta",
        "A language model that acts more sparsely keeps more of a stream.",
        "> 0 facts of depth",
        _paired("kwta, in the last matrix and in all parameters"),
        partial(_more, ways=FAMILIES[0]),
        family="the two ways: Bonferroni",
    ),
    _rule(
        "H1-sparse-nsa",
        "A language model of sparse attention keeps more of a stream.",
        "> 0 facts of depth",
        _paired("nsa, in the last matrix and in all parameters"),
        partial(_more, ways=FAMILIES[1]),
        family="the two ways: Bonferroni",
    ),
    _rule(
        "H1-sparse-memory",
        "A language model with a memory layer keeps more of a stream into all parameters.",
        "> 0 facts of depth",
        _paired("memory, in all parameters", one=True),
        partial(_more, ways=FAMILIES[2]),
    ),
    _rule(
        "H1-sparse-values",
        "The values of a memory layer keep more of a stream than the last matrix of a dense model.",
        "> 0 facts of depth",
        _paired("the values of memory against the last matrix", one=True),
        partial(_more, ways=FAMILIES[3]),
    ),
    _rule(
        "P1-sparse",
        "In sparse models, kernel simulation, from the model before any write, forecasts the depth kept.",
        "skill > 0",
        SKILL,
        lambda table, dense: skilled(table, "kernel"),
        family="the ways of writing: Bonferroni",
    ),
)
