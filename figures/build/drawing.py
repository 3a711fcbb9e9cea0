"""The figures: which are fresh, drawing those that are not, and their numbers and pages in the paper."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from figures.build.layout import Layout
from figures.build.remembered import CODE, code, recall, remembered, sources, tables
from figures.figure import LABELS, NAMES
from simulate.runs.files import atomic, digest, read_json, write_json
from theory.errors import UserError

PAGES = "pages.json"
"""File beside the figures that says on which page of the typeset paper, or of its supplement, each stands."""


@dataclass(frozen=True)
class Entry:
    """A figure in the catalogue, as far as it can be known without drawing it."""

    name: str
    number: str
    page: int | None
    title: str
    claims: tuple[str, ...]
    tables: tuple[str, ...]


def contents(layout: Layout) -> dict[str, Entry]:
    """The figures by name, in the order of the paper, each with its number, and its page once the paper is typeset."""

    def compute() -> dict[str, Any]:
        from figures.figure import catalogue

        return {name: [f.title, f.claims, f.tables] for name, f in catalogue().items()}

    known = remembered("catalogue", sources(*CODE, "figures"), compute)
    pages = recall(layout.figures / PAGES, PAGES) or {}
    entries = {}
    for name in NAMES:
        title, claims, read = known[name]
        page = pages.get(name) if isinstance(pages, dict) else None
        entries[name] = Entry(name, LABELS[name], page if isinstance(page, int) else None, title, tuple(claims), tuple(read))
    return entries


def keys_of(layout: Layout) -> dict[str, str]:
    """The keys under which the figures of this layout were last drawn; none if the file that holds them is damaged."""
    path = layout.figures / "keys.json"
    try:
        stored = read_json(path, "delete it")
    except UserError:
        return {}
    return {name: key for name, key in stored.items() if isinstance(key, str)} if isinstance(stored, dict) else {}


def chosen_figures(names: Iterable[str]) -> list[str]:
    """Names of the figures asked for by name or by number; all if none is. Raises UserError for one that is not there."""
    from figures.build.experiments import chosen

    by_number = {label: name for name, label in LABELS.items()}
    return list(dict.fromkeys(chosen([by_number.get(name, name) for name in names], NAMES, "figure")))


def draw(layout: Layout, names: Iterable[str] = (), force: bool = False) -> dict[str, bool]:
    """Draw the figures with these names or numbers (default: all) as PDF and PNG: {name: redrawn rather than fresh}.

    force: draw those that are fresh too. A figure is fresh if neither its code nor a table that it reads has changed.
    Raises UserError for an unknown figure or a table that is missing or damaged; what was drawn before that is kept.
    """
    catalogue, fingerprint, stored = contents(layout), code(f"figures.{name}" for name in NAMES), tables(layout.results)
    keys, drawn = keys_of(layout), {}
    results = None
    for name in chosen_figures(names):
        key = digest(fingerprint[f"figures.{name}"], {table: stored.get(table) for table in catalogue[name].tables})
        there = all((layout.figures / f"{name}.{suffix}").is_file() for suffix in ("pdf", "png"))
        drawn[name] = force or keys.get(name) != key or not there
        if drawn[name]:
            from figures.figure import figure
            from figures.results import Results

            results = results or Results(layout.results)
            figure(name).publish(results, layout.figures)
            keys = {**keys, name: key}
            with atomic(layout.figures / "keys.json") as temporary:
                write_json(temporary, keys)
    return drawn
