"""Numbers in captions: significant digits, a true minus sign, thin spaces, powers of ten, counts in words."""

import pandas as pd
import pytest

from figures.words import counted, listed, means, number, opening, paragraph, signed


@pytest.mark.parametrize(
    ("x", "digits", "words"),
    [
        (0.0, 2, "0"),
        (0.123, 2, "0.12"),
        (1.0, 2, "1.0"),
        (1.0, 1, "1"),
        (-0.488, 2, "−0.49"),
        (17.3, 2, "17"),
        (433.0, 2, "430"),
        (0.996, 2, "1.00"),
        (20000, 2, "20\u2009000"),
        (0.00021, 2, "$2.1 times 10^(-4)$"),
        (-0.00021, 2, "$-2.1 times 10^(-4)$"),
    ],
)
def test_a_number_in_a_caption(x, digits, words):
    assert number(x, digits) == words


def test_a_difference_has_its_sign():
    assert (signed(0.5), signed(-0.25), signed(-0.001), signed(0.004)) == ("+0.50", "−0.25", "0.00", "0.00")


def test_counts_and_lists():
    assert [counted(count, "store") for count in (0, 1, 12, 13)] == ["no stores", "one store", "twelve stores", "13 stores"]
    assert counted(2, "contradicts", "contradict") == "two contradict"
    assert (listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == ("a", "a and b", "a, b and c")
    assert opening("three stores") == "Three stores"


def test_lines_become_one_and_seeds_are_said():
    assert paragraph("\n    One\n    two.\n    ") == "One two."
    assert means(pd.DataFrame({"seed": [0, 1, 1]})) == "Means over 2 seeds with 95% intervals."
    assert "no intervals" in means(pd.DataFrame({"seed": [4, 4]}))
