"""What the closed-form editors share: one matrix, keys, residuals, statistics of text, and how an update is added.

An editor writes a task by one formula: from the keys K [inputs, F] of its facts and the residuals R [outputs, F] that the outputs
of the matrix lack (`values`) it computes a change [outputs, inputs] of the matrix. All solves are in float64.
The text's second moment of keys is C = sum k k^T / tokens, over every token of the windows. `ridge` times its mean eigenvalue is
added to every eigenvalue. As many tokens as the matrix has inputs are the least for a C of full rank.
"""

import zlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from realmodels.model import matrices
from realmodels.model.matrices import Matrix
from realmodels.model.reading import inputs_of
from realmodels.writing.methods.values import Search, residuals, subject_keys
from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.outputs import TOKENS, Facts
from theory.errors import UserError

RATES = (2.0**-10, 2.0**4)
"""Adam's smallest and largest rate that is tried when none is given: a step moves each number of a residual by about the rate."""


@dataclass(eq=False, kw_only=True)
class Editor(Writer):
    """A closed-form editor of one matrix. search: how residuals are found (`values`)."""

    matrix: Matrix
    search: Search

    @abstractmethod
    def change(self, keys: Tensor, residuals: Tensor) -> Tensor:
        """Change [outputs, inputs] of the matrix for keys [inputs, F] and residuals [outputs, F]; float64. State is moved on."""

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place by the formula. learning_rate, steps: of the search for residuals. Errors as there."""
        self.add(*self.sought(task, learning_rate, steps, f"task {len(earlier) + 1}, "))

    def sought(self, facts: Facts, learning_rate: float, steps: int, where: str) -> tuple[Tensor, Tensor]:
        """(keys [inputs, F], residuals [outputs, F]) of these facts in the model as it is now; float64."""
        keys = subject_keys(self.model, self.matrix, facts)
        lacking = residuals(self.model, self.matrix, facts, learning_rate, steps, self.search, where)
        return keys.double().T, lacking.double().T

    def output(self, keys: Tensor) -> Tensor:
        """What the matrix makes [outputs, F] of keys [inputs, F] now, a bias left out; float64."""
        weight = self.matrix.parameter(self.model).detach().double()
        return (weight.T if self.matrix.transposed else weight) @ keys

    def add(self, keys: Tensor, lacking: Tensor) -> None:
        """Add the change for these keys and residuals to the matrix."""
        change = self.change(keys, lacking)
        with torch.no_grad():
            weight = self.matrix.parameter(self.model)
            weight.copy_(weight.double() + (change.T if self.matrix.transposed else change))


E = TypeVar("E", bound=Editor)


def editor(kind: type[E], model: nn.Module, matrix: Matrix, search: Search, numbers: int, **own: Any) -> E:
    """An editor of this kind, bound to a matrix. numbers: of its state, in float64. own: what the kind has beside."""
    parameters = {matrix.name: matrix.parameter(model)}
    counted = {"state_numbers": numbers, "state_bits": 64 * numbers}
    return kind(model, parameters, **counted, rates=RATES, matrix=matrix, search=search, **own)


def middle(model: nn.Module, where: str) -> Matrix:
    """The matrix that `where` names; for "", the feed-forward output of the middle block of those that have one."""
    if where:
        return matrices.one(model, where)
    found = matrices.find(model, "feedforward.output")
    return found[len(found) // 2]


def second_moment(model: nn.Module, matrix: Matrix, background: Background, method: str) -> Tensor:
    """C [inputs, inputs] (float64): mean of k k^T over all tokens of the background's text. It must not be changed in place.

    The background keeps it for the next editor of the same matrix and model. Raises UserError without text.
    """
    text = background.text
    if text.numel() == 0:
        raise UserError(f"method {method!r} protects what a text reads and was given none: give text, or another method")
    key = matrix.name, _values(model)
    if key not in background.moments:
        total = torch.zeros(matrix.inputs, matrix.inputs, dtype=torch.float64)
        for windows in text.split(max(1, TOKENS // text.shape[1])):
            (read,) = inputs_of(model, [matrix.module(model)], windows)
            keys = read.flatten(0, 1).double()
            total += keys.T @ keys
        background.moments[key] = total / text.numel()
    return background.moments[key]


def _values(model: nn.Module) -> tuple[int, ...]:
    """What tells a model from another, or from itself after a write: a checksum of each parameter's bytes."""
    return tuple(zlib.crc32(p.detach().cpu().flatten().view(torch.uint8).numpy()) for p in model.parameters())


def with_ridge(moment: Tensor, ridge: float) -> Tensor:
    """The moment [n, n] with `ridge` times its mean eigenvalue added to every eigenvalue."""
    return moment + ridge * moment.diagonal().mean() * torch.eye(len(moment), dtype=moment.dtype)


def symmetric_numbers(size: int) -> int:
    """Numbers of a symmetric matrix [size, size]."""
    return size * (size + 1) // 2
