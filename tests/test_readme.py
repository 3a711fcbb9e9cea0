"""The READMEs and CLAIMS.md say what the committed results say; both languages agree; what they name exists and runs."""

import re
import shlex

import pytest

from figures.build.claims import BEGIN, CLAIMS, END, FINDINGS, READMES, claims_page, counted, with_findings
from figures.build.layout import Layout
from figures.build.quoted import quoted
from figures.build.verdicts import verdicts
from figures.cli.entry import parse
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

PAGES = {language: path.read_text(encoding="utf-8") for path, language in READMES.items()}
ROWS = verdicts(Layout.of("paper"))
QUOTED = quoted(Layout.of("paper"))


def blocks(text: str, language: str) -> list[str]:
    """Contents of the fenced blocks of that language ("" for none)."""
    return [block for name, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if name == language]


def without_comments(block: str) -> list[str]:
    """Lines of a block without their comments."""
    return [line.split("  #")[0].split("   #")[0].rstrip() for line in block.splitlines()]


@pytest.mark.parametrize("language", PAGES)
def test_the_findings_are_those_of_the_committed_results(language):
    assert with_findings(PAGES[language], ROWS, QUOTED, language) == PAGES[language]


def test_all_claims_are_on_their_page_as_they_are_now():
    assert CLAIMS.read_text(encoding="utf-8") == claims_page(ROWS)


def test_a_changed_verdict_changes_both():
    other = {"undecided": "refuted"}
    changed = [
        {**row, "verdict": other.get(row["verdict"], "undecided")} if row["id"] == FINDINGS[0].claims[0] else row for row in ROWS
    ]
    assert claims_page(changed) != claims_page(ROWS)
    for language, text in PAGES.items():
        assert with_findings(text, changed, QUOTED, language) != text


@pytest.mark.parametrize("language", PAGES)
def test_claims_are_counted_by_evidence_and_checks_are_not(language):
    line = counted(ROWS, language)
    assert "\n" not in line
    claims = [row for row in ROWS if row["kind"] == "claim"]
    numbers = [int(number) for number in re.findall(r"\d+", line)]
    kinds = [
        [row["verdict"] for row in claims if row["rests_on"] == kind] for kind in dict.fromkeys(row["rests_on"] for row in claims)
    ]
    expected = [len(claims), *(len(words) for words in kinds), *(words.count(word) for words in kinds for word in set(words))]
    assert sorted(numbers) == sorted([*expected, len(ROWS) - len(claims)])


def test_a_readme_without_marks_is_refused():
    for text in ("", BEGIN, f"{END} {BEGIN}"):
        with pytest.raises(UserError, match="README lacks"):
            with_findings(text, ROWS, QUOTED, "en")


def test_it_is_short_enough_to_be_read():
    assert len(PAGES["en"].encode()) <= 8000


@pytest.mark.parametrize("language", PAGES)
def test_what_it_names_is_there(language):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", PAGES[language], re.M):
        assert f"\n{target}:" in makefile
    for path in re.findall(r"\]\(([\w./-]+)(?:#\w+)?\)", PAGES[language]):
        assert (ROOT / path).exists(), path
    (tree,) = [block for block in blocks(PAGES[language], "") if block.startswith("theory/")]
    package = ""
    for line in tree.splitlines():
        package = package if line.startswith(" ") else line.split("/")[0]
        start = re.match(r"\s*((?:[a-z]+/ ?)+)", line)
        for room in start[1].replace("/", "").split() if start else ():
            assert (ROOT / package / room).is_dir() or (ROOT / room).is_dir(), f"{package}/{room}"


@pytest.mark.parametrize("language", PAGES)
def test_every_command_of_the_shell_block_is_one(language):
    commands = [line for block in blocks(PAGES[language], "") for line in without_comments(block) if line.startswith("cwb ")]
    assert len(commands) >= 10
    for command in commands:
        parse(shlex.split(command)[1:])


def test_both_languages_have_the_same_commands_snippets_and_findings():
    english, chinese = PAGES["en"], PAGES["zh"]
    for fence in ("", "python"):
        assert [without_comments(block) for block in blocks(english, fence) if not block.startswith("theory/")] == [
            without_comments(block) for block in blocks(chinese, fence) if not block.startswith("theory/")
        ]
    numbers = [re.findall(r"\d+(?:\.\d+)?", text.partition(BEGIN)[2].partition(END)[0]) for text in (english, chinese)]
    assert sorted(numbers[0]) == sorted(numbers[1])
    links = [sorted(set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.zh.md", "README.md"}) for text in (english, chinese)]
    assert links[0] == links[1]


def test_the_snippets_of_theory_give_the_numbers_that_they_promise():
    (snippet,) = [block for block in blocks(PAGES["en"], "python") if "import theory" in block]
    line = next(line for line in snippet.splitlines() if "task_ceiling" in line)
    code, promise = line.split("  # ", 1)
    import theory

    assert eval(code, {"theory": theory}) == pytest.approx(float(promise.split(":")[0]), abs=0.05)


def test_the_citation_is_the_same_everywhere():
    bib = (ROOT / "CITATION.bib").read_text()
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version is not None
    assert all("(CITATION.bib)" in text and "(CITATION.cff)" in text for text in PAGES.values())
    assert f"version = {{{version[1]}}}" in bib
    assert f"version: {version[1]}" in (ROOT / "CITATION.cff").read_text()
