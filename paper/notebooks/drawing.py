"""What the notebooks share: a screen with controls beside the picture, pictures that can be saved, and numbers in words.

A notebook binds one `Picture` and shows it by `screen`. Every picture is drawn twice: wide for a desk, narrow for a phone, each
with type of 10 points or more at its natural size; the browser takes the one that fits its window.
"""

import base64
import html
import io
import math
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import marimo as mo
import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from latex2mathml.converter import convert as mathml
from matplotlib.axes import Axes

from figures.build.layout import PAPER
from figures.results import Results
from figures.style import styled
from theory.errors import UserError

RESULTS = Results(PAPER / "results")
"""The committed tables: what was measured."""
MEASURED = {"linestyle": "none", "markersize": 6, "markerfacecolor": "white", "markeredgewidth": 1.3, "zorder": 3}
YOURS = {"color": "black", "marker": "*", "linestyle": "none", "markersize": 16, "zorder": 5, "clip_on": False}

TYPE = {"font.size": 11, "axes.labelsize": 12, "axes.titlesize": 13, "xtick.labelsize": 11, "ytick.labelsize": 11}
TYPE |= {"legend.fontsize": 11, "lines.linewidth": 1.8, "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans"}
SIZES = {"wide": (9.2, 5.5), "narrow": (3.9, 4.9)}  # inches
COLUMNS = {"wide": 88, "narrow": 42}  # characters of a title's line
KINDS = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "csv": "text/csv"}

FORMULA = re.compile(r"<marimo-tex[^>]*>(.*?)</marimo-tex>", re.DOTALL)
ESCAPED = re.compile(r"\\([\[\]<>])")
ATOMS = 1e80
"""About as many atoms as there are in the observable universe."""


@dataclass(frozen=True)
class Picture:
    """A picture and the numbers in it.

    name: of the files that a reader saves. title: the finding, one sentence. draw(panel, narrow): draws into one panel; series
    with a label stand in a legend under it. numbers: what is drawn, one row per point. alt: what the picture shows, in words.
    """

    name: str
    title: str
    draw: Callable[[Axes, bool], None]
    numbers: pd.DataFrame
    alt: str = ""

    def file(self, kind: str, shape: str = "wide") -> bytes:
        """The picture as "png", "svg" or "pdf", or its numbers as "csv"; shape: "wide" or "narrow"."""
        if kind == "csv":
            return self.numbers.to_csv(index=False).encode()
        with styled():
            mpl.rcParams.update(TYPE)
            canvas, panel = plt.subplots(figsize=SIZES[shape])
            self.draw(panel, shape == "narrow")
            title = textwrap.fill(self.title, COLUMNS[shape])
            canvas.suptitle(title, x=0.01, ha="left", fontsize=12 if shape == "wide" else 10.5, fontweight="bold")
            _legend_below(panel)
            buffer = io.BytesIO()
            metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
            canvas.savefig(buffer, format=kind, metadata=metadata)
            plt.close(canvas)
        return buffer.getvalue()

    @cached_property
    def html(self) -> str:
        """The picture as HTML without any other file: wide, or narrow in a narrow window."""
        wide, narrow = (_data_url("svg", self.file("svg", shape)) for shape in SIZES)
        text = html.escape(f"{self.title} {self.alt}".strip(), quote=True)
        return (
            f'<picture><source media="(max-width: 800px)" srcset="{narrow}">'
            f'<img class="cwb-plot" src="{wide}" alt="{text}"></picture>'
        )

    @property
    def links(self) -> str:
        """HTML links that save picture and numbers, with the bytes inside: for a page without a kernel."""
        return " ".join(
            f'<a download="{self.name}.{kind}" href="{_data_url(kind, self.file(kind))}">{kind.upper()}</a>' for kind in KINDS
        )


def _legend_below(panel: Axes) -> None:
    """A legend under the panel, in as many columns as fit into the width, three at most."""
    canvas = panel.figure
    handles, labels = panel.get_legend_handles_labels()
    for columns in (3, 2, 1) if handles else ():
        legend = canvas.legend(handles, labels, loc="outside lower center", ncols=columns)
        if columns == 1 or legend.get_window_extent().width <= canvas.bbox.width:
            return
        legend.remove()


def _data_url(kind: str, content: bytes) -> str:
    return f"data:{KINDS[kind]};base64,{base64.b64encode(content).decode()}"


def _still() -> bool:
    """Whether nobody can move a control: run as a script, exported as a page or as a Jupyter notebook."""
    return "CWB_STILL" in os.environ or mo.app_meta().mode not in ("edit", "run")


def _mathml(match: re.Match[str]) -> str:
    """A formula of marimo's as MathML, which browsers draw without any script; as LaTeX where that is beyond the converter."""
    latex = html.unescape(match.group(1)).strip()
    display = "block" if latex.startswith("||[") else "inline"
    latex = latex.removeprefix("||[").removesuffix("||]").removeprefix("||(").removesuffix("||)")
    try:
        return mathml(latex, display=display)
    except Exception:  # the converter raises its own and built-in errors alike
        return f"<code>{html.escape(latex)}</code>"


