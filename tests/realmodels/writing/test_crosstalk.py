"""Crosstalk against its definition, its limits, and a linear memory that is written; backgrounds and injected changes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from realmodels.model import matrices
from realmodels.writing.backgrounds import KINDS, MIXED, directions, writer_off
from realmodels.writing.crosstalk import advised, crosstalk, task_gradients
from realmodels.writing.forecast import setup_of
from realmodels.writing.injected import errors, injected
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.off_mode import answer_keys, common_directions
from realmodels.writing.stream import stream

INPUTS = 7


def drawn(seed: int, tasks: int = 3, keys: int = 9) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    G = torch.randn(tasks, 4, INPUTS, generator=draw, dtype=torch.float64)
    x = torch.randn(keys, INPUTS, generator=draw, dtype=torch.float64)
    return G, torch.linalg.qr(torch.randn(INPUTS, INPUTS, generator=draw, dtype=torch.float64)).Q, x


@given(st.integers(0, 10**6), st.integers(1, INPUTS - 1))
def test_it_is_what_its_formula_says_at_every_number_of_directions(seed, most):
    G, basis, x = drawn(seed)
    found = crosstalk(G, basis[:, :most], x)
    assert found.shape == (most + 1,)
    for k in range(most + 1):
        projector = torch.eye(INPUTS, dtype=torch.float64) - basis[:, :k] @ basis[:, :k].T
        moved = sum(float((g @ projector @ one).square().sum()) for g in G for one in x) / (len(G) * len(x))
        learned = sum(float((g @ projector).square().sum()) for g in G) / len(G)
        assert float(found[k]) == pytest.approx(moved / learned**2, rel=1e-9)


def test_where_nothing_is_left_to_learn_it_is_infinite():
    G, basis, x = drawn(0)
    inside = basis[:, :2]
    found = crosstalk(G @ inside @ inside.T, inside, x)
    assert torch.isfinite(found[:2]).all()
    assert found[2] == torch.inf
    assert advised(found) < 2


def test_a_key_in_the_directions_is_not_touched_and_one_off_them_is_hit_the_harder_the_less_is_left():
    """With x in span(U): 0. With x off it: 1 / (share of the gradient that is left)^2 times as much."""
    G, basis, _ = drawn(1)
    U = basis[:, :3]
    inside, outside = basis[:, 1][None], basis[:, 5][None]
    assert float(crosstalk(G, U, inside)[3]) == pytest.approx(0.0, abs=1e-12)
    left = 1 - float((G @ U).square().sum() / G.square().sum())
    free, off = crosstalk(G, U, outside)[[0, 3]].tolist()
    assert off / free == pytest.approx(1 / left**2)


def test_it_is_the_change_of_a_linear_memory_at_equal_learning():
    """W <- W - rate G P, G = error x key, at a rate at which each own output moves by its error: so much moves another key."""
    draw = torch.Generator().manual_seed(3)
    keys = torch.randn(40, INPUTS, generator=draw, dtype=torch.float64)
    error = torch.randn(40, 4, generator=draw, dtype=torch.float64)
    error = error / error.norm(dim=1, keepdim=True)
    U = common_directions(keys, 2)
    P = torch.eye(INPUTS, dtype=torch.float64) - U @ U.T
    G = error[:, :, None] * keys[:, None, :]
    rate = 1 / float((G @ P).square().sum((1, 2)).mean())
    x = torch.randn(30, INPUTS, generator=draw, dtype=torch.float64)
    measured = float(((rate * G @ P) @ x.T).square().sum(1).mean())
    assert float(crosstalk(G, U, x)[2]) == pytest.approx(measured, rel=1e-9)


KINDS_OF_MODEL = pytest.mark.parametrize("kind", ["dense", "llama", "gpt2"])


@KINDS_OF_MODEL
def test_gradients_are_those_of_each_task(any_model, spelled_facts, kind):
    net, some = any_model(kind), spelled_facts(3, 2)
    matrix = matrices.one(net, "last")
    found = task_gradients(net, matrix, some)
    assert found.shape == (3, matrix.outputs, matrix.inputs)
    (own,) = bind("last_matrix", net, some).gradient(some.of_task(2), "").values()
    torch.testing.assert_close(found[-1].float(), own.T if matrix.transposed else own)


def test_directions_are_orthonormal_and_a_mixture_weighs_its_parts_alike():
    draw = torch.Generator().manual_seed(0)
    read = {kind: torch.randn(count, INPUTS, generator=draw) for kind, count in (("stream", 30), ("related", 50), ("text", 400))}
    read["answer"] = read["stream"][:9]
    for kind in KINDS:
        U = directions(read, kind, 3, seed=5)
        torch.testing.assert_close(U.double().T @ U.double(), torch.eye(3, dtype=torch.float64), atol=1e-6, rtol=0)
    assert torch.equal(directions(read, "random", 3, 5), directions(read, "random", 3, 5))
    twice = {**read, "text": torch.cat([read["text"], read["text"]])}
    U, V = (directions(one, "mixture", 3, 0) for one in (read, twice))
    torch.testing.assert_close(U @ U.T, V @ V.T)
    moment = sum(read[kind].double().T @ read[kind].double() / len(read[kind]) for kind in MIXED)
    best = torch.linalg.eigvalsh(moment).flip(0)[:3].sum()
    assert float(torch.trace(U.T @ moment @ U)) == pytest.approx(float(best))


@KINDS_OF_MODEL
def test_the_writer_off_directions_is_off_mode_writing(any_model, spelled_facts, background, kind):
    net, task = any_model(kind), spelled_facts(1, 3)
    matrix = matrices.one(net, "last")
    ours = writer_off(net, matrix, common_directions(answer_keys(net, background.prompts), 2))
    other = bind("off_mode", net, background, k=2)
    gradient = ours.gradient(task, "")
    for one, two in zip(*(w.restriction(task, ())(gradient).values() for w in (ours, other)), strict=True):
        torch.testing.assert_close(one, two, atol=1e-6, rtol=1e-4)
    assert ours.state_numbers == other.state_numbers
    assert writer_off(net, matrix, None).state_numbers == 0


@KINDS_OF_MODEL
def test_an_injected_change_is_the_written_one_where_steps_are_small(any_model, spelled_facts, background, kind):
    """The error of the forecast falls with the square of the rate: of half the rate, a quarter is left."""
    net, some, missed = any_model(kind), spelled_facts(2, 3), []
    matrix = matrices.one(net, "last")
    start = matrix.parameter(net).detach().clone()
    U = common_directions(answer_keys(net, background.prompts), 1)
    writer = writer_off(net, matrix, U)
    kernel = logit_kernel(net, writer, some)
    for rate in (0.02, 0.01):
        setup = setup_of(net, kernel, some, learning_rate=rate, steps=3)
        predicted = injected(net, writer, setup)[matrix.name]
        list(stream(writer, some, rate, 3))
        written = matrix.parameter(net).detach() - start
        with torch.no_grad():
            matrix.parameter(net).copy_(start)
        missed.append(float((written - predicted).norm()))
        assert missed[-1] < 0.1 * float(written.norm())
        off = predicted.T if matrix.transposed else predicted
        assert float((off @ U.float()).norm()) < 1e-5 * float(off.norm())
    assert missed[1] < 0.35 * missed[0]


def test_errors_at_a_vanishing_rate_are_those_of_the_model(any_model, spelled_facts, background):
    net, some = any_model("llama"), spelled_facts(2, 3)
    writer = bind("last_matrix", net, background)
    setup = setup_of(net, logit_kernel(net, writer, some), some, learning_rate=1e-9, steps=4)
    for task, found in zip(setup.tasks, errors(setup), strict=True):
        rows = setup.items_of(task)
        onehot = torch.nn.functional.one_hot(some.target[rows], setup.z.shape[1])
        torch.testing.assert_close(found, 4 * (setup.z[rows].double().softmax(-1) - onehot), atol=1e-6, rtol=1e-5)
