"""The numbers of the paper: all there, all finite, and right where they can be had another way."""

import json
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from figures.numbers.tree import check, numbers
from figures.results import Results
from theory.errors import UserError

PAPER = Path(__file__).resolve().parents[2] / "paper"


def leaves(tree, where=""):
    if isinstance(tree, dict | list):
        for key, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(part, f"{where}.{key}")
    else:
        yield where, tree


def unknown(tree, where: str) -> bool:
    """Whether a null belongs there: tables without seeds, claims without attacks, values that are only quoted."""
    names = [row["name"] for row in tree["meta"]["tables"]]
    unseeded = [f".meta.tables.{names.index(name)}.seeds" for name in ("baselines", "certificates", "literature", "methods")]
    return where in unseeded or (where.startswith((".ledger.rows.", ".literature.rows.")) and where.endswith((".ratio", ".ours")))


def test_all_are_json_and_finite(lawful: Results):
    tree = numbers(lawful)
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree
    for where, value in leaves(tree):
        assert value is not None or unknown(tree, where), where
        assert value is None or isinstance(value, str) or isfinite(value), where


def test_with_one_seed_only_ends_of_intervals_are_left_open(made):
    tree = numbers(made(seeds=1))
    for where, value in leaves(tree):
        assert value is not None or where.endswith((".low", ".high", ".detectable")) or unknown(tree, where), where


def test_every_key_that_the_paper_reads_is_there(lawful: Results):
    import re

    tree = numbers(lawful)
    sources = [PAPER / "main.typ", *(PAPER / "sections").rglob("*.typ")]
    keys = {key for path in sources for _, key in re.findall(r'\b(num|percent|est|value)\("([^"]+)"', path.read_text())}
    for key in keys:
        found = tree
        for part in key.split("."):
            assert isinstance(found, dict), key
            assert part in found, key
            found = found[part]


def test_quoted_numbers_agree_with_the_tables(lawful: Results):
    tree = numbers(lawful)
    assert tree["baselines"] == {"unigram": 4.9, "bigram": 4.1, "lzma": 2.9}
    assert tree["stream"]["chance_bits"] == 4.0
    assert tree["capacity"]["ceiling"] == pytest.approx(1 / (2 * np.log(2)))
    final = lawful.table("pretraining").query("final and architecture == 'dense'")["bits_per_byte"]
    assert tree["models"]["dense"]["bits_per_byte"]["mean"] == pytest.approx(final.mean())
    full = tree["streams"]["dense"]["full"]
    streams = lawful.table("streams")
    last = streams[(streams["architecture"] == "dense") & (streams["method"] == "full") & ~streams["tuning"]]
    last = last[(last["learning_rate"] == full["learning_rate"]) & (last["written"] == 6)]
    assert full["retained"]["mean"] == pytest.approx(last["bits"].mean())
    difference = tree["streams"]["dense"]["last_matrix"]["retained"]["mean"] - full["retained"]["mean"]
    assert tree["contrasts"]["scope"]["mean"] == pytest.approx(difference)


def test_a_number_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match=r"numbers\.a\[1\]\.b is nan"):
        check({"a": [1, {"b": float("nan")}]})
    assert check({"a": np.int64(3), "b": None, "c": "word"}) == {"a": 3, "b": None, "c": "word"}


def test_a_missing_table_is_named(made):
    results = made(only=("interference",))
    with pytest.raises(UserError, match="cwb reproduce --only"):
        numbers(results)


def test_fingerprints_are_quoted(lawful: Results):
    tables = {row["name"]: row for row in numbers(lawful)["meta"]["tables"]}
    assert tables["hebbian"]["key"] == "key-of-hebbi"
    assert tables["hebbian"]["rows"] == len(lawful.table("hebbian"))
    assert tables["baselines"]["seeds"] is None or pd.isna(tables["baselines"]["seeds"])
