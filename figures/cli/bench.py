"""`cwb bench`: continual bits, a benchmark of what a memory holds if it learns one task after another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, subcommand

from figures.cli.output import Format

Level = Literal["small", "medium", "large"]
Kind = Literal["strings", "biographies", "facts"]


@dataclass(frozen=True)
class Run:
    """Measure a model with a writing method, or a memory of one's own, and write the entry."""

    model: str | None = None
    """An architecture of `cwb models`, of which a new model is made; or a model: a folder, a GGUF file, smollm2."""
    method: str = "full"
    """Writing method of `cwb methods`."""
    option: tuple[str, ...] = ()
    """Options of the method, as name=value: optimizer=adamw."""
    memory: str | None = None
    """A memory of one's own instead of a model: FILE.py:NAME, a class with write(task) and answer(prompt). Or table."""
    level: Level = "small"
    """How long the streams are: with a new model on two cores small takes minutes, medium 20 minutes, large a night."""
    kind: Kind = "strings"
    """What is learned: random strings, invented people, or cities and their countries (a trained model only)."""
    width: int | None = None
    """Width of a new model. Default: the level's."""
    learning_rate: float | None = None
    """Learning rate of the writes. Default: the best on a stream that is not reported."""
    steps: int = 100
    """Gradient steps per task: how often each item is read."""
    name: str | None = None
    """Name on the board. Default: model, method and options."""
    out: Path | None = None
    """File for the entry. Default: its name and .json in the current folder."""
    workers: int = 1
    """Processes that share the work."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the entry's row of the board, and write the file."""
        from figures.cli.facts import progress
        from figures.cli.output import check_place, show_json, show_table
        from realmodels.bench.entry import file_name
        from realmodels.bench.leaderboard import MEANINGS, board
        from realmodels.bench.running import run
        from realmodels.bench.system import model_system
        from realmodels.writing.methods.binding import typed
        from theory.errors import UserError

        if self.memory is not None and (self.option or self.method != "full" or self.width is not None):
            raise UserError("--memory has no --method, --option or --width: these belong to a --model")
        options = {} if self.memory is not None else typed(self.method, self.option)
        name = self.name or (self.memory or "").rpartition(":")[2]
        if self.model is not None and not name:
            name = model_system(self.model, self.width, self.method, options, 0).name
        out = self.out or Path(file_name(name or "entry"))
        check_place(out, "--out", (".json",))
        entry = run(
            self.model, self.method, options, memory=self.memory, kind=self.kind, level=self.level, width=self.width,
            learning_rate=self.learning_rate, steps=self.steps, name=self.name, workers=self.workers, say=progress(self.json),
        )  # fmt: skip
        entry.save(out)
        rows = board([entry], self.level, self.kind)
        if self.json:
            show_json({"file": str(out), **rows[0]})
            return
        show_table(rows, title=f"{self.kind}, level {self.level}", meanings=MEANINGS)
        print(f"\nwritten to {out}; see it among the others with cwb bench show {out}")


@dataclass(frozen=True)
class Show:
    """The leaderboard: shipped entries and those in files, the one that holds most bits per parameter first."""

    files: Positional[tuple[Path, ...]] = ()
    """Entries of one's own."""
    level: Level = "small"
    """Level."""
    kind: Kind = "strings"
    """Kind."""
    format: Format = "text"
    """How the table is printed: text, json, csv, markdown, latex."""

    def run(self) -> None:
        """Print a row per entry."""
        from figures.cli.output import show_table
        from realmodels.bench.leaderboard import LINES, MEANINGS, board, entries

        rows = board(entries(self.files), self.level, self.kind)
        title = f"continual bits: {self.kind}, level {self.level}"
        show_table(rows, self.format, title=title, meanings=MEANINGS)
        if self.format in ("text", "markdown"):
            print()
            for line, bits in LINES.items():
                print(f"{bits:.4g} bits per parameter: {line}")


@dataclass(frozen=True)
class Verify:
    """Run some streams of an entry again, drawn at random. An entry that was forged or damaged is found out."""

    entry: Positional[Path]
    """Entry's file."""
    streams: int = 1
    """Streams that are run again: of 2 for each seed, one task after another and all at once."""
    draw: int | None = None
    """Number that decides which. Default: drawn anew."""
    model: str | None = None
    """Where the entry's model lies here, if elsewhere."""
    memory: str | None = None
    """FILE.py:NAME of the entry's own memory. The file is run."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print what the entry says beside what was found; exit status 2 if they differ."""
        from figures.cli.facts import progress
        from figures.cli.output import show_json
        from realmodels.bench.verifying import verify

        found = verify(
            self.entry, streams=self.streams, draw=self.draw, model=self.model, memory=self.memory, say=progress(self.json)
        )
        show_json(found.to_dict()) if self.json else print(found.show())


@dataclass(frozen=True)
class Bench:
    """Continual bits: how much a memory holds if it learns one task after another. Run it, show the board, verify an entry."""

    command: Annotated[Run, subcommand("run")] | Annotated[Show, subcommand("show")] | Annotated[Verify, subcommand("verify")]

    def run(self) -> None:
        """Do it."""
        self.command.run()
