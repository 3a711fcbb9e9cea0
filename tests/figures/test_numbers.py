"""The numbers of the paper: all there, all finite, and right where they can be had another way."""

import json
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from figures.numbers.coding_level import coding_level
from figures.numbers.estimates import over_seeds
from figures.numbers.regimes import regimes
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
    """Whether a null belongs there: tables without seeds, values that are only quoted, and other draws where there is one."""
    names = [row["name"] for row in tree["meta"]["tables"]]
    unseeded = [f".meta.tables.{names.index(name)}.seeds" for name in ("baselines", "certificates", "literature", "methods")]
    if where.startswith((".edit_budget.error.", ".edit_budget.late.")) and where.endswith((".others", ".another")):
        return tree["edit_budget"]["seeds"] == 1
    return where in unseeded or (where.startswith((".ledger.rows.", ".literature.rows.")) and where.endswith((".ratio", ".ours")))


@pytest.fixture(scope="module")
def tree(lawful: Results):
    """All numbers of the lawful tables, which take some ten seconds."""
    return numbers(lawful)


def test_all_are_json_and_finite(tree):
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree
    for where, value in leaves(tree):
        assert value is not None or unknown(tree, where), where
        assert value is None or isinstance(value, str) or isfinite(value), where


def test_with_one_seed_only_ends_of_intervals_are_left_open(made):
    tree = numbers(made(seeds=1))
    for where, value in leaves(tree):
        assert value is not None or where.endswith((".low", ".high", ".detectable")) or unknown(tree, where), where


def test_every_key_that_the_paper_reads_is_there(tree):
    import re

    sources = [PAPER / "main.typ", *(PAPER / "sections").rglob("*.typ")]
    keys = {key for path in sources for _, key in re.findall(r'\b(num|percent|est|value)\("([^"]+)"', path.read_text())}
    for key in keys:
        found = tree
        for part in key.split("."):
            assert isinstance(found, dict), key
            assert part in found, key
            found = found[part]


def test_quoted_numbers_agree_with_the_tables(tree, lawful: Results):
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


def test_comparisons_of_two_stores_are_counted_by_the_winner_that_the_law_calls(tree):
    tree = tree["regimes"]
    assert sum(part["count"] for part in tree["by_winner"].values()) == tree["comparisons"] == len(tree["rows"])
    assert sum(part["agree"] for part in tree["by_winner"].values()) == tree["agree"]
    for winner, part in tree["by_winner"].items():
        of_each = [tree["by_winner_of_control"][control][winner]["count"] for control in tree["by_winner_of_control"]]
        assert part["count"] == sum(of_each) == part["agree"] + part["undecided"] + part["refuted"]


def test_loads_are_quoted_over_their_law(made):
    results = made(bend={"one store": 1.5}, only=("regimes",))
    found = regimes(results)["load_over_law"]
    assert found["one_pass_with_sleep"]["two_stores"]["8"]["mean"] == pytest.approx(1.0, rel=0.01)
    assert found["one_pass_with_sleep"]["one_store"]["8"]["mean"] == pytest.approx(1.5, rel=0.01)
    assert set(found["one_pass"]["list_alone_packed"]) == {"0"}


def test_what_centring_takes_is_quoted_of_all_and_of_what_sparsity_takes(made):
    found = coding_level(made(bend={"remedy": 0.5}, only=("coding_level",)))["taken"]
    # made: overlap 0.02 + 0.15 (dense), 0.02 (centred), 0.0102 + 0.00006 (sparsest); forgetting 0.1 + 3 overlap, + 0.25 centred
    assert found["overlap"]["mean"] == pytest.approx(0.15 / 0.17)
    assert found["forgetting"]["mean"] == pytest.approx(1 - 0.41 / 0.61)
    assert found["of_what_sparsity_takes"]["overlap"]["mean"] == pytest.approx(0.15 / (0.17 - 0.01026))
    assert found["of_what_sparsity_takes"]["forgetting"]["mean"] == pytest.approx(0.2 / (0.61 - 0.13078))


def test_an_interval_over_seeds_stays_on_its_scale_around_the_arithmetic_mean():
    loads = pd.DataFrame({"seed": range(4), "load": [0.0, 0.1, 0.1, 0.9]})
    anywhere, positive = over_seeds(loads, "load"), over_seeds(loads, "load", "log")
    assert anywhere["low"] < 0 < positive["low"]
    assert positive["mean"] == pytest.approx(anywhere["mean"])


