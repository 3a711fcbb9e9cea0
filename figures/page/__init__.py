"""One page on what a model can be given: a `realmodels.writing.report.Report` as PDF or HTML.

`page.typ` is the source of both. What it shows comes as strings, so that nothing in a user's file is taken for markup.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from realmodels.writing.advice import Advice
from realmodels.writing.report import THRESHOLDS, Report
from theory.errors import UserError
from theory.version import project_version

KINDS = (".html", ".pdf")
SOURCE = Path(__file__).with_name("page.typ")
LAYERS, METHODS = 6, 8  # rows that are shown
DRAWN = 5  # methods whose curve is drawn
LOOK: dict[Any, Any] = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "page"}


def page(report: Report, kind: str) -> bytes:
    """The page as a file of this kind, ".pdf" or ".html"; the HTML holds its pictures. Raises UserError if it can't be set."""
    import typst

    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(SOURCE, Path(folder) / SOURCE.name)
        for name, draw in {"retention": _retention, "lengths": _lengths}.items():
            _drawn(report, draw, Path(folder) / f"{name}.svg")
        form: Any = kind[1:]
        inputs = {"data": json.dumps(contents(report)), "kind": form}
        try:
            made = typst.compile(
                str(Path(folder) / SOURCE.name), root=folder, format=form, sys_inputs=inputs, ignore_system_fonts=True
            )
        except typst.TypstError as error:
            raise UserError(f"the page cannot be set: {error.message}; print the answer without --report") from None
    assert isinstance(made, bytes)
    return made


def _drawn(report: Report, draw: Any, path: Path) -> None:
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        canvas, axes = plt.subplots(figsize=(3.4, 2.5), layout="constrained")
        draw(report, axes)
        canvas.savefig(path, format="svg", metadata={"Date": None})
        plt.close(canvas)


def _retention(report: Report, axes: Axes) -> None:
    """Bits kept of a task by its age, with the middle 90% of the tasks."""
    told = report.forecast
    axes.fill_between(told.age, told.kernel_low, told.kernel_high, color="C0", alpha=0.2, label="middle 90% of the tasks")
    axes.plot(told.age, told.kernel_bits, "o-", color="C0", markersize=3, label="kernel simulation")
    axes.plot(told.age, told.spectral_bits, "--", color="C1", label="spectral law")
    axes.axhline(told.full_bits, color="0.6", linewidth=0.8, linestyle=":", label="certain answers")
    axes.set(xlabel="tasks written since", ylabel="bits kept per fact", ylim=(0, None))
    axes.legend(fontsize=7, frameon=False)


def _lengths(report: Report, axes: Axes) -> None:
    """Facts right against facts written, of the methods that keep most: mean and range over orders."""
    curves = report.capacity.curves_table
    most = max(curves["written"].tolist(), default=1)
    axes.plot([0, most], [0, most], color="0.7", linewidth=0.8, label="nothing forgotten")
    for number, method in enumerate(report.budgets["method"][:DRAWN]):
        found = curves[curves["method"] == method].groupby("written")["kept"].agg(["mean", "min", "max"])
        axes.plot(found.index, found["mean"], "o-", color=f"C{number}", markersize=2, linewidth=1, label=str(method))
        axes.fill_between(found.index, found["min"], found["max"], color=f"C{number}", alpha=0.15)
    axes.set(xlabel="facts written", ylabel="facts right", ylim=(0, None), xlim=(0, None))
    axes.legend(fontsize=6, frameon=False)


def contents(report: Report) -> dict[str, Any]:
    """What the page says, all of it as strings, lists and dictionaries of strings."""
    told, held = report.forecast, report.capacity
    layers = report.layers.sort_values("interference", ascending=False).head(LAYERS).to_dict("records")
    budgets = report.budgets
    return {
        "title": f"How much can {report.model} be given?",
        "about": f"{held.facts} facts in {held.tasks} tasks, {held.candidates} distinct answers, from {told.settings['facts']}. "
        "Everything here is a forecast: nothing was written but trial writes of the first tasks, into a copy.",
        "sentences": report.sentences,
        "warnings": report.warnings,
        "notes": report.notes,
        "retention": f"Of {told.full_bits:.2f} bits per fact, {told.kernel_bits[0]:.2f} just after a task is written and "
        f"{told.kernel_bits[-1]:.2f} after {told.age[-1]} more, by {told.method} at learning rate {told.learning_rate:.3g}, "
        f"{told.steps} steps per task.",
        "lengths": _lengths_found(budgets),
        "methods": {
            "head": ["Method", "Right at the end", *(f"At least {threshold:.0%} right up to" for threshold in THRESHOLDS)],
            "rows": [_method(row) for row in budgets.head(METHODS).to_dict("records")],
        },
        "layers": {
            "head": ["Layer", "Interference", "Learning"],
            "rows": [[str(r["layer"]), f"{r['interference']:.0%}", f"{r['learning']:.0%}"] for r in layers],
        },
        "advice": {"head": ["Left alone", "k", "Rate", "Such prompts", "Known", "Text"], "rows": _advised(report.advice)},
        "where": report.advice.where if report.advice else "",
        "made": f"compression-writability {project_version()}; model {_brief(told.hashes['model'])}, "
        f"facts {_brief(told.hashes['facts'])}",
    }


def _lengths_found(budgets: pd.DataFrame) -> str:
    """What the curves over lengths show, in a sentence."""
    if budgets.empty:
        return "No method can be forecast."
    rows = budgets.to_dict("records")
    most = f"{rows[0]['method']} keeps most, {rows[0]['kept']:.0f} of {rows[0]['facts']}"
    return f"{most}; {rows[-1]['method']} least, {rows[-1]['kept']:.0f}." if len(rows) > 1 else f"{most}."


def _brief(digest: str | None) -> str:
    return digest[:12] if digest else "not hashed"


def _method(row: dict[str, Any]) -> list[str]:
    """A method's row; a budget that no length of the stream passes is more than all facts."""
    ends = (row[f"budget_{threshold:.0%}"] for threshold in THRESHOLDS)
    return [
        row["method"],
        f"{row['kept']:.0f} of {row['facts']}",
        *(f"{row['facts']} or more" if pd.isna(end) else f"{end:.0f}" for end in ends),
    ]


def _advised(advice: Advice | None) -> list[list[str]]:
    """Plain writes, the row that is advised, and of each background the row that is least at worst, in the advice's order."""
    if advice is None:
        return []
    worst, kinds = advice.worst, dict.fromkeys(advice.background)
    best = {min((n for n, kind in enumerate(advice.background) if kind == each), key=lambda n: worst[n]) for each in kinds}
    number = lambda value: "not asked" if value is None else f"{value:.2g}"  # noqa: E731
    rows = []
    for n in sorted(best | {advice.best}):
        mark = " (advised)" if n == advice.best else ""
        changes = [number(changed[n]) for changed in (advice.stream, advice.known, advice.text)]
        rows.append([f"{advice.background[n]}{mark}", str(advice.k[n]), f"{advice.rate[n]:.3g}", *changes])
    return rows
