"""Numbers quoted in the section on linear networks that fit regressions in turn."""

from figures.estimate import estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.regressions import depth_ratios, error_ratios, oldest_shares, table


def regressions(results: Results) -> Tree:
    """Sizes; the ratios furthest from their laws; the ceiling met at D = N/T; forgetting and error of the unequal tasks."""
    frame = table(results)
    errors, depths, shares = error_ratios(frame), depth_ratios(frame), oldest_shares(frame)
    by_run = frame[frame["quantity"].isin(["total", "trace"])].pivot_table(
        index=["N", "D", "seed"], columns="quantity", values="measured"
    )
    met = [share for (N, D, T), share in shares.items() if N == D * T]
    N = int(frame["N"].max())
    return {
        "N": N,
        "seeds": frame["seed"].nunique(),
        "settings": len(errors),
        "depths": len(depths),
        "products": len(shares),
        "worst_error": plain(max(errors, key=lambda ratio: abs(ratio.mean - 1))),
        "worst_depth": plain(max(depths, key=lambda ratio: abs(ratio.mean - 1))),
        "identity_error": float((by_run["total"] - by_run["trace"]).abs().max()),
        "above": sum(share.low > 1 for share in shares.values()),
        "met_lowest": min(share.mean for share in met),
        "met_largest": max(share.mean for share in met),
        "unequal": _unequal(results),
    }


def _unequal(results: Results) -> Tree:
    """Error and forgetting of the four unequal tasks at sigma = 1/2, measured and expected."""
    frame = table(results)
    part = frame[(frame["rho"] < 0) & (frame["sigma"] == 0.5)]
    return {
        quantity: {
            "measured": plain(estimate(rows.groupby("seed")["measured"].mean())),
            "expected": float(rows["predicted"].iloc[0]),
        }
        for quantity, rows in part.groupby("quantity")
        if quantity in ("error", "forgetting")
    }
