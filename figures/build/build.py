"""From tables to what people look at: figures, numbers, verdicts and the typeset paper, each remade only when stale."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from figures.build.layout import PAPER, Layout
from figures.results import Results
from simulate.runs.fingerprint import ROOT, code_fingerprint
from simulate.runs.store import atomic, digest, read_table
from theory.errors import UserError

SOURCES = ("*.typ", "refs.bib", "sections/**/*.typ")


def _table_keys(layout: Layout) -> dict[str, str]:
    """{table: fingerprint stored in it} of every readable table."""
    return {path.stem: read_table(path)[1].get("key", "") for path in sorted(layout.results.glob("*.parquet"))}


def _write_json(path: Path, content: Any) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _keys(layout: Layout) -> dict[str, str]:
    """The keys under which the figures of this layout were last drawn."""
    try:
        return json.loads((layout.figures / "keys.json").read_text())
    except (OSError, ValueError):
        return {}


def draw(layout: Layout, names: Iterable[str] = ()) -> dict[str, bool]:
    """Draw the named figures (default: all) as PDF and PNG: {name: True if it was redrawn, False if it was fresh}.

    Raises UserError for an unknown figure or a table that is missing; what was drawn before that is kept.
    """
    from figures.build.experiments import chosen
    from figures.figure import catalogue

    known = catalogue()
    results, tables, keys, drawn = Results(layout.results), _table_keys(layout), _keys(layout), {}
    for name in chosen(names, known, "figure"):
        figure = known[name]
        key = digest(code_fingerprint(figure.draw.__module__),
                     {table: tables.get(table) for table in figure.tables})  # fmt: skip
        there = all((layout.figures / f"{name}.{suffix}").exists() for suffix in ("pdf", "png"))
        drawn[name] = keys.get(name) != key or not there
        if drawn[name]:
            figure.publish(results, layout.figures)
            _write_json(layout.figures / "keys.json", keys := {**keys, name: key})
    return drawn


def verdicts(layout: Layout) -> list[dict[str, Any]]:
    """The verdict of every claim, computed from the tables of this layout."""
    from figures.verdicts.table import verdicts

    return verdicts(Results(layout.results))


def _paper_inputs(layout: Layout) -> Mapping[str, Any]:
    """What the text quotes: {file name: content} of numbers, verdicts and captions."""
    from figures.figure import catalogue
    from figures.numbers.tree import numbers

    results = Results(layout.results)
    return {
        "numbers.json": numbers(results),
        "verdicts.json": verdicts(layout),
        "captions.json": {name: figure.caption(results) for name, figure in catalogue().items()},
    }


def typeset(layout: Layout) -> bool:
    """Typeset the paper and its supplement from their sources and the results: True if remade, False if they were fresh.

    A number that the text quotes and the results lack fails the build: UserError names it.
    """
    from figures.build.derivations import appendix

    sources = sorted(path for pattern in SOURCES for path in PAPER.glob(pattern))
    code = [code_fingerprint(f"figures.{name}") for name in ("build.derivations", "numbers.tree", "verdicts.table", "build.build")]
    texts = {str(path.relative_to(PAPER)): path.read_text() for path in sources}
    key = digest(code, _table_keys(layout), _keys(layout), texts)
    mark = layout.workspace / "typeset" / f"{layout.preset}.key"
    documents = {"main.typ": layout.pdf, "supplement.typ": layout.supplement}
    if mark.exists() and mark.read_text() == _mark(key, documents.values()):
        return False
    folder = layout.workspace / "typeset" / layout.preset
    shutil.rmtree(folder, ignore_errors=True)
    for path in sources:
        target = folder / path.relative_to(PAPER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copytree(layout.figures, folder / "figures")
    for name, content in _paper_inputs(layout).items():
        _write_json(folder / name, content)
    (folder / "derivations.typ").write_text(appendix())
    compiled = {path: compile_typst(folder / name) for name, path in documents.items()}
    for path, pdf in compiled.items():
        with atomic(path) as temporary:
            temporary.write_bytes(pdf)
    with atomic(mark) as temporary:
        temporary.write_text(_mark(key, compiled))
    return True


def _mark(key: str, paths: Iterable[Path]) -> str:
    """What was typeset from what: the key of the sources and the digests of the documents, those that are there."""
    return " ".join([key, *(digest(path.read_bytes().hex()) if path.exists() else "missing" for path in paths)])


def update_readme(layout: Layout) -> bool:
    """Bring the claims table of README.md up to date with the committed results: True if it changed; others leave it alone."""
    from figures.build.readme import update

    return layout.base == PAPER and update(ROOT / "README.md", verdicts(layout))


def compile_typst(main: Path) -> bytes:
    """PDF of a Typst document, whose folder holds what it includes.

    Raises UserError with the compiler's complaint, a warning included, in one line.
    """
    import typst

    try:
        pdf, warnings = typst.compile_with_warnings(str(main), root=str(main.parent), ignore_system_fonts=True)
    except typst.TypstError as error:
        raise UserError(f"the paper does not compile: {error.message}; mend its source in paper/") from None
    if warnings:
        raise UserError(f"the paper compiles with a warning: {warnings[0].message}; mend its source in paper/")
    assert isinstance(pdf, bytes)
    return pdf
