"""Every learner counts the state that it really carries, and spends what the comparison of methods gives it."""

from dataclasses import replace

import pytest

from simulate.backend import jax
from simulate.learners import label_buffer, lora, replay, self_rehearsal, sparse_slots, two_regimes
from tests.simulate.learners.streams import D, N, T, learner, setting
from theory.methods import comparison

LEARNERS = (
    "replay",
    "replay_buffer_read",
    "self_rehearsal",
    "self_rehearsal_seeded",
    "lora",
    "sparse_memory",
    "sparse_memory_chosen",
)
"""Learners that the comparison of methods has a row for."""


@pytest.mark.parametrize("name", LEARNERS)
def test_state_is_that_of_the_comparison(name):
    state, outputs = 2e5, 100
    account = comparison.system(name, state, outputs)
    size = {"B": round(account.whole) - 1} if name.startswith("replay") else {}
    own = comparison.RANK if name == "lora" else 0
    facts = round(account.N / 0.5) if name == "self_rehearsal" else 1  # cues of as many facts as its length at depth 1/2
    known = learner(name)
    at = setting(name, N=int(account.N), outputs=outputs, D=1, T=facts, **size, **({"rank": own} if own else {}))
    spent, room = known.numbers(at), 2 * outputs + 4 * account.N  # one more key or one wider: not even all of that is left
    assert state - room <= spent <= state


@pytest.mark.parametrize("name", [*LEARNERS, "two_regimes", "two_equal", "two_rules", "two_rules_averaged", "label_buffer"])
def test_numbers_count_what_is_carried(name):
    at = setting(name)
    carried = sum(leaf.size for leaf in jax.tree.leaves(learner(name).begin(at)))
    uncounted = {"self_rehearsal_seeded": T * D * N, "two_rules_averaged": -1}.get(name, 0)
    assert learner(name).numbers(at) == carried - uncounted


def test_every_file_binds_its_systems():
    for module in (replay, self_rehearsal, lora, sparse_slots, two_regimes, label_buffer):
        assert module.LEARNERS
        for system in module.SYSTEMS:
            for preset in ("quick", "paper"):
                assert all(system.ceiling({**system.defaults, **point}) > 1 for point in system.points[preset])
            assert replace(system).claim in ("replay", "self_rehearsal", "lora", "sparse_memory", "C2")
