"""`cwb figures` and `cwb paper`: what people look at, from the stored results."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from figures.cli.output import Format
from simulate.runs.preset import Preset

if TYPE_CHECKING:
    from figures.build.layout import Layout

STATES = {
    "stale": "were made by other code or another configuration",
    "missing": "are missing",
    "unreadable": "cannot be read",
}
"""What is said of tables in a state other than fresh."""


def warn_stale(layout: Layout) -> None:
    """Say on stderr, a line per kind, which tables are stale, missing, unreadable, or of no experiment."""
    from figures.build.experiments import foreign_tables, stale_tables

    states = stale_tables(layout)
    for word, reason in STATES.items():
        names = [name for name, state in states.items() if state == word]
        if names:
            only = "" if len(names) == len(states) > 3 else f" --only {' '.join(names)}"
            mend = f"`cwb reproduce {layout.preset}{only}`"
            print(f"cwb: in {layout.results} {len(names)} of the tables {reason}: {mend} makes them anew", file=sys.stderr)
    if names := foreign_tables(layout):
        print(f"cwb: in {layout.results} these tables belong to no experiment: {', '.join(names)}: delete them", file=sys.stderr)


@dataclass(frozen=True)
class Figures:
    """Draw figures from stored tables; nothing is computed anew."""

    names: Positional[tuple[str, ...]] = ()
    """Figures to draw, by name or by number in the paper; without one, all."""
    list: bool = False
    """List the figures in the order of the paper: number, page, name, claims, the tables that each reads, title."""
    force: bool = False
    """Draw the figures anew even if neither their code nor their tables have changed."""
    to: Path | None = None
    """Write one figure to this file instead; its ending says how: .pdf, .png or .svg."""
    format: Format = "text"
    """How --list is printed: text, json, csv, markdown or latex."""
    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Where the tables are read: the folder that was given to `cwb reproduce --out`. The figures go there too, but for --to."""

    def run(self) -> None:
        """Draw, or list."""
        from figures.build.drawing import chosen_figures, contents, draw
        from figures.build.layout import Layout
        from figures.cli.output import show_table
        from theory.errors import UserError

        layout = Layout.of(self.preset, self.out)
        names = chosen_figures(self.names)
        if self.list:
            entries = contents(layout)
            rows = [
                {"figure": e.number, "page": e.page, "name": e.name, "claims": e.claims, "tables": e.tables, "title": e.title}
                for e in map(entries.get, names) if e is not None
            ]  # fmt: skip
            show_table(
                [row if self.format == "json" else {k: joined(v) for k, v in row.items()} for row in rows],
                self.format,
                meanings={
                    "figure": "number in the paper, or in its supplement (S)",
                    "page": "page there",
                    "tables": "tables that it reads",
                },
            )
            return
        if self.to is None:
            for name, redrawn in draw(layout, names, self.force).items():
                print(f"{layout.figures / name}.pdf{'' if redrawn else ' (fresh; --force draws it anew)'}")
        elif len(self.names) == 1:
            self._write(layout, names[0], self.to)
        else:
            raise UserError(f"--to {self.to}: name one figure, as in `cwb figures {names[0]} --to {self.to}`")
        warn_stale(layout)

    @property
    def resumes(self) -> bool:
        """Whether a command that is interrupted goes on: figures that are drawn and fresh are not drawn again."""
        return self.to is None and not self.list and not self.force

    @staticmethod
    def _write(layout: Layout, name: str, path: Path) -> None:
        """Write one figure to a file. Raises UserError for an ending that is none of pdf, png and svg."""
        from figures.figure import figure
        from figures.results import Results
        from figures.style import PICTURES
        from theory.errors import UserError

        if path.suffix.lstrip(".").lower() not in PICTURES:
            raise UserError(f"--to {str(path)!r}: give a file that ends in {', '.join(f'.{kind}' for kind in PICTURES)}")
        if path.is_dir():
            raise UserError(f"--to {path}: this is a folder: give a file in it")
        print(*figure(name).save(Results(layout.results), [path]))


def joined(value: Any) -> Any:
    """Words of a list in one cell."""
    return ", ".join(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Paper:
    """Draw the figures and typeset the paper from stored tables."""

    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Folder given to `cwb reproduce --out`."""
    latex: bool = False
    """Write LaTeX source instead: main.tex with its references in it, and the figures, as preprint servers take them."""

    def run(self) -> None:
        """Make the PDF, or the LaTeX source."""
        from figures.build import dictionary
        from figures.build.build import export_latex, typeset, update_claims
        from figures.build.drawing import draw
        from figures.build.experiments import experiments
        from figures.build.layout import Layout
        from figures.build.verdicts import publish_verdicts

        layout = Layout.of(self.preset, self.out)
        draw(layout)
        if self.latex:
            print(export_latex(layout))
            warn_stale(layout)
            return
        typeset(layout)
        publish_verdicts(layout)
        update_claims(layout)
        dictionary.update(layout.results / "README.md", experiments().values())
        print(layout.pdf)
        warn_stale(layout)
