"""The shares of layers: they add up, they agree with gradients taken one by one, and a layer that does nothing has none."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from realmodels.model.matrices import matrices
from realmodels.model.reading import logits_at
from realmodels.writing.carriers import carriers, shares
from realmodels.writing.kernel import shared_outputs
from realmodels.writing.question import Question
from realmodels.writing.scan import drawn
from theory.errors import UserError

FACTS = [(f"The capital {city} lies in", land) for city, land in zip(("Lima", "Oslo", "Rome", "Bern"), "PINA", strict=True)]


@given(layers=st.integers(1, 5), facts=st.integers(2, 6), seed=st.integers(0, 2**16))
def test_shares_of_any_layers_add_up_to_one(layers, facts, seed):
    random = torch.Generator().manual_seed(seed)
    gradients = torch.randn(layers, facts, 7, generator=random, dtype=torch.float64)
    interference, learning = shares(gradients @ gradients.transpose(1, 2))
    assert float(interference.sum()) == pytest.approx(1, abs=1e-12)
    assert float(learning.sum()) == pytest.approx(1, abs=1e-12)
    assert bool((learning >= 0).all())


def test_a_layer_that_tells_all_facts_apart_learns_and_does_not_interfere():
    interference, learning = shares(torch.stack([torch.eye(3), torch.ones(3, 3)]))
    assert interference.tolist() == [0, 1]
    assert learning.tolist() == [0.5, 0.5]


def test_a_layer_that_turns_interference_back_has_less_than_none():
    back, forth = torch.tensor([[1.0, -0.5], [-0.5, 1.0]]), torch.tensor([[2.0, 1.5], [1.5, 2.0]])
    interference, _ = shares(torch.stack([back, forth]))
    assert interference.tolist() == pytest.approx([-0.5, 1.5])


def test_facts_that_do_not_overlap_are_refused():
    with pytest.raises(UserError, match="no two of these facts overlap"):
        shares(torch.eye(3)[None])


def test_shares_agree_with_gradients_taken_one_by_one(toys):
    loaded = toys("llama")
    facts = drawn(Question(loaded, FACTS).facts, 4)
    read, count = shared_outputs(facts, 4)
    y = read(logits_at(loaded.model, facts.tokens, facts.row, facts.place), facts)
    kernels = {}
    for matrix in matrices(loaded.model):
        weight = matrix.module(loaded.model).weight
        rows = [[torch.autograd.grad(y[i, n], weight, retain_graph=True)[0].flatten() for i in range(4)] for n in range(count)]
        gram = sum(torch.stack(of) @ torch.stack(of).T for of in rows)
        kernels[matrix.layer] = kernels.get(matrix.layer, 0) + gram.double()
    whole = sum(kernels.values())
    off = ~torch.eye(4, dtype=torch.bool)
    frame = carriers(loaded.model, Question(loaded, FACTS).facts).set_index("layer")
    assert sorted(frame.index) == sorted(kernels)
    for layer, own in kernels.items():
        interference = float((own * whole)[off].sum() / whole[off].square().sum())
        assert frame.loc[layer, "interference"] == pytest.approx(interference, rel=1e-3)
        assert frame.loc[layer, "learning"] == pytest.approx(float(own.trace() / whole.trace()), rel=1e-3)
