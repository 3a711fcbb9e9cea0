"""The kernel against automatic differentiation done another way, against a true small write, and against hand-made geometry."""

import numpy as np
import pytest
import torch

from realmodels.model.architectures import ARCHITECTURES
from realmodels.writing.kernel import (
    activation_fraction,
    fact_gram,
    jacobian_kernel,
    layer_kernel,
    logit_kernel,
    overlaps,
    statistics,
    write_fraction,
)
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.catalogue import RUNS
from realmodels.writing.outputs import fold, outputs
from realmodels.writing.stream import write_task


def jacrev_rows(model, facts, names):
    """d outputs / d parameters as [F * O, P], by torch.func: a second opinion on the loop over facts of the code."""
    parameters = {name: p.detach() for name, p in model.named_parameters()}

    def z(chosen):
        features = torch.func.functional_call(model, {**parameters, **chosen}, (facts.tokens,))
        return fold(features[facts.row, facts.place], facts)

    found = torch.func.jacrev(z)({name: parameters[name] for name in names})
    return torch.cat([found[name].flatten(2) for name in names], 2).flatten(0, 1)


@pytest.mark.parametrize("architecture", ["dense", "memory", "dsa"])
def test_kernel_equals_jacrev_however_it_is_computed(random_model, random_facts, architecture):
    model, facts = random_model(architecture), random_facts(2, 3)
    writer = bind("full", model, facts)
    rows = jacrev_rows(model, facts, list(writer.parameters))
    expected = (rows @ rows.T).view(6, 5, 6, 5)
    size = rows.shape[1]
    at_once, two_by_two = (jacobian_kernel(model, writer, facts, limit) for limit in (10**9, 2 * 4 * 5 * size * 2))
    for kernel in (at_once, two_by_two, logit_kernel(model, writer, facts)):
        assert torch.allclose(kernel.response, expected, rtol=1e-4, atol=1e-4 * expected.abs().max())
        assert torch.equal(kernel.response, kernel.writes)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("most", [0, 10**6])
def test_kernel_of_every_architecture_by_formulas_equals_jacobians(random_model, random_facts, monkeypatch, architecture, most):
    """In pieces, as for many facts, and in one. Layers that read blocks of positions, or no gradient at all, are among them."""
    monkeypatch.setattr("realmodels.writing.kernel.PLAIN", most)
    model, facts = random_model(architecture), random_facts(2, 3)
    writer = bind("full", model, facts)
    expected = jacobian_kernel(model, writer, facts).response
    found = logit_kernel(model, writer, facts).response
    assert (found - expected).abs().max() < 2e-5 * expected.abs().max()


def test_restricted_kernel_is_the_masked_product(random_model, random_facts):
    model, facts = random_model("memory"), random_facts(3, 2)
    writer = bind("sparse_memory", model, random_facts(8, 4, seed=7), t=6)
    (name,) = writer.parameters
    rows = jacrev_rows(model, facts, [name])
    ones = {name: torch.ones_like(writer.parameters[name])}
    masks = torch.stack([writer.restriction(facts.of_task(int(t)), ())(ones)[name].flatten() for t in facts.task])
    masked = rows * masks.repeat_interleave(5, 0)
    for limit in (10**9, 4 * 4 * 5 * rows.shape[1]):
        kernel = jacobian_kernel(model, writer, facts, limit)
        assert torch.allclose(kernel.response.view(30, 30), rows @ masked.T, rtol=1e-4, atol=1e-6)
        assert torch.allclose(kernel.writes.view(30, 30), masked @ masked.T, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(kernel.response, kernel.writes, rtol=1e-2)  # reading all slots, writing few


@pytest.mark.parametrize("method", ["last_matrix", "off_mode"])
def test_closed_form_equals_jacobians(random_model, random_facts, method):
    model, facts = random_model("dense"), random_facts(3, 4)
    writer = bind(method, model, random_facts(8, 4, seed=7))
    closed, explicit = layer_kernel(model, writer, facts), jacobian_kernel(model, writer, facts)
    for one, other in ((closed.response, explicit.response), (closed.writes, explicit.writes)):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5 * other.abs().max())
    assert torch.equal(logit_kernel(model, writer, facts).response, closed.response)


@pytest.mark.parametrize(("architecture", "method"), RUNS)
def test_kernel_is_the_derivative_of_a_true_write(random_model, random_facts, architecture, method):
    model, facts = random_model(architecture), random_facts(3, 3)
    writer = bind(method, model, random_facts(8, 4, seed=7))
    kernel, z = logit_kernel(model, writer, facts), outputs(model, facts).detach()
    error = z.softmax(-1) - torch.nn.functional.one_hot(facts.target, 5)
    mine = facts.task == 1
    predicted = -torch.einsum("iojp,jp->io", kernel.response[:, :, mine], error[mine]) / 3
    learning_rate = 0.002 / predicted.abs().max().item()
    write_task(writer, facts.of_task(1), learning_rate, 1)
    moved = (outputs(model, facts).detach() - z) / learning_rate
    assert (moved - predicted).norm() < 0.05 * predicted.norm()


