"""`cwb ask`, `school`, `methods`: what a model says, a model that learns a form, and how facts can be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional


@dataclass(frozen=True)
class Ask:
    """Ask a model: what it says after a prompt, and how likely it finds some answers; before and after a delta."""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2."""
    prompt: Positional[str]
    """The beginning of a text, in quotes."""
    candidates: tuple[str, ...] = ()
    """Answers whose probabilities are wanted."""
    delta: Path | None = None
    """A delta of `cwb write`: ask the model again with it."""
    template: Literal["plain", "chat"] = "plain"
    """How the prompt is put to the model: as it is, or as a user's turn of its chat template."""
    tokens: int = 24
    """Length of what the model says."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print what the model says."""
        from figures.cli.output import show_json
        from realmodels.writing.ask import ask

        answer = ask(self.model, self.prompt, self.candidates, self.delta, self.template, self.tokens)
        show_json(answer.to_dict()) if self.json else print(answer.show())


@dataclass(frozen=True)
class Methods:
    """The ways of writing facts into a model, what each does, and its options with their defaults."""

    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print a line or two per method."""
        from figures.cli.output import show_json
        from realmodels.writing.methods.binding import methods

        found = methods()
        if self.json:
            show_json(found)
            return
        for name, told in found.items():
            options = " ".join(f"{option}={default!r}" for option, default in told["options"].items())
            print(f"{name:<14} {told['about']}")
            print(f"{'':<14} options: {options or 'none'}")


@dataclass(frozen=True)
class School:
    """Let a model learn what facts of a form look like, on other subjects, so that new ones can be written apart."""

    model: Positional[str]
    """A folder (trained here, or of Hugging Face), a GGUF file, or smollm2; it is not changed."""
    out: Path
    """Folder for the schooled model."""
    facts: Path | None = None
    """Facts file of examples: the form of those that will be written, other subjects."""
    form: str | None = None
    """A packaged form instead: cities, airports."""
    steps: int = 60
    """Training steps."""
    learning_rate: float = 1e-4
    """Learning rate of AdamW."""
    seed: int = 0
    """Seed of the order."""
    template: Literal["plain", "chat"] = "plain"
    """How prompts are put to the model."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Train, with a line every ten steps, and print what that changed."""
        from figures.cli.facts import progress
        from figures.cli.output import show_json
        from realmodels.writing.school import school

        answer = school(
            self.model,
            self.out,
            self.facts,
            self.form,
            self.steps,
            self.learning_rate,
            self.seed,
            progress(self.json),
            self.template,
        )
        show_json(answer.to_dict()) if self.json else print(answer.show())
