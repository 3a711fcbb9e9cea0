"""What a figure is, and the catalogue of them, in the order of the paper. One figure, one file, which binds `FIGURE`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a list of the figures needs neither
    from matplotlib.figure import Figure as Canvas

    from figures.results import Results

IN_PAPER = (
    "answer",
    "interference",
    "coding_level",
    "frontier",
    "plane",
    "gain",
    "regimes",
    "retention_lm",
    "learning_forgetting",
    "forecast",
)
"""Names of the figures of the paper, in its order."""

IN_SUPPLEMENT = (
    "retention",
    "capacity",
    "shared_frontier",
    "frontiers",
    "methods",
    "sequences",
    "ladder",
    "two_rates",
    "rehearsal",
    "transfer",
    "synapses",
    "regressions",
    "superposition",
    "exposures",
    "architectures",
    "activity",
    "matrix_ceiling",
    "deeper_ceiling",
    "sparse_ceiling",
    "long_streams",
    "pareto",
    "attention_flows",
    "slots",
    "two_regimes",
    "smollm2",
    "costs",
    "backgrounds",
    "predictors",
    "edit_budget",
    "own_loop",
    "continual_bits",
)
"""Names of the figures of the supplement, in its order."""

NAMES = IN_PAPER + IN_SUPPLEMENT
LABELS = {
    **{name: str(place) for place, name in enumerate(IN_PAPER, 1)},
    **{name: f"S{place}" for place, name in enumerate(IN_SUPPLEMENT, 1)},
}
"""The number of each figure: its place in the paper, from 1, or in the supplement, from S1."""


@dataclass(frozen=True)
class Figure:
    """A figure of the paper.

    claims: ids of the verdicts that rest on what it shows. tables: the tables of results that it reads.
    caption(results): its caption, in the paper's markup (Typst: mathematics between dollars). Its first sentence is the finding,
    as the tables have it. draw(results): the drawing; it selects and averages, no more.
    """

    name: str
    title: str
    claims: tuple[str, ...]
    tables: tuple[str, ...]
    caption: Callable[[Results], str]
    draw: Callable[[Results], Canvas]

    def text(self, results: Results) -> str:
        """The caption. Raises UserError if a table is missing or unfit."""
        from figures.results import reading

        with reading(f"the caption of figure {self.name}", results.directory, self.tables):
            return self.caption(results)

    def publish(self, results: Results, directory: Path) -> list[Path]:
        """Draw in the project's style and write PDF and PNG into `directory`. Raises UserError if a table is missing."""
        return self.save(results, [directory / f"{self.name}.{suffix}" for suffix in ("pdf", "png")])

    def save(self, results: Results, paths: Sequence[Path]) -> list[Path]:
        """Draw in the project's style and write the picture to each path: pdf, png or svg, as its suffix says."""
        import matplotlib.pyplot as plt

        from figures.results import reading
        from figures.style import save, styled

        with styled():
            with reading(f"figure {self.name}", results.directory, self.tables):
                canvas = self.draw(results)
            try:
                return save(canvas, paths)
            finally:
                plt.close(canvas)


def figure(name: str) -> Figure:
    """The figure of this name."""
    return importlib.import_module(f"figures.{name}").FIGURE


def catalogue() -> dict[str, Figure]:
    """All figures by name, in the order of the paper."""
    return {name: figure(name) for name in NAMES}
