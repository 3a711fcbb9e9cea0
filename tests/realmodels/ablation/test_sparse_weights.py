"""Structurally sparse weights: equal free parameters, masks of the declared share, zeros that stay zero to the bit."""

import pytest
import torch

from realmodels.ablation.rehearsal import Rehearsed
from realmodels.ablation.sparse_weights import WIDTHS, magnitude_masks, mask, random_masks, sparse_model
from realmodels.bench.fresh import fresh
from realmodels.bench.kinds import stream
from realmodels.training.loop import one_thread

KIND = "strings"


@pytest.mark.parametrize("sparsity", WIDTHS)
def test_free_parameters_equal_those_of_the_dense_model(sparsity):
    """Counted one by one; the share is the sparsity's complement to rounding of the feed-forward width."""
    dense = sum(p.numel() for p in fresh("dense", 16, KIND, 1).model.parameters())
    loaded, share = sparse_model(sparsity, 16, KIND, 1)
    masks = random_masks(loaded.model, share, 1)
    free = sum(int(m.sum()) for m in masks.values()) + loaded.model.embedding.weight.numel()
    assert free == pytest.approx(dense, rel=0.002)
    assert share == pytest.approx(1 - sparsity, rel=0.01)
    blocks = [name for name, p in loaded.model.named_parameters() if name != "embedding.weight"]
    assert sorted(masks) == sorted(blocks)


@pytest.mark.parametrize("how", ["random", "magnitude"])
def test_fixed_zeros_stay_zero_and_the_rest_moves(how):
    """After two tasks with rehearsal, and after joint training."""
    with one_thread():
        loaded, share = sparse_model(0.5, 8, KIND, 1)
        masks = random_masks(loaded.model, share, 1) if how == "random" else magnitude_masks(loaded, share, KIND, 1)
        tasks = stream(KIND, 2, 4, 1)
        for joint in (False, True):
            memory = Rehearsed(loaded, KIND, "uniform", 1.0, 4, 0.01, 5)
            mask(memory.model, masks)
            before = {name: p.detach().clone() for name, p in memory.model.named_parameters()}
            if joint:
                memory.learn_at_once(tasks, 1)
            else:
                for task in tasks:
                    memory.write(task)
            for name, free in masks.items():
                now = dict(memory.model.named_parameters())[name]
                assert not bool(now[free == 0].any())
                moved = now[free == 1] != before[name][free == 1]
                assert float(moved.double().mean()) > 0.5


def test_magnitude_masks_keep_what_training_made_large():
    """Weights start again as they were: the mask is of a trained copy, and differs from one of the untrained weights."""
    loaded, share = sparse_model(0.8, 8, KIND, 1)
    before = [p.detach().clone() for p in loaded.model.parameters()]
    with one_thread():
        trained = magnitude_masks(loaded, share, KIND, 1)
        other = magnitude_masks(loaded, share, KIND, 2)
    assert all(torch.equal(a, b) for a, b in zip(before, loaded.model.parameters(), strict=True))
    name = "blocks.0.attention.query.weight"
    name = name if name in trained else next(iter(trained))
    assert trained[name].sum() == round(share * trained[name].numel())
    assert not torch.equal(trained[name], other[name])
    output = "blocks.1.feedforward.output.weight"
    assert not bool(dict(loaded.model.named_parameters())[output].any())  # starts at 0, so that only training tells
    early = magnitude_masks(loaded, 0.1, KIND, 1)[output]
    assert bool((trained[output] >= early).all())  # the largest tenth is among the largest fifth
