"""Gradient projection memory: which directions are protected, against a second computation, and that nothing moves along them."""

import numpy as np
import pytest
import torch

from realmodels.model import matrices
from realmodels.model.reading import inputs_of
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.gpm import Gpm, extended, inputs
from realmodels.writing.outputs import answer_loss, outputs
from realmodels.writing.stream import stream, write_task
from theory.errors import UserError

RNG = np.random.default_rng(0)


def projector(tasks: list[np.ndarray], threshold: float) -> tuple[np.ndarray, int]:
    """(projector onto the protected span, its rank) after tasks of inputs [positions, inputs]: eigenvectors of what is left."""
    span = np.zeros((tasks[0].shape[1], 0))
    for x in tasks:
        left = x - x @ span @ span.T
        _, vectors = np.linalg.eigh(left.T @ left)
        for vector in vectors.T[::-1]:
            if np.linalg.norm(x @ span) ** 2 >= threshold * np.linalg.norm(x) ** 2:
                break
            span = np.linalg.qr(np.column_stack([span, vector]))[0]
    return span @ span.T, span.shape[1]


@pytest.mark.parametrize("threshold", [1e-6, 0.5, 0.9, 0.99, 1 - 1e-9])
def test_directions_are_those_of_the_paper_s_equations(threshold):
    tasks = [RNG.standard_normal((n, 20)) * 0.6 ** np.arange(20) + 0.5 for n in (5, 1, 9, 30)]
    basis = torch.zeros(0, 20, dtype=torch.float64)
    for count, x in enumerate(tasks, 1):
        basis = extended(basis, torch.from_numpy(x), threshold)
        expected, rank = projector(tasks[:count], threshold)
        assert len(basis) == rank
        assert np.abs((basis.T @ basis).numpy() - expected).max() < 1e-7
        kept = (torch.from_numpy(x) @ basis.T).norm() ** 2 / np.linalg.norm(x) ** 2
        assert kept >= threshold - 1e-12


def test_directions_in_float32_stay_orthonormal_beside_a_small_rest_and_never_outnumber_the_space():
    basis, common = torch.zeros(0, 24), RNG.standard_normal(24)
    for _ in range(40):
        x = common + 1e-4 * RNG.standard_normal((3, 24))
        basis = extended(basis, torch.from_numpy(x).float(), 1.0)
        assert (basis @ basis.T - torch.eye(len(basis))).abs().max() < 2e-6
    assert basis.shape == (24, 24)


def test_inputs_that_are_rounding_away_from_what_is_there_or_0_bring_no_direction():
    x = torch.from_numpy(RNG.standard_normal((4, 12))).float()
    basis = extended(torch.zeros(0, 12), x, 1.0)
    assert len(basis) == 4
    assert torch.equal(extended(basis, x * (1 + 1e-7), 1.0), basis)
    assert torch.equal(extended(basis, torch.zeros(3, 12), 1.0), basis)


def moved(model, facts, method, background, **options) -> float:
    """Largest change of the outputs of tasks that were written before the last one, relative, through a stream."""
    writer, tasks = bind(method, model, background, **options), int(facts.task.max()) + 1
    before: list[torch.Tensor] = []
    for written in stream(writer, facts, 0.03, 3):
        if written:
            before.append(outputs(model, facts.of_task(written - 1)).detach())
    after = [outputs(model, facts.of_task(task)).detach() for task in range(tasks)]
    change = [(a - b)[b.isfinite()].norm() / b[b.isfinite()].norm() for a, b in zip(after[:-1], before, strict=False)]
    return float(max(change))


@pytest.mark.parametrize("kind", ["dense", "gpt2", "llama"])
def test_at_threshold_1_no_earlier_answer_moves_at_all(any_model, spelled_facts, background, kind):
    facts = spelled_facts(3, 3)
    assert moved(any_model(kind), facts, "gpm", background, threshold=1.0) < 2e-6
    assert moved(any_model(kind), facts, "last_matrix", background) > 1e-3


@pytest.mark.parametrize(("kind", "where"), [("gpt2", "1.attention.output"), ("dense", "0.feedforward.output")])
def test_of_a_matrix_further_down_every_position_has_to_be_protected(any_model, spelled_facts, background, kind, where):
    facts, options = spelled_facts(3, 2), {"where": where, "threshold": 1.0}
    assert moved(any_model(kind), facts, "gpm", background, positions="all", **options) < 5e-6
    assert moved(any_model(kind), facts, "gpm", background, positions="answer", **options) > 1e-4


