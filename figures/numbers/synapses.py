"""Numbers quoted in the section on bounded synapses and chains."""

import numpy as np
import pandas as pd

from figures.estimate import estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.synapses import MODEL, chain_ratios, curve_ratios, envelope_shares, late, lifetime, oldest_shares, table
from theory.ledger import claim


def synapses(results: Results) -> Tree:
    """Sizes; how near each model comes to its ceilings; exponent, sum and lifetime of the chain; what rounding costs."""
    frame = table(results)
    N, events = float(frame["N"].iloc[0]), frame[frame["model"] == "chain"]["age_end"].max()
    chain = frame[frame["model"] == "chain"]
    beakers, states = int(chain["beakers"].iloc[0]), int(frame["M_s"].max())
    near, old = _nearest(late(frame), "snr", "envelope_snr"), _nearest(late(frame), "oldest", "ceiling_oldest")
    bounds = {
        "above": sum(share.low > 1 + 1e-9 for share in (*envelope_shares(frame), *oldest_shares(frame))),
        "judged": len(envelope_shares(frame)) + len(oldest_shares(frame)),
        "curves": len(curve_ratios(frame)),
    }
    return {
        "N": int(N),
        "seeds": frame["seed"].nunique(),
        "states": states,
        "beakers": beakers,
        "oldest_age": int(events),
        "models": int(frame.groupby(MODEL).ngroups),
        "bounds": bounds,
        "envelope": {name: near[name] for name in ("binary", "serial", "cascade")},
        "oldest": {name: old[name] for name in ("leaky", "chain", "serial", "cascade", "clipped")},
        "chain": {name: plain(value) for name, value in chain_ratios(results, comparisons=1).items()},
        "lifetime": plain(estimate([lifetime(part) for _, part in chain.groupby("seed")])),
        "lifetime_law": float(claim("C6-chain").lifetime(N=N, beakers=beakers)),
        "lifetime_bound": float(N / np.e),
        "states_bound": float(claim("C6").lifetime(N=N, M_s=states)),
        "two_bound": float(claim("C6").lifetime(N=N, M_s=2)),
        "rounded": _spent(frame, "rounded", chain, N),
        "clipped": _spent(frame, "clipped", chain, N),
    }


def _nearest(frame: pd.DataFrame, measured: str, bound: str) -> dict[str, float]:
    """Largest mean share of the bound over the bins and parameters of each model."""
    means = frame.groupby([*MODEL, "age"])[[measured, bound]].mean()
    return (means[measured] / means[bound]).groupby(level="model").max().to_dict()


def _spent(frame: pd.DataFrame, model: str, chain: pd.DataFrame, N: float) -> Tree:
    """Sum over ages of SNR^2 of a model over that of the linear chain, seed by seed."""
    sums = [part.groupby("seed")["power"].sum() for part in (frame[frame["model"] == model], chain)]
    return plain(estimate(sums[0] / sums[1]))
