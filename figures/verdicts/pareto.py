"""Rules for methods at equal learning: what each loses of old knowledge, what it keeps, and what explains it (P9, E4)."""

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from figures.estimate import Estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement

LEVELS = {"dense": 0.7, "memory": 0.35}
"""Depth just after its own write at which methods are compared, by architecture."""

LEAST_RANK = 0.5
"""Rank correlation from which one quantity is said to follow another."""

Column = Literal["old_lost", "kept", "learned"]

CONTRASTS: dict[str, tuple[Column, str, str]] = {
    "P9-sparse": ("old_lost", "memory_full", "tfidf_256"),
    "P9-scope": ("old_lost", "memory_full", "values"),
    "P9-slots": ("old_lost", "values", "tf_64"),
    "P9-lora": ("old_lost", "full", "lora"),
    "P9-ewc": ("old_lost", "full", "ewc"),
    "P9-off_mode": ("old_lost", "last_matrix", "off_mode_12"),
    "P9-kept-off_mode": ("kept", "off_mode_12", "full"),
    "P9-kept-replay": ("kept", "replay", "full"),
    "P9-idf": ("learned", "tf_128", "tfidf_128"),
    "P9-random": ("learned", "random_128", "tfidf_128"),
}
"""What is compared, in which of two ways it is expected to be more, and in which less."""

ARCHITECTURE = dict.fromkeys(("full", "lora", "ewc", "last_matrix", "off_mode_12", "replay"), "dense")
"""The architecture of ways of the contrasts; of all others it is memory."""


def level_of(way: str) -> float:
    """The depth at which a way is compared with others on its architecture."""
    return LEVELS[ARCHITECTURE.get(way, "memory")]


def curve(rows: pd.DataFrame, *columns: str, whole: bool = False) -> pd.DataFrame:
    """Means over seeds of one way at each learning rate, from nothing written (all 0) to where it learns most, or to the end.

    A learning rate at which a stream diverged is left out.
    """
    gone = set(rows.loc[rows["diverged"].astype(bool), "learning_rate"])
    means = rows[~rows["learning_rate"].isin(gone)].groupby("learning_rate")[["learned", *columns]].mean().sort_index()
    rising = means if whole or not len(means) else means.loc[: means["learned"].idxmax()]
    return pd.concat([pd.DataFrame(0.0, index=[0.0], columns=means.columns), rising])


def reaches(rows: pd.DataFrame, level: float) -> bool:
    """Whether a way learns so much at one of its learning rates."""
    return bool(curve(rows)["learned"].max() >= level)


def at_level(rows: pd.DataFrame, column: str, level: float) -> float:
    """A column where the way learns this depth: linear between learning rates; at the most that it learns, if that is less.

    Of "learned" itself: the most at any learning rate.
    """
    found = curve(rows) if column == "learned" else curve(rows, column)
    if column == "learned":
        return float(found["learned"].max())
    return float(np.interp(level, np.maximum.accumulate(found["learned"]), found[column]))


def contrast(table: pd.DataFrame, id: str, level: float | None = None) -> Estimate:
    """One way minus the other at equal learning; jackknife interval over seeds, simultaneous over the contrasts.

    level: depth at which they are compared; that of their architecture unless given.
    """
    column, more, less = CONTRASTS[id]
    depth = level_of(more) if level is None else level

    def difference(part: pd.DataFrame) -> float:
        high, low = (at_level(part[part["way"] == way], column, depth) for way in (more, less))
        return high - low

    return jackknife(difference, table[table["way"].isin((more, less))], len(CONTRASTS))


def follows(table: pd.DataFrame, column: str) -> Estimate:
    """Rank correlation (Spearman's) of the share of old facts lost with a column, over ways and learning rates; jackknife."""

    def rank(part: pd.DataFrame) -> float:
        means = part[~part["diverged"].astype(bool)].groupby(["way", "learning_rate"])[["old_lost", column]].mean()
        return float(stats.spearmanr(means["old_lost"], means[column]).statistic)

    return jackknife(rank, table, 2, "fisher")


def _table(results: Results, *columns: str) -> pd.DataFrame:
    return results.table("pareto", "way", "seed", "learning_rate", "learned", "diverged", *columns)


def _judge(results: Results, id: str) -> Judgement:
    column, more, less = CONTRASTS[id]
    table = _table(results, *({column} - {"learned"}))
    value = contrast(table, id)
    short = [way for way in (more, less) if column != "learned" and not reaches(table[table["way"] == way], level_of(way))]
    if short:
        note = f"not learned to that depth at any learning rate: {', '.join(short)}"
        return Judgement(value.mean, None, "not applicable", seeds=value.count, note=note)
    return judgement(value, decide(value, 0.0, np.inf))


