"""The attacks on the methods' ceilings: they run the methods, they reach the ceilings, and they break bounds that are too low."""

import json

import numpy as np
import pytest

from theory.attacks.attack import run
from theory.attacks.methods import ATTACKS, CUTOFF, SIZE, editing_total, ewc_total, gpm_total
from theory.methods import editing, ewc, gpm

BY_NAME = {attack.name: attack for attack in ATTACKS}
TOO_LOW = {"ceiling": 0.9, "rank": 0.9, "order": SIZE / (2 * SIZE - 1)}  # the last: N, as if order did not matter


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_an_attack_breaks_a_bound_that_is_too_low_and_replays(name):
    attack = BY_NAME[name]
    found = run(attack, tries=3000)
    assert not found.broken
    assert found.ratio > TOO_LOW[name]
    witness = json.loads(json.dumps(found.witness))
    assert attack.ratio(witness) == pytest.approx(found.ratio, abs=1e-12)


def test_attacks_run_the_methods():
    rng = np.random.default_rng(1)
    for _ in range(20):
        point = rng.uniform(*np.array(BY_NAME["ceiling"].bounds).T)
        witness = BY_NAME["ceiling"].decode(point)
        plain = witness | {"importance": [1.0] * len(witness["keys"]), "decay": [1.0] * len(witness["keys"])}
        keys = np.array(witness["keys"])
        assert ewc_total(plain) == pytest.approx(np.trace(ewc.responses(keys, witness["ridge"])), abs=1e-8)
        assert 0 <= ewc_total(witness) < SIZE

        witness = BY_NAME["rank"].decode(rng.uniform(*np.array(BY_NAME["rank"].bounds).T))
        whole = witness | {"strengths": [1.0] * len(witness["keys"])}
        assert gpm_total(whole) == pytest.approx(np.trace(gpm.responses(np.array(witness["keys"]), CUTOFF)), abs=1e-8)
        assert gpm_total(witness) == pytest.approx(
            sum(witness["strengths"][:SIZE]), abs=1e-8
        )  # generic keys: the first N fill it

        witness = BY_NAME["order"].decode(rng.uniform(*np.array(BY_NAME["order"].bounds).T)) | {"strength": 1.0}
        factor = np.array(witness["factor"])
        kept = np.trace(editing.delta_responses(np.array(witness["keys"]), factor @ factor.T))
        assert editing_total(witness) == pytest.approx(kept, abs=1e-7)


def test_a_vanishing_key_is_replaced():
    witness = BY_NAME["rank"].decode(np.zeros(len(BY_NAME["rank"].bounds)))
    np.testing.assert_array_equal(witness["keys"], np.tile(np.eye(SIZE)[0], (len(witness["keys"]), 1)))
    assert gpm_total(witness | {"strengths": [1.0] * len(witness["keys"])}) == pytest.approx(1)
