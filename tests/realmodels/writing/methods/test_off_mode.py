"""Off-mode writing: updates are orthogonal to the background's directions, on the side of the keys, whatever the orientation."""

import pytest
import torch

from realmodels.model import matrices
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.off_mode import answer_keys, common_directions
from realmodels.writing.stream import write_task


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


@pytest.mark.parametrize(("kind", "where"), [("gpt2", "1.attention.output"), ("gpt2", "last"), ("llama", "1.attention.output")])
def test_the_background_is_read_as_before_whatever_the_orientation(any_model, spelled_facts, background, kind, where):
    """What the matrix makes of the background's mean key, by the module's own forward pass, stays as it was. The first matrix
    is square and stored the other way round."""
    model = any_model(kind)
    matrix = matrices.one(model, where)
    mean = answer_keys(model, background.prompts, where).mean(0)
    one = answer_keys(model, spelled_facts(1, 3), where)[0]
    module, keys = matrix.module(model), torch.stack([mean, one])
    before = module(keys).detach()
    write_task(bind("off_mode", model, background, where=where), spelled_facts(1, 3), 0.05, 3)
    moved = (module(keys).detach() - before).norm(dim=1) / before.norm(dim=1)
    assert moved[0] < 1e-5
    assert moved[1] > 1e-3


def test_state_is_k_directions(random_model, random_facts):
    writer = bind("off_mode", random_model("dense"), random_facts(8, 4, seed=7), k=3)
    assert (writer.state_numbers, writer.state_bits) == (3 * 128, 3 * 128 * 32)
