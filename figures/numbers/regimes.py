"""Numbers quoted on when two regimes win."""

import pandas as pd

from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.regimes import COLUMNS, CONTROLS, break_even, comparisons


def regimes(results: Results) -> Tree:
    """Size; every comparison with its prediction; break-even of the list; loads along the dials."""
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
    two_win = [row["verdict"] for row in rows if row["winner"] == "two stores"]
    return {
        "N": int(whole["N"].max()),
        "N_facts": int(whole["N"].min()),
        "seeds": int(whole["seed"].nunique()),
        "T_smallest": tasks[0],
        "T_largest": tasks[-1],
        "comparisons": len(rows),
        "agree": sum(row["verdict"] == "supported" for row in rows),
        "disagree": sum(row["verdict"] == "refuted" for row in rows),
        "two_win": {
            "comparisons": len(two_win),
            "agree": two_win.count("supported"),
            "disagree": two_win.count("refuted"),
        },
        "over_law": _over_law(whole),
        "sleep": {control.replace(" ", "_").replace("-", "_"): ends for control, ends in sleep.items()},
        "between_facts": {
            row["control"].replace(" ", "_").replace("-", "_"): row["measured"]
            for row in rows
            if row["access"] == "one pass" and not row["packed"]
        },
        "rows": rows,
        "list_break_even": break_even(whole, "list alone"),
        "second_order_break_even": break_even(whole, "second-order state"),
        "lines": _lines(table),
    }


def _over_law(whole: pd.DataFrame) -> Tree:
    """Mean load over the law's, with sleep: of two stores and of one at both ends of T; least and largest of the others."""
    sleep = whole[(whole["access"] == "one pass with sleep") & ~whole["packed"].astype(bool)]
    means = sleep.groupby(["system", "T"])[["load", "predicted"]].mean()
    ratio = means["load"] / means["predicted"]
    ends: Tree = {}
    for system in ("two stores", "one store"):
        ends[system.replace(" ", "_")] = {"few": float(ratio[system].iloc[0]), "many": float(ratio[system].iloc[-1])}
    others = ratio.drop(index=["two stores", "one store"], level="system")
    return {**ends, "others": {"least": float(others.min()), "largest": float(others.max())}}


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
            found = {system: over_seeds(own, "load") for system, own in part.groupby("system")}
            loads = [found.get(system) for system in systems]
            rows.append({"axis": words, "value": float(value), "loads": loads})  # pyright: ignore[reportArgumentType]
    return rows
