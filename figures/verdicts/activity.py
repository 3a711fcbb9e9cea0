"""Rules on sparser activation in language models: overlap, forgetting at equal learning, and what centring takes (H1, E1)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from figures.estimate import Estimate, jackknife
from figures.results import Results
from figures.verdicts.pareto import at_level, curve, reaches
from figures.verdicts.rule import Judgement, Rule, decide, every, judgement

LEVEL = 0.7
"""Depth of a task just after its write at which models and ways are compared."""

HALF = 0.5
"""Share of forgetting that centring takes, over the share of overlap that it takes: what is called a dissociation."""

DENSE = 1.0
MATRIX_WAYS = ("matrix", "centred", "off_12")
PLAIN_WAYS = ("matrix", "full")

Judge = Callable[[pd.DataFrame], Judgement]
OfActivity = Callable[[pd.DataFrame, float], float]


def models(results: Results) -> pd.DataFrame:
    """The table of the run."""
    return results.table(
        "activity", "active", "way", "seed", "learning_rate", "learned", "kept", "kept_next", "law_kept", "law_kept_own",
        "diverged", "overlap", "raw_overlap", "common_mode", "acting", "old_lost",
    )  # fmt: skip


def sparse(table: pd.DataFrame) -> list[float]:
    """The activities below 1, ascending."""
    return sorted(active for active in table["active"].unique() if active != DENSE)


def of(table: pd.DataFrame, active: float, way: str) -> pd.DataFrame:
    """The rows of one way at one activity."""
    return table[(table["active"] == active) & (table["way"] == way)]


def overlap(table: pd.DataFrame, active: float, way: str) -> float:
    """Mean squared overlap of write directions, mean over seeds."""
    return float(np.mean(of(table, active, way)["overlap"]))


def reached(table: pd.DataFrame, active: float, way: str) -> float:
    """Depth to which a way writes a task where it is compared: LEVEL, or the most that it learns if that is less."""
    return min(LEVEL, float(np.max(curve(of(table, active, way))["learned"])))


def forgotten(table: pd.DataFrame, active: float, way: str, column: str = "kept") -> float:
    """Share of the depth of a task that is gone after the stream, mean over its tasks, where each was written to `reached`.

    column: kept, kept_next (after one further task), or one of the laws.
    """
    return 1 - at_level(of(table, active, way), column, LEVEL) / reached(table, active, way)


def overlap_left(table: pd.DataFrame, active: float, way: str) -> float:
    """Overlap of writes at an activity over that of the dense model, the same way."""
    return overlap(table, active, way) / overlap(table, DENSE, way)


def spared(table: pd.DataFrame, active: float, way: str, column: str = "kept") -> float:
    """Share forgotten by the dense model less that forgotten at an activity, the same way."""
    return forgotten(table, DENSE, way, column) - forgotten(table, active, way, column)


def taken(table: pd.DataFrame, value: Callable[[pd.DataFrame, float, str], float] = overlap) -> float:
    """Share of the overlap (or of another value) of writes to the last matrix of the dense model that centring takes."""
    return 1 - value(table, DENSE, "centred") / value(table, DENSE, "matrix")


def removed_ratio(table: pd.DataFrame, column: str = "kept", power: float = 1.0) -> float:
    """Share of forgetting that centring takes from the last matrix of the dense model, over the share of overlap^power."""

    def gone(part: pd.DataFrame, active: float, way: str) -> float:
        return forgotten(part, active, way, column)

    return taken(table, gone) / (1 - (1 - taken(table)) ** power)


def slope(table: pd.DataFrame, value: OfActivity, way: str) -> float:
    """Slope of the logarithm of a value on that of the share of units that act, over all activities."""
    actives = [*sparse(table), DENSE]
    acting = [of(table, active, way)["acting"].mean() for active in actives]
    return float(np.polyfit(np.log(acting), np.log([value(table, active) for active in actives]), 1)[0])


def trends(table: pd.DataFrame) -> dict[str, Estimate]:
    """`slope` of the overlap in the matrix, and of forgetting by both plain ways; the intervals hold together."""
    values: dict[str, tuple[OfActivity, str]] = {
        "overlap": (lambda part, active: overlap(part, active, "matrix"), "matrix"),
        **{f"forgetting, {way}": (lambda part, active, way=way: forgotten(part, active, way), way) for way in PLAIN_WAYS},
    }
    return {
        name: jackknife(lambda part, value=value, way=way: slope(part, value, way), table, len(values))
        for name, (value, way) in values.items()
    }


def explained(table: pd.DataFrame, within: bool = False) -> dict[str, float]:
    """Share of the variance of the log of forgetting that a rising line in the log of C2's, or of the overlap, explains.

    Over activities and ways into the last matrix; r |r|, so that a falling line counts against; 0 if there is no finite line.
    within: after every way's mean is taken out of all logs.
    """
    actives = sorted(table["active"].unique())

    def logs(value: Callable[[float, str], float]) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log([[value(active, way) for active in actives] for way in MATRIX_WAYS])
        return (found - found.mean(1, keepdims=True) if within else found).ravel()

    measured = logs(lambda active, way: forgotten(table, active, way))
    by = {
        "law": logs(lambda active, way: forgotten(table, active, way, "law_kept")),
        "own": logs(lambda active, way: forgotten(table, active, way, "law_kept_own")),
        "overlap": logs(lambda active, way: overlap(table, active, way)),
    }
    r = {name: float(np.corrcoef(measured, found)[0, 1]) for name, found in by.items() if np.isfinite([measured, found]).all()}
    return {name: r.get(name, 0.0) * abs(r.get(name, 0.0)) for name in by}


def advantage(table: pd.DataFrame) -> float:
    """Share of the variance that C2's prediction explains, less that which the overlap explains."""
    shares = explained(table)
    return shares["law"] - shares["overlap"]


