"""Real facts about cities, to be read many times in pretraining: a city and the country that it lies in.

A text is one sentence. These city names occur in the pretraining text. The cities of `realmodels.text.facts` do not, so the two
sets are disjoint.
"""

import random
from functools import cache

from realmodels.text.biographies import Relation
from realmodels.text.candidates import CANDIDATES
from realmodels.text.facts import TEMPLATES, owners, pretraining_words
from theory.errors import UserError

CITY = Relation(
    CANDIDATES,
    (
        TEMPLATES["cities"][0],
        "{} lies in",
        "{} is located in",
        "The city of {} is in",
        "The town called {} belongs to",
        "The country of {} is",
        "{} is a town in",
        "The town of {} lies in",
    ),
    (TEMPLATES["cities"][1], "The city called {} belongs to"),
)


@cache
def cities(each: int) -> dict[str, str]:
    """City -> country: `each` real cities per candidate country, each of one word, of one country, and in the pretraining text.

    Raises UserError if a country has fewer.
    """
    known = pretraining_words()
    free: dict[str, list[str]] = {country: [] for country in CANDIDATES}
    for city, (country, *others) in ((city, sorted(countries)) for city, countries in owners("cities").items()):
        if not others and country in free and city.isascii() and city.isalpha() and city.lower() in known:
            free[country].append(city)
    if any(len(pool) < each for pool in free.values()):
        raise UserError(f"no {each} cities for each country: ask for at most {min(map(len, free.values()))}")
    draw = random.Random("known cities")
    return {city: country for country, pool in free.items() for city in draw.sample(sorted(pool), each)}
