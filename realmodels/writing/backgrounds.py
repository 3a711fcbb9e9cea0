"""Backgrounds: what stands for the rest of what a model does while something is written, and its common key directions.

answer    prompts of the stream's form about other subjects, at the position where the answer begins
stream    the same prompts, at all positions
related   prompts about knowledge of a neighbouring kind, at all positions
text      running text, at all positions
mixture   stream, related and text: leading directions of the mean of their second moments
random    no background: directions drawn at random
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.matrices import Matrix
from realmodels.model.reading import inputs_of
from realmodels.text.encoder import Encoder
from realmodels.writing.methods.off_mode import common_directions
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts

KINDS = ("answer", "stream", "related", "text", "mixture", "random")
MIXED = ("stream", "related", "text")
AT_ONCE = 16  # texts that are read together


@dataclass(frozen=True)
class Texts:
    """Texts as tokens [F, L], padded on the right, with the length of each."""

    tokens: Tensor
    lengths: Sequence[int]

    @classmethod
    def prompts(cls, facts: Facts) -> "Texts":
        """The prompts of facts, without their answers."""
        return cls(facts.tokens, (facts.first + 1).tolist())

    @classmethod
    def of(cls, prompts: Sequence[str], encoder: Encoder) -> "Texts":
        """Prompts as strings."""
        rows = [torch.tensor(list(encoder.prompt(prompt))) for prompt in prompts]
        return cls(nn.utils.rnn.pad_sequence(rows, batch_first=True), [len(row) for row in rows])

    @classmethod
    def windows(cls, tokens: Tensor) -> "Texts":
        """Windows of running text [W, L]."""
        return cls(tokens, [tokens.shape[1]] * len(tokens))


def keys(model: nn.Module, matrix: Matrix, texts: Texts, last: bool = False) -> Tensor:
    """What a matrix reads at every token of the texts, or at the last one of each: [N, inputs]."""
    found = []
    for start in range(0, len(texts.tokens), AT_ONCE):
        (read,) = inputs_of(model, [matrix.module(model)], texts.tokens[start : start + AT_ONCE])
        for row, length in zip(read, texts.lengths[start : start + AT_ONCE], strict=True):
            found.append(row[length - 1 : length] if last else row[:length])
    return torch.cat(found)


def directions(read: Mapping[str, Tensor], kind: str, k: int, seed: int) -> Tensor:
    """Orthonormal U [inputs, k] of a kind of background, float64. read: keys by kind; seed: of the random directions."""
    if kind == "random":
        draw = torch.Generator().manual_seed(seed)
        inputs = next(iter(read.values())).shape[1]
        return torch.linalg.qr(torch.randn(inputs, k, generator=draw, dtype=torch.float64)).Q
    if kind == "mixture":
        moment = torch.stack([read[one].double().T @ read[one].double() / len(read[one]) for one in MIXED]).mean(0)
        return torch.linalg.eigh(moment).eigenvectors.flip(1)[:, :k]
    return common_directions(read[kind], k)


def writer_off(model: nn.Module, matrix: Matrix, off: Tensor | None) -> Writer:
    """Writes to one matrix that leave its first key directions alone, U [inputs, k]; all of it is free without any."""
    weight = matrix.parameter(model)
    if off is None:
        return Writer(model, {matrix.name: weight})
    u = off.to(weight.dtype)

    def project(gradients: dict[str, Tensor]) -> dict[str, Tensor]:
        if matrix.transposed:
            return {name: g - u @ (u.T @ g) for name, g in gradients.items()}
        return {name: g - (g @ u) @ u.T for name, g in gradients.items()}

    return Writer(
        model,
        {matrix.name: weight},
        lambda task, earlier: project,
        one_key_projection=True,
        state_numbers=u.numel(),
        state_bits=32 * u.numel(),
    )
