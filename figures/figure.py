"""What a figure is, and the catalogue of them, in the order of the paper. One figure, one file, which binds `FIGURE`."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure as Canvas

from figures.results import Results
from figures.style import save, styled

NAMES = (
    "plane",
    "tightness",
    "interference",
    "retention",
    "capacity",
    "frontier",
    "shared_frontier",
    "frontiers",
    "coding_level",
    "superposition",
    "synapses",
    "regressions",
    "gain",
    "two_rates",
    "regimes",
    "rehearsal",
    "transfer",
    "methods",
    "sequences",
    "training",
    "exposures",
    "architectures",
    "retention_lm",
    "learning_forgetting",
    "forecast",
    "ladder",
)


@dataclass(frozen=True)
class Figure:
    """A figure of the paper.

    claims: ids of the verdicts that it shows. tables: the tables of results that it reads.
    caption(results): its caption as plain text, verdicts included. draw(results): the drawing; it selects and averages, no more.
    """

    name: str
    title: str
    claims: tuple[str, ...]
    tables: tuple[str, ...]
    caption: Callable[[Results], str]
    draw: Callable[[Results], Canvas]

    def publish(self, results: Results, directory: Path) -> list[Path]:
        """Draw in the project's style and write PDF and PNG into `directory`. Raises UserError if a table is missing."""
        with styled():
            canvas = self.draw(results)
            try:
                return save(canvas, directory, self.name)
            finally:
                plt.close(canvas)


def catalogue() -> dict[str, Figure]:
    """All figures by name, in the order of the paper."""
    return {name: importlib.import_module(f"figures.{name}").FIGURE for name in NAMES}
