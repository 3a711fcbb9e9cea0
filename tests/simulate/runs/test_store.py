"""The store: same content, same bytes; damage is seen, named and mended; nothing half-written stays."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.runs.store import Store, atomic, digest, read_table, write_table

ROWS = [{"a": 0.1, "seed": 0, "depth": 0.5}, {"a": 0.1, "seed": 1, "depth": 0.25}]


def test_round_trip(tmp_path):
    store = Store(tmp_path)
    put = store.put("k" * 32, ROWS)
    pd.testing.assert_frame_equal(put, pd.DataFrame(ROWS))
    pd.testing.assert_frame_equal(store.get("k" * 32), put)
    assert store.get("x" * 32) is None


def test_same_content_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_table(tmp_path / name, pd.DataFrame(ROWS), "key", preset="quick")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert read_table(tmp_path / "one")[1] == {"key": "key", "preset": "quick"}


@pytest.mark.parametrize("cut", [0, 10, 200, -1])
def test_a_truncated_shard_is_named_and_dropped(tmp_path, capsys, cut):
    store = Store(tmp_path)
    store.put("k", ROWS)
    whole = store.path("k").read_bytes()
    store.path("k").write_bytes(whole[:cut])
    assert store.get("k") is None
    assert str(store.path("k")) in capsys.readouterr().err
    assert not store.path("k").exists()


def test_a_foreign_shard_is_never_read_as_ours(tmp_path, capsys):
    store = Store(tmp_path)
    store.put("other", ROWS)
    store.path("other").rename(store.path("mine"))
    assert store.get("mine") is None
    assert "another key" in capsys.readouterr().err


def fail_half_way(path):
    with atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("no more")


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="no more"):
        fail_half_way(tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()))
def test_digest_does_not_depend_on_the_order_of_keys(config):
    assert digest(config) == digest(dict(reversed(config.items())))


def test_digest_tells_configurations_apart_and_refuses_nan():
    assert digest({"N": 1}) != digest({"N": 2}) != digest({"N": 2.5})
    with pytest.raises(ValueError, match="JSON"):
        digest({"N": float("nan")})
