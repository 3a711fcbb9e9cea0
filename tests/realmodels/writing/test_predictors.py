"""Predictors of what a stream leaves, against autograd, against writes at small rates, and in their limits."""

import numpy as np
import pytest
import torch

from realmodels.model import matrices
from realmodels.writing.backgrounds import writer_off
from realmodels.writing.forecast import setup_of
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.outputs import answer_loss, asked, outputs
from realmodels.writing.predictors import BIT, by_gradients, by_injection, by_isolated, by_kernel, by_spectrum
from realmodels.writing.stream import stream

KINDS_OF_MODEL = pytest.mark.parametrize("kind", ["dense", "llama", "gpt2"])
MOMENTS = (1, 2, 3)


def prepared(any_model, spelled_facts, kind, rate, steps=2):
    net, some = any_model(kind), spelled_facts(3, 2)
    matrix = matrices.one(net, "last")
    writer = writer_off(net, matrix, None)
    setup = setup_of(net, logit_kernel(net, writer, some), some, learning_rate=rate, steps=steps)
    return net, some, matrix, writer, setup


@KINDS_OF_MODEL
def test_products_of_gradients_are_those_of_autograd(any_model, spelled_facts, kind):
    """Each fact's loss falls by rate x steps x the product of its gradient with the mean gradient of every task written."""
    rate, steps = 0.05, 2
    net, some, matrix, _, setup = prepared(any_model, spelled_facts, kind, rate, steps)
    weight = matrix.parameter(net)

    def gradient(rows):
        return torch.autograd.grad(answer_loss(outputs(net, some[rows]), some[rows]), weight)[0].double()

    tasks = sorted(set(some.task.tolist()))
    of_tasks = [gradient(some.task == task) for task in tasks]
    before = asked(net, some).loss.numpy()
    found, later = (by_gradients(setup, MOMENTS, later=late) * BIT for late in (False, True))
    alone = by_isolated(setup, [1]).bits[0] * BIT
    for fact in range(len(some)):
        own = gradient(torch.arange(len(some)) == fact)
        falls = [rate * steps * float((own * other).sum()) for other in of_tasks]
        after = [falls[index] if task > some.task[fact] else 0.0 for index, task in enumerate(tasks)]
        for index, moment in enumerate(MOMENTS):
            assert found[index, fact] == pytest.approx(before[fact] - sum(falls[:moment]), rel=1e-4, abs=1e-4)
            assert later[index, fact] == pytest.approx(alone[fact] - sum(after[:moment]), rel=1e-4, abs=1e-4)


@KINDS_OF_MODEL
def test_small_writes_are_what_kernel_injection_and_gradients_say(any_model, spelled_facts, kind):
    """What each misses of the change falls with the square of the rate."""
    missed = []
    for rate in (0.004, 0.002):
        net, some, _, writer, setup = prepared(any_model, spelled_facts, kind, rate)
        said = [
            by_kernel(setup, MOMENTS).bits,
            by_injection(net, writer, setup, some, MOMENTS).bits,
            by_gradients(setup, MOMENTS),
        ]
        before = asked(net, some).loss.numpy() / BIT
        measured = np.stack([asked(net, some).loss.numpy() / BIT for count in stream(writer, some, rate, 2) if count])
        missed.append([float(np.abs(one - measured).max()) for one in said])
        assert max(missed[-1]) < 0.1 * float(np.abs(measured - before).max())
    assert (np.array(missed[1]) < 0.35 * np.array(missed[0])).all()


def test_injection_leaves_the_model_as_it_was(any_model, spelled_facts):
    net, some, matrix, writer, setup = prepared(any_model, spelled_facts, "llama", 0.5)
    start = matrix.parameter(net).detach().clone()
    by_injection(net, writer, setup, some, (2,))
    assert torch.equal(matrix.parameter(net).detach(), start)


def test_the_spectral_law_fades_with_age_from_the_isolated_write(any_model, spelled_facts):
    """At age 0 it is the isolated write; before its own task a fact is not spoken of."""
    _, some, _, _, setup = prepared(any_model, spelled_facts, "dense", 0.5)
    found, alone = by_spectrum(setup, MOMENTS), by_isolated(setup, MOMENTS)
    tasks = sorted(set(some.task.tolist()))
    place = np.array([tasks.index(task) for task in some.task.tolist()])
    for index, moment in enumerate(MOMENTS):
        assert np.array_equal(np.isnan(found.bits[index]), place >= moment)
        fresh = place == moment - 1
        assert found.bits[index, fresh] == pytest.approx(alone.bits[index, fresh])
