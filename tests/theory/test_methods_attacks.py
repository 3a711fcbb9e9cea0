"""The attacks on the methods' ceilings: they run the methods, they reach the ceilings, and they break bounds that are too low."""

import json
from itertools import product
from math import comb

import numpy as np
import pytest

from theory.attacks.attack import run
from theory.attacks.methods import (
    ATTACKS,
    CUTOFF,
    SIZE,
    adapter_total,
    editing_total,
    ewc_total,
    experts_total,
    facts_in_columns,
    gpm_total,
    interleaved_total,
    masks_total,
    merged_total,
    oldest_of_draws,
    shallowest_after_sleeps,
    slots_total,
    untouched_chance,
)
from theory.methods import editing, ewc, gpm, masks, self_rehearsal

BY_NAME = {attack.name: attack for attack in ATTACKS}
TOO_LOW = dict.fromkeys(BY_NAME, 0.9) | {"order": SIZE / (2 * SIZE - 1)}  # the last: N, as if order did not matter


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_an_attack_breaks_a_bound_that_is_too_low_and_replays(name):
    attack = BY_NAME[name]
    found = run(attack, tries=3000)
    assert not found.broken
    assert found.ratio > TOO_LOW[name]
    assert len(attack.bounds) <= 40
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


def drawn(name, seed):
    """A random witness of an attack."""
    return BY_NAME[name].decode(np.random.default_rng(seed).uniform(*np.array(BY_NAME[name].bounds).T))


@pytest.mark.parametrize("seed", range(3))
def test_means_over_draws_by_going_through_all_draws(seed):
    witness = drawn("one strength", seed) | {"facts": 4}
    keys, eta, mean = np.array(witness["keys"]), witness["eta"], 0.0
    for draw in product(range(len(keys)), repeat=4):
        weights = eta * keys[draw[0]]
        for key in keys[list(draw[1:])]:
            weights = weights - eta * key * (key @ weights)
        mean += np.prod(np.array(witness["chances"])[list(draw)]) * (weights @ keys[draw[0]])
    assert oldest_of_draws(witness) == pytest.approx(4 * mean)

    witness, mean = drawn("merged", seed) | {"tasks": 3}, 0.0
    tasks = np.array(witness["tasks_keys"])
    for draw in product(range(len(tasks)), repeat=3):
        weights = np.zeros((SIZE, 6))
        for i, keys in enumerate(tasks[list(draw)]):
            weights += np.linalg.pinv(keys) @ (np.eye(6)[2 * i : 2 * i + 2] - keys @ weights)
        mean += np.prod(np.array(witness["chances"])[list(draw)]) * np.trace(np.concatenate(tasks[list(draw)]) @ weights)
    assert merged_total(witness) == pytest.approx(mean)


@pytest.mark.parametrize("seed", range(3))
def test_fits_are_those_of_the_methods(seed):
    witness = drawn("shares", seed) | {"strengths": [1.0] * 3}
    keys, owners = np.array(witness["keys"]), np.array(witness["owners"])
    assert masks_total(witness) == pytest.approx(np.trace(masks.responses(keys, owners)))
    assert masks_total(witness | {"strengths": [0.5] * 3}) == pytest.approx(masks_total(witness) / 2)

    witness = drawn("evenness", seed)
    tasks = np.split(np.array(witness["keys"]), np.cumsum(witness["sizes"])[:-1])
    assert shallowest_after_sleeps(witness) == pytest.approx(np.diag(self_rehearsal.responses(tasks)).min())

    witness = drawn("interleaving", seed)
    keys = np.array(witness["keys"])
    assert interleaved_total(witness | {"steps": [1.0] * 3000}) == pytest.approx(SIZE, rel=1e-3)  # least squares
    once = witness | {"steps": [0.7]}
    pulls = np.array(witness["shares"])[:, None] * keys
    assert interleaved_total(once) == pytest.approx(0.7 * np.trace(keys.T @ pulls) / np.linalg.norm(keys.T @ pulls, 2))

    witness = drawn("routing", seed) | {"strengths": [0.6]}
    loads = np.bincount(witness["experts"], minlength=2)
    assert experts_total(witness) == pytest.approx(0.6 * np.minimum(loads, SIZE).sum(), abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_damped_fits_by_solving_for_one_hot_targets(seed):
    witness = drawn("columns", seed) | {"ridge": 0.1}
    hats = [np.linalg.solve(k.T @ k + 0.1 * np.eye(len(k.T)), k.T @ k) for k in map(np.array, witness["columns"])]
    assert facts_in_columns(witness) == pytest.approx(sum(map(np.trace, hats)) / sum(map(len, hats)))

    witness = drawn("freedom", seed) | {"ridge": 0.1}
    keys, up, down = (np.array(witness[name]) for name in ("keys", "up", "down"))
    numbers, step = np.concatenate([up.ravel(), down.ravel()]), 1e-6

    def readouts(numbers):
        return (keys @ (numbers[:6].reshape(3, 2) @ numbers[6:].reshape(2, 3)).T).T.ravel()

    slopes = np.array([(readouts(numbers + step * e) - readouts(numbers - step * e)) / (2 * step) for e in np.eye(12)]).T
    hat = np.linalg.solve(slopes.T @ slopes + 0.1 * np.eye(12), slopes.T @ slopes)
    assert adapter_total(witness) == pytest.approx(np.trace(hat), rel=1e-6)


def test_slots_and_supports_are_counted():
    assert slots_total({"slots": 6, "supports": [[0, 1], [1, 2], [2, 3], [2, 3]]}) == pytest.approx(0.5 + 0.5 + 0 + 1)
    witness = drawn("overwriting", 4)
    assert all(len(set(support)) == 3 and 0 <= min(support) <= max(support) < 12 for support in witness["supports"])
    assert untouched_chance({"slots": 20, "each": 4, "age": 3}) == pytest.approx((comb(16, 4) / comb(20, 4)) ** 3)
