"""Rules on sparser activation in language models: overlap, forgetting at equal learning, and what centring takes (H1, E1)."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from figures.estimate import Estimate, jackknife
from figures.results import Results
from figures.verdicts.pareto import at_level, reaches
from figures.verdicts.rule import Judgement, Rule, decide, every, judgement

LEVEL = 0.7
"""Depth of a task just after its write at which models and ways are compared."""

HALF = 0.5
"""Share of forgetting that centring takes, over the share of overlap that it takes: what is called a dissociation."""

DENSE = 1.0
MATRIX_WAYS = ("matrix", "centred", "off_12")
PLAIN_WAYS = ("matrix", "full")

Statistic = Callable[[pd.DataFrame], float]


def models(results: Results) -> pd.DataFrame:
    """The table of the run."""
    return results.table(
        "activity", "active", "way", "seed", "learning_rate", "learned", "kept", "law_kept", "diverged", "overlap", "raw_overlap",
        "common_mode", "acting", "old_lost",
    )  # fmt: skip


def sparse(table: pd.DataFrame) -> list[float]:
    """The activities below 1, ascending."""
    return sorted(active for active in table["active"].unique() if active != DENSE)


def of(table: pd.DataFrame, active: float, way: str) -> pd.DataFrame:
    """The rows of one way at one activity."""
    return table[(table["active"] == active) & (table["way"] == way)]


def overlap(table: pd.DataFrame, active: float, way: str) -> float:
    """Mean squared overlap of write directions, mean over seeds."""
    return float(of(table, active, way)["overlap"].mean())


def forgotten(table: pd.DataFrame, active: float, way: str, column: str = "kept") -> float:
    """Share of the depth of a task that is gone after the stream, mean over its tasks, where each was written to LEVEL."""
    return 1 - at_level(of(table, active, way), column, LEVEL) / LEVEL


def overlap_left(table: pd.DataFrame, active: float) -> float:
    """Overlap of writes to the last matrix at an activity, over that of the dense model."""
    return overlap(table, active, "matrix") / overlap(table, DENSE, "matrix")


def spared(table: pd.DataFrame, active: float, way: str) -> float:
    """Share forgotten by the dense model less that forgotten at an activity, the same way."""
    return forgotten(table, DENSE, way) - forgotten(table, active, way)


def removed_ratio(table: pd.DataFrame) -> float:
    """Share of forgetting that centring takes from the last matrix of the dense model, over the share of overlap it takes."""
    taken = [1 - value(table, DENSE, "centred") / value(table, DENSE, "matrix") for value in (forgotten, overlap)]
    return taken[0] / taken[1]


def explained(table: pd.DataFrame) -> dict[str, float]:
    """Variance of the log of forgetting, over ways into the last matrix and activities, that a line in each log explains."""
    groups = [(active, way) for active in sorted(table["active"].unique()) for way in MATRIX_WAYS]
    measured = np.log([forgotten(table, *group) for group in groups])
    by = {
        "law": np.log([forgotten(table, *group, "law_kept") for group in groups]),
        "overlap": np.log([overlap(table, *group) for group in groups]),
    }
    return {name: float(np.corrcoef(measured, found)[0, 1] ** 2) for name, found in by.items()}


def advantage(table: pd.DataFrame) -> float:
    """Share of the variance that C2's prediction explains, less that which the overlap explains."""
    shares = explained(table)
    return shares["law"] - shares["overlap"]


def each_sparse(table: pd.DataFrame, statistic: Callable[[pd.DataFrame, float], float], ways: int = 1) -> dict[float, Estimate]:
    """A statistic at every activity below 1; jackknife intervals over seeds that hold together, over `ways` such sets."""
    actives = sparse(table)
    return {a: jackknife(lambda part, a=a: statistic(part, a), table, len(actives) * ways) for a in actives}


def contrasts(table: pd.DataFrame) -> dict[str, dict[float, Estimate]]:
    """`spared` by way and activity; all intervals hold together."""
    return {
        way: each_sparse(table, lambda part, active, way=way: spared(part, active, way), len(PLAIN_WAYS)) for way in PLAIN_WAYS
    }


def against_centring(table: pd.DataFrame) -> dict[float, Estimate]:
    """Share forgotten at every activity below 1, written plainly, less that of the dense model off its mean key."""
    return each_sparse(table, lambda part, active: forgotten(part, active, "matrix") - forgotten(part, DENSE, "centred"))


def _if_equal(judge: Callable[[pd.DataFrame], Judgement], ways: Sequence[str]) -> Callable[[Results], Judgement]:
    """The judgement, or "not applicable" where one of these ways does not reach LEVEL at one of its learning rates."""

    def judged(results: Results) -> Judgement:
        table = models(results)
        found = judge(table)
        groups = table[table["way"].isin(ways)].groupby(["active", "way"])
        short = [f"{way} at {active:g}" for (active, way), rows in groups if not reaches(rows, LEVEL)]
        if not short:
            return found
        note = f"not learned to that depth at any learning rate: {', '.join(short)}"
        return Judgement(found.measured, None, "not applicable", seeds=found.seeds, note=note)

    return judged


