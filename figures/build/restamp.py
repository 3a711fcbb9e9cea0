"""Keep committed tables through a refactoring: `python -m figures.build.restamp BEFORE AFTER --why "..."`.

A change of code makes every table stale that rests on it, also where it only renames or rearranges. Whether it does is measured:
BEFORE and AFTER are the folders of quick tables (`build/quick/results`) that the old and the new code made on one machine. A
stale table of the preset `paper` is kept only if its quick table is the same to the bit before and after. It then gets the key of
the new code; its metadata keep the old key, the reason and the digest of the quick table that was compared. Its record stays its
record, under the new key. A table that differs
stays stale and is named: `cwb reproduce paper --only NAME` makes it anew.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tyro.conf import Positional

from figures.build.experiments import experiments, state, table_path
from figures.build.layout import Layout
from simulate.runs.declaration import read_record, restamped, write_record
from simulate.runs.store import digest, read_table, write_table


@dataclass(frozen=True)
class Restamp:
    """Give stale tables of the preset `paper` the key of the present code where the quick tables prove that no number changed."""

    before: Positional[Path]
    """Folder of quick tables made by the old code."""
    after: Positional[Path]
    """Folder of quick tables made by the present code on the same machine."""
    why: str
    """What the refactoring did: kept in the table."""
    renamed: tuple[str, ...] = ()
    """Columns that only changed their name, as TABLE.OLD=NEW; a table that did, as OLD=NEW."""

    def run(self) -> None:
        """Compare, restamp, and print a line per stale table."""
        layout, names = Layout.of("paper"), dict(pair.split("=") for pair in self.renamed)
        for name, experiment in experiments().items():
            if state(layout, experiment) != "stale":
                continue
            difference = differs(self.before, self.after, name, names)
            if difference:
                print(f"{name:<20} stays stale: {difference}")
                continue
            frame, about = read_table(table_path(layout, name))
            compared = digest(pd.util.hash_pandas_object(read_table(self.after / f"{name}.parquet")[0].astype(str)).tolist())
            notes = [*json.loads(about.get("restamped", "[]")), {"from": about["key"], "why": self.why, "quick": compared}]
            key = experiment.fingerprint("paper")
            if record := read_record(layout.results, name):
                write_record(layout.results, restamped(record, experiment, key))
            write_table(table_path(layout, name), frame, key, preset="paper", restamped=json.dumps(notes))
            print(f"{name:<20} restamped")


def differs(before: Path, after: Path, name: str, renamed: Mapping[str, str] = {}) -> str:
    """In what the quick tables of an experiment differ, in words; "" if they are the same to the bit.

    renamed: {"TABLE.OLD": NEW} for columns, under the table's present name; {OLD: NEW} for a table.
    """
    old_name = {new: old for old, new in renamed.items() if "." not in old}.get(name, name)
    columns = {key.split(".")[1]: new for key, new in renamed.items() if key.startswith(f"{name}.")}
    for folder, file in ((before, old_name), (after, name)):
        if not (folder / f"{file}.parquet").is_file():
            return f"{folder} has no table {file}"
    old = read_table(before / f"{old_name}.parquet")[0].rename(columns=columns)
    new = read_table(after / f"{name}.parquet")[0]
    if set(old) != set(new):
        return f"columns {', '.join(sorted(set(old) ^ set(new)))} are in one of the two only"
    if len(old) != len(new):
        return f"{len(old)} rows before, {len(new)} after"
    unequal = [column for column in new if not _same(old[column], new[column])]
    return f"column {', '.join(unequal)} changed" if unequal else ""


def _same(old: pd.Series, new: pd.Series) -> bool:
    """Whether two columns hold the same values to the bit; NaN is NaN; lists are compared by element."""
    if old.dtype == object or new.dtype == object:
        return [repr(_plain(value)) for value in old] == [repr(_plain(value)) for value in new]
    return old.dtype == new.dtype and old.equals(new)


def _plain(value: object) -> object:
    """Arrays as lists, so that their text has every digit."""
    return value.tolist() if hasattr(value, "tolist") else value


if __name__ == "__main__":
    import tyro

    tyro.cli(Restamp).run()
