"""Numbers quoted on what models know: recall of facts read in pretraining, and bits per parameter against exposures."""

import math

import pandas as pd

from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.verdicts.knowledge import KNOWN, LITERATURE, PRICE, held, price, recall, recalled
from realmodels.experiments.exposures import NAMES
from realmodels.experiments.knowledge import CITIES, PEOPLE
from realmodels.text.candidates import CANDIDATES


def knowledge(results: Results) -> Tree:
    """Facts, exposures and recall of each model and kind of fact, read or held out, taught or not; the price in other text."""
    table = results.table("knowledge", "architecture", "kind", "taught", "phrasing", "questions", "exposures", "read", "seed")
    taught = table[table["taught"]]
    found: Tree = {"seeds": table["seed"].nunique(), "exposures": int(taught["exposures"].iloc[0])}
    found |= {"people": PEOPLE, "cities": CITIES * len(CANDIDATES), "known": KNOWN, "price_limit": PRICE}
    found |= {"read": float(taught["read"].mean()), "parameters": int(taught["parameters"].iloc[0])}
    found |= {"price": over_seeds(price(results), "price")}
    for architecture, mine in price(results).groupby("architecture"):
        found[str(architecture)] = {"price": over_seeds(mine, "price")}
        for kind, part in recall(results).groupby("kind"):
            own = part[part["architecture"] == architecture]
            rest = {name: recall(results, name) for name in ("read", "prefixed")} | {"untaught": recall(results, taught=False)}
            asked = {"heldout": own} | {name: _of(rows, str(architecture), str(kind)) for name, rows in rest.items()}
            found[str(architecture)][str(kind)] = {
                **{name: plain(recalled(rows)) for name, rows in asked.items()},
                "questions": int(own["questions"].iloc[0]),
            }
    return found


def _of(table: pd.DataFrame, architecture: str, kind: str) -> pd.DataFrame:
    return table[(table["architecture"] == architecture) & (table["kind"] == kind)]


def exposures(results: Results) -> Tree:
    """Size of the model, what there was to know, and bits per parameter at every number of exposures, beside the literature's."""
    table = held(results)
    first = table.iloc[0]
    found: Tree = {"seeds": table["seed"].nunique(), "people": int(first["people"])}
    found |= {name: int(first[name]) for name in ("parameters", "embedding_parameters")}
    found["known"] = float(first["known_bits"] / first["parameters"])
    least = math.log2(first["people"])  # bits of a name to one who knows all people: it might be any of them
    names = first["people"] * (math.log2(math.prod(NAMES)) - least)
    found["attainable"] = float((first["known_value_bits"] + names) / first["parameters"])
    found["person"] = float(first["known_bits"] / first["people"])
    found["least"], found["most"] = int(table["exposures"].min()), int(table["exposures"].max())
    found["rows"] = [
        {
            "exposures": number,
            **{column: over_seeds(part, column) for column in ("both", "values", "names", "layers")},
            "recall": level_over_seeds(part, "recall"),
            "literature": LITERATURE.get(number, 0.0),
        }
        for number in sorted(set(table["exposures"].tolist()))
        for part in [table[table["exposures"] == number]]
    ]
    found["last"] = found["rows"][-1]
    return found
