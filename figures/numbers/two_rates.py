"""Numbers quoted on learners in the plane of C4."""

import numpy as np

from figures.estimate import back, estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.two_rates import ONE, TWO, entries, paired


def two_rates(results: Results) -> Tree:
    """By learner: its largest entry into the closed region and the error there; the ratios of errors on the same streams."""
    frame = entries(results)
    frame = frame[frame["hold"] == 1]
    first = frame[(frame["family"] == "teacher") & (frame["sigma"] == frame["sigma"].max())]
    deepest = {}
    for name in (*ONE, *TWO):
        part = first[first["learner"] == name]
        means = part.groupby("dial")[["entry", "J", "private", "depth"]].mean()
        best = means["entry"].idxmax()
        deepest[name] = {
            "entry": plain(estimate(part[part["dial"] == best]["entry"], scale="log")),
            "error": float(means.loc[best, "J"] / means.loc[best, "private"]),
            "depth": float(means.loc[best, "depth"]),
            "dial": float(best),
        }
    own = frame[frame["D"] == 1]
    off = np.log(
        own.groupby(["learner", "sigma", "dial"])["J"].mean() / own.groupby(["learner", "sigma", "dial"])["predicted_J"].mean()
    )
    return {
        "seeds": first["seed"].nunique(),
        "state": int(first["state"].max()),
        "learners": frame["learner"].nunique(),
        "N_one": int(first["N"].max()),
        "N_two": int(first["N"].min()),
        "settings": int(frame.groupby(["learner", "sigma", "dial"]).ngroups),
        "error_off": float(np.exp(off.abs().max()) - 1),
        "deepest": deepest,
        "dense": plain(back(estimate(paired(frame, "two_regimes", "two_equal")))),
        "rules_expected": float(np.exp(paired(own, "two_rules", "two_regimes", "predicted_J").mean())),
        "rules": plain(back(estimate(paired(own, "two_rules", "two_regimes")))),
        "list": plain(back(estimate(paired(frame, "label_buffer", "two_regimes")))),
    }
