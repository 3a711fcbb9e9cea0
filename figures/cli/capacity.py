"""`cwb capacity`: how many of these facts can this model be given, by which method, before it forgets?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from figures.cli.facts import progress

Rate = Annotated[float | None, arg(aliases=["--dial"])]


@dataclass(frozen=True)
class Capacity:
    """How many of these facts can this model be given before it forgets, by which method, and at what cost?"""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2."""
    facts: Path
    """Facts file: one {"prompt", "answer", "task"} per line, or the format of CounterFact, zsRE, KnowEdit, TRACE, AlphaEdit."""
    measure: bool = False
    """Write the facts into copies of the model and ask them, by every method. Without it, what can be is forecast."""
    methods: tuple[str, ...] = ()
    """Methods to compare, each with options as method:name=value,name=value. Default: all that fit the model."""
    orders: int = 3
    """Orders of the facts: the file's own and shuffled ones."""
    where: str | None = None
    """The matrix of methods that write one, as 24.feedforward.output. Default: the one that a scan ranks first."""
    learning_rate: Rate = None
    """Learning rate of all methods. Default: for each the smallest with which trial writes are learned."""
    steps: int = 20
    """Gradient steps per task."""
    seed: int = 0
    """Seed of the shuffled orders."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what methods protect, and what forecasts of
    rome and memit edit into a copy. Default: the facts' own prompts."""
    text: Path | None = None
    """Text file that writes should leave alone. Default: packaged summaries of Wikipedia articles."""
    known: Path | None = None
    """Facts file of what the model may know already: does it still know it afterwards?"""
    facts_per_task: int | None = None
    """Facts in order that are one task, written together. Default: the file's tasks; without them, 8."""
    template: Literal["plain", "chat"] = "plain"
    """How prompts are put to the model: as they are, or as a user's turn of its chat template."""
    memory: str | None = None
    """Memory that this process may take in all, such as 8G; what the kernel needs is said first. Default: what is free."""
    plot: Path | None = None
    """File for a figure: facts said right against facts written (.png, .pdf, .svg)."""
    csv: Path | None = None
    """File for the points of that figure."""
    json: bool = False
    """Print JSON, with units, settings, and the SHA-256 of the inputs."""

    def run(self) -> None:
        """Print the table of methods and the answer in a sentence."""
        from figures.cli.facts import show
        from figures.cli.output import check_place

        check_place(self.csv, "--csv")
        check_place(self.plot, "--plot", (".png", ".pdf", ".svg"))
        from realmodels.writing.capacity import capacity
        from realmodels.writing.contenders import parsed
        from simulate.runs.files import atomic

        answer = capacity(
            self.model,
            self.facts,
            parsed(self.methods),
            measure=self.measure,
            orders=self.orders,
            learning_rate=self.learning_rate,
            steps=self.steps,
            where=self.where,
            seed=self.seed,
            say=progress(self.json),
            background=self.background,
            text=self.text,
            known=self.known,
            facts_per_task=self.facts_per_task,
            template=self.template,
            memory=self.memory,
        )
        if self.csv is not None:
            with atomic(self.csv) as temporary:
                answer.curves_table.to_csv(temporary, index=False)
        if self.plot is not None:
            with atomic(self.plot) as temporary:
                kind = self.plot.suffix[1:].lower()
                answer.plot().figure.savefig(temporary, format=kind, dpi=150, bbox_inches="tight")
        show(answer, self.json)
