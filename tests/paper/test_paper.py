"""The paper and its supplement: they compile without a warning from a complete set of results, name what is missing, and are the
same bytes twice.
"""  # fmt: skip

import json
import re
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import typst

from figures.figure import IN_PAPER, IN_SUPPLEMENT, LABELS, NAMES

PAPER = Path(__file__).resolve().parents[2] / "paper"
DOCUMENTS = ("main.typ", "supplement.typ")
SOURCES = [*(PAPER / name for name in DOCUMENTS), PAPER / "template.typ", *sorted((PAPER / "sections").rglob("*.typ"))]
TEXT = {str(path.relative_to(PAPER)): path.read_text() for path in SOURCES if path.name != "template.typ"}
ALL = "\n".join(TEXT.values())
ESTIMATE = {"mean": 0.25, "low": 0.2, "high": 0.3, "count": 3}
ROW_FIELDS = {
    r"row\.(\w+)": "word",
    r"show-number\(row\.(\w+)": 12345,
    r"(?:int|float|percent-of)\((?:float\()?row\.(\w+)": 1,
    r"show-estimate\(row\.(\w+)": ESTIMATE,
    r"(?:mean|low|high): row\.(\w+)": 0.125,
    r"fixed\(row\.(\w+)": 0.125,
    r"calc\.round\(row\.(\w+)": 0.125,
    r"row\.(\w+) >= 1": 0.125,
    r" str\(row\.(\w+)": 0.125,
    r"row\.(\w+)\.map": [ESTIMATE, None],
}
FIGURES = sorted(set(re.findall(r'#fig\("([^"]+)"', ALL)))


def put(tree: dict, key: str, value: object) -> None:
    """Set a dotted key, branches made on the way."""
    *branches, leaf = key.split(".")
    for branch in branches:
        tree = tree.setdefault(branch, {})
    tree[leaf] = value


def complete_numbers() -> dict:
    """A number, estimate, word or list of rows under every key that the sources read, of the kind that they read there."""
    tree: dict = {}
    kinds = {"num": 0.125, "plain": 0.125, "percent": 0.125, "value": "quick", "along": {"0_05": dict(ESTIMATE)}}
    read = re.findall(r'\b(num|plain|percent|percent-range|est|value|by-side|mean-of|along)\("([^"]+)"', ALL)
    for function, key in sorted(read, key=lambda call: call[1].count(".")):  # an estimate before what lies under it
        put(tree, key, kinds.get(function, dict(ESTIMATE)))
    for key, body in re.findall(r'for row in value\("([^"]+)"\) \{(.*?)\n\s+\),', ALL, re.S):
        row: dict[str, object] = {}
        for pattern, kind in ROW_FIELDS.items():
            row |= dict.fromkeys(re.findall(pattern, body), kind)
        put(tree, key, [row, row])
    return tree


def complete_verdicts() -> list[dict]:
    """One record for every verdict that the text quotes."""
    quoted = sorted(set(re.findall(r'(?:\bverdict|\bmeasured)\("([^"]+)"', ALL)))
    common = {"claim": "a claim", "prediction": "> 0", "rule": "a rule", "measured": 1.5, "rests_on": "language model"}
    common |= {"kind": "claim", "rule_set": "after", "rule_set_proved": False, "pooled": None}
    endings = [{"interval": [1.0, 2.0], "verdict": "supported"}, {"interval": None, "verdict": "undecided"}]
    return [{"id": id, **common, **endings[i % 2]} for i, id in enumerate(quoted)]


def assemble(folder: Path, numbers: dict) -> Path:
    """The folder that `cwb paper` builds in, with synthetic results."""
    shutil.copytree(PAPER / "sections", folder / "sections")
    for name in (*DOCUMENTS, "template.typ", "refs.bib"):
        shutil.copyfile(PAPER / name, folder / name)
    captions = dict.fromkeys(FIGURES, "A caption.")
    contents = {"numbers": numbers, "verdicts": complete_verdicts(), "captions": captions, "labels": LABELS}
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "figures").mkdir()
    canvas = plt.figure(figsize=(5.5, 2))
    for name in FIGURES:
        canvas.savefig(folder / "figures" / f"{name}.pdf", metadata={"CreationDate": None})
    plt.close(canvas)
    return folder / "main.typ"


def build(main: Path):
    """(PDF, warnings), with the fonts that the compiler brings: those of the machine would change the bytes."""
    return typst.compile_with_warnings(str(main), root=str(main.parent), ignore_system_fonts=True)


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assemble(tmp_path_factory.mktemp("paper"), complete_numbers())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_compiles_without_warnings_to_the_same_bytes(main: Path, name: str):
    document = main.with_name(name)
    first, warnings = build(document)
    assert [warning.message for warning in warnings] == []
    assert isinstance(first, bytes)
    assert first.startswith(b"%PDF")
    assert build(document)[0] == first


