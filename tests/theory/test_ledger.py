"""The ledger's list against the laws themselves: nothing is missing, nothing is listed twice, each claim is where it says."""

import importlib
import pkgutil

import pytest

import theory
from theory.ledger import IDS, LAWS, claim


@pytest.mark.parametrize("module", LAWS)
def test_a_law_states_the_claims_that_the_ledger_says(module):
    assert tuple(one.id for one in importlib.import_module(module).CLAIMS) == LAWS[module]


def test_every_module_that_states_claims_is_listed():
    names = [info.name for info in pkgutil.walk_packages(theory.__path__, "theory.")]
    assert {name for name in names if hasattr(importlib.import_module(name), "CLAIMS")} == set(LAWS)


def test_ids_are_unique_also_when_capitals_and_dashes_are_ignored():
    assert len({id.casefold().replace("-", "_") for id in IDS}) == len(IDS)
    assert all(claim(id).id == id for id in IDS)
