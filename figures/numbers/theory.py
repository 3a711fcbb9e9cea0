"""Numbers quoted of the theory itself: the ledger, its certificates, the attacks on it, and the literature."""

from dataclasses import asdict
from math import ceil

import pandas as pd

from figures.methods import NAMES
from figures.numbers.estimates import Tree
from figures.results import Results
from theory.controls import outcomes
from theory.ledger import ledger as claims

FREE = 1e-9
"""Bits of a cue that costs nothing."""


def tightest(results: Results) -> pd.DataFrame:
    """The largest ratio over seeds of every attack, in the order of the ledger: claim, attack, ratio."""
    frame = results.table("attacks", "claim", "attack", "seed", "ratio")
    return frame.groupby(["claim", "attack"], sort=False)["ratio"].max().reset_index()


def ledger(results: Results) -> Tree:
    """Every claim with its status, and what stands behind it: steps, certificates, the tightest ratio found."""
    proved, attacked = results.table("certificates", "claim", "passed", "covered"), tightest(results)
    rows = []
    for id, claim in claims().items():
        own, tried = proved[proved["claim"] == id], attacked[attacked["claim"] == id]
        rows.append(
            {"id": id, "title": claim.title, "status": claim.status, "steps": len(claim.derivation.steps)}
            | {"certificates": len(own), "proved": int(own["passed"].sum()), "attacks": len(tried)}
            | {"ratio": float(tried["ratio"].max()) if len(tried) else None}
        )
    return {
        "rows": rows,
        "claims": len(rows),
        "steps": sum(row["steps"] for row in rows),
        "certificates": len(proved),
        "proved": int(proved["passed"].sum()),
        "attacks": len(attacked),
        "excess": max(0.0, float(attacked["ratio"].max()) - 1),
        "reached": int((attacked["ratio"] > 1 - 1e-6).sum()),
    }


def certificates(results: Results) -> Tree:
    """Every certificate: what is proved, on which box, how."""
    frame = results.table("certificates", "claim", "statement", "box", "method", "passed", "covered", "detail")
    return {"rows": frame.to_dict("records"), "methods": {str(k): int(v) for k, v in frame["method"].value_counts().items()}}


def literature(results: Results) -> Tree:
    """Every value in print beside ours; ours is null where theirs is only quoted."""
    told = ("ours", "theirs", "tolerance", "why", "how", "source", "quoted", "agrees")
    frame = results.table("literature", "claim", "name", "quantity", *told)
    rows = [{**row, "ours": None if row["quoted"] else row["ours"]} for row in frame.to_dict("records")]
    compared = [row for row in rows if not row["quoted"]]
    agree = sum(row["agrees"] for row in compared)
    return {"rows": rows, "compared": len(compared), "agree": agree, "quoted": len(rows) - len(compared)}


def methods(results: Results) -> Tree:
    """Methods at equal total state: the account of each, by the number of outputs that share state."""
    frame = results.table(
        "methods", "state", "outputs", "depth", "method", "N", "protective", "length", "whole", "whole_share", "fails"
    )
    accounts = frame.drop_duplicates(["outputs", "method"])
    many = accounts[accounts["outputs"] == accounts["outputs"].max()].set_index("method")
    few = accounts[accounts["outputs"] == accounts["outputs"].min()].set_index("method")
    rows = [
        {"method": NAMES.get(str(name), str(name).replace("_", " ")), "fails": row["fails"]}
        | {f"{part}_{end}": float(one.loc[name, part]) for end, one in (("few", few), ("many", many))
           for part in ("N", "length", "whole")}
        for name, row in few.iterrows()
    ]  # fmt: skip
    outputs = {"few_outputs": int(few["outputs"].iloc[0]), "many_outputs": int(many["outputs"].iloc[0])}
    return {"rows": rows, "state": float(few["state"].iloc[0]), "depth": float(few["depth"].iloc[0]), **outputs}


def controls(results: Results) -> Tree:
    """S3: two stores against every control under every access rule, as the theory predicts them."""
    T = 20
    return {"T": T, "rows": [asdict(outcome) for outcome in outcomes(T=T)]}


def examples(results: Results) -> Tree:
    """What the laws give at the sizes that the text names (S2, S3-one, S4, U1), evaluated from the ledger."""
    law = claims()
    one_shot = float(law["C3"].bits(d=1.0))
    at_error = float(law["C3-threshold"].hard_bits(f=0.5, load=law["C3-threshold"].load_at_error(f=0.5, error=0.01)))
    pays = {
        f"{name}_{copies}": ceil(law["S2"].break_even(f=0.5, cue=FREE, fast=fast, copies=copies, b=2.0))
        for name, fast in (("best", one_shot), ("threshold", at_error))
        for copies in (1, 2)
    }
    gain = float(law["S2"].largest_gain())
    loads = {"tenth": 0.1, "half": 0.5, "most": 0.8, "all": 1.0}
    sweeps = {name: float(law["S4"].sweeps_to_depth(N=1e6, M=load * 1e6, eta=1.0, depth=0.99)) for name, load in loads.items()}
    return {
        "one_shot": one_shot,
        "gain": gain,
        "pays": pays,
        "sweeps": sweeps,
        "cue": 1 / one_shot - 1 / float(law["S2"].gardner_bits(f=0.5)),
        "single_store": float(law["S3-one"].corrective_load(T=20.0, error=0.01)),
        "boundary": float(law["U1"].boundary(importance=0.5)),
    }
