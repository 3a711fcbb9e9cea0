"""What `capacity` answers: how many of these facts, by which method, measured or forecast, and what it costs."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from realmodels.writing.answers.base import ModelAnswer
from simulate.runs.answer import field

KEPT = 0.9
"""Share of the facts written so far that has to be said right for a length of stream to count as held."""

MEANINGS = {
    "method": "writing method, with the options that differ from its defaults",
    "kept": "facts said right, word for word, after all were written; mean over orders [95% t interval, from three orders on]",
    "forecast": "facts forecast to be said right after all were written, from the model before any write; mean [interval]",
    "learned": "share of facts said right just after their own write",
    "holds": f"facts up to which at every length of the stream at least {KEPT:.0%} are still said right; mean over orders",
    "rephrased": "share of facts said right at the end in words that were never written",
    "text": "rise of the protected text at the end, bits per byte",
    "F_Delta": "size of the update on protected text, in function space",
    "related": "share of neighbouring and known questions right before that is still right",
    "state": "bits that the method keeps beside the model",
    "rate": "learning rate, at equal learning unless given: chosen by trial writes, for a forecast by the kernel",
    "warning": "whether a row is not worth what it seems; why is told below",
}


@dataclass(frozen=True)
class Capacity(ModelAnswer):
    """How many facts a model can be given, by method."""

    quiet: ClassVar[tuple[str, ...]] = ("notes", "method", "table", "curves_table", "scan", "seconds", "full_bits", "chance_bits")

    orders: int = field("orders", "Orders in which the facts were written: the file's own, and shuffled ones.")
    key_cosine: float = field("cosine", "Mean cosine of what the written matrix reads of two prompts; 1: it reads them alike.")
    order_effect: float | None = field("facts", "Facts kept in the file's own order less shuffled ones; best method.")
    best: str | None = field("", "Method that keeps most.")
    measured: bool = field("", "Whether the facts were written, or only forecast.")
    table: pd.DataFrame = field("", "A row per method.")
    curves_table: pd.DataFrame = field("", "Facts said right by facts written: a row per method, order and length of stream.")
    scan: Sequence[Mapping[str, Any]] = field("", "What the scan over matrices found, best first; empty if none was made.")
    seconds: Mapping[str, float] = field("s", "Time that each method took.")
    sentences: Sequence[str] = field("", "The answer in words.")
    found: Sequence[str] = field("", "What makes a result worthless.")

    @property
    def conclusion(self) -> str:
        """How many facts, by which method, and what happens beyond."""
        return " ".join(self.sentences)

    @property
    def warnings(self) -> list[str]:
        """What makes a result worthless."""
        return list(self.found)

    def to_frame(self) -> pd.DataFrame:
        """The table of methods."""
        return self.table

    def show(self) -> str:
        """The text of the command line: inputs, the table of methods, the answer, warnings."""
        lines = [
            f"{self.facts} facts in {self.tasks} tasks, {self.candidates} distinct answers, {self.orders} orders; a guess among "
            f"these answers is right for {self.chance_recall:.1%}.",
            "",
            self._rows(),
            "",
            *(f"{name}: {meaning}" for name, meaning in MEANINGS.items() if name in self.table),
            "",
            self.conclusion,
            *(f"Note: {note}" for note in self.notes),
            *(f"Warning: {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines)

    def _rows(self) -> str:
        """The table, in as many blocks of columns as the terminal's width makes of it; warnings, which are told below, as "!"."""
        table = self.table.set_index("method").rename_axis(None)
        if "warning" in table:
            table = table.assign(warning=table["warning"].notna().map({True: "!", False: "-"}))
        width = shutil.get_terminal_size((100, 24)).columns
        return table.to_string(na_rep="-", line_width=width, float_format=lambda number: f"{number:.4g}")

    def plot(self, **options: Any) -> Any:
        """Facts said right against facts written: a line per method, mean over orders; forecasts dashed; grey: none forgotten.

        A mean is shown at those lengths that all orders have, so that a line joins means over the same orders.
        """
        means = _means(self.curves_table)
        labels = {"xlabel": "facts written", "ylabel": "facts said right"}
        whole = pd.Series([0.0, means.index.max()], [0, means.index.max()], name="nothing forgotten")
        # As a table: pandas draws a series into whatever figure is open.
        axes = whole.to_frame().plot(color="0.7", **{"figsize": (6, 4), **labels, **options})
        (KEPT * whole).plot(ax=axes, color="0.4", style=":", linewidth=1, label=f"{KEPT:.0%} of what was written", **labels)
        names = list(dict.fromkeys(method for method, _ in means.columns))
        for method, kind in means.columns:
            measured = kind == "measured"
            label = method if measured else f"{method}, forecast"
            color = f"C{names.index(method) % 10}"
            means[method, kind].dropna().plot(ax=axes, style="o-" if measured else ".--", color=color, label=label, **labels)
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0)  # beside the curves, never upon them
        return axes


def _means(curves: pd.DataFrame) -> pd.DataFrame:
    """Mean over orders of the facts said right: a row per length that all orders have, a column per (method, kind)."""
    by = curves.groupby(["method", "kind"])
    common = curves.groupby(["method", "kind", "written"])["order"].transform("nunique") == by["order"].transform("nunique")
    return curves[common].groupby(["method", "kind", "written"])["kept"].mean().unstack("written").T
