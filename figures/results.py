"""The stored results, and what may be done to them here: select, average, and put an interval on the average."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from figures.build.dictionary import columns_of
from figures.estimate import estimate, level
from simulate.runs.columns import fault
from simulate.runs.declaration import declared_before, read_record
from simulate.runs.store import read_table
from theory.errors import UserError


class Results:
    """The tables of one preset, read when first asked for, from `directory`/NAME.parquet."""

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self._read: dict[str, tuple[pd.DataFrame, dict[str, str]]] = {}

    def _load(self, name: str) -> tuple[pd.DataFrame, dict[str, str]]:
        if name not in self._read:
            path = self.directory / f"{name}.parquet"
            mend = f"make it with `cwb reproduce --only {name}`"
            if not path.is_file():
                raise UserError(f"no table {name!r} in {self.directory}: {mend}")
            try:
                self._read[name] = read_table(path)
            except Exception as error:  # damaged bytes make the reader raise almost anything; the cure is the same
                raise UserError(f"table {path} cannot be read ({type(error).__name__}): delete it and {mend}") from error
            frame, columns = self._read[name][0], columns_of(name)
            if columns and len(frame) and (trouble := fault(frame, columns)):
                del self._read[name]
                raise UserError(f"table {path} is not as experiment {name!r} declares it: {trouble}; {mend}")
        return self._read[name]

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        """The table `name`. Raises UserError if it is missing, unreadable, empty, or lacks one of `columns`.

        It is raised as well if the table is not as its experiment declares it (`simulate.runs.columns.fault`).
        """
        frame = self._load(name)[0]
        lacking = [column for column in columns if column not in frame]
        if frame.empty or lacking:
            what = "is empty" if frame.empty else f"lacks column {', '.join(lacking)}"
            raise UserError(f"table {name!r} in {self.directory} {what}: make it again with `cwb reproduce --only {name}`")
        return frame

    def key(self, name: str) -> str:
        """Fingerprint of the configuration and code that made the table `name`."""
        self.table(name)
        return self._load(name)[1].get("key", "")

    def declared_before(self, name: str, rule: str, words: str) -> bool:
        """Whether the record of table `name` proves that a rule with words of this digest was declared before its cells.

        Raises UserError if the record was changed after it was written (`simulate.runs.declaration.read_record`).
        """
        return declared_before(read_record(self.directory, name), self.key(name), rule, words)

    @cached_property
    def preset(self) -> str:
        """The preset that made the tables, as they say themselves; "unknown" if they do not. Raises UserError if they differ."""
        found = {self._load(path.stem)[1].get("preset", "unknown") for path in sorted(self.directory.glob("*.parquet"))}
        if len(found) > 1:
            raise UserError(
                f"{self.directory} mixes tables of presets {', '.join(sorted(found))}: delete it and reproduce one preset"
            )
        return found.pop() if found else "unknown"


@contextmanager
def reading(what: str, directory: Path, tables: Iterable[str] = ()) -> Iterator[None]:
    """Turn what tables of too few rows, or of unforeseen values, make our code raise into a UserError that names `what`.

    Tables that are not as declared are refused before (`Results.table`). A TypeError or AttributeError is a mistake of ours and
    passes as it is.
    """
    try:
        yield
    except UserError:
        raise
    except (ValueError, LookupError, ArithmeticError) as error:
        names, reason = list(tables), f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        mend = f"make them again with `cwb reproduce --only {' '.join(names)}`" if names else "reproduce them"
        read = f"table {', '.join(names)}" if names else "the tables"
        raise UserError(f"{what} cannot be had from {read} in {directory} ({reason}): {mend}") from error


def seeds(frame: pd.DataFrame) -> str:
    """How many seeds a table has, in words."""
    count = frame["seed"].nunique()
    return "one seed" if count == 1 else f"{count} seeds"


def by_group(
    frame: pd.DataFrame, keys: Sequence[str], value: str, confidence: float = 0.95, simultaneous: bool = False
) -> pd.DataFrame:
    """Mean over seeds of `value` in each group of `keys`, with columns mean, low, high, count; rows of a seed are averaged first.

    simultaneous: the intervals of all groups cover at once (Bonferroni).
    """
    seeds = frame.groupby([*keys, "seed"], sort=True)[value].mean().reset_index()
    groups = list(seeds.groupby(list(keys), sort=True))
    comparisons = len(groups) if simultaneous else 1
    rows = [
        {**dict(zip(keys, names, strict=True)), **estimate(group[value], confidence, comparisons)._asdict()}
        for names, group in groups
    ]
    return pd.DataFrame(rows)


def within(frame: pd.DataFrame, keys: Sequence[str], value: str, top: float) -> pd.DataFrame:
    """As `by_group`, of a quantity that lies between 0 and `top`: so do the intervals (`figures.estimate.level`)."""
    means = frame.groupby([*keys, "seed"], sort=True)[value].mean().reset_index()
    groups = means.groupby(list(keys), sort=True)[value]
    return pd.DataFrame([{**dict(zip(keys, names, strict=True)), **level(part, top)._asdict()} for names, part in groups])


def bars(groups: pd.DataFrame) -> np.ndarray:
    """Lengths [2, groups] of the error bars below and above the means of `by_group`; 0 where one seed gives no interval.

    Where all seeds say the same, rounding may put a mean beyond its interval: that is no length either.
    """
    lengths = np.array([groups["mean"] - groups["low"], groups["high"] - groups["mean"]], dtype=float)
    return np.where(np.isfinite(lengths), lengths.clip(min=0.0), 0.0)
