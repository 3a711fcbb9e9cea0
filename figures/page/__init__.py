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

from realmodels.writing.advice import Advice
from realmodels.writing.report import THRESHOLDS, Report
from simulate.runs.answer import Answer
from theory.errors import UserError
from theory.version import project_version

KINDS = (".html", ".pdf")
SOURCE = Path(__file__).with_name("page.typ")
LAYERS, METHODS = 6, 8  # rows that are shown
SIZE = (3.4, 2.7)  # of a picture, in inches
NAME = 60  # letters of a name that are shown
LOOK: dict[Any, Any] = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "page"}


def page(report: Report, kind: str) -> bytes:
    """The page as a file of this kind, ".pdf" or ".html"; the HTML holds its pictures. Raises UserError if it can't be set."""
    import typst

    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(SOURCE, Path(folder) / SOURCE.name)
        _drawn(report.forecast, Path(folder) / "retention.svg", "bits kept per fact")
        _drawn(report.capacity, Path(folder) / "lengths.svg", "facts said right")
        form: Any = kind[1:]
        told = json.dumps(contents(report), ensure_ascii=False).encode("utf-8", "replace").decode()  # a file name may be no text
        inputs = {"data": told, "kind": form}
        try:
            made = typst.compile(str(Path(folder) / SOURCE.name), root=folder, format=form, sys_inputs=inputs)
        except typst.TypstError as error:
            raise UserError(f"the page cannot be set: {error.message}; print the answer without --report") from None
    assert isinstance(made, bytes)
    return made


def _drawn(answer: Answer, path: Path, label: str) -> None:
    """The answer's own picture; label: of what it keeps."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        canvas, axes = plt.subplots(figsize=SIZE, layout="constrained")
        answer.plot(ax=axes, figsize=SIZE).legend(fontsize=6, frameon=False, loc="best")
        axes.set(ylim=(0, None), ylabel=label)
        canvas.savefig(path, format="svg", metadata={"Date": None})
        plt.close(canvas)


def contents(report: Report) -> dict[str, Any]:
    """What the page says, all of it as strings, lists and dictionaries of strings."""
    told, held = report.forecast, report.capacity
    layers = report.layers.sort_values("interference", ascending=False).head(LAYERS).to_dict("records")
    budgets = report.budgets
    return {
        "title": f"How much can {report.model} be given?",
        "about": f"{held.facts} facts in {held.tasks} tasks, {held.candidates} distinct answers, from "
        f"{_name(told.settings['facts'])}. "
        f"{report.right} of them are right before any write; a guess among the answers is right for {held.chance_recall:.1%}. "
        "Everything here is a forecast: nothing was written but trial writes of the first tasks, into a copy.",
        "sentences": report.sentences,
        "warnings": report.warnings,
        "notes": report.notes,
        "retention": _retained(report),
        "lengths": _lengths_found(budgets),
        "methods": {
            "head": [
                "Method",
                "Learning rate",
                "Right at the end",
                *(f"{threshold:.0%} right up to" for threshold in THRESHOLDS),
            ],
            "rows": [_method(row) for row in budgets.head(METHODS).to_dict("records")],
        },
        "layers": {
            "head": ["Layer", "Interference", "Learning"],
            "rows": [[str(r["layer"]), f"{r['interference']:.0%}", f"{r['learning']:.0%}"] for r in layers],
            "of": f"{len(layers)} of {len(report.layers)}",
        },
        "advice": {
            "head": ["Left alone", "k", "Rate", "Change at such prompts", "at known", "at text"],
            "rows": _advised(report.advice),
        },
        "where": report.advice.where if report.advice else "",
        "made": f"compression-writability {project_version()}; model {_brief(told.hashes['model'])}, "
        f"facts {_brief(told.hashes['facts'])}",
    }


def _lengths_found(budgets: pd.DataFrame) -> str:
    """What the curves over lengths show, in a sentence."""
    if budgets.empty:
        return "No method can be forecast."
    rows = budgets.to_dict("records")
    if rows[0]["kept"] == rows[-1]["kept"]:
        return f"All methods keep {rows[0]['kept']:.0f} of {rows[0]['facts']}."
    most = f"{rows[0]['method']} keeps most, {rows[0]['kept']:.0f} of {rows[0]['facts']}"
    return f"{most}; {rows[-1]['method']} least, {rows[-1]['kept']:.0f}."


def _name(path: str) -> str:
    """The name of a file, shortened in its middle if it is long; other words as they are."""
    name = Path(path).name
    return name if len(name) <= NAME else f"{name[: NAME - 20]} ... {name[-15:]}"


def _retained(report: Report) -> str:
    """What the retention curve shows, at an age that half of the tasks reach: at higher ones few tasks make the mean."""
    told = report.forecast
    age = min(told.tasks // 2, told.age[-1])
    later = f" and {told.kernel_bits[age]:.2f} after {age} more, mean of {told.tasks - age} tasks" if age else ""
    return (
        f"Of {told.full_bits:.2f} bits per fact, {told.kernel_bits[0]:.2f} are kept just after a task is written{later}. "
        f"{report.asked}, learning rate {told.learning_rate:.3g}, {told.steps} steps per task. Shaded: middle 90% of the tasks."
    )


def _brief(digest: str | None) -> str:
    return digest[:12] if digest else "not hashed"


def _method(row: dict[str, Any]) -> list[str]:
    """A method's row; a budget that no length of the stream passes is all facts or more."""
    ends = (row[f"budget_{threshold:.0%}"] for threshold in THRESHOLDS)
    return [
        row["method"],
        f"{row['rate']:.3g}",
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
