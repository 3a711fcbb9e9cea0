"""The template notes on which page each figure stands, and `figure_pages` reads it; tried on a paper of two figures."""

import shutil

import typst

from figures.build.build import compile_typst, figure_pages
from figures.build.layout import PAPER

SMALL = """#import "template.typ": *
#show: paper.with(title: "T", authors: "A", abstract: [B])
First. #fig("one")
#pagebreak()
#pagebreak()
Third. #fig("two")
#figure(table([x]), caption: [a table is no figure]) <tab-x>
"""


def test_the_pages_are_those_of_the_document(tmp_path):
    shutil.copyfile(PAPER / "template.typ", tmp_path / "template.typ")
    (tmp_path / "figures").mkdir()
    (tmp_path / "picture.typ").write_text("#set page(width: 20pt, height: 20pt)\n#rect()")
    picture = typst.compile(str(tmp_path / "picture.typ"))
    for name in ("one", "two"):
        (tmp_path / "figures" / f"{name}.pdf").write_bytes(picture)
    for name, text in {
        "numbers": "{}",
        "labels": '{"one": "1", "two": "2"}',
        "verdicts": "[]",
        "captions": '{"one": "First.", "two": "Second."}',
    }.items():
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "main.typ").write_text(SMALL)
    assert compile_typst(tmp_path / "main.typ").startswith(b"%PDF")
    assert figure_pages(tmp_path / "main.typ") == {"one": 1, "two": 3}