def _named(values: dict[float, Estimate], before: str = "") -> dict[str, Estimate]:
    return {f"{before}at {active:g}": value for active, value in values.items()}


def _overlap(table: pd.DataFrame) -> Judgement:
    return every(_named(each_sparse(table, overlap_left)), -np.inf, 1.0)


def _forgetting(table: pd.DataFrame, way: str) -> Judgement:
    return every(_named(contrasts(table)[way]), 0.0, np.inf)


def _centring(table: pd.DataFrame) -> Judgement:
    return every(_named(against_centring(table)), 0.0, np.inf)


def _dissociation(table: pd.DataFrame) -> Judgement:
    value = jackknife(removed_ratio, table)
    return judgement(value, decide(value, -np.inf, HALF))


def _law(table: pd.DataFrame) -> Judgement:
    value = jackknife(advantage, table)
    return judgement(value, decide(value, 0.0, np.inf))


STREAM = (
    "Stream of 16 tasks of 8 facts with answers drawn at random into language models whose feed-forward layers are kept to an "
    "activity. "
)
FORGOTTEN = (
    "Forgotten: the share of a task's depth that is gone after the stream, mean over its tasks, where every task was written to "
    f"a mean depth of {LEVEL}, linear between learning rates"
)
PREMISE = " Not applicable if a way learns that much at no learning rate."


def _rule(
    id: str, claim: str, expected: str, text: str, judge: Callable[[pd.DataFrame], Judgement], ways: Sequence[str], **more: str
) -> Rule:
    rule = f"{STREAM}{text}{PREMISE if ways else ''}"
    judged = _if_equal(judge, ways)
    return Rule(id, claim, expected, rule, ("activity",), judged, rests_on="language model", rule_set="after", **more)


SUPPORT = "Supported if all lie {side}, refuted if one lies wholly {other}."
EVERY = "95% jackknife intervals over seeds, simultaneous over the activities"

RULES = (
    _rule(
        "H1-network-overlap",
        "In a language model sparser activation lowers the overlap of writes to the matrix that reads it.",
        "< 1",
        "Mean squared normalised overlap of the write directions of facts of different tasks, in the last feed-forward output "
        f"matrix, at every activity below 1 over the dense model; {EVERY}. " + SUPPORT.format(side="below 1", other="above"),
        _overlap,
        (),
        why="1 is what the statement says.",
        family="one interval an activity: Bonferroni",
    ),
    *(
        _rule(
            id,
            f"At equal learning a language model with sparser activation forgets less than the dense one, {words}.",
            "> 0",
            f"{FORGOTTEN}. Of the dense model less that at every activity below 1, {words}; {EVERY} and over both ways of "
            "writing. " + SUPPORT.format(side="above 0", other="below"),
            lambda table, way=way: _forgetting(table, way),
            (way,),
            why="0 is what the statement says.",
            family="one interval an activity and way of writing: Bonferroni",
        )
        for id, way, words in (
            ("H1-network-matrix", "matrix", "written into its last feed-forward output matrix"),
            ("H1-network-full", "full", "written into all its parameters"),
        )
    ),
    _rule(
        "H1-network-centring",
        "Taking the mean key out of writes to the dense model lowers forgetting more than sparser activation does.",
        "> 0",
        f"{FORGOTTEN}, in the last feed-forward output matrix. At every activity below 1, written plainly, less that of the "
        f"dense model written off the mean key of other prompts; {EVERY}. " + SUPPORT.format(side="above 0", other="below"),
        _centring,
        ("matrix", "centred"),
        why="0 is what the statement says.",
        family="one interval an activity: Bonferroni",
    ),
    _rule(
        "H1-network-dissociation",
        "In a language model the share of forgetting that centring takes is at most half of the share of overlap that it takes.",
        f"<= {HALF:g}",
        f"{FORGOTTEN}. Share of it that writing off the mean key takes from plain writing of the dense model's last feed-forward "
        "output matrix, over the share of the mean squared normalised overlap of write directions of different tasks that it "
        f"takes; 95% jackknife interval over seeds. Supported if it lies below {HALF:g}, refuted if wholly above.",
        _dissociation,
        ("matrix", "centred"),
        why="As in H1-dissociation: one half is what the statement says.",
    ),
    _rule(
        "H1-network-law",
        "Over activities and ways of writing one matrix, forgetting follows what C2 makes of the spectrum of keys, more than it "
        "follows the overlap.",
        "> 0",
        f"{FORGOTTEN}, and what claim C2 makes of it for the spectrum of the keys of other prompts, the ways' projections "
        "included, nothing fitted. Over all activities and three ways (plain, off the mean key, off twelve directions): share of "
        "the variance of the logarithm of forgetting that a line in the logarithm of C2's explains, less the share that a line "
        "in the logarithm of the mean squared overlap explains; 95% jackknife interval over seeds. Supported if it lies above 0, "
        "refuted if wholly below.",
        _law,
        MATRIX_WAYS,
        why="As in H1-rank: 0 is what the statement says.",
    ),
)
