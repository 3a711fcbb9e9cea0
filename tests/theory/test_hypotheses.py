"""The truth tables: every row checks, every row rests on claims of the ledger, and the status follows from the rows."""

import re

import pytest

from theory.errors import UserError
from theory.hypotheses import CLAIMS, status
from theory.ledger import ledger
from theory.proof.claim import Case


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.id for claim in CLAIMS])
def test_every_row_checks_and_rests_on_claims(claim):
    assert [check for check in claim.check() if not check.passed] == []
    assert len(claim.cases) >= 4
    for case in claim.cases:
        assert case.verdict in ("true", "false", "open")
        assert set(re.split(r",\s*", case.because)) <= set(ledger()) - {claim.id}
    text = claim.show()
    assert "Truth table" in text
    assert all(case.condition.split()[0] in text for case in claim.cases)


def test_no_hypothesis_is_true_or_false_outright():
    assert {claim.id: claim.status for claim in CLAIMS} == dict.fromkeys(("H1", "H2", "H3", "H4"), "conditional")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["true"], "proved"),
        (["true", "true"], "proved"),
        (["false", "false"], "refuted"),
        (["true", "false"], "conditional"),
        (["open"], "open"),
        (["open", "true"], "conditional"),
    ],
)
def test_the_status_follows_from_the_rows(verdicts, expected):
    assert status([Case("", verdict, "I1") for verdict in verdicts]) == expected


def test_a_hypothesis_has_no_number():
    with pytest.raises(UserError, match="H1 has no quantity to evaluate; `cwb theory show H1`"):
        CLAIMS[0].value(N=3)
