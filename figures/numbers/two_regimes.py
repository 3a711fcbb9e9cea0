"""Numbers quoted on two regimes in a language model."""

import numpy as np

from figures.estimate import back, estimate
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.two_regimes import TITLES
from figures.verdicts.rule import decide
from figures.verdicts.two_regimes import LEAST, PAIRS, kept, ratio

MEANS = ("newest", "oldest", "text_rise", "heard", "written", "state_numbers", "listed")


def two_regimes(results: Results) -> Tree:
    """What every system keeps, and two regimes over each control."""
    frame = results.table("two_regimes")
    frame = frame.fillna({"total": 0.0})  # a stream that diverged keeps nothing
    last = frame[frame["T"] == frame["T"].max()]
    ratios = {pair: ratio(results, pair) for pair in PAIRS}
    few, of_bits = int(frame["T"].min()), last.groupby("way")["state_bits"].mean()
    slept, awake = (np.log(kept(results, way).clip(lower=LEAST)) for way in ("one_own", "plain"))
    (one,) = (pair for pair in PAIRS if pair.ways == ("two_own", "one_own"))
    rows = {
        str(way): {
            "title": TITLES[str(way)],
            "total": over_seeds(part, "total"),
            **{f"{name}_mean": float(part[name].fillna(0).mean()) for name in MEANS},
        }
        for way, part in last.groupby("way", sort=False)
    }
    return {
        "tasks": int(frame["T"].max()),
        "D": int(frame["D"].iloc[0]),
        "facts": int((frame["T"] * frame["D"]).max()),
        "seeds": int(frame["seed"].nunique()),
        "steps": int(last["steps"].iloc[0] / last["T"].iloc[0]),
        "ratio": {pair.id.removeprefix("H3-network-").replace("-", "_"): plain(found) for pair, found in ratios.items()},
        "ratios": [
            {
                "access": pair.access,
                "than": pair.than,
                "ratio": plain(found),
                "predicted": pair.predicted,
                "verdict": decide(found, 1.0, np.inf),
            }
            for pair, found in ratios.items()
        ],
        "few": {"tasks": few, "one_sleep": plain(ratio(results, one, few))},
        "sleep_alone": plain(back(estimate(slept - awake))),
        "handing": plain(estimate(kept(results, "two_labels") - kept(results, "two_own"))),
        "list_bits": float(of_bits["replay"]),
        "bits_over_list": float(of_bits["two_own"] / of_bits["replay"]),
        "by_way": rows,
        "rows": list(rows.values()),
    }
