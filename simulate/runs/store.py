"""Results on disk: Parquet, one shard a cell, written atomically, named by the content of configuration and code.

A shard is the answer of one cell (one point of a sweep, one trained model, one written stream). Its name is the digest of
what made it, so nothing is ever overwritten, two sweeps into one store do no harm, and what was finished before a kill -9
is found again. A shard that cannot be read or that carries another key than its name is named, dropped and recomputed.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

KEY = b"cwb.key"

Rows = Sequence[Mapping[str, Any]]


def digest(*parts: Any) -> str:
    """First 32 hex digits of the SHA-256 of the parts in canonical JSON: equal for equal content, whatever the order of keys."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, allow_nan=False).encode()).hexdigest()[:32]


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path` in one step, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(path: Path, frame: pd.DataFrame, key: str, **metadata: str) -> None:
    """Write `frame` to `path` as Parquet with `key` and `metadata` in its schema: same content, same bytes."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = {KEY: key.encode(), **{f"cwb.{name}".encode(): value.encode() for name, value in metadata.items()}}
    with atomic(path) as temporary:
        pq.write_table(table.replace_schema_metadata(about), temporary, compression="zstd")


def read_table(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a table written by `write_table`: (frame, {"key": ..., other metadata}). Raises OSError or pa.ArrowException."""
    table = pq.read_table(path)
    about = {
        k.decode().removeprefix("cwb."): v.decode() for k, v in (table.schema.metadata or {}).items() if k.startswith(b"cwb.")
    }
    return table.to_pandas(), about


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
