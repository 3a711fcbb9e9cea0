"""What stands behind the ledger: every certificate proves, every attack holds and replays, every value in print agrees."""

import json

import numpy as np
import pytest

from simulate.experiments import attacks as attack_experiment
from simulate.experiments import certificates as certificate_experiment
from simulate.experiments import literature as literature_experiment
from simulate.experiments import methods as method_experiment
from theory import evidence
from theory.attacks.attack import SLACK, run
from theory.errors import UserError
from theory.ledger import ledger

CERTIFICATES, ATTACKS, AGREEMENTS = evidence.certificates(), evidence.attacks(), evidence.agreements()
METHODS = {"balls", "smt", "exact"}
PROVENANCE = ("printed value", "recalled from the print", "their formula", "quoted")


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=[f"{c.claim}-{i}" for i, c in enumerate(CERTIFICATES)])
def test_every_certificate_proves_its_whole_box(certificate):
    found = certificate.run()
    assert found.passed, found.detail
    assert found.covered == 1.0
    assert certificate.method in METHODS
    assert len(certificate.statement) > 5
    assert certificate.box


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{a.claim}-{a.name}" for a in ATTACKS])
def test_no_attack_breaks_its_bound_and_every_witness_replays(attack):
    found = run(attack, seed=1, tries=300)
    assert found.ratio <= 1 + SLACK, found.witness
    witness = json.loads(json.dumps(found.witness))
    assert attack.ratio(witness) == pytest.approx(found.ratio, rel=1e-12)
    again = run(attack, seed=1, tries=300)
    assert (again.ratio, again.witness) == (found.ratio, found.witness)


@pytest.mark.parametrize("item", AGREEMENTS, ids=[f"{a.claim}-{a.name}" for a in AGREEMENTS])
def test_the_literature_is_reproduced(item):
    assert item.provenance.startswith(PROVENANCE)
    assert len(item.source) > 8
    assert len(item.how) > 8
    if item.ours is not None:
        assert len(item.why) > 8
        assert item.ours() == pytest.approx(item.theirs, abs=item.tolerance)
        assert item.tolerance < 0.2 * max(abs(item.theirs), 1.0)


def test_everything_is_about_a_claim_and_named_once():
    known = set(ledger())
    assert {item.claim for item in (*CERTIFICATES, *ATTACKS, *AGREEMENTS)} <= known
    for group in (
        [(c.claim, c.statement, c.box) for c in CERTIFICATES],
        [(a.claim, a.name) for a in ATTACKS],
        [(a.claim, a.name, a.quantity) for a in AGREEMENTS],
    ):
        assert len(set(group)) == len(group)


def test_of_one_claim_only_and_of_none_unknown():
    assert {certificate.claim for certificate in evidence.certificates("C2")} == {"C2"}
    assert 0 < len(evidence.attacks("C2")) < len(ATTACKS)
    with pytest.raises(UserError, match="no claim 'H9'; choose one of I1"):
        evidence.attacks("H9")


@pytest.mark.parametrize("experiment", [attack_experiment, certificate_experiment, literature_experiment, method_experiment])
def test_experiments_on_the_theory_are_declared_and_their_rows_complete(experiment, tmp_path):
    declared = experiment.EXPERIMENT
    for preset in ("quick", "paper"):
        cells = declared.cells(preset)
        assert len({declared.key(cell) for cell in cells}) == len(cells) > 0
    cell = {**declared.cells("quick")[0], "tries": 50}
    cell = cell if experiment is attack_experiment else declared.cells("quick")[0]
    first, second = (list(declared.run(cell, tmp_path)) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    assert first
    assert all(row[key] == cell[key] for row in first for key in cell if key in row)


def test_quoted_values_are_marked_and_do_not_agree_by_default(tmp_path):
    quoted = [item for item in AGREEMENTS if item.ours is None]
    for item in quoted:
        (row,) = literature_experiment.run({"claim": item.claim, "name": item.name, "quantity": item.quantity}, tmp_path)
        assert row["quoted"]
        assert np.isnan(row["ours"])
