"""From tables to what people look at: figures, numbers, verdicts and the typeset paper, each remade only when stale."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from figures.build.drawing import PAGES, keys_of
from figures.build.layout import PAPER, Layout
from figures.build.remembered import code, earlier_runs, keep, tables
from figures.build.verdicts import verdicts
from simulate.runs.files import atomic, digest, read_text, write_json
from theory.errors import UserError

SOURCES = ("*.typ", "refs.bib", "sections/**/*.typ")
TYPESETTERS = tuple(f"figures.{name}" for name in ("build.derivations", "numbers.tree", "verdicts.table", "build.build"))


def _paper_inputs(layout: Layout) -> Mapping[str, Any]:
    """What the text quotes: {file name: content} of numbers, verdicts, captions and the labels of figures."""
    from figures.figure import LABELS, catalogue
    from figures.numbers.tree import numbers
    from figures.results import Results

    results = Results(layout.results)
    return {
        "numbers.json": numbers(results),
        "verdicts.json": verdicts(layout),
        "captions.json": {name: figure.text(results) for name, figure in catalogue().items()},
        "labels.json": LABELS,
    }


def typeset(layout: Layout) -> bool:
    """Typeset paper, supplement and derivations from their sources and the results: True if remade, False if they were fresh.

    A number that the text quotes and the results lack fails the build: UserError names it.
    """
    texts = {str(path.relative_to(PAPER)): read_text(path, "mend its encoding") for path in _sources()}
    key = digest(code(TYPESETTERS), tables(layout.results), earlier_runs(layout.results), keys_of(layout), texts)
    mark = layout.workspace / "typeset" / f"{layout.preset}.key"
    documents = {"main.typ": layout.pdf, "supplement.typ": layout.supplement, "derivations.typ": layout.derivations}
    if mark.is_file() and mark.read_bytes() == _mark(key, documents.values()).encode():
        return False
    folder = assembled(layout)
    compiled = {path: compile_typst(folder / name) for name, path in documents.items()}
    keep(layout.figures / PAGES, PAGES, figure_pages(folder / "main.typ") | figure_pages(folder / "supplement.typ"))
    for path, pdf in compiled.items():
        with atomic(path) as temporary:
            temporary.write_bytes(pdf)
    with atomic(mark) as temporary:
        temporary.write_text(_mark(key, compiled))
    return True


def assembled(layout: Layout) -> Path:
    """The folder with all that the paper is typeset from, made anew: its sources, what they quote, and the figures."""
    from figures.build.derivations import appendix

    folder = layout.workspace / "typeset" / layout.preset
    shutil.rmtree(folder, ignore_errors=True)
    for path in _sources():
        target = folder / path.relative_to(PAPER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copytree(layout.figures, folder / "figures")
    for name, content in _paper_inputs(layout).items():
        write_json(folder / name, content)
    (folder / "ledger.typ").write_text(appendix(), encoding="utf-8")
    return folder


def export_latex(layout: Layout) -> Path:
    """Write the paper as LaTeX source into build/latex/PRESET; returns main.tex. Raises UserError as `latex.source` says."""
    from figures.build.latex.source import export

    return export(assembled(layout), layout.workspace / "latex" / layout.preset)


def _sources() -> list[Path]:
    return sorted(path for pattern in SOURCES for path in PAPER.glob(pattern))


def figure_pages(main: Path) -> dict[str, int]:
    """{figure: page on which it stands} of a document that compiles, as the template notes them at its end."""
    import typst

    noted = json.loads(typst.query(str(main), "<figure-pages>", field="value", one=True, root=str(main.parent)))
    return {entry["label"].removeprefix("fig-"): entry["page"] for entry in noted}


def _mark(key: str, paths: Iterable[Path]) -> str:
    """What was typeset from what: the key of the sources and the digests of the documents, those that are there."""
    return " ".join([key, *(digest(path.read_bytes().hex()) if path.exists() else "missing" for path in paths)])


def update_claims(layout: Layout) -> bool:
    """Bring paper/CLAIMS.md and the READMEs up to date with the committed results: True if one changed; others leave it alone."""
    from figures.build.claims import update
    from figures.build.quoted import quoted

    return layout.base == PAPER and bool(update(verdicts(layout), quoted(layout)))


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