def test_a_number_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match=r"numbers\.a\[1\]\.b is nan"):
        check({"a": [1, {"b": float("nan")}]})
    assert check({"a": np.int64(3), "b": None, "c": "word"}) == {"a": 3, "b": None, "c": "word"}


def test_a_missing_table_is_named(made):
    results = made(only=("interference",))
    with pytest.raises(UserError, match="cwb reproduce --only"):
        numbers(results)


def test_fingerprints_are_quoted(tree, lawful: Results):
    tables = {row["name"]: row for row in tree["meta"]["tables"]}
    assert tables["hebbian"]["key"] == "key-of-hebbi"
    assert tables["hebbian"]["rows"] == len(lawful.table("hebbian"))
    assert tables["baselines"]["seeds"] is None or pd.isna(tables["baselines"]["seeds"])


def test_places_that_a_small_run_leaves_out_have_dashes_and_break_nothing(lawful):
    from figures.numbers.predictors import predictors

    table = lawful.table("predictors")
    small = table[table["place"].isin(["late", "late_off"]) & (table["seed"] == table["seed"].min()) & (table["written"] <= 3)]

    class Small:
        def table(self, name: str) -> pd.DataFrame:
            return small.assign(T=3, known=0.5, text_rise=0.1)

    found = predictors(Small())  # pyright: ignore[reportArgumentType]
    assert [row["title"] for row in found["rows"]] == ["block 23", "block 23, off two directions"]
    for key in ("skill", "recency", "follow"):
        assert found[key]["late"] is not None
        assert found[key]["early"] is None
    assert found["in_reach"] is None or found["told"] > 0


def test_an_editor_that_a_small_run_leaves_out_has_dashes_and_breaks_nothing(lawful):
    from figures.numbers.edit_budget import edit_budget

    table = lawful.table("edit_budget")
    small = table[(table["editor"] == "rome") & (table["seed"] == table["seed"].min()) & (table["written"] <= 3)]

    class Small:
        def table(self, name: str) -> pd.DataFrame:
            return small.assign(T=3)

    found = edit_budget(Small())  # pyright: ignore[reportArgumentType]
    assert [row["title"] for row in found["rows"]] == ["ROME"]
    assert found["memit"] is None
    assert found["off"]["half"] is None
    assert found["error"]["rome"]["others"] is None
    assert found["rows"][0]["half_measured"] == "over 24"


def test_a_quick_run_has_two_ways_of_the_own_loop(lawful: Results):
    """What was not written is a dash in the text, and the rules on it are not applicable."""
    from figures.numbers.own_loop import own_loop
    from figures.own_loop import caption
    from figures.verdicts.own_loop import RULES

    table = lawful.table("own_loop")

    class Small:
        def table(self, name):
            return table[table["way"].isin(["free", "stream"]) & (table["seed"] == 0)]

    small: Results = Small()  # pyright: ignore[reportAssignmentType]
    found = own_loop(small)
    assert found["more"]["stream"]["mean"] > 0
    assert found["more"]["text"] is None
    assert "free" in caption(small)
    verdicts = {rule.id: rule.judge(small).verdict for rule in RULES}
    assert verdicts["P2-loop-whose"] == "not applicable"
    assert verdicts["P2-loop-stream"] == "undecided"


def test_a_quick_run_has_two_systems_of_continual_bits(lawful: Results):
    """What was not run is a dash in the text, and the rules on it are not applicable."""
    from figures.continual_bits import caption
    from figures.numbers.continual_bits import continual_bits
    from figures.verdicts.continual_bits import RULES

    table = lawful.table("continual_bits")

    class Small:
        def table(self, name):
            return table[table["system"].isin(["dense", "replay"])]

    small: Results = Small()  # pyright: ignore[reportAssignmentType]
    found = continual_bits(small)
    assert found["store"]["replay"]["mean"] > 0
    assert found["of_joint"] == dict.fromkeys(("dense", "kwta", "moe", "memory"))
    assert found["sparse"] == dict.fromkeys(("kwta", "moe", "memory"))
    assert found["weight"] == dict.fromkeys(("last_matrix", "off_mode"))
    assert found["stored"] == 256 * 32
    assert "replay" in caption(small)
    verdicts = {rule.id: rule.judge(small).verdict for rule in RULES}
    assert verdicts["E9-sparse"] == "not applicable"
    assert verdicts["E9-store"] == "supported"


def test_the_store_of_replay_is_the_one_of_the_experiment():
    """The rules may not import the experiment, which needs PyTorch."""
    from figures.verdicts.continual_bits import STORE
    from realmodels.experiments.continual_bits import REPLAY

    assert REPLAY["buffer"] == STORE
