"""Write what earlier runs of the questions on language models found: `python -m figures.build.earlier`.

Their tables lie in the repository's history: every commit that changed one. A table that only moved, or whose columns were
renamed, is the same run. The file is committed, so that a copy without history has it too.
"""

import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from figures.build.layout import EARLIER, PAPER
from figures.verdicts.knowledge import asked, paid, per_parameter
from figures.verdicts.runs import RUN, ends, errors
from realmodels.writing.learning_rate import chosen_learning_rate
from simulate.runs.files import atomic, write_json
from theory.errors import UserError

RESULTS = "paper/results"
RENAMED = {"dial": "learning_rate"}
PILOTS = {0: "pilots were run and learning rates chosen on it"}
"""Seeds that do not count, and why."""


def _git(root: Path, *words: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"git {' '.join(words)} failed in {root} ({error}): run this in a clone with its history") from error


def _streams(table: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What each run kept and how well it was forecast, by seed, at its chosen learning rate."""
    streams = table("streams")
    rates = pd.Series(chosen_learning_rate(streams)).rename_axis(RUN).rename("chosen").reset_index()
    rows = streams[~streams["tuning"].astype(bool)].merge(rates, on=RUN)
    rows = rows[(rows["learning_rate"] / rows["chosen"] - 1).abs() < 1e-9]
    kept = ends(rows)[[*RUN, "seed", "learning_rate", "bits_fresh", "bits_gained", "heldout_rise"]]
    return {"ends": kept, "errors": errors(rows, table("forecast"))}


def _knowledge(table: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Recall in held-out phrasings, and what the facts cost in other text, by model and seed."""
    asked_of = asked(table("knowledge"))[["architecture", "kind", "seed", "recall", "facts"]]
    return {"recall": asked_of, "price": paid(table("knowledge"))}


def _exposures(table: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Bits per parameter, by exposures and seed."""
    return {"held": per_parameter(table("exposures"))[["exposures", "seed", "both"]]}


QUESTIONS = {"streams": _streams, "knowledge": _knowledge, "exposures": _exposures}
"""{table whose history tells the runs of a question apart: what to keep of a run}"""


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{name: round(v, 6) if isinstance(v, float) else v for name, v in row.items()} for row in frame.to_dict("records")]


def earlier(root: Path, question: str) -> list[dict[str, Any]]:
    """Every run of a question (QUESTIONS) in the history of the repository at `root`, the oldest first.

    Each has its question, commit and date (those of the first commit that holds it), seeds, counted (those that no later run has
    and that served no pilot), left_out (why the others do not count), and the rows that are kept of it. Raises UserError if there
    is no history.
    """
    history = _git(root, "log", "--reverse", "--format=%H %cs", "--", f"{RESULTS}/{question}.parquet").decode().split("\n")[:-1]
    runs: list[dict[str, Any]] = []
    for commit, date in (line.split() for line in history):

        def table(name: str, commit: str = commit) -> pd.DataFrame:
            stored = _git(root, "show", f"{commit}:{RESULTS}/{name}.parquet")
            return pd.read_parquet(BytesIO(stored)).rename(columns=RENAMED)

        rows = {what: _records(frame) for what, frame in QUESTIONS[question](table).items()}
        if not runs or any(runs[-1][what] != kept for what, kept in rows.items()):
            seeds = sorted({int(row["seed"]) for kept in rows.values() for row in kept})
            runs.append({"question": question, "commit": commit, "date": date, "seeds": seeds, **rows})
    for index, run in enumerate(runs):
        later = {seed: other["date"] for other in runs[index + 1 :] for seed in other["seeds"]}
        run["left_out"] = {str(s): PILOTS.get(s) or f"run again on {later[s]}" for s in run["seeds"] if s in PILOTS or s in later}
        run["counted"] = [seed for seed in run["seeds"] if str(seed) not in run["left_out"]]
    return runs


def main() -> None:
    """Write the file and say which seeds count."""
    runs = [run for question in QUESTIONS for run in earlier(PAPER.parent, question)]
    with atomic(PAPER / "results" / EARLIER) as temporary:
        write_json(temporary, {"runs": runs})
    for run in runs:
        print(run["question"], run["date"], run["commit"][:7], "seeds", *run["seeds"], "of which count", *run["counted"])


if __name__ == "__main__":
    main()
