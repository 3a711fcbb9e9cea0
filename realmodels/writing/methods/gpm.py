"""Gradient projection memory: a task is written off the main directions of what the written matrices read for earlier tasks.

Saha et al. 2021 (arXiv 2103.09762); claim `gpm` is its law in one linear layer. The gradient of a matrix is a sum of
(signal) x (input)^T. With U [directions, inputs] orthonormal, g (I - U^T U) leaves the matrix's output as it was for every input
in the span of U. After a task U takes up the task's inputs X [positions, inputs]: with X' = X (I - U^T U), as many right
singular vectors of X' as it takes (eqs. 5 and 9) to reach
    |X|^2 - |X'|^2 + (sum of their squared singular values) >= threshold |X|^2.
The code that the authors released takes one direction less after the first task. Here every task goes by the equations.
No direction is ever given back: when U spans all inputs, nothing more can be written.

X is what the matrix reads in the model as it is after the task was written. One matrix alone never moves its own inputs. U is
then a function of the earlier tasks, and the kernel can forecast the writes. Of several matrices the later ones read what the
earlier ones write: U is computed after each write and carried on.

positions: "answer" takes the inputs where the answers' tokens are predicted. For the last feed-forward output matrix no others
matter. The output at an earlier position reaches the answer through attention; "all" protects every token of the texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model import matrices
from realmodels.model.matrices import Matrix
from realmodels.model.reading import inputs_of
from realmodels.writing.methods.choices import one_of
from realmodels.writing.methods.writer import Background, Diverged, Restriction, Writer, unrestricted
from realmodels.writing.outputs import Facts
from theory.errors import UserError

POSITIONS = ("answer", "all")
ROUNDING = 1e-12  # share of the inputs' squared norm below which what is left of them is rounding in float32
Bases = dict[str, Tensor]
"""U [directions, inputs] of each matrix, by name."""


def matrices_of(model: nn.Module, where: str) -> list[Matrix]:
    """The matrices of `where` as `matrices.find` names them; "last" is the one of `matrices.one`."""
    return [matrices.one(model, where)] if where == "last" else matrices.find(model, where)


def inputs(model: nn.Module, chosen: Sequence[Matrix], facts: Facts, positions: str) -> list[Tensor]:
    """What each matrix reads for these facts, [positions, inputs]; padding is left out."""
    whole = inputs_of(model, [matrix.module(model) for matrix in chosen], facts.tokens)
    if positions == "answer":
        return [x[facts.row, facts.place] for x in whole]
    inside = torch.arange(facts.tokens.shape[1]) <= facts.last[:, None]
    return [x[inside] for x in whole]


def extended(basis: Tensor, x: Tensor, threshold: float) -> Tensor:
    """The basis [directions, inputs] and, below it, the directions that it lacks of inputs x [positions, inputs]."""
    x, old = x.double(), basis.double()
    rest = x
    for _ in range(2):  # once leaves a rounding error along the basis, which is large beside a small rest
        rest = rest - rest @ old.T @ old
    _, sizes, directions = torch.linalg.svd(rest, full_matrices=False)
    total, gains = x.square().sum(), sizes.square()
    before = total - rest.square().sum() + gains.cumsum(0) - gains  # what is covered before each direction is taken
    count = int((before < min(threshold, 1 - ROUNDING) * total).sum())
    return torch.cat([basis, directions[:count].to(basis.dtype)])


@dataclass(eq=False, kw_only=True)
class Gpm(Writer):
    """One matrix: its U is computed from the tasks before, whenever it is asked for.

    chosen: the matrices. threshold, positions: see above. State is counted for the tasks that were last asked for.
    """

    chosen: list[Matrix]
    threshold: float
    positions: str

    def __post_init__(self):
        """Nothing is protected before the first task."""
        self.restriction = lambda task, earlier: self.off(self.bases(earlier))
        self.known: list[Facts] = []
        self.memory = self.empty()

    @property
    def forecastable(self) -> bool:
        """Yes: plain gradient descent under a projection that depends on the earlier tasks alone."""
        return True

    def empty(self) -> Bases:
        """U without directions."""
        return {matrix.name: self.parameters[matrix.name].new_zeros(0, matrix.inputs) for matrix in self.chosen}

    def bases(self, tasks: Sequence[Facts]) -> Bases:
        """U after these tasks. The last answer is kept: a stream goes on from it instead of reading all tasks again."""
        same = [a is b for a, b in zip(self.known, tasks, strict=False)]
        if len(self.known) > len(tasks) or not all(same):
            self.known, self.memory = [], self.empty()
        for task in tasks[len(self.known) :]:
            self.take_up(task, len(self.known) + 1)
            self.known.append(task)
        self.count()
        return self.memory

    def take_up(self, task: Facts, number: int) -> None:
        """Extend U by the inputs of a task (its number in the stream) in the model as it is.

        Raises Diverged if an input is not finite.
        """
        read = inputs(self.model, self.chosen, task, self.positions)
        if not all(bool(x.isfinite().all()) for x in read):
            raise Diverged(f"task {number}, after its write: what a matrix reads is not finite")
        pairs = zip(self.memory.items(), read, strict=True)
        self.memory = {name: extended(basis, x, self.threshold) for (name, basis), x in pairs}

    def count(self) -> None:
        """Count the state: all numbers of U."""
        self.state_numbers = sum(basis.numel() for basis in self.memory.values())
        self.state_bits = 32 * self.state_numbers

    def off(self, bases: Bases) -> Restriction:
        """The projection off these bases, on the side of what each matrix reads."""
        if not any(len(basis) for basis in bases.values()):
            return unrestricted
        transposed = {matrix.name: matrix.transposed for matrix in self.chosen}

        def one(name: str, g: Tensor) -> Tensor:
            basis = bases[name]
            return g - basis.T @ (basis @ g) if transposed[name] else g - (g @ basis.T) @ basis

        return lambda gradients: {name: one(name, g) if len(bases[name]) else g for name, g in gradients.items()}

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place, and protect it. Errors as `Writer.write`; Diverged too if its inputs are not finite."""
        super().write(task, earlier, learning_rate, steps)
        self.bases([*earlier, task])


