"""Numbers quoted on when two regimes win."""

import pandas as pd

from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.regimes import COLUMNS, CONTROLS, break_even, comparisons, load_over_law

WORDS = {"supported": "agree", "undecided": "undecided", "refuted": "refuted"}


def regimes(results: Results) -> Tree:
    """Size; every comparison with its prediction, and counts of them by the winner that the law calls; loads over their law;
    break-even of the list; loads along the dials.
    """  # fmt: skip
    table = results.table("regimes", *COLUMNS)
    whole = table[table["axis"] == "T"]
    tasks = sorted(int(T) for T in whole["T"].unique() if T > 0)
    rows = [
        {"control": control, "access": each.access, "packed": each.packed, "T": each.T, "winner": each.winner}
        | {"predicted": each.predicted, "measured": plain(each.measured), "verdict": each.verdict}
        for control in CONTROLS.values()
        for each in comparisons(results, control)
    ]
    sleep = {control: {} for control in CONTROLS.values()}
    for row in rows:
        if row["access"] == "one pass with sleep" and not row["packed"]:
            end = "few" if row["T"] == tasks[0] else "many" if row["T"] == tasks[-1] else None
            if end:
                sleep[row["control"]][end] = row["measured"]
    by_winner = _by_winner(rows)
    two = by_winner["two_stores"]
    return {
        "N": int(whole["N"].max()),
        "N_facts": int(whole["N"].min()),
        "seeds": int(whole["seed"].nunique()),
        "T_smallest": tasks[0],
        "T_largest": tasks[-1],
        "comparisons": len(rows),
        "agree": sum(row["verdict"] == "supported" for row in rows),
        "disagree": sum(row["verdict"] == "refuted" for row in rows),
        "two_win": {"comparisons": two["count"], "agree": two["agree"], "disagree": two["refuted"]},
        "by_winner": by_winner,
        "by_winner_of_control": {
            _key(control): _by_winner([row for row in rows if row["control"] == control]) for control in CONTROLS.values()
        },
        "by_winner_each_alone": _by_winner(
            [
                {"winner": each.winner, "verdict": each.verdict}
                for control in CONTROLS.values()
                for each in comparisons(results, control, together=False)
            ]
        ),
        "refuted_of_five": sum(_refuted(results, control) for control in CONTROLS.values()),
        "refuted_of_five_together": sum(_refuted(results, control, len(CONTROLS)) for control in CONTROLS.values()),
        "over_law": _over_law(results),
        "load_over_law": _load_over_law(results),
        "sleep": {_key(control): ends for control, ends in sleep.items()},
        "between_facts": {
            _key(row["control"]): row["measured"] for row in rows if row["access"] == "one pass" and not row["packed"]
        },
        "rows": rows,
        "list_break_even": break_even(whole, "list alone"),
        "second_order_break_even": break_even(whole, "second-order state"),
        "lines": _lines(table),
    }


def _refuted(results: Results, control: str, family: int = 1) -> bool:
    """Whether a comparison with a control goes against the law, by intervals that hold together for so many predictions."""
    return any(each.verdict == "refuted" for each in comparisons(results, control, family=family))


def _key(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


def _by_winner(rows: list[Tree]) -> Tree:
    """Comparisons in which the law calls two stores, the control, or neither, and how many of them agree, are undecided, are
    refuted.
    """  # fmt: skip
    found: Tree = {}
    for winner in ("two stores", "control", "tie"):
        verdicts = [row["verdict"] for row in rows if row["winner"] == winner]
        found[_key(winner)] = {"count": len(verdicts)} | {word: verdicts.count(verdict) for verdict, word in WORDS.items()}
    return found


def _load_over_law(results: Results) -> Tree:
    """Measured over predicted load: {access: {system: {T: estimate}}}; lists packed into bits are systems of their own."""
    found: Tree = {}
    for (access, system, packed, T), ratio in load_over_law(results).items():
        name = _key(system) + ("_packed" if packed else "")
        found.setdefault(_key(access), {}).setdefault(name, {})[str(T)] = plain(ratio)
    return found


def _over_law(results: Results) -> Tree:
    """The same with sleep in short: two stores and one at both ends of T; least and largest of the others, lists unpacked."""
    means = {
        (system, T): ratio.mean
        for (access, system, packed, T), ratio in load_over_law(results).items()
        if access == "one pass with sleep" and not packed
    }
    tasks = sorted({T for _, T in means})
    pair = ("two stores", "one store")
    others = [mean for (system, _), mean in means.items() if system not in pair]
    ends = {_key(name): {"few": means[name, tasks[0]], "many": means[name, tasks[-1]]} for name in pair}
    return {**ends, "others": {"least": min(others), "largest": max(others)}}


AXES = {
    "sweeps": "passes a sleep",
    "flip": "labels flipped at each sleep",
    "shared": "facts of one teacher",
    "a_fast": "coding level of the fast store",
    "N": "numbers of state, 2 tasks",
}


def _lines(table: pd.DataFrame) -> list[Tree]:
    """Loads with sleep along the axes other than T; null for a system that was not measured there."""
    lines = table[table["axis"] != "T"]
    systems = ("two stores", "one store", "equal sparsity", "buffer as fast store")
    rows = []
    for axis, words in AXES.items():
        for value, part in lines[lines["axis"] == axis].groupby("value"):
            found = {system: over_seeds(own, "load", "log") for system, own in part.groupby("system")}
            loads = [found.get(system) for system in systems]
            rows.append({"axis": words, "value": float(value), "loads": loads})  # pyright: ignore[reportArgumentType]
    return rows