@pytest.mark.parametrize("positions", ["answer", "all"])
def test_inputs_are_those_of_the_tokens_without_padding(any_model, spelled_facts, positions):
    model, facts = any_model("gpt2"), spelled_facts(1, 4)
    matrix = matrices.one(model, "last")
    expected = []
    for index in range(len(facts)):  # one fact at a time needs no padding
        one = facts[index : index + 1]
        (x,) = inputs_of(model, [matrix.module(model)], one.tokens)
        expected.append(x[0, one.place] if positions == "answer" else x[0])
    (found,) = inputs(model, [matrix], facts, positions)
    assert torch.allclose(found, torch.cat(expected), atol=1e-6)


@pytest.mark.parametrize("where", ["last", "0.attention.output,2.feedforward"])
@pytest.mark.parametrize("kind", ["dense", "gpt2"])
def test_an_update_is_the_gradient_projected_by_qr(any_model, spelled_facts, background, kind, where):
    """The inputs are read by hand in the model as it is after each write."""
    model, facts = any_model(kind), spelled_facts(3, 2)
    tasks = [facts.of_task(task) for task in range(3)]
    writer, keys = bind("gpm", model, background, where=where, threshold=1.0), {}
    for count, task in enumerate(tasks):
        gradients = torch.autograd.grad(answer_loss(outputs(model, task), task), list(writer.parameters.values()))
        before = {name: p.detach().clone() for name, p in writer.parameters.items()}
        write_task(writer, task, 0.02, 1, tasks[:count])
        for matrix, g in zip(writer.chosen, gradients, strict=True):
            g, change = (x.detach().double().numpy() for x in (g, before[matrix.name] - writer.parameters[matrix.name]))
            g, change = (g.T, change.T) if matrix.transposed else (g, change)
            if count:
                q = np.linalg.qr(np.concatenate(keys[matrix.name]).T)[0]
                g = g - g @ q @ q.T
            assert np.abs(change - 0.02 * g).max() < 1e-6 * np.abs(before[matrix.name].numpy()).max() + 1e-5 * np.abs(g).max()
        for matrix in writer.chosen:
            (x,) = inputs_of(model, [matrix.module(model)], task.tokens)
            keys.setdefault(matrix.name, []).append(x[task.row, task.place].double().numpy())


@pytest.mark.parametrize("where", ["last", "1-2"])
@pytest.mark.parametrize("threshold", [1e-9, 1.0])
def test_the_first_task_is_written_as_by_the_plain_method_to_the_bit(any_model, spelled_facts, background, where, threshold):
    """No direction is there yet, whatever the threshold."""
    plain = {"method": "last_matrix"} if where == "last" else {"method": "full", "where": where}
    models = [any_model("llama"), any_model("llama")]
    write_task(bind("gpm", models[0], background, where=where, threshold=threshold), spelled_facts(1, 3), 0.01, 3)
    write_task(bind(plain.pop("method"), models[1], background, **plain), spelled_facts(1, 3), 0.01, 3)
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


