"""The writing loop and its bookkeeping."""

import math

import pandas as pd
import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import answer_loss, facts_from_ids, fold, outputs, scores
from realmodels.writing.stream import write_stream, write_task
from theory.errors import UserError


def test_outputs_carry_the_whole_softmax(random_model, random_facts):
    model, facts = random_model("dense"), random_facts(2, 4)
    logits = torch.stack([model(facts.tokens[i : i + 1, : facts.last[i] + 1])[0, -1] for i in range(len(facts))])
    full = torch.nn.functional.cross_entropy(logits, facts.answer_tokens)
    assert torch.allclose(answer_loss(outputs(model, facts), facts), full, rtol=1e-5)


def one_token(target):
    return facts_from_ids([[1]] * len(target), target, [0] * len(target), range(20, 36))


def test_chance_is_zero_bits_and_certainty_is_log2_of_the_candidates():
    z = torch.zeros(3, 17)
    z[:, 16] = torch.tensor([-50.0, 0.0, 9.0])  # how likely the rest of the vocabulary is does not matter
    chance = scores(z, one_token([0, 3, 15]))
    assert torch.allclose(chance.bits_raw, torch.zeros(3, dtype=torch.float64), atol=1e-12)
    z[:, 3] = 100.0
    sure = scores(z, one_token([3, 3, 5]))
    assert sure.bits[:2].tolist() == [4.0, 4.0]
    assert sure.recall.tolist() == [1.0, 1.0, 0.0]
    assert sure.bits[2] == 0
    assert math.isclose(sure.bits_raw[2], 4 - 100 / math.log(2), rel_tol=1e-12)


def test_fold_keeps_candidates_in_their_order():
    z = fold(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), facts_from_ids([[1]], [0], [0], [3, 0]))
    assert torch.allclose(z, torch.tensor([[4.0, 1.0, math.log(math.exp(2) + math.exp(3))]]))


def test_a_stream_says_what_was_written_when(random_model, random_facts):
    facts = random_facts(5, 2)

    def run():
        model = random_model("dense")
        writer = bind("last_matrix", model, random_facts(4, 4, seed=7))
        return pd.DataFrame(write_stream(writer, facts, facts, 3e-3, 5, lambda model: 1.5))

    rows = run()
    assert len(rows) == 6 * 5
    assert (rows.age == rows.written - 1 - rows.task).all()
    assert rows.groupby("written").heldout_bits_per_byte.first().notna().tolist() == [True, True, True, False, True, True]
    start = scores(outputs(random_model("dense"), facts), facts)
    assert rows[rows.written == 0].bits_raw.tolist() == pytest.approx(start.bits_raw.detach().view(5, 2).mean(1).tolist())
    fresh = rows[rows.age == 0]
    assert (fresh.loss.to_numpy() < rows[rows.written == 0].loss.to_numpy()).all()
    assert (rows.recall_heldout_phrasing == rows.recall).all()  # the same phrasing was passed for both
    pd.testing.assert_frame_equal(rows, run())


def test_a_learning_rate_that_is_too_large_is_recorded_as_diverged(random_model, random_facts):
    model, facts = random_model("dense"), random_facts(3, 2)
    causes = []
    rows = pd.DataFrame(write_stream(bind("full", model, facts), facts, facts, 1e30, 3, lambda model: 1.0, causes.append))
    (cause,) = causes
    assert "lower the learning rate" in str(cause)
    assert not rows[rows.written == 0].diverged.any()
    later = rows[rows.written > 0]
    assert later.diverged.all()
    assert (later.bits == 0).all()
    assert later.loss.isna().all()
    fresh = random_model("dense")
    with pytest.raises(Diverged, match="lower the learning rate"):
        write_task(bind("full", fresh, facts), facts.of_task(0), 1e30, 3)


@pytest.mark.parametrize("learning_rate", [-1.0, 0.0, math.nan, math.inf])
def test_a_learning_rate_that_cannot_be_is_refused_before_anything_is_written(random_model, random_facts, learning_rate):
    model, facts = random_model("dense"), random_facts(1, 4)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with pytest.raises(UserError, match="finite number above 0"):
        write_task(bind("full", model, facts), facts, learning_rate, 1)
    assert all(torch.equal(p.detach(), before[name]) for name, p in model.named_parameters())
