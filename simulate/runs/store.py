"""Results on disk: Parquet, one shard a cell, written atomically, named by the content of configuration and code.

A shard is the answer of one cell (one point of a sweep, one trained model, one written stream). Its name is the digest of
what made it, so nothing is ever overwritten, two sweeps into one store do no harm, and what was finished before a kill -9
is found again. A shard that cannot be read or that carries another key than its name is named, dropped and recomputed.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simulate.runs.files import atomic, digest

__all__ = ["Store", "atomic", "digest", "read_about", "read_table", "write_table"]

KEY = b"cwb.key"

Rows = Sequence[Mapping[str, Any]]


def write_table(path: Path, frame: pd.DataFrame, key: str, **metadata: str) -> None:
    """Write `frame` to `path` as Parquet with `key` and `metadata` in its schema: same content, same bytes."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = {KEY: key.encode(), **{f"cwb.{name}".encode(): value.encode() for name, value in metadata.items()}}
    with atomic(path) as temporary:
        pq.write_table(table.replace_schema_metadata(about), temporary, compression="zstd")


def read_table(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a table written by `write_table`: (frame, {"key": ..., other metadata}). Raises OSError or pa.ArrowException."""
    table = pq.read_table(path)
    return table.to_pandas(), _about(table.schema)


def read_about(path: Path) -> dict[str, str]:
    """What a table says about itself ("key", "preset" ...), without its rows. Raises OSError or pa.ArrowException."""
    return _about(pq.read_schema(path))


def _about(schema: pa.Schema) -> dict[str, str]:
    """The project's own metadata of a table; bytes that are not UTF-8 are kept as they are and so agree with no key."""
    texts = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in (schema.metadata or {}).items()}
    return {key.removeprefix("cwb."): value for key, value in texts.items() if key.startswith("cwb.")}


@dataclass(frozen=True)
class Store:
    """A folder of shards."""

    root: Path

    def path(self, key: str) -> Path:
        """Where the shard with this key lies or would lie."""
        return self.root / f"{key}.parquet"

    def get(self, key: str) -> pd.DataFrame | None:
        """The rows of the shard with this key, or None if there is none; a damaged or foreign one is reported and dropped."""
        path = self.path(key)
        if not path.exists():
            return None
        try:
            frame, about = read_table(path)
        except (OSError, pa.ArrowException) as error:
            trouble = f"cannot be read ({type(error).__name__})"
        else:
            if about.get("key") == key:
                return frame
            trouble = "carries another key than its name"
        print(f"cwb: {path} {trouble}: computing this cell again", file=sys.stderr)
        path.unlink(missing_ok=True)
        return None

    def put(self, key: str, rows: Rows) -> pd.DataFrame:
        """Write rows as the shard with this key and return them as read back from the file."""
        write_table(self.path(key), pd.DataFrame(list(rows)), key)
        return read_table(self.path(key))[0]