def test_near_threshold_0_one_direction_is_taken_and_more_with_more(any_model, spelled_facts, background):
    counts = []
    for threshold in (1e-9, 0.5, 0.9, 0.99, 1.0):
        model = any_model("gpt2")
        writer = bind("gpm", model, background, threshold=threshold)
        list(stream(writer, spelled_facts(3, 3), 1e-3, 1))
        assert (writer.state_numbers % 48, writer.state_bits) == (0, 32 * writer.state_numbers)
        counts.append(writer.state_numbers // 48)
    assert counts[0] == 1
    assert counts == sorted(counts)
    assert counts[-1] == len(spelled_facts(3, 3).row)  # all keys, which are independent


def test_inputs_of_several_matrices_are_taken_just_after_each_write_and_kept(any_model, spelled_facts, background):
    model, facts = any_model("dense"), spelled_facts(2, 2)
    writer = bind("gpm", model, background, where="0.feedforward.output,last.feedforward.output", threshold=0.9, positions="all")
    expected = {}
    for number in stream(writer, facts, 0.1, 3):
        if number:
            read = inputs(model, writer.chosen, facts.of_task(number - 1), "all")
            for matrix, x in zip(writer.chosen, read, strict=True):
                expected.setdefault(matrix.name, []).append(x.double().numpy())
    for name, basis in writer.state().items():
        known, rank = projector(expected[name], 0.9)
        assert len(basis) == rank
        assert np.abs((basis.T @ basis).double().numpy() - known).max() < 1e-4
        late = projector([x.double().numpy() for x in inputs(model, writer.chosen, facts, "all")[1:]], 0.9)[0]
        assert name == writer.chosen[0].name or np.abs(late - known).max() > 1e-3  # not those of the model at the end


@pytest.mark.parametrize("where", ["last", "2"])
def test_when_the_space_is_full_the_task_is_refused_in_one_line(any_model, spelled_facts, background, where):
    model, facts = any_model("gpt2"), spelled_facts(8, 4)
    writer = bind("gpm", model, background, where=where, threshold=1.0, positions="all")
    with pytest.raises(UserError, match=r"task \d cannot be written: the method's restriction leaves nothing") as raised:
        list(stream(writer, facts, 1e-3, 1))
    assert "\n" not in str(raised.value)
    assert writer.state_numbers == sum(matrix.inputs**2 for matrix in writer.chosen)


def test_one_matrix_is_forecast_and_several_are_not(any_model, spelled_facts, background):
    model, facts = any_model("dense"), spelled_facts(3, 2)
    tasks = [facts.of_task(task) for task in range(3)]
    writer = bind("gpm", model, background, threshold=0.9)
    assert writer.forecastable
    assert not bind("gpm", model, background, where="2").forecastable
    rows = facts.row >= 4
    kernel, z = logit_kernel(model, writer, facts).response, outputs(model, facts).detach()
    write_task(writer, tasks[2], 1e-3, 1, tasks[:2])
    real = z.isfinite()
    error = z[rows].softmax(-1) - torch.nn.functional.one_hot(facts.target[rows], z.shape[1])
    predicted = -1e-3 / 2 * torch.einsum("icjd,jd->ic", kernel[:, :, rows], error)
    change = torch.where(real, outputs(model, facts).detach() - z, 0.0)
    assert (change - torch.where(real, predicted, 0.0)).norm() < 0.02 * change.norm()


def test_a_restriction_depends_on_its_arguments_alone_whatever_was_asked_before(any_model, spelled_facts, background):
    model, facts = any_model("gpt2"), spelled_facts(4, 2)
    a, b, c, d = (facts.of_task(task) for task in range(4))
    writer = bind("gpm", model, background)
    g = {name: torch.randn(p.shape, generator=torch.Generator().manual_seed(0)) for name, p in writer.parameters.items()}
    for earlier in ([a], [b], [a, b], [b, a], [b, a, c], [a, c], [], [c, a]):
        (left,) = writer.restriction(d, earlier)(g).values()
        (expected,) = bind("gpm", model, background).restriction(d, earlier)(g).values()
        assert torch.equal(left, expected)


@pytest.mark.parametrize("where", ["last", "1-2"])
def test_what_was_asked_or_written_before_leaves_no_trace(any_model, spelled_facts, background, where):
    facts, others, model = spelled_facts(3, 2), spelled_facts(3, 2, seed=1), any_model("gpt2")
    alone = any_model("gpt2")
    list(stream(bind("gpm", alone, background, where=where), facts, 0.01, 2))
    writer = bind("gpm", model, background, where=where)
    start, state = {name: p.detach().clone() for name, p in writer.parameters.items()}, writer.state()
    if writer.forecastable:
        writer.restrictions(others)
    list(stream(writer, others, 0.01, 2))
    for name, parameter in writer.parameters.items():
        parameter.data.copy_(start[name])
    writer.restore(state)
    if writer.forecastable:
        writer.restrictions(facts)
        writer.restriction(facts.of_task(0), [facts.of_task(2), facts.of_task(1)])
    list(stream(writer, facts, 0.01, 2))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), alone.parameters(), strict=True))


def test_a_matrix_that_does_not_read_every_token_is_refused(any_model, background):
    with pytest.raises(UserError, match="gpm writes matrices that read every token") as raised:
        bind("gpm", any_model("nsa"), background, where="attention")
    assert "\n" not in str(raised.value)
    assert isinstance(bind("gpm", any_model("nsa"), background), Gpm)