def each_sparse(table: pd.DataFrame, statistic: OfActivity, ways: int = 1) -> dict[float, Estimate]:
    """A statistic at every activity below 1; jackknife intervals over seeds that hold together, over `ways` such sets."""
    actives = sparse(table)
    return {a: jackknife(lambda part, a=a: statistic(part, a), table, len(actives) * ways) for a in actives}


def by_way(table: pd.DataFrame, statistic: Callable[[pd.DataFrame, float, str], float]) -> dict[str, dict[float, Estimate]]:
    """`overlap_left` or `spared` by plain way and activity; all intervals hold together."""
    return {
        way: each_sparse(table, lambda part, active, way=way: statistic(part, active, way), len(PLAIN_WAYS)) for way in PLAIN_WAYS
    }


def against_centring(table: pd.DataFrame) -> dict[float, Estimate]:
    """Share forgotten at every activity below 1, written plainly, less that of the dense model off its mean key."""
    return each_sparse(table, lambda part, active: forgotten(part, active, "matrix") - forgotten(part, DENSE, "centred"))


def _if_equal(judge: Judge, ways: Sequence[str], dense: bool) -> Callable[[Results], Judgement]:
    """The judgement, or "not applicable" where one of these ways (of the dense model alone) reaches LEVEL at no learning rate."""

    def judged(results: Results) -> Judgement:
        table = models(results)
        groups = table[table["way"].isin(ways) & ((table["active"] == DENSE) | (not dense))].groupby(["active", "way"])
        short = [f"{way} at {active:g}" for (active, way), rows in groups if not reaches(rows, LEVEL)]
        found = judge(table)
        if not short:
            return found
        note = f"not learned to that depth at any learning rate: {', '.join(short)}"
        return Judgement(found.measured, None, "not applicable", seeds=found.seeds, note=note)

    return judged


def _named(values: Mapping[float, Estimate]) -> dict[str, Estimate]:
    return {f"at {active:g}": value for active, value in values.items()}


def _overlap(table: pd.DataFrame, way: str) -> Judgement:
    return every(_named(by_way(table, overlap_left)[way]), -np.inf, 1.0)


def _forgetting(table: pd.DataFrame, way: str) -> Judgement:
    return every(_named(by_way(table, spared)[way]), 0.0, np.inf)


def _trend(table: pd.DataFrame) -> Judgement:
    return every(trends(table), 0.0, np.inf)


def _centring(table: pd.DataFrame) -> Judgement:
    return every(_named(against_centring(table)), 0.0, np.inf)