def test_fact_gram_projects_out_the_direction_that_no_probability_sees():
    rng = torch.Generator().manual_seed(0)
    jacobian = torch.randn(3, 5, 40, generator=rng, dtype=torch.float64)
    centred = jacobian - jacobian.mean(1, keepdim=True)
    expected = torch.einsum("icp,jcp->ij", centred, centred) / 4
    shifted = jacobian + 7 * torch.randn(3, 1, 40, generator=rng, dtype=torch.float64)  # moves all outputs of a fact alike
    assert torch.allclose(fact_gram(torch.einsum("icp,jdp->icjd", shifted, shifted)), expected)


def test_statistics_of_geometry_made_by_hand():
    def theta(keys):  # write directions key x (one output pair): kappa is the keys' cosine
        keys = torch.tensor(keys)
        return torch.einsum("ih,jh,cd->icjd", keys, keys, torch.eye(3))

    orthogonal = statistics(theta(np.eye(4) + 1e-9))
    assert orthogonal["participation_ratio"] == pytest.approx(4)
    assert orthogonal["spectrum"] == pytest.approx([0.25] * 4)
    assert orthogonal["rms_overlap"] < 1e-8
    equal = statistics(theta(np.ones((4, 2)) * [[1.0], [2.0], [3.0], [4.0]]))  # lengths do not count
    assert equal["participation_ratio"] == pytest.approx(1)
    assert equal["mean_overlap"] == pytest.approx(1)
    assert equal["common_mode"] == pytest.approx(1)
    # a common key of length 1 plus private ones of length 1: all cosines 1/2, spectrum of I/2 + 11^T/2 is (2.5, .5, .5, .5) / 4
    shared = statistics(theta(np.concatenate([np.ones((4, 1)), np.eye(4)], 1)))
    assert shared["mean_overlap"] == pytest.approx(0.5)
    assert shared["spectrum"] == pytest.approx([0.625, 0.125, 0.125, 0.125])
    assert shared["participation_ratio"] == pytest.approx(1 / (0.625**2 + 3 * 0.125**2))
    assert overlaps(theta(np.array([[1.0, 0], [-1.0, 0]])))[0, 1] == pytest.approx(-1)


def test_fractions_count_units_and_parameters(random_model, random_facts):
    dense, memory, facts = random_model("dense"), random_model("memory"), random_facts(2, 3)
    background = random_facts(8, 4, seed=7)
    record: dict[str, list[torch.Tensor]] = {}
    dense(facts.tokens[:1, : facts.last[0] + 1], record)
    one = facts[0:1]
    assert activation_fraction(dense, bind("full", dense, one), one) == pytest.approx(
        np.mean([(a > 0).double().mean().item() for a in record["activations"]])
    )
    assert activation_fraction(dense, bind("last_matrix", dense, one), one) == pytest.approx(
        (record["activations"][-1] > 0).double().mean().item()
    )
    slots = activation_fraction(memory, bind("sparse_memory", memory, background), facts)
    assert 4 / 64 <= slots <= 8 / 64  # 2 heads read 4 of 64 slots each; they may agree
    total = sum(p.numel() for p in memory.parameters())
    assert 0 < write_fraction(memory, bind("sparse_memory", memory, background, t=3), facts) <= 3 * 32 / total
    assert write_fraction(dense, bind("full", dense, background), facts) > 0.7


@pytest.mark.parametrize("architecture", ["kwta", "moe", "peer"])
def test_fractions_of_sparse_parts_are_those_of_what_a_token_uses(random_model, random_facts, architecture):
    """k-winners: at most a tenth of the hidden units; experts: 2 of 8; PEER in the middle block: at most 2 heads x 4 of 64."""
    model, facts = random_model(architecture), random_facts(2, 3)
    found = activation_fraction(model, bind("full", model, facts), facts)
    if architecture == "kwta":
        assert 0 < found <= model.blocks[0].feedforward.k / model.config.hidden
    elif architecture == "moe":
        assert found == pytest.approx(2 / 8)
    else:
        others = activation_fraction(random_model("dense"), bind("full", random_model("dense"), facts), facts)
        hidden = model.config.hidden
        assert 4 / (64 + 2 * hidden) < found < (8 + 2 * hidden * 1.5 * others) / (64 + 2 * hidden)
