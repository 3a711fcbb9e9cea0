"""refs.bib as a list of references inside the source: preprint servers then need no BibTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from simulate.runs.files import read_text
from theory.errors import UserError

PARTICLES = {"de", "van", "von", "der", "den", "la", "le"}


@dataclass(frozen=True)
class Entry:
    """One reference: its key, its kind (article, book, ...), and its fields in LaTeX."""

    key: str
    kind: str
    fields: dict[str, str]

    @property
    def authors(self) -> list[str]:
        """Names as they stand, "Last, First"."""
        return re.split(r"\s+and\s+", self.fields["author"])

    @property
    def short(self) -> str:
        """Who is named in the text: one or two authors, or the first of many."""
        last = [_last(name) for name in self.authors]
        return last[0] if len(last) == 1 else f"{last[0]} and {last[1]}" if len(last) == 2 else f"{last[0]} et al."

    def item(self) -> str:
        """The reference as a \\bibitem of natbib."""
        field = self.fields
        place = field.get("journal") or field.get("booktitle") or field.get("publisher") or field.get("howpublished") or ""
        number = f"({field['number']})" if "number" in field else ""
        pages = f", {field['pages']}" if "pages" in field else ""
        where = rf" \emph{{{place}}}" if place else ""
        where += f" {field['volume']}{number}" if "volume" in field else ""
        names = ", ".join(_given_first(name) for name in self.authors)
        head = rf"\bibitem[{{{self.short}}}({field['year']})]{{{self.key}}}"
        return f"{head}\n{names} ({field['year']}). {field['title']}.{where}{pages}{'.' if where else ''}"


def entries(path: Path) -> dict[str, Entry]:
    """The references of a .bib file by key. Raises UserError for an entry without author, title or year."""
    found, text = {}, read_text(path, "mend its encoding")
    for match in re.finditer(r"^@(\w+)\{([^,\s]+),", text, re.M):
        fields, at = {}, match.end()
        while name := re.compile(r"\s*(\w+)\s*=\s*\{").match(text, at):
            fields[name[1].lower()], at = _braced(text, name.end())
            at += text[at : at + 1] == ","
        if missing := [name for name in ("author", "title", "year") if name not in fields]:
            raise UserError(f"{path}: {match[2]} has no {' and no '.join(missing)}")
        found[match[2]] = Entry(match[2], match[1].lower(), fields)
    return found


def listed(cited: set[str], known: dict[str, Entry]) -> str:
    """The list of references that are cited, in the order of the alphabet."""
    chosen = sorted(
        (known[key] for key in cited), key=lambda entry: (_last(entry.authors[0]).lower(), entry.fields["year"], entry.key)
    )
    items = "\n\n".join(entry.item() for entry in chosen)
    return f"\\begin{{thebibliography}}{{{len(chosen)}}}\n\n{items}\n\n\\end{{thebibliography}}"


def _braced(text: str, start: int) -> tuple[str, int]:
    """What stands between the brace before `start` and its partner, in one line, and where it ends."""
    depth, at = 1, start
    while depth and at < len(text):
        depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
        at += 1
    return " ".join(text[start : at - 1].split()), at


def _last(name: str) -> str:
    if "," in name:
        return name.split(",")[0]
    if name.startswith("{"):
        return name
    words = name.split()
    first = next((i for i, word in enumerate(words) if word in PARTICLES), len(words) - 1)
    return " ".join(words[first:])


def _given_first(name: str) -> str:
    """ "Last, First" as "First Last"."""
    last, _, first = name.partition(", ")
    return f"{first} {last}" if first else name
