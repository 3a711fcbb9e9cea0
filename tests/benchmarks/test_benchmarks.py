"""The benchmark runs, at a size that takes no time; nothing is asked of the times."""

import numpy as np
import pytest

from tests.benchmarks.__main__ import exponent, main, rank_one_loop, unit_codes
from theory.conservation import depths


def test_it_runs_and_prints_its_table(capsys):
    assert main(["--size", "32", "--N", "32", "--M", "40", "--repeats", "1"]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("float32", "float64", "GF/s", "time ~ N^", "time ~ M^", "time ~ seeds^"))


def test_the_loop_is_the_definition():
    codes, etas = unit_codes(20, 7, "float64"), np.linspace(0.1, 1, 20)
    np.testing.assert_allclose(rank_one_loop(codes, etas), depths(codes, etas), atol=1e-12)


def test_an_exponent_is_a_slope():
    assert exponent([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2)