def _size(results: Results) -> Judgement:
    value = follows(_table(results, "old_lost", "function"), "function")
    return judgement(value, decide(value, LEAST_RANK, 1.0))


STREAM = "Stream of 16 tasks of 8 facts with answers drawn at random. "
WORDS = {
    "old_lost": STREAM + "Share of 256 facts that the model was sure of before the stream whose answer is no longer the "
    "likeliest, mean over two wordings",
    "kept": STREAM + "Mean depth of all facts of the stream after its last task",
    "learned": STREAM + "Mean depth of a task just after its write, at the learning rate at which it is largest",
}
EQUAL = ", where a way learns its tasks to a mean depth of {level:g} just after their write, linear between learning rates"
RULE = (
    "{what}{equal}: {more} minus {less}. Means over seeds; 95% jackknife interval over seeds, simultaneous over the contrasts. "
    "Supported if it lies above 0, refuted if below"
)
SHORT = "; not applicable if one of the two learns that much at no learning rate"
NAMES = {
    "full": "full finetuning of the dense model (SGD)",
    "lora": "one LoRA adapter on all its matrices",
    "ewc": "EWC on all its parameters",
    "last_matrix": "the last matrix of the dense model, written plainly",
    "off_mode_12": "that matrix off twelve directions of its keys",
    "replay": "full finetuning with replay of 32 facts",
    "memory_full": "full finetuning of the memory model (SGD)",
    "values": "all values that a task reads in its memory layer",
    "tfidf_256": "sparse memory finetuning (256 slots by TF-IDF)",
    "tfidf_128": "128 slots by TF-IDF",
    "tf_128": "128 slots of its memory layer by term frequency alone",
    "tf_64": "64 slots by term frequency alone",
    "random_128": "128 slots drawn at random from those read",
}


def _rule(id: str, claim: str) -> Rule:
    column, more, less = CONTRASTS[id]
    equal = "" if column == "learned" else EQUAL.format(level=level_of(more))
    text = RULE.format(what=WORDS[column], equal=equal, more=NAMES[more], less=NAMES[less])
    return Rule(
        id,
        claim,
        "> 0",
        text + ("." if column == "learned" else f"{SHORT}."),
        ("pareto",),
        partial(_judge, id=id),
        rests_on="language model",
        rule_set="after",
        why="" if column == "learned" else f"{level_of(more):g} is a depth that both ways reached on the development model.",
        family=f"{len(CONTRASTS)} contrasts of methods: Bonferroni",
    )


SPARES = "At equal learning {} loses less old knowledge than {}."

RULES = (
    _rule("P9-sparse", SPARES.format("sparse memory finetuning", "full finetuning of the same model")),
    _rule("P9-scope", SPARES.format("writing only the values of a memory layer", "writing the whole model")),
    _rule("P9-slots", SPARES.format("writing 64 slots of a memory layer", "writing all slots that are read")),
    _rule("P9-lora", SPARES.format("LoRA", "full finetuning")),
    _rule("P9-ewc", SPARES.format("EWC", "full finetuning")),
    _rule("P9-off_mode", SPARES.format("writing a matrix off twelve directions of its keys", "writing it plainly")),
    _rule("P9-kept-off_mode", "At equal learning off-mode writing of one matrix keeps more of a stream than full finetuning."),
    _rule("P9-kept-replay", "At equal learning replay keeps more of a stream than full finetuning without it."),
    _rule("P9-idf", "Of as many slots, those of highest TF-IDF learn less than those of highest term frequency."),
    _rule("P9-random", "Of as many slots, those of highest TF-IDF learn less than those drawn at random."),
    Rule(
        "P9-size",
        "Over methods, architectures and learning rates, what is lost of old knowledge follows the size of the update in "
        "function space.",
        f">= {LEAST_RANK:g}",
        "Rank correlation of the share of old facts lost with F_Delta on held-out text, over all ways and learning rates, "
        "means over seeds. 95% jackknife interval over seeds on Fisher's scale, simultaneous over this and the correlation with "
        f"what is learned. Supported if it lies above {LEAST_RANK:g}, refuted if below.",
        ("pareto",),
        _size,
        rests_on="language model",
        rule_set="after",
        why=f"{LEAST_RANK:g} is a round number: half of what a perfect order has.",
        family="two correlations: Bonferroni",
    ),
)