class Moving(Gpm):
    """Several matrices, whose inputs move: U is that of the tasks written so far, each read just after its write."""

    @property
    def forecastable(self) -> bool:
        """No: the projection depends on what was written."""
        return False

    def bases(self, tasks: Sequence[Facts]) -> Bases:
        """U as it is, whatever the tasks."""
        return self.memory

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place, and take up its inputs. Errors as in `Gpm`."""
        super().write(task, earlier, learning_rate, steps)
        self.take_up(task, len(earlier) + 1)
        self.count()

    def state(self) -> dict[str, Tensor]:
        """U of every matrix that has directions in it."""
        return {name: basis for name, basis in self.memory.items() if len(basis)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up U; without directions where nothing is given."""
        given = {name: basis.clone() for name, basis in state.items()}  # aligned, on which the last bits of a product depend
        self.memory = {**self.empty(), **given}


def gpm(model: nn.Module, background: Background, where: str = "last", threshold: float = 0.97, positions: str = "answer") -> Gpm:
    """Matrices, each written off its own U. State: the directions of U, as wide as what the matrix reads; counted as it grows.

    where: "last" for the output matrix of the last feed-forward part, else as `realmodels.model.matrices.find`; gains and
    embeddings are not written. threshold: above 0, at most 1. positions: answer or all. Of the background one prompt is read, to
    see that the matrices read every token; UserError if not.
    """
    if not 0 < threshold <= 1:
        raise UserError(f"threshold {threshold}: give a number above 0 and at most 1")
    one_of("positions", positions, POSITIONS)
    chosen = matrices_of(model, where)
    if not _every_token(model, chosen, background.prompts[:1].tokens):
        raise UserError(f"where {where!r}: gpm writes matrices that read every token, and not all of these do: name others")
    parameters = {matrix.name: matrix.parameter(model) for matrix in chosen}
    kind = Gpm if len(chosen) == 1 else Moving
    return kind(model, parameters, chosen=chosen, threshold=threshold, positions=positions)


def _every_token(model: nn.Module, chosen: Sequence[Matrix], tokens: Tensor) -> bool:
    """Whether each of the matrices reads one vector for each of these tokens."""
    try:
        return all(x.shape[:-1] == tokens.shape for x in inputs_of(model, [matrix.module(model) for matrix in chosen], tokens))
    except KeyError:  # one of them read nothing
        return False


METHOD = gpm
