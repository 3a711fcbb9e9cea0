"""`cwb apply`, `revert`: put what `cwb write` wrote on a model, and take it off again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from theory.errors import UserError

if TYPE_CHECKING:
    from realmodels.writing.applied import Applied


def _show(answer: Applied, json: bool) -> None:
    from figures.cli.output import show_json

    show_json(answer.to_dict()) if json else print(answer.show())


@dataclass(frozen=True)
class Apply:
    """Make a model's folder with the facts of a delta written in it; transformers loads it like the model itself."""

    model: Positional[str]
    """The model that the facts were written into: a folder, a GGUF file, or a name such as smollm2. It is not changed."""
    delta: Positional[Path]
    """File that `cwb write --out` made."""
    out: Path | None = None
    """Folder to make; it must not exist yet."""
    to_task: int | None = None
    """Write only so many tasks, the first ones. Default: all."""
    dry_run: bool = False
    """Print what the delta holds and whether it fits the model; make nothing."""
    json: bool = False
    """Print JSON, with units and hashes."""

    def run(self) -> None:
        """Make the folder, and print what was put on."""
        from realmodels.writing.applied import apply, describe

        if self.dry_run:
            _show(describe(self.delta, self.model, self.to_task), self.json)
            return
        if self.out is None:
            raise UserError("no folder to make: give --out FOLDER, or --dry-run to see what the delta holds")
        _show(apply(self.model, self.delta, self.out, self.to_task), self.json)


@dataclass(frozen=True)
class Revert:
    """Take the facts of a delta off again: the model that they were written into, bit for bit, or an earlier task's state."""

    folder: Positional[Path]
    """Folder that `cwb apply` made. It is not changed."""
    delta: Positional[Path]
    """The delta that was put on last."""
    out: Path
    """Folder to make; it must not exist yet."""
    to_task: int = 0
    """Leave so many tasks written, the first ones. 0 is the model before."""
    json: bool = False
    """Print JSON, with units and hashes."""

    def run(self) -> None:
        """Make the folder, and print what is left on."""
        from realmodels.writing.applied import revert

        _show(revert(self.folder, self.delta, self.out, self.to_task), self.json)
