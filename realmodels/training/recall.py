"""What a model knows of facts that it has read: exact recall, bits of answers, and the bits that its losses on texts imply.

A question stands alone at the beginning of a text. Its answer is a whole string with the full stop after it, of one or more
tokens. The answer counts as recalled if the greedy continuation of the prompt equals it exactly.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from realmodels.model.transformer import Transformer
from realmodels.text.biographies import Biographies, Question


@dataclass(frozen=True)
class RecallScores:
    """Per question: bits that the model needs for the answer; whether the greedy continuation is right; log2 of the choices."""

    bits: np.ndarray
    right: np.ndarray
    most: np.ndarray

    @property
    def recall(self) -> float:
        """Share of the questions that are answered right, as a whole string."""
        return float(self.right.mean())

    @property
    def learned(self) -> float:
        """Sum over questions of max(0, log2 choices - bits): no lower bound, as lucky guesses count and unlucky ones do not."""
        return float(np.maximum(0, self.most - self.bits).sum())


@torch.no_grad()
def recall_scores(
    model: Transformer, encode: Callable[[str], list[int]], questions: Sequence[Question], batch: int = 256
) -> RecallScores:
    """Scores of a model's answers to these questions, each of which stands alone at the beginning of a text.

    The greedy continuation is the answer if and only if each of its tokens is the likeliest after those before it.
    """
    device = model.embedding.weight.device
    bits, right = [], []
    for start in range(0, len(questions), batch):
        part = [([0, *encode(one.prompt)], encode(one.answer)) for one in questions[start : start + batch]]
        length = max(len(prompt) + len(answer) for prompt, answer in part)
        tokens = torch.tensor([[*prompt, *answer, *[0] * (length - len(prompt) - len(answer))] for prompt, answer in part])
        place = torch.arange(1, length)
        begin, count = (torch.tensor([len(ids[i]) for ids in part])[:, None] for i in (0, 1))
        scored = ((place >= begin) & (place < begin + count)).to(device)
        logits, target = model(tokens[:, :-1].to(device)).float(), tokens[:, 1:].to(device)
        loss = F.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        bits.append((loss * scored).double().sum(1).cpu() / math.log(2))
        right.append(((logits.argmax(-1) == target) | ~scored).all(1).cpu())
    return RecallScores(torch.cat(bits).numpy(), torch.cat(right).numpy(), np.log2([one.choices for one in questions]))


def stored(config: Biographies, name_nats: float, value_nats: float) -> dict[str, float]:
    """Bits that a model holds by its losses: the capacity ratio of Allen-Zhu and Li 2024, times the parameters.

    name_nats: mean over people of the loss of the name where it first stands in a text. value_nats: the same of all values
    together. Keys: names, N log2(N0 / e^name_nats); values, N log2(S0 / e^value_nats) with S0 = S^K. Both are negative where
    the model does worse than the uniform distribution. Their sum is a lower bound on what the parameters hold, up to a
    constant that is the same for all data sets (the bound on bit complexity there).
    """
    possible = math.log2(config.firsts * config.lasts)
    return {
        "names": config.people * (possible - name_nats / math.log(2)),
        "values": config.people * (config.bits["values"] - value_nats / math.log(2)),
    }
