"""What is learned: the bits are counted, the draws are even, and a longer stream begins as a shorter one."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
from scipy import stats

from realmodels.bench.item import Item
from realmodels.bench.kinds import KINDS, stream, words
from theory.errors import UserError

BITS = {"strings": 32.0, "biographies": 5.0, "facts": 4.0}


@pytest.mark.parametrize("kind", KINDS)
def test_streams(kind):
    """Their size, their bits, no prompt twice, the same draw again, and another one for another seed."""
    tasks = stream(kind, 6, 8, 3)
    items = list(chain.from_iterable(tasks))
    assert [len(task) for task in tasks] == [8] * 6
    assert {item.bits for item in items} == {BITS[kind]}
    assert len({item.prompt for item in items}) == len(items)
    assert all(set(item.symbols) <= set(item.alphabet) and item.answer.startswith(" ") for item in items)
    assert tasks == stream(kind, 6, 8, 3) != stream(kind, 6, 8, 4)


def test_a_longer_stream_of_strings_begins_as_a_shorter_one():
    """So that levels can be compared."""
    assert stream("strings", 2, 8, 1) == stream("strings", 5, 8, 1)[:2]


def test_letters_are_drawn_evenly():
    """A chi-square test of the letters of 4,096 answers; at this level of 1e-4 the fixed draw passes or is not even."""
    answers = [item.symbols for task in stream("strings", 64, 64, 5) for item in task]
    for place in range(8):
        counts = Counter(answer[place] for answer in answers)
        assert stats.chisquare([counts[letter] for letter in "abcdefghijklmnop"]).pvalue > 1e-4


def test_words_are_all_words_of_the_texts():
    """What a new model has tokens for; real facts are open text."""
    for kind in ("strings", "biographies"):
        texts = [item.prompt + item.answer for task in stream(kind, 6, 8, 1) for item in task]
        assert set(" ".join(texts).split()) <= set(words(kind))
    with pytest.raises(UserError, match="a trained model"):
        words("facts")
    with pytest.raises(UserError, match="unknown kind"):
        stream("songs", 1, 1, 0)


def test_what_is_right():
    """The first words count; signs around them, and what comes behind, do not."""
    letters = tuple("abcd")
    item = Item("k =", " a b c", letters)
    assert item.right(" a b c d d") == [True, True, True]
    assert item.right("a, x c.") == [True, False, True]
    assert item.right("") == [False] * 3
    assert np.all(item.right("abc") == np.array([False] * 3))
    country = Item("where", " South Africa", ("South Africa", "Chad"))
    assert country.right(" South Africa, of course") == [True]
    assert country.right("South Africans") == [False]
    assert country.right("In South Africa") == [False]
