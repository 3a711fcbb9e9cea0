"""`cwb measure`, `forecast`, `write`: what can be asked of a model and one's own facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from realmodels.writing.answers.base import ModelAnswer

Rate = Annotated[float | None, arg(aliases=["--dial"])]


def show(answer: ModelAnswer, json: bool) -> None:
    """Print an answer as JSON, or as text with units, meanings, a conclusion and warnings."""
    from figures.cli.output import show_json

    show_json(answer.to_dict()) if json else print(answer.show())


def progress(json: bool) -> Callable[[str], None]:
    """Says a line on stderr while a command works; nothing if the output is for a program."""
    import sys

    return (lambda line: None) if json else (lambda line: print(line, file=sys.stderr, flush=True))


@dataclass(frozen=True, kw_only=True)
class OfFacts:
    """Options of all commands that take a model and facts."""

    method: str = "full"
    """Writing method: full, last_matrix, off_mode, sparse_memory, lora, rome, memit, alphaedit, rls, replay, der, ewc,
    gpm, ogd, asymmetric, two_regimes. See `cwb methods`."""
    option: tuple[str, ...] = ()
    """Options of the method, as name=value: where=24.feedforward.output k=8."""
    background: Path | None = None
    """Facts file of other prompts of the same form, never written: what methods protect. Default: the facts' own prompts."""
    text: Path | None = None
    """Text file that writes should leave alone. Default: packaged summaries of Wikipedia articles."""
    facts_per_task: int | None = None
    """Facts in order that are one task, written together. Default: the file's tasks; without them, one fact."""
    template: Literal["plain", "chat"] = "plain"
    """How prompts are put to the model: as they are, or as a user's turn of its chat template."""
    answer: Literal["new", "true"] = "new"
    """Which answer is written where the file has a new and a true one."""
    show_tokens: bool = False
    """Print the tokens of each prompt and answer, and do nothing else."""
    json: bool = False
    """Print JSON, with units, settings, and the SHA-256 of the inputs."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The method's options, in their types."""
        from realmodels.writing.methods.binding import typed

        return typed(self.method, self.option)

    @property
    def setting(self) -> dict[str, Any]:
        """The fields of `realmodels.writing.question.Setting`."""
        return {
            "background": self.background,
            "text": self.text,
            "facts_per_task": self.facts_per_task,
            "template": self.template,
            "answer": self.answer,
        }

    def tokens_shown(self, model: str, facts: str) -> bool:
        """Print what is taught token by token, if that is asked for; whether it was. Notes on the file go to stderr."""
        if self.show_tokens:
            from realmodels.writing.question import Question, Setting

            question = Question(model, facts, Setting(**self.setting), named=True)
            for note in question.notes:
                progress(False)(f"Note: {note}")
            for line in question.token_lines():
                print(line)
        return self.show_tokens


