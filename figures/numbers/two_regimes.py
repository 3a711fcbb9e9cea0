"""Numbers quoted on two regimes in a language model."""

from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.two_regimes import TITLES
from figures.verdicts.two_regimes import PAIRS, ratio

MEANS = ("newest", "oldest", "text_rise", "heard", "written", "state_numbers", "listed")


def two_regimes(results: Results) -> Tree:
    """What every system keeps, and two regimes over each control."""
    frame = results.table("two_regimes")
    frame = frame.fillna({"total": 0.0})  # a stream that diverged keeps nothing
    last = frame[frame["T"] == frame["T"].max()]
    ratios = {pair: ratio(results, pair) for pair in PAIRS}
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
            {"id": pair.id, "than": pair.than, "access": pair.access, "predicted": pair.predicted, "ratio": plain(found)}
            for pair, found in ratios.items()
        ],
        "by_way": rows,
        "rows": list(rows.values()),
    }
