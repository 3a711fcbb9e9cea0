"""Rules for bits of random strings that small models hold, one task after another and all at once (E9, C2, C3, S2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, every

SHARE = 0.25  # of joint training, that sequential writes stay below
GROWTH, EARLY = 1.25, 4  # factor by which the bits grow at most after so many tasks
ARCHITECTURES = ("dense", "kwta", "moe", "memory")
SPARSE = ("kwta", "moe", "memory")
ONE_MATRIX = ("last_matrix", "off_mode")
STORE = 256  # strings in the store of replay, as the experiment has it
WEIGHT = 1 / (2 * np.log(2))
"""Bits per weight of one-shot additive storage (C3)."""

Values = Mapping[str, Estimate]


def bits(table: pd.DataFrame, system: str, order: str = "sequential", written: int | None = None) -> pd.Series:
    """Bits held by a system, by seed: of all tasks learned by then, after `written` tasks (all of them without a number)."""
    rows = table[(table["system"] == system) & (table["order"] == order)]
    rows = rows[rows["written"] == (rows["tasks"] if written is None else written)]
    return rows.groupby("seed")["bits"].sum()


def of_joint(table: pd.DataFrame) -> Values:
    """Bits held in order over bits held at once, by architecture. Simultaneous."""
    return {
        name: estimate(bits(table, name) / bits(table, name, "joint"), comparisons=len(ARCHITECTURES)) for name in ARCHITECTURES
    }


def growth(table: pd.DataFrame) -> Values:
    """Bits held at the end over those after EARLY tasks, by architecture. Simultaneous."""
    return {
        name: estimate(bits(table, name) / bits(table, name, written=EARLY), comparisons=len(ARCHITECTURES))
        for name in ARCHITECTURES
    }


def of_dense(table: pd.DataFrame, systems: Sequence[str]) -> Values:
    """Bits held over those of plain writes into the dense model, paired by seed. Simultaneous."""
    return {name: estimate(bits(table, name) / bits(table, "dense"), comparisons=len(systems)) for name in systems}


def stored(table: pd.DataFrame) -> float:
    """Bits of the answers that the store of replay holds at the end of a stream."""
    first = table.iloc[0]
    strings = first["tasks"] * first["per_task"]
    return float(min(STORE, strings) * first["offered"] / strings)


def of_store(table: pd.DataFrame) -> Values:
    """Bits that replay holds beyond plain writes, over those of the answers in its store."""
    return {"replay": estimate((bits(table, "replay") - bits(table, "dense")) / stored(table))}


def per_weight(table: pd.DataFrame) -> Values:
    """Bits held for each weight of the one matrix that is written. Simultaneous."""
    weights = table.groupby("system")["written_parameters"].first()
    return {name: estimate(bits(table, name) / weights[name], comparisons=len(ONE_MATRIX)) for name in ONE_MATRIX}


def _judge(
    systems: Sequence[str],
    found: Callable[[pd.DataFrame], Values],
    low: float,
    high: float,
    orders: Sequence[str] = ("sequential",),
) -> Callable[[Results], Judgement]:
    """Do all estimates lie between? Undecided if a best learning rate lies at an end of what was tried; not applicable where a
    system was not run, as in small runs."""

    def judge(results: Results) -> Judgement:
        table = results.table("continual_bits")
        missing = [name for name in systems if name not in set(table["system"])]
        if missing or table["tasks"].iloc[0] <= EARLY:
            note = f"not run: {', '.join(missing)}" if missing else "the stream is too short"
            return Judgement(0.0, None, "not applicable", note=note)
        judged = every(found(table), low, high)
        rows = table[table["system"].isin(systems) & table["order"].isin(orders)]
        ends = sorted(set(rows.loc[rows["at_grid_end"].astype(bool), "system"]))
        if not ends:
            return judged
        note = f"best learning rate at an end of the range: {', '.join(ends)}"
        return replace(judged, verdict="undecided", note="; ".join([note, *([judged.note] if judged.note else [])]))

    return judge


WHERE = (
    "New models of about 6,400 parameters, 32 tasks of 32 random strings of 32 bits, 100 steps a task, AdamW with fresh moments "
    "per task; learning rates of each system and order from a stream that is not reported. Bits: what a decoder saves by the "
    "model's probabilities, tasks apart. Undecided if a best learning rate lies at an end of the range tried. "
)
SUPPORT = "95% t intervals over seeds{}. Supported if {}, refuted if {}."


def _rule(
    name: str, claim: str, prediction: str, rule: str, judge: Callable[[Results], Judgement], why: str = "", family: str = ""
) -> Rule:
    return Rule(
        id=f"E9-{name}",
        claim=claim,
        prediction=prediction,
        rule=WHERE + rule,
        tables=("continual_bits",),
        judge=judge,
        rests_on="language model",
        rule_set="after",
        why=why,
        family=family,
    )


def _simultaneous(count: int) -> str:
    return f", simultaneous over the {count} (Bonferroni)"


RULES = (
    _rule(
        "joint",
        "Learned one task after another, a model of any architecture holds less than a quarter of what the same parameters hold "
        "if they are trained on all tasks at once.",
        f"< {SHARE}",
        "Bits held at the end in order, over those held at once after as many readings, by architecture (dense, winners, "
        "experts, memory layer). "
        + SUPPORT.format(_simultaneous(4), f"all lie below {SHARE}", "one lies above; the largest is shown"),
        _judge(ARCHITECTURES, of_joint, -np.inf, SHARE, ("sequential", "joint")),
        why="A quarter: what would be left if forgetting cost no more than three of four bits.",
        family="four architectures: Bonferroni",
    ),
    _rule(
        "flat",
        "What plain writes leave in a model does not grow with the stream.",
        f"< {GROWTH}",
        f"Bits held after 32 tasks over those after {EARLY}, by architecture. "
        + SUPPORT.format(_simultaneous(4), f"all lie below {GROWTH}", "one lies above; the largest is shown"),
        _judge(ARCHITECTURES, growth, -np.inf, GROWTH),
        why="Eight times as many tasks: a quarter more is a fiftieth of growth in proportion.",
        family="four architectures: Bonferroni",
    ),
    _rule(
        "sparse",
        "Sparser activity interferes less: winners, experts and a memory layer each hold more than the dense model of as many "
        "parameters.",
        "> 1",
        "Bits held at the end over those of the dense model, paired by seed. "
        + SUPPORT.format(_simultaneous(3), "all lie above 1", "one lies below; the least is shown"),
        _judge(("dense", *SPARSE), lambda table: of_dense(table, SPARSE), 1.0, np.inf),
        family="three architectures: Bonferroni",
    ),
    _rule(
        "replay",
        "Replay from a store of a quarter of the stream lets the dense model hold more than plain writes.",
        "> 1",
        "Bits held at the end over those of plain writes, paired by seed. " + SUPPORT.format("", "it lies above 1", "below"),
        _judge(("dense", "replay"), lambda table: of_dense(table, ("replay",)), 1.0, np.inf),
    ),
    _rule(
        "store",
        "Replay gains fewer bits than the answers in its store have: the store by itself would answer more.",
        "< 1",
        "Bits held at the end by replay less those of plain writes, over the bits of the answers in the store, paired by seed. "
        + SUPPORT.format("", "it lies below 1", "above"),
        _judge(("dense", "replay"), of_store, -np.inf, 1.0),
    ),
    _rule(
        "penalty",
        "A penalty on changes of important weights (EWC, strength 100) lets the model hold fewer bits than plain writes.",
        "< 1",
        "Bits held at the end over those of plain writes, paired by seed. " + SUPPORT.format("", "it lies below 1", "above"),
        _judge(("dense", "ewc"), lambda table: of_dense(table, ("ewc",)), -np.inf, 1.0),
    ),
    _rule(
        "one-shot",
        "One matrix that is written task after task by plain gradient descent (SGD) holds fewer bits a weight than the best "
        "one-shot additive memory (C3).",
        f"< {WEIGHT:.4f} bits",
        "Bits held at the end over the weights of the last matrix, written freely and off the common direction of its keys. "
        + SUPPORT.format(_simultaneous(2), f"both lie below {WEIGHT:.4f}", "one lies above; the larger is shown"),
        _judge(ONE_MATRIX, per_weight, -np.inf, WEIGHT),
        family="two ways: Bonferroni",
    ),
)