@dataclass(frozen=True)
class Measure(OfFacts):
    """How much will writing these facts interfere? Measured on the model as it is; nothing is written."""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2. `cwb models --trained` lists those trained here."""
    facts: Path
    """Facts file: one {"prompt", "answer", "task"} per line, or the format of CounterFact, zsRE, KnowEdit, TRACE, AlphaEdit."""
    scan: bool = False
    """Rank all matrices by what off-mode writing would keep in them, and say why. The method is not used."""
    layers: bool = False
    """With --scan: whole layers instead of matrices."""
    memory: str | None = None
    """Memory that this process may take in all, such as 8G; what the kernel needs is said first. Default: what is free."""

    def run(self) -> None:
        """Print participation ratio, common mode and overlaps of the write directions, activation and write fraction."""
        if self.tokens_shown(self.model, str(self.facts)):
            return
        if self.scan or self.layers:
            self._show_scan()
            return
        from realmodels.writing.measure import measure

        setting = {**self.setting, "memory": self.memory}
        show(measure(self.model, self.facts, self.method, self.options, progress(self.json), **setting), self.json)

    def _show_scan(self) -> None:
        """Print a row per matrix or layer, best first."""
        from figures.cli.output import show_table
        from realmodels.writing.question import Question, Setting
        from realmodels.writing.scan import scan

        question = Question(self.model, self.facts, Setting(**self.setting))
        found = scan(question.loaded.model, question.facts, question.background.prompts)
        if found.left_out:
            names = f"{', '.join(found.left_out[:4])}{' ...' * (len(found.left_out) > 4)}"
            why = "they do not read every token of a text, or the answers do not depend on them"
            progress(False)(f"{len(found.left_out)} matrices are left out ({why}): {names}")
        frame = found.to_frame(self.layers)
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        short = ("layer", "role", "kept", "kept_off_mode", "why")
        shown = rows if self.json else [{name: row[name] for name in short} for row in rows]
        show_table(shown, "json" if self.json else "text", meanings=SCANNED)


SCANNED = {
    "kept": "share of what was learned that the matrix would keep, by the spectral law, mean over ages; at equal learning",
    "kept_off_mode": "the same, written off the common key direction",
}


@dataclass(frozen=True)
class Forecast(OfFacts):
    """How long will each fact be kept? Retention by age, predicted before any write."""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2."""
    facts: Path
    """Facts file, in the order in which its tasks would be written."""
    learning_rate: Rate = None
    """Learning rate. Default: the smallest power of 2 with which trial writes of the first tasks learn them."""
    steps: int = 20
    """Gradient steps per task."""
    report: Path | None = None
    """File for one page (.pdf, .html): this curve, budgets by method, layers that interfere, what to leave alone. Minutes."""
    known: Path | None = None
    """With --report: facts file of what the model should still know."""
    memory: str | None = None
    """Memory that this process may take in all, such as 8G; what the kernel needs is said first. Default: what is free."""

    def run(self) -> None:
        """Print the predicted retention curve; with `report`, write the page."""
        from figures.cli.output import check_place
        from theory.errors import UserError

        if self.known is not None and self.report is None:
            raise UserError("--known is for the page alone: give --report as well, or leave it out")
        check_place(self.report, "--report", (".pdf", ".html"))
        if self.tokens_shown(self.model, str(self.facts)):
            return
        say = progress(self.json)
        setting = {**self.setting, "memory": self.memory, "options": self.options, "steps": self.steps}
        if self.report is None:
            from realmodels.writing.measure import forecast

            show(forecast(self.model, self.facts, self.method, self.learning_rate, say=say, **setting), self.json)
            return
        from figures.page import page
        from realmodels.writing.report import report
        from simulate.runs.files import atomic

        found = report(self.model, self.facts, self.method, self.learning_rate, say=say, known=self.known, **setting)
        made = page(found, self.report.suffix.lower())
        with atomic(self.report) as temporary:
            temporary.write_bytes(made)
        show(found.forecast, self.json)
        say(f"The page is {self.report}.")


@dataclass(frozen=True)
class Write(OfFacts):
    """Write a stream of facts into a copy of the model, task by task, and report what was kept."""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2; it is not changed."""
    stream: Annotated[str, arg(aliases=["--facts"])]
    """A facts file, or the name of a stream of real facts: cities, airports."""
    learning_rate: Rate = None
    """Learning rate. Default: the smallest power of 2 with which trial writes of the first tasks learn them."""
    steps: int = 20
    """Gradient steps per task."""
    out: Path | None = None
    """File to save what changed in, as a delta: `cwb apply` puts it on the model, `cwb revert` takes it off."""
    per_task: bool = False
    """Let the delta hold the state after every task, so that each can be given back."""
    known: Path | None = None
    """Facts file of what the model may know already, asked before and after: does it still know it?"""
    ruin: float = 0.5
    """Stop at the task after which protected text costs so many bits per byte more than before."""
    save_ruined: bool = False
    """Save the delta of a stream that was stopped so."""
    csv: Path | None = None
    """File for a table of one row per fact: scores and texts before, just after its write, and at the end."""

    @property
    def resumes(self) -> bool:
        """Whether a stream that is interrupted goes on from its last task: only with a place where its state can lie."""
        return self.out is not None

    def run(self) -> int:
        """Print what was learned and kept, and what the writes did to the rest of the model; 1 if `out` could not be saved."""
        if self.tokens_shown(self.model, self.stream):
            return 0
        from figures.cli.output import check_place
        from theory.errors import UserError

        check_place(self.csv, "--csv")
        check_place(self.out, "--out")
        if self.csv is not None and self.out is not None and self.csv.absolute() == self.out.absolute():
            raise UserError(f"--csv and --out are both {self.csv}: give each a name of its own")
        from realmodels.writing.write import write
        from simulate.runs.files import atomic

        answer = write(
            self.model,
            self.stream,
            self.method,
            self.learning_rate,
            self.steps,
            self.options,
            self.out,
            self.per_task,
            self.ruin,
            self.save_ruined,
            say=progress(self.json),
            known=self.known,
            **self.setting,
        )
        if self.csv is not None:
            with atomic(self.csv) as temporary:
                answer.per_fact.to_csv(temporary, index=False)
        show(answer, self.json)
        return int(self.out is not None and answer.saved is None)
