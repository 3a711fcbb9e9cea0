"""`cwb figures`, `cwb verdicts`, `cwb paper`, `cwb explore`: what people look at, from the stored results."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from simulate.runs.preset import Preset

if TYPE_CHECKING:
    from figures.build.layout import Layout


def _warn_stale(layout: Layout) -> None:
    """Say on stderr which tables were made by other code or another configuration than the present ones."""
    from figures.build.experiments import stale_tables, table_path

    for name, word in stale_tables(layout).items():
        mend = f"`cwb reproduce {layout.preset} --only {name}` makes it anew"
        print(f"cwb: {table_path(layout, name)} is {word}: {mend}", file=sys.stderr)


def verdict_table(layout: Layout) -> None:
    """Print the verdicts as a table."""
    from rich.console import Console
    from rich.table import Table

    from figures.build.build import verdicts

    table = Table("id", "claim", "predicted", "measured", "interval", "verdict", title=f"Verdicts ({layout.preset})")
    colours = {"supported": "green", "refuted": "red", "undecided": "yellow"}
    for row in verdicts(layout):
        colour = colours[row["verdict"]]
        table.add_row(
            row["id"],
            row["claim"],
            *(_brief(row[k]) for k in ("prediction", "measured", "interval")),
            f"[{colour}]{row['verdict']}",
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _brief(value: object) -> str:
    """A number to four digits, an interval as [low, high], anything else as it is."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_brief(part) for part in value) + "]"
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Figures:
    """Draw figures from stored tables; nothing is computed anew."""

    names: Positional[tuple[str, ...]] = ()
    """Figures to draw; without one, all."""
    list: bool = False
    """List the figures and the claims that they show."""
    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Folder given to `cwb reproduce --out`."""

    def run(self) -> None:
        """Draw, or list."""
        from figures.build.build import draw
        from figures.build.layout import Layout
        from figures.figure import catalogue

        if self.list:
            for name, figure in catalogue().items():
                print(f"{name:<20} {', '.join(figure.claims):<12} {figure.title}")
            return
        layout = Layout.of(self.preset, self.out)
        for name, redrawn in draw(layout, self.names).items():
            print(f"{layout.figures / name}.pdf{'' if redrawn else ' (fresh)'}")
        _warn_stale(layout)


@dataclass(frozen=True)
class Verdicts:
    """The verdict on every claim, computed from stored tables by the stated rules."""

    json: bool = False
    """Print JSON."""
    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Folder given to `cwb reproduce --out`."""

    def run(self) -> None:
        """Print the verdicts."""
        from figures.build.build import verdicts
        from figures.build.layout import Layout
        from figures.cli.assign import show_json

        layout = Layout.of(self.preset, self.out)
        show_json(verdicts(layout)) if self.json else verdict_table(layout)
        _warn_stale(layout)


@dataclass(frozen=True)
class Paper:
    """Draw the figures and typeset the paper from stored tables."""

    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Folder given to `cwb reproduce --out`."""

    def run(self) -> None:
        """Make the PDF."""
        from figures.build import dictionary
        from figures.build.build import draw, typeset, update_readme
        from figures.build.experiments import experiments
        from figures.build.layout import Layout

        layout = Layout.of(self.preset, self.out)
        draw(layout)
        typeset(layout)
        update_readme(layout)
        dictionary.update(layout.results / "README.md", experiments().values())
        print(layout.pdf)
        _warn_stale(layout)


@dataclass(frozen=True)
class Explore:
    """Open the notebook: sliders move the ceilings, the regime map and the frontier."""

    edit: bool = False
    """Open it for editing rather than as an app."""
    export: Path | None = None
    """Write it as one HTML file instead of opening a browser."""

    def run(self) -> int:
        """Start marimo on paper/explore.py."""
        import subprocess

        from figures.build.layout import PAPER

        notebook = str(PAPER / "explore.py")
        if self.export is not None:
            words = ["export", "html", "--force", "--no-include-code", notebook, "-o", str(self.export)]
        else:
            words = ["edit" if self.edit else "run", notebook]
        return subprocess.run(
            [sys.executable, "-m", "marimo", *words], check=False, env={**os.environ, "MARIMO_SKIP_UPDATE_CHECK": "1"}
        ).returncode
