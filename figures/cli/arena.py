"""`cwb arena`: who remembers a long story? Make a study, let people vote, rank the systems."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, subcommand

if TYPE_CHECKING:
    from realmodels.arena.story import Story
    from realmodels.arena.votes import Votes


PICTURES = (".png", ".pdf", ".svg")


def _folder(study: str) -> Path:
    from figures.build.layout import Layout
    from realmodels.arena.place import study_folder

    return study_folder(study, Layout.of("quick").workspace)


def _votes(study: str) -> Votes:
    from realmodels.arena.study import read_study
    from realmodels.arena.votes import Votes

    return Votes(read_study(_folder(study)).folder / "votes.sqlite")


@dataclass(frozen=True)
class New:
    """Make a study: systems live through a story and answer questions about it. An interrupted making goes on where it was."""

    study: Positional[Path]
    """Folder of the study."""
    story: Path | None = None
    """A story of one's own: a JSON file (realmodels/arena/story.py describes it)."""
    transcript: Path | None = None
    """A chat transcript to make the story from: lines of NAME: TEXT, or JSON Lines with role and content."""
    probes: Path | None = None
    """JSON file of questions about the transcript. Without them readers compare scenes only."""
    genre: str = "sea"
    """Genre of a generated story."""
    language: Literal["en", "zh"] | None = None
    """Language of a generated story (English by default); of a transcript what it is written in."""
    chapters: int = 24
    """Chapters of a generated story."""
    seed: int = 0
    """Seed of a generated story."""
    model: str = "smollm2"
    """Model of systems that name none: a folder (trained here, or of Hugging Face), a GGUF file, or smollm2."""
    systems: tuple[str, ...] = ()
    """frozen, window:size=256, whole, retrieval:passages=5, a writing method (off_mode:k=16,learning_rate=0.5,steps=20),
    or one with a context, as full+retrieval; @MODEL behind it for another model. Default: seven of these."""
    workers: int = 1
    """Processes among which the systems are shared."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Make it, and print the automatic score."""
        from figures.cli.facts import progress
        from figures.cli.output import show_json
        from realmodels.arena.new import SYSTEMS, new
        from realmodels.arena.score import scored

        story, made = self._story()
        study = new(self.study, story, self.systems or SYSTEMS, self.model, made, progress(self.json), self.workers)
        answer = scored(study)
        show_json(answer.to_dict()) if self.json else print(answer.show())
        if not self.json:
            print(f"{len(study.items)} items, {len(study.systems)} systems; vote with cwb arena serve {self.study}")

    def _story(self) -> tuple[Story, dict[str, Any]]:
        from theory.errors import UserError

        if self.story is not None and self.transcript is not None:
            raise UserError("--story and --transcript: give one of them")
        if self.probes is not None and self.transcript is None:
            raise UserError("--probes belongs to --transcript: give that, too")
        if self.story is not None:
            from realmodels.arena.story import read_story

            return read_story(self.story), {"story": str(self.story)}
        if self.transcript is not None:
            from realmodels.arena.transcript import read_transcript

            return read_transcript(self.transcript, self.probes, language=self.language), {"transcript": str(self.transcript)}
        from realmodels.arena.narrative import narrative

        language = self.language or "en"
        about = {"genre": self.genre, "language": language, "chapters": self.chapters, "seed": self.seed}
        return narrative(self.genre, language, self.chapters, self.seed), about


@dataclass(frozen=True)
class Serve:
    """Open the pages on which people read and vote. Ctrl-C ends it; every vote that was acknowledged is on the disk."""

    study: Positional[str]
    """Folder of a study, or example, which is shipped."""
    port: int = 8000
    """Port on this computer; 0 for any that is free."""
    share: bool = False
    """Listen for other computers, too; the link that is printed has the key to join."""

    def run(self) -> None:
        """Serve until interrupted."""
        from realmodels.arena.server.serve import serve

        serve(_folder(self.study), self.port, self.share)


@dataclass(frozen=True)
class Score:
    """The automatic score: what each system remembers, by age. No votes are needed."""

    study: Positional[str]
    """Folder of a study, or example."""
    plot: Path | None = None
    """File for a figure (.png, .pdf, .svg)."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print a row per system and age."""
        from figures.cli.output import check_place
        from realmodels.arena.score import scored
        from realmodels.arena.study import read_study

        check_place(self.plot, "--plot", PICTURES)
        _show(scored(read_study(_folder(self.study))), self.plot, self.json)


