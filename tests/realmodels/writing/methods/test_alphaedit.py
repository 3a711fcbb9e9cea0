"""AlphaEdit against the formula of the paper with its full-size projector, and what it leaves alone."""

import numpy as np
import pytest
import torch

from realmodels.writing.methods.alphaedit import null_space
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.editor import second_moment
from realmodels.writing.methods.values import subject_keys
from realmodels.writing.methods.writer import Background
from realmodels.writing.stream import stream
from theory.errors import UserError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["dense", "gpt2", "llama"])
def test_tasks_are_written_as_in_the_paper(any_model, background, kind):
    """dW = R K^T P (K_p K_p^T P + K K^T P + ridge I)^-1, with P [inputs, inputs] by a singular value decomposition."""
    model = any_model(kind)
    writer = bind("alphaedit", model, background, share=0.2, ridge=0.5)
    moment = second_moment(model, writer.matrix, background, "alphaedit").numpy()
    left, values, _ = np.linalg.svd(moment, hermitian=True)
    small = [i for i in range(len(values)) if values[i:].sum() <= 0.2 * values.sum()]
    projector = left[:, small] @ left[:, small].T
    assert 0 < len(small) < len(values)
    prompts = subject_keys(model, writer.matrix, background.prompts).double().numpy()
    ridge = 0.5 * np.square(prompts @ projector).sum(1).mean()
    n, m, past = len(moment), writer.matrix.outputs, np.zeros_like(moment)
    for facts in (3, 1, 7):
        keys, wanted = RNG.standard_normal((n, facts)), RNG.standard_normal((m, facts))
        inverse = np.linalg.inv(past @ projector + keys @ keys.T @ projector + ridge * np.eye(n))
        expected = wanted @ keys.T @ projector @ inverse
        change = writer.change(torch.from_numpy(keys), torch.from_numpy(wanted)).numpy()
        assert np.abs(change - expected).max() < 1e-6 * np.abs(expected).max()
        past = past + keys @ keys.T


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_text_of_few_tokens_is_read_as_before(any_model, spelled_facts, background, kind):
    """Text that leaves a null space in the strict sense: what the matrix makes of it does not move."""
    model, few = any_model(kind), Background(background.prompts, background.text[:1, :10])
    writer = bind("alphaedit", model, few, share=1e-9)
    module = writer.matrix.module(model)
    read = []
    hook = module.register_forward_pre_hook(lambda module, inputs: read.append(inputs[0].detach().reshape(-1, 48)))
    with torch.no_grad():
        model(few.text)
    hook.remove()
    keys, facts = read[0], spelled_facts(2, 3)
    before = module(keys).detach()
    of_facts = subject_keys(model, writer.matrix, facts)
    facts_before = module(of_facts).detach()
    list(stream(writer, facts, 0.2, 4))
    assert writer.null.shape == (48, 38)
    assert (module(keys).detach() - before).norm() < 1e-4 * before.norm()
    assert (module(of_facts).detach() - facts_before).norm() > 0.05 * facts_before.norm()


def test_the_null_space_holds_at_most_its_share():
    moment = torch.diag(torch.tensor([0.0, 1.0, 2.0, 7.0], dtype=torch.float64))
    for share, width in ((0.05, 1), (0.1, 2), (0.29, 2), (0.3, 3), (0.99, 3)):
        space = null_space(moment, share)
        assert space.shape == (4, width)
        assert torch.trace(space.T @ moment @ space) <= share * 10


def test_a_share_that_leaves_no_direction_is_told(any_model, background):
    with pytest.raises(UserError, match="no direction holds as little") as raised:
        bind("alphaedit", any_model("gpt2"), background, share=1e-12)
    assert "\n" not in str(raised.value)


def test_state_is_the_projector_and_the_earlier_keys(any_model, background):
    writer = bind("alphaedit", any_model("gpt2"), background, share=0.2)
    width = writer.null.shape[1]
    assert writer.state_numbers == 48 * 49 // 2 + width * (width + 1) // 2
    assert writer.state_bits == 64 * writer.state_numbers
    assert {name: tuple(tensor.shape) for name, tensor in writer.state().items()} == {"past": (width, width)}
