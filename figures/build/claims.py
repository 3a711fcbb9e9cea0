"""What is written from the verdicts on the committed results: all claims (paper/CLAIMS.md), and the findings of the READMEs.

Both are generated, so that neither can disagree with the results. The words of a finding are fixed; its numbers and its verdicts
are those of the tables.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from figures.build.layout import PAPER
from simulate.runs.fingerprint import ROOT
from simulate.runs.store import atomic
from theory.errors import UserError

BEGIN, END = "<!-- findings: written by `cwb paper` -->", "<!-- end of findings -->"
CLAIMS = PAPER / "CLAIMS.md"
READMES = {ROOT / "README.md": "en", ROOT / "README.zh.md": "zh"}
WORDS = {
    "en": {
        "supported": "supported",
        "refuted": "**refuted**",
        "undecided": "undecided",
        "head": "| question | finding | verdicts |",
    },
    "zh": {"supported": "支持", "refuted": "**被否定**", "undecided": "未定", "head": "| 问题 | 结果 | 判定 |"},
}
HEAD = """# Claims and verdicts

The file is written by `cwb paper` from the tables in `results/`. Each claim was declared with a prediction and with a rule that
could refute it. `cwb verdicts` prints the same table with the intervals, `cwb verdicts --format csv` (or `markdown`, `latex`,
`json`) for use elsewhere. Predictions, pilots and repeated runs are in [LOG.md](LOG.md).

"""


class Finding(NamedTuple):
    """A row of the READMEs: the claims whose verdicts answer a question, and question and answer per language."""

    claims: tuple[str, ...]
    question: Mapping[str, str]
    answer: Mapping[str, str]


FINDINGS = tuple(
    Finding(tuple(row["claims"]), row["question"], row["answer"])
    for row in tomllib.loads(Path(__file__).with_name("findings.toml").read_text(encoding="utf-8"))["finding"]
)


def _cell(value: Any) -> str:
    """A value as the cell of a Markdown table."""
    return (f"{value:.3g}" if isinstance(value, float) else str(value)).replace("|", "\\|").replace("\n", " ")


def claims_page(verdicts: Sequence[dict[str, Any]]) -> str:
    """The whole of paper/CLAIMS.md: counts, then a row per claim, as Markdown."""
    words = [row["verdict"] for row in verdicts]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    lines = [f"{len(verdicts)} claims: {counts}.", "", "| id | claim | predicted | measured | verdict |", "|---|---|---|---|---|"]
    for row in verdicts:
        cells = (row["id"], row["claim"], row["prediction"], row["measured"], f"**{row['verdict']}**")
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return HEAD + "\n".join(lines) + "\n"


def findings_table(verdicts: Sequence[dict[str, Any]], language: str) -> str:
    """The findings as a Markdown table in a language ("en" or "zh"). Raises KeyError for a claim that has no verdict."""
    known, words = {row["id"]: row for row in verdicts}, WORDS[language]
    rehearsing = [row["verdict"] for id, row in known.items() if id.startswith("H3-")]
    measured = {id: row["measured"] for id, row in known.items()}
    measured |= {"H3_all": len(rehearsing), "H3_supported": rehearsing.count("supported")}
    lines = [words["head"], "|---|---|---|"]
    for finding in FINDINGS:
        judged = ", ".join(f"{id} {words[known[id]['verdict']]}" for id in finding.claims)
        lines.append(f"| {finding.question[language]} | {finding.answer[language].format(**measured)} | {judged} |")
    return "\n".join(lines)


def with_findings(readme: str, verdicts: Sequence[dict[str, Any]], language: str) -> str:
    """A README's text with its findings replaced. Raises UserError if the two marks are not there, in order."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise UserError(f"the README lacks the marks of its findings: put {BEGIN} and {END} where they belong")
    return f"{head}{BEGIN}\n{findings_table(verdicts, language)}\n{END}{tail}"


def update(verdicts: Sequence[dict[str, Any]]) -> list[Path]:
    """Bring CLAIMS.md and the READMEs up to date; the files that changed. Raises UserError for one that is no UTF-8 text."""
    changed = []
    for path, text in {CLAIMS: claims_page(verdicts), **{path: _readme(path, verdicts) for path in READMES}}.items():
        if not path.is_file() or path.read_bytes() != text.encode():
            with atomic(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def _readme(path: Path, verdicts: Sequence[dict[str, Any]]) -> str:
    """The README at `path` with its findings as they are now."""
    try:
        return with_findings(path.read_text(encoding="utf-8"), verdicts, READMES[path])
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no UTF-8 text (byte {error.start}): restore it with git") from None
