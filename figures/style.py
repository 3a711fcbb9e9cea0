"""One look for all figures: sizes, type, colours, marks, and a way to save that gives the same bytes every time.

Sizes are those of a 5.5-inch text block. Colours are Okabe and Ito's, which the colour-blind can tell apart; each series has a
mark and a line style of its own as well, so that the figures read in grey print. The type ships with matplotlib.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from tueplots import axes, figsizes

from realmodels.writing.methods import catalogue as methods
from simulate.runs.files import atomic

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#6B6B6B", "#EFEFEF"

SETTINGS: dict[Any, Any] = {
    **axes.lines(),
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.markersize": 3.5,
    "errorbar.capsize": 0,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "svg.hashsalt": "compression-writability",
}


@dataclass(frozen=True)
class Look:
    """How a series is drawn: colour, mark, line, and the words that name it."""

    label: str
    color: str
    marker: str
    line: Any = "-"

    def marks(self, **changes) -> dict:
        """Keyword arguments of `Axes.plot` and `Axes.errorbar` for unconnected marks."""
        return {"color": self.color, "marker": self.marker, "linestyle": "none", "label": self.label, **changes}

    def curve(self, **changes) -> dict:
        """Keyword arguments of `Axes.plot` for a line without marks."""
        return {"color": self.color, "linestyle": self.line, "label": self.label, **changes}


REGIMES = {
    "single": Look("one regime", BLUE, "o"),
    "dual": Look("two regimes", VERMILION, "s", "--"),
}
METHODS = {
    "full": Look(methods.METHODS["full"].title, BLACK, "o"),
    "sparse_memory": Look(methods.METHODS["sparse_memory"].title, ORANGE, "s", "--"),
    "last_matrix": Look(methods.METHODS["last_matrix"].title, BLUE, "^", "-."),
    "off_mode": Look(methods.METHODS["off_mode"].title, VERMILION, "D", (0, (4, 1, 1, 1, 1, 1))),
}
ARCHITECTURES = {
    "dense": Look("dense", BLUE, "o"),
    "memory": Look("memory layer", ORANGE, "s", "--"),
    "dsa": Look("sparse attention", GREEN, "^", "-."),
}
KINDS = {
    "spectral": Look("spectral law", GREEN, "o", "--"),
    "kernel": Look("kernel simulation", PURPLE, "s", "-"),
}


@contextmanager
def styled() -> Iterator[None]:
    """The settings of this project, from matplotlib's defaults and whatever the user's own are; undone on leaving."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield


def panels(rows: int = 1, columns: int = 1, ratio: float = 0.75, width: float = 1.0, **options) -> tuple[Canvas, list[Axes]]:
    """A canvas and its panels in reading order; `ratio` is height to width of a panel, `width` a share of the text's width."""
    size = figsizes.neurips2024(nrows=rows, ncols=columns, rel_width=width, height_to_width_ratio=ratio)["figure.figsize"]
    canvas, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, **options)
    return canvas, list(grid.flat)


def letters(panels: Iterable[Axes], titles: Iterable[str], notes: Iterable[str] = ()) -> None:
    """Head the panels with bold letters and what they show; notes, if any, stand at the right, small and grey."""
    for letter, panel, title, note in zip_longest("abcdefgh", panels, titles, notes):
        if panel is not None and title is not None:
            panel.set_title(rf"$\bf{{{letter}}}$  {title}")
            panel.set_title(note or "", loc="right", fontsize=6.5, color=GREY)


def ticks(axis: Axis, values: Iterable[float], words: Iterable[str] | None = None) -> None:
    """Put ticks of a logarithmic axis at these values, written as plain numbers (or as these words), and no minor ones."""
    values = list(values)
    axis.set_major_locator(FixedLocator(values))
    axis.set_major_formatter(FixedFormatter(list(words) if words else [f"{value:g}" for value in values]))
    axis.set_minor_locator(NullLocator())


def share(x: float) -> str:
    """A share as 1/n where it is one (n > 1), else to two digits."""
    n = round(1 / x) if x else 0
    return f"1/{n}" if n > 1 and abs(n * x - 1) < 1e-9 and n & (n - 1) == 0 else f"{x:.2g}"


def shades(count: int, name: str = "viridis", dark: float = 0.0, light: float = 0.85) -> list:
    """`count` colours of an even ramp, dark to light, for an ordered quantity."""
    ramp = plt.get_cmap(name)
    return [ramp(dark + (light - dark) * i / max(count - 1, 1)) for i in range(count)]


PICTURES = {"pdf": {"CreationDate": None}, "png": {"Software": None}, "svg": {"Date": None}}
"""Kinds of picture that are written, and what would make two drawings of the same thing differ."""


def save(canvas: Canvas, paths: Sequence[Path]) -> list[Path]:
    """Write the picture to each path, in one step each; the suffix is one of PICTURES, a png has 200 dots per inch."""
    for path in paths:
        kind = path.suffix.lstrip(".").lower()
        with atomic(path) as temporary:
            canvas.savefig(temporary, format=kind, metadata=PICTURES[kind])
    return list(paths)
