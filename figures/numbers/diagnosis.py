"""Numbers quoted on why two small stores hold less than S3 says."""

import pandas as pd

from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.diagnosis import STORES, by_size, calls, over_parts, sparse_over_dense, stores


def diagnosis(results: Results) -> Tree:
    """Stores alone by size, systems over their parts, and the comparisons as S3 and as the measured parts call them."""
    alone, system = stores(results, "alone"), stores(results, "system")
    found = calls(results)
    return {
        "seeds": int(alone["seed"].nunique()),
        "N": int(system["N"].iloc[0]),
        "sizes": sorted(int(N) for N in alone["N"].unique()),
        "over_law": {kind: _by_size(results, kind, "law") for kind in STORES},
        "over_finite": {kind: _by_size(results, kind, "predicted") for kind in STORES},
        "finite_over_law": {
            kind: [
                {"N": int(N), "ratio": float((part["predicted"] / part["law"]).iloc[0])}
                for N, part in alone[alone["system"] == name].groupby("N")
            ]
            for kind, name in STORES.items()
        },
        "sparse_over_dense": [{"N": N, **plain(value)} for N, value in sorted(sparse_over_dense(results).items())],
        "over_parts": [{"T": T, **plain(value)} for T, value in sorted(over_parts(results).items())],
        "loads": [{"T": int(T), **_loads(part)} for T, part in system.groupby("T")],
        "calls": [
            {"control": each.control, "T": each.T, "law": each.law, "parts": each.parts, "measured": plain(each.measured)}
            | {"verdict": each.verdict}
            for each in found
        ],
        "comparisons": len(found),
        "called_right": sum(each.verdict == "supported" for each in found),
        "called_wrong": sum(each.verdict == "refuted" for each in found),
    }


def _by_size(results: Results, kind: str, column: str) -> list[Tree]:
    return [{"N": N, **plain(value)} for N, value in sorted(by_size(results, kind, column).items())]


def _loads(part: pd.DataFrame) -> Tree:
    systems = part[part["size"] == part["N"]].groupby("system")
    return {str(name).replace(" ", "_"): over_seeds(own, "load") for name, own in systems}
