"""The claims table of README.md, written from the verdicts on the committed results, so that it cannot disagree with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulate.runs.store import atomic
from theory.errors import UserError

BEGIN, END = "<!-- claims: written by `cwb paper` -->", "<!-- end of claims -->"


def claims_table(verdicts: Sequence[dict[str, Any]]) -> str:
    """Markdown table of the verdicts: id, claim, predicted, measured, verdict."""
    lines = ["| id | claim | predicted | measured | verdict |", "|---|---|---|---|---|"]
    for row in verdicts:
        measured = row["measured"] if isinstance(row["measured"], str) else f"{row['measured']:.3g}"
        cells = (row["id"], row["claim"], row["prediction"], measured, f"**{row['verdict']}**")
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def with_claims(readme: str, verdicts: Sequence[dict[str, Any]]) -> str:
    """The README's text with its claims table replaced. Raises UserError if the two marks are not there, in order."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise UserError(f"README.md lacks the marks of the claims table: put {BEGIN} and {END} where it belongs")
    return f"{head}{BEGIN}\n{claims_table(verdicts)}\n{END}{tail}"


def update(path: Path, verdicts: Sequence[dict[str, Any]]) -> bool:
    """Bring the claims table of the README at `path` up to date: True if it changed."""
    before = path.read_text()
    after = with_claims(before, verdicts)
    if after == before:
        return False
    with atomic(path) as temporary:
        temporary.write_text(after)
    return True
