"""Write what earlier runs of the language models' question found: `python -m figures.build.earlier`.

Their tables lie in the repository's history: every commit that changed paper/results/streams.parquet. A table that only moved, or
whose columns were renamed, is the same run. The file is committed, so that a copy without history has it too.
"""

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from figures.build.layout import EARLIER, PAPER
from figures.verdicts.runs import RUN, ends, errors
from realmodels.writing.learning_rate import chosen_learning_rate
from simulate.runs.files import atomic, write_json
from theory.errors import UserError

STREAMS, FORECAST = "paper/results/streams.parquet", "paper/results/forecast.parquet"
RENAMED = {"dial": "learning_rate"}
PILOTS = {0: "pilots were run and learning rates chosen on it"}
"""Seeds that do not count, and why."""


def _git(root: Path, *words: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"git {' '.join(words)} failed in {root} ({error}): run this in a clone with its history") from error


def _table(root: Path, commit: str, path: str) -> pd.DataFrame:
    return pd.read_parquet(BytesIO(_git(root, "show", f"{commit}:{path}"))).rename(columns=RENAMED)


def found(root: Path, commit: str) -> dict[str, Any]:
    """What the tables of a commit say of each run and seed at its chosen learning rate: `ends` and `errors`, as JSON rows."""
    streams = _table(root, commit, STREAMS)
    rates = pd.Series(chosen_learning_rate(streams)).rename_axis(RUN).rename("chosen").reset_index()
    rows = streams[~streams["tuning"].astype(bool)].merge(rates, on=RUN)
    rows = rows[(rows["learning_rate"] / rows["chosen"] - 1).abs() < 1e-9]
    kept = ends(rows)[[*RUN, "seed", "learning_rate", "bits_fresh", "bits_gained", "heldout_rise"]]
    return {
        "seeds": sorted(int(seed) for seed in rows["seed"].unique()),
        "ends": _records(kept),
        "errors": _records(errors(rows, _table(root, commit, FORECAST))),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{name: round(v, 6) if isinstance(v, float) else v for name, v in row.items()} for row in frame.to_dict("records")]


def earlier(root: Path) -> list[dict[str, Any]]:
    """Every run in the history of the repository at `root`, the oldest first.

    Each has its commit and date (those of the first commit that holds it), seeds, counted (those that no later run has and that
    served no pilot), left_out (why the others do not count), ends, errors. Raises UserError if there is no history.
    """
    history = _git(root, "log", "--reverse", "--format=%H %cs", "--", STREAMS).decode().split("\n")[:-1]
    runs: list[dict[str, Any]] = []
    for commit, date in (line.split() for line in history):
        run = found(root, commit)
        if not runs or any(runs[-1][name] != run[name] for name in ("ends", "errors")):
            runs.append({"commit": commit, "date": date, **run})
    for index, run in enumerate(runs):
        later = {seed: other["date"] for other in runs[index + 1 :] for seed in other["seeds"]}
        run["left_out"] = {str(s): PILOTS.get(s) or f"run again on {later[s]}" for s in run["seeds"] if s in PILOTS or s in later}
        run["counted"] = [seed for seed in run["seeds"] if str(seed) not in run["left_out"]]
    return runs


def main() -> None:
    """Write the file and say which seeds count."""
    runs = earlier(PAPER.parent)
    with atomic(PAPER / "results" / EARLIER) as temporary:
        write_json(temporary, {"runs": runs})
    for run in runs:
        print(run["date"], run["commit"][:7], "seeds", *run["seeds"], "of which count", *run["counted"])


if __name__ == "__main__":
    main()
