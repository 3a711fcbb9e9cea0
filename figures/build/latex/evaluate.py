"""The paper as a tree: Typst evaluates the text with all numbers in it, and hands the elements back as JSON.

Nothing is parsed twice. Loops, functions and quoted numbers are Typst's own work; what is left are its elements (headings,
equations, tables), each a dictionary with its name under "func" and its fields beside it.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from theory.errors import UserError

Node = dict[str, Any]

STYLES = ("bb", "cal", "frak", "bold", "sans")
"""Alphabets of mathematics: Typst hides them in an opaque style, so the names are bound to marks before the template is read."""
BEFORE = "".join(f'#let {name}(body) = metadata((kind: "{name}", body: body))\n' for name in STYLES)
AFTER = """
#let paper(title: "", authors: "", abstract: [], ..others, body) = metadata((
  kind: "paper", title: title, authors: authors, abstract: abstract, body: body,
))
#let fitted(equation) = equation
"""
"""Functions of the template that lay out the page, and so have no value before there is one."""
TREE = """
#let tree(it) = {
  if type(it) == content {
    let found = (func: if it.func() == enum.item { "numbered" } else { repr(it.func()) })
    for (key, field) in it.fields() { found.insert(key, tree(field)) }
    found
  } else if type(it) == array {
    let found = ()
    for field in it { found.push(tree(field)) }
    found
  } else if type(it) == dictionary {
    let found = (:)
    for (key, field) in it { found.insert(key, tree(field)) }
    found
  } else if type(it) in (str, int, float, bool, type(none)) { it } else { repr(it) }
}
#metadata(tree(include "main.typ")) <document>
"""


@dataclass(frozen=True)
class Paper:
    """What the paper is made of: title, authors (plain text), abstract and body (elements)."""

    title: str
    authors: str
    abstract: Any
    body: Any


def evaluated(source: Path, folder: Path) -> Paper:
    """The paper whose Typst sources and results lie in `source`; `folder` is written anew to evaluate a copy in.

    Raises UserError with Typst's complaint in one line, or if main.typ does not show itself through `paper`.
    """
    import typst

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("figures", "*.pdf"))
    (folder / "figures").symlink_to((source / "figures").resolve(), target_is_directory=True)
    template = folder / "template.typ"
    template.write_text(BEFORE + template.read_text(encoding="utf-8") + AFTER, encoding="utf-8")
    (folder / "export.typ").write_text(TREE, encoding="utf-8")
    try:
        main = str(folder / "export.typ")
        found = json.loads(typst.query(main, "<document>", field="value", one=True, root=str(folder), ignore_system_fonts=True))
    except (typst.TypstError, RuntimeError) as error:
        complaint = " ".join(str(error).split())
        raise UserError(f"the paper cannot be evaluated: {complaint}; mend its source in paper/") from None
    for node in nodes(found):
        if node.get("func") == "metadata" and isinstance(node["value"], dict) and node["value"].get("kind") == "paper":
            value = node["value"]
            return Paper(value["title"], value["authors"], value["abstract"], value["body"])
    raise UserError("paper/main.typ: nothing is shown through `paper` of template.typ: write #show: paper.with(...)")


def nodes(tree: Any) -> Any:
    """Every dictionary in a tree, from the outside in."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)