def _dissociation(table: pd.DataFrame) -> Judgement:
    value, share = jackknife(removed_ratio, table), jackknife(taken, table)
    if share.count > 1 and not share.low > 0:
        note = "centring is not shown to take any overlap"
        return Judgement(value.mean, None, "not applicable", seeds=value.count, note=note)
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
    id: str, claim: str, expected: str, text: str, judge: Judge, ways: Sequence[str] = (), dense: bool = False, **more: Any
) -> Rule:
    rule = f"{STREAM}{text}{PREMISE if ways else ''}"
    judged = _if_equal(judge, ways, dense)
    return Rule(id, claim, expected, rule, ("activity",), judged, rests_on="language model", rule_set="after", **more)


SUPPORT = "Supported if all lie {side}, refuted if one lies wholly {other}."
EVERY = "95% jackknife intervals over seeds, simultaneous over the activities"
BOTH = f"{EVERY} and over both ways of writing"
INTO = {"matrix": "written into its last feed-forward output matrix", "full": "written into all its parameters"}

RULES = (
    *(
        _rule(
            id,
            f"At every activity below 1 a language model has less overlap of writes than the dense one, {INTO[way]}.",
            "< 1",
            f"Mean squared normalised overlap of the write directions of facts of different tasks before any write, {INTO[way]}, "
            f"at every activity below 1 over the dense model; {BOTH}. " + SUPPORT.format(side="below 1", other="above"),
            lambda table, way=way: _overlap(table, way),
            why="1 is what the statement says.",
            family="one interval an activity and way of writing: Bonferroni",
        )
        for id, way in (("H1-network-overlap", "matrix"), ("H1-network-overlap-full", "full"))
    ),
    *(
        _rule(
            id,
            f"At every activity below 1, at equal learning, a language model forgets less than the dense one, {INTO[way]}.",
            "> 0",
            f"{FORGOTTEN}. Of the dense model less that at every activity below 1, {INTO[way]}; {BOTH}. "
            + SUPPORT.format(side="above 0", other="below"),
            lambda table, way=way: _forgetting(table, way),
            (way,),
            why="0 is what the statement says.",
            family="one interval an activity and way of writing: Bonferroni",
        )
        for id, way in (("H1-network-matrix", "matrix"), ("H1-network-full", "full"))
    ),
    _rule(
        "H1-network-trend",
        "In language models overlap and forgetting fall with the share of hidden units that act.",
        "> 0",
        f"{FORGOTTEN}. Slopes, over all activities, of three logarithms on that of the share of units that act at a token: of "
        "the mean squared overlap of writes to the last feed-forward output matrix, of what is forgotten in that matrix, and of "
        "what is forgotten where all parameters are written; 95% jackknife intervals over seeds, simultaneous over the three. "
        + SUPPORT.format(side="above 0", other="below"),
        _trend,
        PLAIN_WAYS,
        why="0 is what the statement says.",
        family="three slopes: Bonferroni",
    ),
    _rule(
        "H1-network-centring",
        "Taking the mean key out of writes to the dense model lowers forgetting more than any of the sparser activations does.",
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
        f"takes; 95% jackknife interval over seeds. Supported if it lies below {HALF:g}, refuted if wholly above. Not applicable "
        "unless the 95% interval of the share of overlap taken lies above 0.",
        _dissociation,
        ("matrix", "centred"),
        dense=True,
        why="As in H1-dissociation: one half is what the statement says.",
    ),
    _rule(
        "H1-network-law",
        "Over activities and ways of writing one matrix, forgetting follows what C2 makes of the spectrum of keys, more than it "
        "follows the overlap.",
        "> 0",
        f"{FORGOTTEN}, and what claim C2 makes of it for the spectrum of the keys of 512 other prompts, the ways' projections "
        "included, nothing fitted. Over all activities and three ways (plain, off the mean key, off twelve directions): share of "
        "the variance of the logarithm of forgetting that a line in the logarithm of C2's explains, less the share that a line "
        "in the logarithm of the mean squared overlap explains, a falling line counted against; 95% jackknife interval over "
        "seeds. Supported if it lies above 0, refuted if wholly below.",
        _law,
        MATRIX_WAYS,
        why="As in H1-rank: 0 is what the statement says.",
    ),
)
