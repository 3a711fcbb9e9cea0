"""Earlier runs are found in a repository's history, and each seed counts once."""

import json
import subprocess
from pathlib import Path

import pytest

from figures.build.earlier import RESULTS, earlier
from figures.estimate import estimate
from figures.verdicts.earlier import with_earlier
from figures.verdicts.runs import ends, reported
from tests.figures.conftest import write_tables
from theory.errors import UserError

EARLIER = Path(__file__).resolve().parents[3] / "paper" / "results" / "earlier.json"


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)


def commit(root: Path, seeds: int, old_names: bool = False, **knobs) -> None:
    """Commit made-up tables of so many seeds, from 0."""
    results = write_tables(root / "made", seeds=seeds, only=("streams", "forecast"), **knobs)
    (root / RESULTS).mkdir(parents=True, exist_ok=True)
    for name in ("streams", "forecast"):
        table = results.table(name)
        table.rename(columns={"learning_rate": "dial"} if old_names else {}).to_parquet(root / RESULTS / f"{name}.parquet")
    git(root, "add", "paper")
    git(root, "commit", "-q", "-m", "tables")


def test_runs_are_read_whatever_their_columns_were_called_and_a_renamed_table_is_no_new_run(tmp_path: Path):
    git(tmp_path, "init", "-q")
    commit(tmp_path, 4, old_names=True)
    commit(tmp_path, 3, old_names=True, bend={"off_mode": 1.5})
    commit(tmp_path, 3, bend={"off_mode": 1.5})
    first, second = earlier(tmp_path, "streams")
    assert first["seeds"] == [0, 1, 2, 3]
    assert first["counted"] == [3]  # 1 and 2 were run again
    assert set(first["left_out"]) == {"0", "1", "2"}
    assert second["counted"] == [1, 2]  # pilots were run on 0
    assert "pilots" in second["left_out"]["0"]
    now = ends(reported(write_tables(tmp_path / "now", seeds=3, only=("streams",), bend={"off_mode": 1.5})))
    stored = {(row["architecture"], row["method"], row["seed"]): row["bits_gained"] for row in second["ends"]}
    assert len(stored) == len(now)
    for _, row in now.iterrows():
        assert stored[row["architecture"], row["method"], row["seed"]] == pytest.approx(row["bits_gained"], abs=1e-6)
    assert {row["seed"] for row in second["errors"]} == {0, 1, 2}


def test_without_history_the_error_says_what_to_do(tmp_path: Path):
    with pytest.raises(UserError, match="clone with its history"):
        earlier(tmp_path, "streams")


def test_the_committed_file_says_what_the_log_says():
    """Off-mode minus last matrix, as paper/LOG.md reports it: 0.36 [0.23, 0.49] and 0.29 [-0.09, 0.67] on seeds 11 to 13."""
    runs = [run for run in json.loads(EARLIER.read_text())["runs"] if run["question"] == "streams"]
    assert [run["counted"] for run in runs[:3]] == [[1, 2], [], [11, 12, 13]]
    for run, quoted in ((runs[1], (0.36, 0.23, 0.49)), (runs[2], (0.29, -0.09, 0.67))):
        bits = {(row["method"], row["seed"]): row["bits_gained"] for row in run["ends"] if row["architecture"] == "dense"}
        value = estimate([bits["off_mode", seed] - bits["last_matrix", seed] for seed in (11, 12, 13)])
        assert value[:3] == pytest.approx(quoted, abs=0.0051)


def test_earlier_seeds_join_those_of_a_table(tmp_path: Path):
    results = write_tables(tmp_path, seeds=2, only=("streams",))
    (tmp_path / "earlier.json").write_text(EARLIER.read_text())
    rows = with_earlier(results, ends(reported(results)), "ends")
    assert {0, 1, 2, 11, 12, 13} <= set(rows["seed"])
    assert not rows.duplicated(["architecture", "method", "seed"]).any()
