"""A method of one's own is one file: it is found by its name, written and forecast like the others, and kept from a trap.

The trap: a restriction that collects tasks from one call to the next. The learning rate is chosen before the first write, which
asks for the restrictions of all tasks; a collector has then nothing left to write, and would do so without a word.
"""

import math

import pandas as pd
import pytest
import torch

from realmodels.model import matrices
from realmodels.writing import methods
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind, names
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import outputs
from realmodels.writing.stream import write_stream, write_task
from theory.errors import UserError

OWN = '''"""A task is written off the main key directions of earlier tasks."""

import torch

from realmodels.model import matrices
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.methods.writer import Writer


def off_keys(model, background, k=2):
    """The last matrix, off the k main directions of the keys of each earlier task."""

    def restriction(task, earlier):
        main = [torch.linalg.svd(answer_keys(model, facts), full_matrices=False).Vh[:k] for facts in earlier]
        basis = torch.linalg.qr(torch.cat(main).T).Q if main else None
        return lambda gradients: gradients if basis is None else {n: g - (g @ basis) @ basis.T for n, g in gradients.items()}

    matrix = matrices.one(model, "last")
    return Writer(model, {matrix.name: matrix.parameter(model)}, restriction)


METHOD = off_keys
'''


@pytest.fixture
def _own_method(tmp_path, monkeypatch):
    (tmp_path / "off_keys.py").write_text(OWN)
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])


@pytest.mark.usefixtures("_own_method")
def test_a_method_in_a_file_of_its_own_is_found_and_writes_every_task(random_model, random_facts):
    assert "off_keys" in names()
    model, facts = random_model("dense"), random_facts(4, 2)
    writer = bind("off_keys", model, facts)
    logit_kernel(model, writer, facts)  # as when the learning rate is chosen: all restrictions, before the first write
    rows = pd.DataFrame(write_stream(writer, facts, facts, 3e-3, 5, lambda model: 1.5))
    before = rows[rows.written == 0].set_index("task").loss
    fresh = rows[rows.age == 0].set_index("task").loss
    assert (fresh < before - 1e-3).all()


@pytest.mark.usefixtures("_own_method")
def test_its_writes_leave_the_protected_keys_alone_and_are_those_of_its_kernel(random_model, random_facts):
    model, facts = random_model("dense"), random_facts(3, 2)
    writer, tasks = bind("off_keys", model, facts), [facts.of_task(task) for task in range(3)]
    kernel, z = logit_kernel(model, writer, facts).response, outputs(model, facts).detach()
    write_task(writer, tasks[2], 1e-3, 1, tasks[:2])
    error = z[4:].softmax(-1) - torch.nn.functional.one_hot(facts.target[4:], z.shape[1])
    predicted = -1e-3 / 2 * torch.einsum("icjd,jd->ic", kernel[:, :, 4:], error)
    moved = outputs(model, facts).detach() - z
    assert (moved - predicted).norm() < 0.02 * predicted.norm()
    (weight,) = writer.parameters.values()
    before = weight.detach().clone()
    write_task(writer, tasks[2], 0.1, 3, tasks[:2])
    change = weight.detach() - before
    assert change.norm() > 0.01
    for earlier in tasks[:2]:
        keys = answer_keys(model, earlier)
        assert (keys @ change.T).norm() < 1e-5 * keys.norm() * change.norm()


def test_a_restriction_that_collects_tasks_is_refused_and_does_not_silently_write_nothing(random_model, random_facts):
    model, facts, background = random_model("dense"), random_facts(3, 2), random_facts(8, 4, seed=7)
    collected: list[torch.Tensor] = []

    def restriction(task, earlier):
        basis = torch.linalg.qr(torch.cat(collected).T).Q if collected else None
        collected.append(answer_keys(model, task))
        return lambda gradients: gradients if basis is None else {n: g - (g @ basis) @ basis.T for n, g in gradients.items()}

    matrix = matrices.one(model, "last")
    writer = Writer(model, {matrix.name: matrix.parameter(model)}, restriction)
    writer.restrictions(facts)  # as when the learning rate is chosen
    before = outputs(model, background).detach()
    with pytest.raises(UserError, match="task 1 cannot be written: the method's restriction leaves nothing") as raised:
        write_stream(writer, facts, facts, 3e-3, 5, lambda model: math.nan)
    assert "\n" not in str(raised.value)
    assert torch.equal(outputs(model, background), before)


def test_an_unknown_method_is_told_with_the_names_that_there_are(random_model, random_facts):
    for name in ("magic", "writer", "binding", "catalogue", "..writer", ""):
        with pytest.raises(UserError, match="choose one of alphaedit, asymmetric, der, ewc, full, gpm, last_matrix"):
            bind(name, random_model("dense"), random_facts(2, 2))
