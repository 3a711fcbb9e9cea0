"""What each writing method may touch, and what it may not."""

import inspect

import pytest
import torch

from realmodels.writing.methods.binding import bind, names
from realmodels.writing.methods.catalogue import METHODS, RUNS
from realmodels.writing.methods.off_mode import answer_keys, common_directions
from realmodels.writing.methods.sparse_memory import inverse_document_frequency, slot_reads, sparse_memory, top_slots
from realmodels.writing.outputs import outputs
from realmodels.writing.stream import write_task
from theory.errors import UserError


@pytest.mark.parametrize(("architecture", "method"), RUNS)
def test_only_the_scope_changes_and_the_task_is_learned(random_model, random_facts, architecture, method):
    model, facts = random_model(architecture), random_facts(1, 4)
    writer = bind(method, model, random_facts(8, 4, seed=7))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    loss = torch.nn.functional.cross_entropy(outputs(model, facts), facts.target).item()
    write_task(writer, facts, 1e-4 if method == "full" else 1e-3, 3)
    assert torch.nn.functional.cross_entropy(outputs(model, facts), facts.target).item() < loss
    changed = {name for name, p in model.named_parameters() if not torch.equal(p.detach(), before[name])}
    assert changed
    assert changed <= set(writer.parameters)
    if method == "full":  # everything but the indexer, which the language-model loss does not reach
        assert {name for name in before if ".indexer." not in name} == changed


def test_sparse_memory_leaves_unselected_rows_bit_identical(random_model, random_facts):
    model, facts = random_model("memory"), random_facts(1, 4)
    values = model.blocks[1].feedforward.values.weight
    with torch.no_grad():
        values[::2] = -0.0  # the case that subtracting a masked gradient gets wrong: -0.0 - (-0.0) is +0.0
    writer = bind("sparse_memory", model, random_facts(8, 4, seed=7), t=5)
    before = values.detach().clone().view(torch.int32)
    write_task(writer, facts, 0.5, 4)
    same = (values.detach().view(torch.int32) == before).all(1)
    idf = inverse_document_frequency(slot_reads(model, random_facts(8, 4, seed=7)))
    chosen = top_slots(slot_reads(model, facts).sum(0), idf, 5)
    assert chosen.sum() == 5
    assert same[~chosen].all()
    assert not same[chosen].any()


def test_slot_scores_are_tf_idf():
    # 3 slots, 3 background batches: slot 0 read in all, slot 1 in one, slot 2 in none; idf = log(4/4), log(4/2), log(4/1)
    idf = inverse_document_frequency(torch.tensor([[3.0, 0, 0], [1, 2, 0], [1, 0, 0]]))
    assert torch.allclose(idf, torch.tensor([1.0, 2.0, 4.0]).log())
    # reads 6, 3, 1 of 10: scores 0, .3 log 2 = .208, .1 log 4 = .139
    assert top_slots(torch.tensor([6.0, 3, 1]), idf, 1).tolist() == [False, True, False]
    assert top_slots(torch.tensor([6.0, 3, 1]), idf, 2).tolist() == [False, True, True]
    assert top_slots(torch.tensor([6.0, 0, 1]), idf, 3).tolist() == [True, False, True]  # a slot that is not read is not chosen


def test_slot_reads_do_not_depend_on_padding(random_model, random_facts):
    model, facts = random_model("memory"), random_facts(2, 4)
    together = slot_reads(model, facts)
    alone = torch.cat([slot_reads(model, facts[i : i + 1]) for i in range(len(facts))])
    assert torch.equal(together, alone)
    assert torch.equal(together.sum(1), (facts.last + 1) * 2 * 4.0)  # every token: 2 heads, 4 slots each


def test_off_mode_updates_are_orthogonal_to_the_background_directions(random_model, random_facts):
    model, facts, background = random_model("dense"), random_facts(1, 4), random_facts(8, 4, seed=7)
    weight = model.blocks[-1].feedforward.output.weight
    keys = answer_keys(model, background)
    for k in (1, 3):
        before = weight.detach().clone()
        write_task(bind("off_mode", model, background, k=k), facts, 1e-2, 3)
        update = (weight.detach() - before).double()
        directions = common_directions(keys, k)
        assert directions.shape == (keys.shape[1], k)
        assert torch.allclose(directions.T @ directions, torch.eye(k, dtype=torch.float64), atol=1e-10)
        assert (update @ keys.mean(0).double()).norm() < 1e-5 * update.norm() * keys.mean(0).norm()
        assert (update @ directions).norm() < 1e-5 * update.norm()


def test_the_default_of_sparse_memory_is_the_configuration_of_the_paper():
    """So the commands, which give no options, write as the experiments do."""
    assert inspect.signature(sparse_memory).parameters["t"].default == 256


def test_state_is_counted(random_model, random_facts):
    background = random_facts(8, 4, seed=7)
    dense, memory = random_model("dense"), random_model("memory")
    assert bind("full", dense, background).state_bits == 0
    off = bind("off_mode", dense, background, k=3)
    assert (off.state_numbers, off.state_bits) == (3 * 128, 3 * 128 * 32)
    sparse = bind("sparse_memory", memory, background)
    assert (sparse.state_numbers, sparse.state_bits) == (64, 64 * 6)  # 64 counts from 0 to 32: 33 values, 6 bits


def test_methods_that_do_not_fit_say_so(random_model, random_facts):
    assert set(METHODS) == {"full", "last_matrix", "off_mode", "sparse_memory"} <= set(names())
    assert {"alphaedit", "lora", "memit", "replay", "rls", "rome"} <= set(names())
    background = random_facts(2, 4, seed=7)
    with pytest.raises(UserError, match="unknown method 'ewc': choose one of alphaedit, full"):
        bind("ewc", random_model("dense"), background)
    with pytest.raises(UserError, match="memory layer, which this model lacks"):
        bind("sparse_memory", random_model("dense"), background)
    with pytest.raises(UserError, match="no matrix is called"):
        bind("last_matrix", random_model("dense"), background, where="9.feedforward.output")
    with pytest.raises(UserError, match="names 6 matrices"):
        bind("last_matrix", random_model("dense"), background, where="0")
    with pytest.raises(UserError, match="has no option 'colour': it has where"):
        bind("last_matrix", random_model("dense"), background, colour="red")
