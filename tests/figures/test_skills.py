"""Skills of laws along a stream: by hand, against a constant and against a multiple of another column; gaps between laws."""

import numpy as np
import pandas as pd
import pytest

from figures.verdicts.matrix_ceiling import by_way, stored


def table(noise: float = 0.0) -> pd.DataFrame:
    """One way at two rates and two lengths, the same for three seeds but for noise."""
    rows = [(0.1, 3, 0.2, 0.3, 0.25), (0.1, 6, 0.1, 0.15, 0.25), (0.3, 3, 0.6, 0.6, 0.75), (0.3, 6, 0.4, 0.3, 0.75)]
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "way": "full",
                "seed": seed,
                "learning_rate": rate,
                "T": T,
                "kept": kept + noise * draw.normal(),
                "law": law,
                "trial": trial,
            }
            for seed in range(3)
            for rate, T, kept, law, trial in rows
        ]
    )


@pytest.mark.parametrize("base", ["", "trial"])
def test_a_skill_is_one_less_the_ratio_of_errors(base):
    kept, law, trial = np.array([0.2, 0.1, 0.6, 0.4]), np.array([0.3, 0.15, 0.6, 0.3]), np.array([0.25, 0.25, 0.75, 0.75])
    beside = trial if base else np.ones(4)
    multiple = np.linalg.lstsq(beside[:, None], kept, rcond=None)[0][0]
    expected = 1 - np.sqrt(((law - kept) ** 2).mean() / ((kept - multiple * beside) ** 2).mean())
    found = by_way(table(), "kept", "law", 1e-6, base)["full"]
    assert found.mean == pytest.approx(expected, rel=1e-9)


def test_an_exact_law_has_a_skill_near_one_and_a_useless_one_below_zero():
    rows = table(0.01)
    exact = by_way(rows.assign(law=rows["kept"]), "kept", "law", 1e-3)["full"]
    assert exact.mean > 0.95
    useless = by_way(rows.assign(law=5.0), "kept", "law", 1e-3)["full"]
    assert useless.high < 0


def test_what_is_stored_is_read_at_the_rate_that_stores_most_or_at_given_ones():
    rows = table().rename(columns={"kept": "total"})
    assert stored(rows)["full"].tolist() == [0.4] * 3
    assert stored(rows, pd.Series({"full": 0.1}))["full"].tolist() == [0.1] * 3
