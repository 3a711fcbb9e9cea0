"""Sparse memory finetuning: which slots are written, and that all others stay as they are, bit for bit."""

import inspect

import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.sparse_memory import inverse_document_frequency, slot_reads, sparse_memory, top_slots
from realmodels.writing.stream import write_task


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_sparse_memory_leaves_unselected_rows_bit_identical(random_model, random_facts, optimizer):
    model, facts = random_model("memory"), random_facts(1, 4)
    values = model.blocks[1].feedforward.values.weight
    with torch.no_grad():
        values[::2] = -0.0  # the case that subtracting a masked gradient gets wrong: -0.0 - (-0.0) is +0.0
    writer = bind("sparse_memory", model, random_facts(8, 4, seed=7), t=5, optimizer=optimizer)
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


def test_the_default_of_sparse_memory_is_the_configuration_of_the_paper():
    """So the commands, which give no options, write as the experiments do."""
    assert inspect.signature(sparse_memory).parameters["t"].default == 256


def test_state_is_a_count_per_slot(random_model, random_facts):
    sparse = bind("sparse_memory", random_model("memory"), random_facts(8, 4, seed=7))
    assert (sparse.state_numbers, sparse.state_bits) == (64, 64 * 6)  # 64 counts from 0 to 32: 33 values, 6 bits


def test_scores_that_take_the_method_apart():
    idf, reads = torch.tensor([0.0, 0.5, 2.0, 3.0]), torch.tensor([6.0, 3, 1, 0])
    assert top_slots(reads, idf, 1, "tf").tolist() == [True, False, False, False]
    assert top_slots(reads, idf, 1, "idf").tolist() == [False, False, True, False]  # slot 3 scores more, and is not read
    assert top_slots(reads, idf, 1, "read").tolist() == [True, True, True, False]


def test_random_slots_are_even_and_fixed_for_a_task():
    reads = torch.zeros(40)
    reads[:20] = 1
    drawn = []
    for task in range(200):
        reads[0] = task + 1.0  # another task
        mask = top_slots(reads, torch.zeros(40), 5, "random")
        assert torch.equal(mask, top_slots(reads, torch.zeros(40), 5, "random"))
        assert mask.sum() == 5
        drawn.append(mask)
    share = torch.stack(drawn).double().mean(0)
    assert (share[20:] == 0).all()
    assert (share[:20] - 0.25).abs().max() < 5 * (0.25 * 0.75 / 200) ** 0.5  # five standard errors of a share


def test_all_slots_that_are_read_are_the_whole_table(random_model, random_facts):
    """A slot that is not read has no gradient: the scope without any choice is finetuning of the values."""
    facts, written = random_facts(1, 4), []
    for choose in (True, False):
        model = random_model("memory")
        writer = bind("sparse_memory", model, random_facts(8, 4, seed=7), score="read")
        if not choose:
            writer.restriction = lambda task, earlier: lambda gradients: gradients
        write_task(writer, facts, 0.5, 4)
        written.append(model.blocks[1].feedforward.values.weight.detach().clone())
    assert torch.equal(*written)


def test_scores_without_idf_keep_no_state(random_model, random_facts):
    for score in ("tf", "random", "read"):
        assert bind("sparse_memory", random_model("memory"), random_facts(8, 4, seed=7), score=score).state_bits == 0
