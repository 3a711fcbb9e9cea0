"""One look for all figures: sizes, type, colours, marks, and a way to save that gives the same bytes every time.

A figure is as wide as the paper's text, 160 mm, so that nothing is scaled when it is set, and its smallest type has 8 points.
Colours are Okabe and Ito's, which the colour-blind can tell apart; each series has a mark, a line style or a label of its own as
well, so that the figures read in grey print. The type is Computer Modern, as in the paper's text, in the files that ship with
matplotlib. These lack signs such as × and −, which come from STIX, and have others in the places of < > | _ " and of braces:
write those as mathematics.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from tueplots import axes

from realmodels.writing.methods import catalogue as methods
from simulate.runs.files import atomic

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of the dates in matplotlib's own fonts at every figure

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#6B6B6B", "#EFEFEF"

WIDTH = 160 / 25.4
"""Width of the paper's text, and of a figure, in inches."""
SMALLEST = 8
"""Points of the smallest type in a figure."""

SETTINGS: dict[Any, Any] = {
    **axes.lines(),
    "font.family": ["cmr10", "STIXGeneral"],
    "mathtext.fontset": "cm",
    "axes.formatter.use_mathtext": True,
    "font.size": SMALLEST,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "xtick.labelsize": SMALLEST,
    "ytick.labelsize": SMALLEST,
    "legend.fontsize": SMALLEST,
    "legend.title_fontsize": SMALLEST,
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
    size = (width * WIDTH, width * WIDTH / columns * ratio * rows)
    canvas, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, **options)
    return canvas, list(grid.flat)


def letters(panels: Iterable[Axes], titles: Iterable[str]) -> None:
    """Head the panels with bold letters and what they show."""
    for letter, panel, title in zip("abcdefgh", panels, titles, strict=False):
        panel.set_title(rf"$\mathbf{{{letter}}}$  {title}")


def italic(words: str) -> str:
    """These words in italics."""
    return r"$\mathit{" + words.replace(" ", r"\ ") + "}$"


def direct(panel: Axes, at: tuple[float, float], words: str, by: tuple[float, float] = (4, 0), **style) -> None:
    """Write words beside a point of the data, `by` so many points to the right and up."""
    panel.annotate(words, at, by, textcoords="offset points", **{"va": "center", "fontsize": SMALLEST, **style})


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
