"""What is written from the verdicts on the committed results: all claims (paper/CLAIMS.md), and the findings of the READMEs.

Both are generated, so that neither can disagree with the results. The words of a finding are fixed; its numbers and its verdicts
are those of the tables.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from figures.build.layout import PAPER
from figures.verdicts.counts import Rows, checks, claims, counts, rule_set
from figures.verdicts.regimes import CONTROLS
from figures.verdicts.rule import ORDER
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
        "not applicable": "not applicable",
        "head": "| question | finding | verdicts |",
        "counts": "Of {claims} claims {parts}. {checks} checks of the set-up are not counted.",
        "part": "{claims} rest on {rests_on}: {words}",
        "comma": ", ",
        "stop": "; ",
        "proof": "proofs and their certificates",
        "simulation": "simulation of the theorems' own models",
        "trained network": "trained networks",
        "language model": "language models",
    },
    "zh": {
        "supported": "支持",
        "refuted": "**被否定**",
        "undecided": "未定",
        "not applicable": "不适用",
        "head": "| 问题 | 结果 | 判定 |",
        "counts": "共 {claims} 条主张：{parts}。另有 {checks} 项设置检查不计入。",
        "part": "{claims} 条依据{rests_on}（{words}）",
        "comma": "，",
        "stop": "；",
        "proof": "证明及其证书",
        "simulation": "定理自身模型的模拟",
        "trained network": "训练过的网络",
        "language model": "语言模型",
    },
}
HEAD = """# Claims and verdicts

The file is written by `cwb paper` from the tables in `results/`. Each claim has a prediction and a rule that can refute it.
Support is earned: an interval that covers the border, or a run that could not have seen a violation, leaves a claim undecided.
`cwb verdicts` prints the same table with the intervals and with the smallest violation that each run would have found; `cwb
verdicts --format csv` (or `markdown`, `latex`, `json`) is for use elsewhere; `cwb verdicts --history` says how each verdict
came to be. "Rule set" says whether the rule was written before or after anything was seen of what it judges, "proved" that the
records of the tables (`results/records/`) prove it. Predictions, pilots and repeated runs are in [LOG.md](LOG.md).

"""
CHECKS = "They are true by construction, or are no statements of the theory. They are not counted."
COLUMNS = "| id | claim | predicted | measured | verdict | rests on | rule set |\n|---|---|---|---|---|---|---|"


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


def claims_page(verdicts: Rows) -> str:
    """The whole of paper/CLAIMS.md: counts by what claims rest on, a row per claim, and the checks apart, as Markdown."""
    parts = (counted(verdicts, "en"), _table(claims(verdicts)), "## Checks of the set-up", CHECKS, _table(checks(verdicts)))
    return HEAD + "\n\n".join(parts) + "\n"


def _table(rows: Rows) -> str:
    lines = [COLUMNS]
    for row in rows:
        cells = (
            row["id"],
            row["claim"],
            row["prediction"],
            row["measured"],
            f"**{row['verdict']}**",
            row["rests_on"],
            rule_set(row),
        )
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines)


def counted(verdicts: Rows, language: str) -> str:
    """One line: how many claims came out how, by what they rest on, and how many checks are not counted."""
    words, (*kinds, whole) = WORDS[language], counts(verdicts)
    parts = [
        words["part"].format(
            claims=row["claims"],
            rests_on=words[row["rests_on"]],
            words=words["comma"].join(f"{row[word]} {words[word].strip('*')}" for word in ORDER if row[word]),
        )
        for row in kinds
    ]
    return words["counts"].format(claims=whole["claims"], parts=words["stop"].join(parts), checks=len(checks(verdicts)))


def findings_table(verdicts: Rows, quoted: Mapping[str, Any], language: str) -> str:
    """The findings as a Markdown table in a language ("en" or "zh").

    quoted: as `figures.build.quoted`. Raises KeyError for a claim that has no verdict.
    """
    known, words = {row["id"]: row for row in verdicts}, WORDS[language]
    rehearsing = [known[id]["verdict"] for id in CONTROLS if id in known]
    values = {**quoted, **{id: row["measured"] for id, row in known.items()}}
    values |= {"H3_all": len(rehearsing), "H3_supported": rehearsing.count("supported")}
    values["facts"] = quoted["stream"]["T"] * quoted["stream"]["D"]
    lines = [words["head"], "|---|---|---|"]
    for finding in FINDINGS:
        judged = ", ".join(f"{id} {words[known[id]['verdict']]}" for id in finding.claims)
        answer = re.sub(r"-(?=\d)", "−", finding.answer[language].format(**values))
        lines.append(f"| {finding.question[language]} | {answer} | {judged} |")
    return "\n".join(lines)


def with_findings(readme: str, verdicts: Rows, quoted: Mapping[str, Any], language: str) -> str:
    """A README's text with its findings replaced. Raises UserError if the two marks are not there, in order."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise UserError(f"the README lacks the marks of its findings: put {BEGIN} and {END} where they belong")
    generated = f"{counted(verdicts, language)}\n\n{findings_table(verdicts, quoted, language)}"
    return f"{head}{BEGIN}\n{generated}\n{END}{tail}"


def update(verdicts: Rows, quoted: Mapping[str, Any]) -> list[Path]:
    """Bring CLAIMS.md and the READMEs up to date; the files that changed. Raises UserError for one that is no UTF-8 text."""
    changed = []
    for path, text in {CLAIMS: claims_page(verdicts), **{path: _readme(path, verdicts, quoted) for path in READMES}}.items():
        if not path.is_file() or path.read_bytes() != text.encode():
            with atomic(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def _readme(path: Path, verdicts: Rows, quoted: Mapping[str, Any]) -> str:
    """The README at `path` with its findings as they are now."""
    try:
        return with_findings(path.read_text(encoding="utf-8"), verdicts, quoted, READMES[path])
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no UTF-8 text (byte {error.start}): restore it with git") from None