@pytest.mark.parametrize("key", ["stream.candidates", "sweeps.delta.cells", "kernel.rows"])
def test_a_missing_number_fails_the_build_by_name(tmp_path: Path, key: str):
    numbers = complete_numbers()
    branch, leaf = numbers, key.split(".")[-1]
    for part in key.split(".")[:-1]:
        branch = branch[part]
    del branch[leaf]
    main = assemble(tmp_path / "build", numbers)
    with pytest.raises(typst.TypstError, match=f"lacks {re.escape(key)}"):
        build(main)


def test_a_missing_verdict_fails_the_build_by_name(tmp_path: Path):
    main = assemble(tmp_path / "build", complete_numbers())
    (main.parent / "verdicts.json").write_text(json.dumps([v for v in complete_verdicts() if v["id"] != "S1"]))
    with pytest.raises(typst.TypstError, match=r"verdicts\.json lacks S1"):
        build(main)


def test_citations_and_bibliography_agree():
    entries = re.findall(r"^@\w+\{([^,]+),", (PAPER / "refs.bib").read_text(), re.M)
    assert len(set(entries)) == len(entries)
    labels = set(re.findall(r"<([\w-]+)>\s*$", ALL, re.M)) | {f"fig-{name}" for name in FIGURES}
    cited = set(re.findall(r"(?<![\w\\])@([\w-]+)", ALL)) - labels
    assert cited == set(entries)


def test_every_figure_is_shown_once_and_referred_to():
    assert sorted(re.findall(r'#fig\("([^"]+)"', ALL)) == sorted(NAMES)
    for name in FIGURES:
        assert f"@fig-{name}" in ALL, name


def test_numbers_of_figures_are_their_places_in_paper_and_supplement():
    assert LABELS[IN_PAPER[0]] == "1"
    assert LABELS[IN_SUPPLEMENT[-1]] == f"S{len(IN_SUPPLEMENT)}"


def abstract() -> str:
    """The abstract, with one word in the place of each number and formula."""
    text = re.search(r"abstract: \[\n(.*?)\n  \],", TEXT["main.typ"], re.S)[1]  # pyright: ignore[reportOptionalSubscript]
    choices = re.sub(r"#all-below\([\w-]+, yes: \[(.*?)\], no: \[(.*?)\]\)", lambda m: max(m[1], m[2], key=len), text)
    return re.sub(r"#[\w-]+\((?:[^()]|\([^()]*\))*\)|\$[^$]+\$", "number", choices)


def test_the_abstract_has_at_most_160_words():
    assert 100 < len(abstract().split()) <= 160


def test_the_parts_of_the_supplement_stand_in_the_order_in_which_they_are_referred_to():
    parts = re.findall(r'"(\w+)"', re.search(r"#let parts = \((.*?)\n\)", (PAPER / "template.typ").read_text(), re.S)[1])  # pyright: ignore[reportOptionalSubscript]
    assert re.findall(r'#include "sections/supplement/(\w+)\.typ"', TEXT["supplement.typ"]) == parts
    for part in parts:
        headings = re.findall(r"^= .*", TEXT[f"sections/supplement/{part}.typ"], re.M)
        assert len(headings) == 1, part


def test_no_semicolon_of_the_text_is_taken_for_the_end_of_a_call():
    """In Typst `#call(...);` swallows the semicolon; in text it has to be written as `\\;`."""
    assert re.findall(r"#\w+\([^()]*\);", ALL) == []


def test_every_section_is_in_the_paper_or_in_the_supplement():
    found = []
    for name, text in TEXT.items():
        folder = str(Path(name).parent)
        found += [str(Path(folder) / path) for path in re.findall(r'#include "([^"]+)"', text)]
    assert sorted(found) == sorted(name for name in TEXT if name.startswith("sections/"))


def test_numbers_are_written_as_a_reader_expects(tmp_path: Path):
    """Thin spaces in long integers, a true minus sign, three significant digits, powers of ten below 0.001."""
    for name in ("numbers", "captions", "labels"):
        (tmp_path / f"{name}.json").write_text("{}")
    (tmp_path / "verdicts.json").write_text("[]")
    shutil.copyfile(PAPER / "template.typ", tmp_path / "template.typ")
    calls = ("show-number(1234567)", "show-number(1234)", "fixed(-0.5, 2)", "fixed(-0.001, 1)", "show-number(0.12345)")
    calls += ("show-number(1234.5)", "show-number(2.0)", "fixed(9.999, 2)", "fixed(7, 0)", "show-number(0.000012345)")
    source = f'#import "template.typ": *\n#metadata(({", ".join(calls)})) <found>'
    (tmp_path / "main.typ").write_text(source)
    found = json.loads(typst.query(str(tmp_path / "main.typ"), "<found>", field="value", one=True, root=str(tmp_path)))
    *words, tiny = found
    assert words == ["1\u2009234\u2009567", "1234", "\u22120.50", "0.0", "0.123", "1235", "2.00", "10.00", "7"]
    assert re.findall(r'"text": "(.+?)"', json.dumps(tiny, ensure_ascii=False)) == ["1.2", "×", "10", "\u22125"]
