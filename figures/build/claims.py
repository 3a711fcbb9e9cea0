"""What is written from the verdicts on the committed results: all claims (paper/CLAIMS.md), and the findings of the READMEs.

Both are generated, so that neither can disagree with the results. The words of a finding are fixed; its numbers and its verdicts
are those of the tables.
"""

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
    "en": {"supported": "supported", "refuted": "**refuted**", "undecided": "undecided", "head": "| question | finding | verdicts |"},
    "zh": {"supported": "支持", "refuted": "**被否定**", "undecided": "未定", "head": "| 问题 | 结果 | 判定 |"},
}
HEAD = """# Claims and verdicts

The file is written by `cwb paper` from the tables in `results/`. Each claim was declared with a prediction and with a rule that
could refute it. `cwb verdicts` prints the same table with the intervals, `cwb verdicts --format csv` (or `markdown`, `latex`,
`json`) for use elsewhere. Predictions, pilots and repeated runs are in [LOG.md](LOG.md).

"""


class Finding(NamedTuple):
    """A row of the READMEs: the question and the answer per language, and the claims whose verdicts answer it.

    The answer is a format string over the measured values: {C2} is the value of claim C2, {C2:.0%} the same as a percentage,
    {H3_all} and {H3_supported} count the verdicts on H3.
    """

    claims: tuple[str, ...]
    question: Mapping[str, str]
    answer: Mapping[str, str]


FINDINGS = (
    Finding(
        ("H1-remedy", "I2"),
        {"en": "H1: does sparsity lower interference?", "zh": "H1：稀疏能降低干扰吗？"},
        {
            "en": "Only through the mean that all codes share (the common mode). Removing that mean from trained networks saved "
            "{H1-remedy:.0%} of the forgetting that sparsity saved.",
            "zh": "只通过所有编码共有的均值（共模）。在训练过的网络中去掉这个均值，减少的遗忘只有稀疏所减少的 {H1-remedy:.0%}。",
        },
    ),
    Finding(
        ("C2", "C2-cells", "frontiers"),
        {"en": "H2: does one regime have a ceiling?", "zh": "H2：单一激活状态有上限吗？"},
        {
            "en": "Tasks × facts × depth stay below N(1 − 1/T)^(T−1); simulated memories come close to it. No language model has been "
            "brought to its ceiling yet.",
            "zh": "任务数 × 每任务事实数 × 深度低于 N(1 − 1/T)^(T−1)；模拟的记忆能接近它。还没有语言模型达到自己的上限。",
        },
    ),
    Finding(
        ("H3-one", "H3-equal", "H3-second-order", "H3-list", "H3-buffer", "S1-dual"),
        {"en": "H3: do two regimes hold more?", "zh": "H3：两种激活状态能存得更多吗？"},
        {
            "en": "Where tasks share structure, by the factor that theory gives (S1). Of the {H3_all} claims on stores that rehearse, "
            "{H3_supported} were supported.",
            "zh": "当任务共享结构时，按理论给出的倍数（S1）。关于会复习的存储的 {H3_all} 条主张中，有 {H3_supported} 条得到支持。",
        },
    ),
    Finding(
        ("H4-fails", "H4-ceiling", "H4-length"),
        {"en": "H4: do EWC, GPM and replay fail at that ceiling?", "zh": "H4：EWC、GPM 和重放是否在这个上限处失效？"},
        {
            "en": "Each fails in the way that its law names. The least exact of them lasts {H4-length:.0%} of the predicted length.",
            "zh": "每种方法都以其定律所说的方式失效。与定律偏差最大的方法，持续长度是预测的 {H4-length:.0%}。",
        },
    ),
    Finding(
        ("K1-exposures",),
        {"en": "How much does a small model know?", "zh": "小模型知道多少？"},
        {
            "en": "After 100 readings it held {K1-exposures:.2f} of the bits per parameter that larger models hold in print.",
            "zh": "读过 100 遍之后，它每个参数所存的比特数是文献中较大模型的 {K1-exposures:.2f} 倍。",
        },
    ),
    Finding(
        ("S4-bits",),
        {"en": "How much replay is enough?", "zh": "多少重放才够？"},
        {
            "en": "More than depth suggests: bits still grew {S4-bits:.2f}-fold after depth had reached 90% of its limit.",
            "zh": "比深度所显示的要多：深度达到其极限的 90% 之后，比特数仍增长到 {S4-bits:.2f} 倍。",
        },
    ),
    Finding(
        ("C4", "C4-two-rates"),
        {"en": "What must a single regime give up?", "zh": "单一状态必须放弃什么？"},
        {
            "en": "How deep one write goes fixes how badly shared structure is compressed: depth = 2J/(σ² + J). A second learning rate "
            "escapes this.",
            "zh": "一次写入的深度决定了共享结构压缩得有多差：depth = 2J/(σ² + J)。第二个学习率可以摆脱它。",
        },
    ),
    Finding(
        ("P1-kernel",),
        {"en": "Can forgetting be forecast?", "zh": "遗忘能预测吗？"},
        {
            "en": "Yes, before the first write: a kernel simulation removes {P1-kernel:.0%} of the error of the best trivial forecast.",
            "zh": "能，在第一次写入之前：核模拟消除了最好的平凡预测误差的 {P1-kernel:.0%}。",
        },
    ),
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
        if not path.exists() or path.read_text(encoding="utf-8") != text:
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
