"""`cwb advise`: which directions to leave out of a matrix while facts are written, and how many?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional


@dataclass(frozen=True)
class Advise:
    """Which directions to leave alone while facts are written, and how many: what each choice protects, before any write."""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2."""
    facts: Path
    """Facts file: one {"prompt", "answer", "task"} per line, or the format of CounterFact, zsRE, KnowEdit, TRACE, AlphaEdit."""
    where: str | None = None
    """The matrix, as 24.feedforward.output. Default: the one that a scan ranks first."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written. Default: a part of the facts' own prompts."""
    known: Path | None = None
    """Facts file of what the model should still know afterwards."""
    text: Path | None = None
    """Text file that writes should leave alone. Default: packaged summaries of Wikipedia articles."""
    facts_per_task: int | None = None
    """Facts in order that are one task, written together. Default: the file's tasks; without them, each fact is one."""
    template: Literal["plain", "chat"] = "plain"
    """How prompts are put to the model: as they are, or as a user's turn of its chat template."""
    json: bool = False
    """Print JSON, with units and meanings."""

    def run(self) -> None:
        """Print a row per background and number of directions, and what to do."""
        from figures.cli.facts import progress
        from figures.cli.output import show_json
        from realmodels.writing.advice import advise

        answer = advise(
            self.model,
            self.facts,
            self.where,
            progress(self.json),
            background=self.background,
            known=self.known,
            text=self.text,
            facts_per_task=self.facts_per_task,
            template=self.template,
        )
        show_json({**answer.to_dict(), "conclusion": answer.conclusion}) if self.json else print(answer.show())