def markdown(text: str) -> mo.Html:
    """Markdown with LaTeX; the text may be indented like the code around it."""
    page = mo.md(textwrap.dedent(text))
    return page if not _still() else mo.Html(FORMULA.sub(_mathml, page.text))


def _fields(controls: Mapping[str, Any]) -> str:
    """{label (Markdown): control} one after the other; where nobody can move them, their values."""
    return "".join(f"<div>{markdown(label).text}{_field(control)}</div>" for label, control in controls.items())


def _field(control: Any) -> str:
    if hasattr(control, "elements"):  # a dictionary of checkboxes
        ticked = [label for label, chosen in control.value.items() if chosen]
        return f"<output>{html.escape('; '.join(ticked))}</output>" if _still() else _stacked(control.elements.values())
    if not _still():
        return mo.as_html(control).text
    if isinstance(control, mo.ui.run_button):
        return "in the notebook itself"
    value = next((key for key, option in getattr(control, "options", {}).items() if option == control.value), control.value)
    text = f"{value:,.15g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
    return f"<output>{html.escape(text)}</output>"


def _stacked(controls: Iterable[Any]) -> str:
    return "".join(f"<div>{control.text}</div>" for control in controls)


def _saves(picture: Picture) -> str:
    """Buttons that save the picture and its numbers; without a kernel, links that carry them."""
    if _still():
        return picture.links
    return "".join(
        mo.download(data=partial(picture.file, kind), filename=f"{picture.name}.{kind}", mimetype=mime, label=kind.upper()).text
        for kind, mime in KINDS.items()
    )


def screen(controls: Mapping[str, Any], picture: Picture, finding: str) -> mo.Html:
    """{label (Markdown): control} and what they lead to (Markdown) on the left, the picture and what saves it on the right.

    In a narrow window the picture comes first and the controls stand under it.
    """
    return mo.Html(
        f'<div class="cwb-screen"><div class="cwb-controls">{_fields(controls)}<div>{markdown(finding).text}</div></div>'
        f'<div class="cwb-picture">{picture.html}</div>'
        f'<div class="cwb-saves"><span>Save this:</span> {_saves(picture)}</div></div>'
    )


def asked(controls: Mapping[str, Any], answer: Callable[..., str]) -> mo.Html:
    """The cell "Your numbers here": {label (Markdown): control} side by side, and the answer (Markdown) to their values in order.

    Where a field is empty, or a law does not cover the numbers, that is said instead of the answer.
    """
    values = [control.value for control in controls.values()]
    try:
        said = "Fill in every field." if None in values else answer(*values)
    except UserError as error:
        said = f"**No answer for these numbers.** {error}"
    head, text = markdown("### Your numbers here").text, markdown(said).text
    return mo.Html(f'<div>{head}<div class="cwb-asked">{_fields(controls)}</div><div>{text}</div></div>')


def explained(claim: Any) -> mo.Html:
    """The claim with its conditions and quantities, and its derivation, each folded away."""
    texts = {
        f"Claim {claim.id}: conditions and quantities": claim._repr_markdown_(),
        "The derivation, step by step": claim.derivation._repr_markdown_(),
    }
    # what Markdown escapes is meant as it stands; marimo would show the backslash, or begin a formula at a bracket
    parts = {title: markdown(ESCAPED.sub(lambda sign: f"&#{ord(sign[1])};", text)) for title, text in texts.items()}
    if not _still():
        return mo.accordion(parts, multiple=True)
    return mo.Html("".join(f"<details><summary>{title}</summary>{part.text}</details>" for title, part in parts.items()))


def number(value: float, unit: str = "") -> str:
    """A number as a person reads it, with its unit; one that is off every scale is explained, not printed."""
    if math.isnan(value):
        return "not defined"
    size, unit = abs(value), f" {unit}" if unit else ""
    if size == 0:
        return f"0{unit}"
    if size > ATOMS:
        return f"more{unit} than there are atoms in the universe: effectively without end"
    if size >= 1e15:
        return f"more than a million billion{unit}: effectively without end"
    if size >= 1e9:
        return f"{_short(value / 1e9)} billion{unit}"
    if size < 1e-6:
        return f"effectively no{unit or 'thing'} (less than a millionth)"
    if size < 1e-3:
        return f"{value:.6f}{unit}"
    return f"{_short(value)}{unit}"


def _short(value: float) -> str:
    """Three digits, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share in percent."""
    return f"{_short(100 * share)}%" if share == 0 or abs(share) >= 1e-4 else "less than 0.01%"


def times(ratio: float) -> str:
    """A ratio in words: "2.5 times as much", or what is off every scale."""
    if not math.isfinite(ratio) or ratio > 1e6:
        return "more than a million times as much (the other keeps effectively nothing)"
    return f"{number(ratio)} times as much"