@dataclass(frozen=True)
class Rank:
    """Who remembers the story better, by votes: strengths with intervals, by age, reason and reader, and against the score."""

    study: Positional[str]
    """Folder of a study, or example."""
    simulated: bool = False
    """Rank the votes of simulated readers, which never stand among those of people."""
    plot: Path | None = None
    """File for a figure (.png, .pdf, .svg)."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the ranking."""
        from figures.cli.output import check_place
        from realmodels.arena.ranking.entry import ranked
        from realmodels.arena.study import read_study

        check_place(self.plot, "--plot", PICTURES)
        with _votes(self.study) as votes:
            table: Any = votes.table()
        chosen = table[[bool(mark) is self.simulated for mark in table["simulated"]]]
        _show(ranked(read_study(_folder(self.study)), chosen, self.simulated), self.plot, self.json)


def _show(answer: Any, plot: Path | None, json: bool) -> None:
    from figures.cli.output import show_json
    from simulate.runs.files import atomic

    if plot is not None:
        with atomic(plot) as temporary:
            answer.plot().figure.savefig(temporary, format=plot.suffix[1:].lower(), dpi=150, bbox_inches="tight")
    show_json(answer.to_dict()) if json else print(answer.show())


@dataclass(frozen=True)
class Export:
    """Write all votes to a JSON Lines file. Tokens of readers are not in it."""

    study: Positional[str]
    """Folder of a study, or example."""
    file: Positional[Path]
    """The file to make."""

    def run(self) -> None:
        """Write it."""
        from figures.cli.output import check_place

        check_place(self.file, "FILE")
        with _votes(self.study) as votes:
            print(f"{votes.export(self.file)} votes in {self.file}")


@dataclass(frozen=True)
class Import:
    """Add the votes of a file that export wrote. All are added, or none."""

    study: Positional[str]
    """Folder of a study, or example."""
    file: Positional[Path]
    """The file."""

    def run(self) -> None:
        """Add them."""
        with _votes(self.study) as votes:
            print(f"{votes.import_(self.file)} votes added to {self.study}")


@dataclass(frozen=True)
class Withdraw:
    """Delete a reader with all votes. Nothing of it stays in the file."""

    study: Positional[str]
    """Folder of a study, or example."""
    reader: Positional[str]
    """Nickname or id."""

    def run(self) -> None:
        """Delete them."""
        with _votes(self.study) as votes:
            print(f"{votes.withdraw(self.reader)} votes of {self.reader} deleted from {self.study}")


@dataclass(frozen=True)
class Close:
    """End the voting: no more votes are taken, and readers may see the ranking. A server that runs has to be started anew."""

    study: Positional[str]
    """Folder of a study, or example."""
    reopen: bool = False
    """Take votes again."""
    show_ranking: bool = False
    """With --reopen: readers may see the ranking while votes are taken, which may sway them."""

    def run(self) -> None:
        """Note it in study.json."""
        from dataclasses import replace

        from realmodels.arena.study import read_study

        study = read_study(_folder(self.study))
        replace(study, open=self.reopen, show_ranking=self.show_ranking).save()
        print(f"{study.name}: {'votes are taken' if self.reopen else 'no more votes are taken'}; start its server anew")


@dataclass(frozen=True)
class Plan:
    """How many readers tell which difference, by simulated readers. A minute of computing."""

    readers: tuple[int, ...] = (3, 10, 30)
    """Numbers of readers."""
    votes_each: int = 40
    """Votes of each reader."""
    error: float = 0.1
    """Chance with which a reader presses any button."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the smallest preference that each number of readers tells."""
        from realmodels.arena.ranking.planning import Habits, plan

        _show(plan(self.readers, self.votes_each, Habits(error=self.error)), None, self.json)


@dataclass(frozen=True)
class Arena:
    """Who remembers a long story? Make a study, let people vote blindly, rank the systems."""

    command: (
        Annotated[New, subcommand("new")]
        | Annotated[Serve, subcommand("serve")]
        | Annotated[Score, subcommand("score")]
        | Annotated[Rank, subcommand("rank")]
        | Annotated[Plan, subcommand("plan")]
        | Annotated[Export, subcommand("export")]
        | Annotated[Import, subcommand("import")]
        | Annotated[Withdraw, subcommand("withdraw")]
        | Annotated[Close, subcommand("close")]
    )

    def run(self) -> None:
        """Run the chosen command."""
        self.command.run()
