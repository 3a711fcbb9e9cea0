"""Numbers quoted on predictors of what a stream leaves in a pretrained model."""

import numpy as np

from figures.numbers.estimates import Tree, level_over_seeds, plain
from figures.predictors import LAWS, PLACES, correlations, errors, places
from figures.results import Results
from figures.verdicts.forgetting_scores import LEVELS, budgets, off_by_others
from figures.verdicts.predictors import FACTOR, in_reach


def predictors(results: Results) -> Tree:
    """Correlations by predictor and place, errors of forecasts and baselines, and budgets said and measured."""
    table = results.table("predictors")
    names = places(table)
    told = budgets(table, "kernel")
    ends = table[table["known"].notna()].drop_duplicates(["place", "seed"])
    return {
        "seeds": int(table["seed"].nunique()),
        "correlation": {
            column.removeprefix("bits_"): {place: plain(value) for place, value in correlations(table, column).items()}
            for column in LAWS
        },
        "budget": {"agree": int((told["off"] <= np.log2(FACTOR)).sum()), "told": int(told["off"].notna().sum()),
                   "share": plain(in_reach(table)),
                   "others": int((off_by_others(table) <= np.log2(FACTOR)).to_numpy().sum()),
                   "streams": len(told)},
        "rows": [_row(table[table["place"] == place], told[told["place"] == place], place) for place in names],
        "ends": {place: {"known": level_over_seeds(part, "known"), "text_rise": float(part["text_rise"].mean())}
                 for place, part in ends.groupby("place")},
    }  # fmt: skip


def _row(table, told, place) -> Tree:
    """A place's row of the table: errors, and budgets as geometric means; those beyond the end count as the stream's length."""
    cut = {name: np.log2(told[[name, "most"]].min(axis=1)) for name in ("measured", "said")}
    return {
        "title": PLACES[place].label,
        "matrix": str(table["where"].iloc[0]),
        "level": LEVELS[place],
        "facts": int(told["most"].max()),
        "errors": errors(table, place),
        **{name: float(2 ** logs.mean()) for name, logs in cut.items()},
        "agree": int((told["off"] <= np.log2(FACTOR)).sum()),
        "told": int(told["off"].notna().sum()),
    }
