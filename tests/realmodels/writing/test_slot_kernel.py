"""The kernel of a memory layer's values by the rows that are read, against pairs of reads and automatic differentiation."""

import pytest
import torch

from realmodels.writing.kernel import jacobian_kernel, logit_kernel
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Writer
from realmodels.writing.slot_kernel import VALUES, kernel_of, values_kernel


def close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((found - expected).abs().max() < 2e-5 * expected.abs().max())


def test_values_by_rows_read_equal_all_pairs_of_reads(random_model, random_facts):
    model, facts = random_model("memory"), random_facts(3, 4)
    (name,) = (name for name, _ in model.named_parameters() if name.endswith(VALUES))
    writer = Writer(model, {name: model.get_parameter(name)})
    found = values_kernel(model, name, facts)
    assert found.abs().max() > 0
    assert close(found, logit_kernel(model, writer, facts).response)
    assert close(found, jacobian_kernel(model, writer, facts).response)


@pytest.mark.parametrize("architecture", ["dense", "memory"])
def test_all_parameters_together_equal_one_kernel_of_jacobians(random_model, random_facts, architecture):
    model, facts = random_model(architecture), random_facts(2, 3)
    writer = bind("full", model, facts)
    assert close(kernel_of(writer, facts).response, jacobian_kernel(model, writer, facts).response)
