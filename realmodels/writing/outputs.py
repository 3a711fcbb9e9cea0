"""What a model says about a fact: C + 1 numbers at the position that answers the prompt.

With C candidate answers, the outputs z of a fact are the C candidates' logits and the log-sum-exp of all other logits. The
softmax over the whole vocabulary, and so the loss of an answer and its gradient, is a function of these C + 1 numbers alone:
  -log p(y) = logsumexp(z) - z_y.
Retained bits of a fact are log2 C minus its cross-entropy in bits over the C candidates (softmax restricted to them), clipped at
0. An answer that is certain has log2 C bits. One that is known no better than by chance has 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from realmodels.model.transformer import Transformer
from realmodels.text.facts import Fact
from realmodels.text.tokenizer import Tokenizer
from theory.errors import UserError


@dataclass(frozen=True)
class Facts:
    """Facts as tensors: tokens [F, L] (long, padded on the right), last [F] (position that answers), target [F] (index of the
    answer among the candidates), task [F], candidates [C] (token of each candidate)."""

    tokens: Tensor
    last: Tensor
    target: Tensor
    task: Tensor
    candidates: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: Tensor | slice) -> "Facts":
        """The facts in these rows, with no more padding than they need."""
        last = self.last[rows]
        tokens = self.tokens[rows, : int(last.max()) + 1]
        return replace(self, tokens=tokens, last=last, target=self.target[rows], task=self.task[rows])

    def of_task(self, task: int) -> "Facts":
        """The facts of one task."""
        return self[self.task == task]


def facts_from_ids(
    prompts: Sequence[Sequence[int]], target: Sequence[int], task: Sequence[int], candidates: Sequence[int]
) -> Facts:
    """`Facts` from the prompts' token ids (padding: token 0, which a causal model does not see from the answering position)."""
    length = max(map(len, prompts))
    tokens = torch.tensor([[*ids, *[0] * (length - len(ids))] for ids in prompts])
    last = torch.tensor([len(ids) - 1 for ids in prompts])
    return Facts(tokens, last, torch.tensor(target), torch.tensor(task), torch.tensor(candidates))


def candidate_tokens(answers: Sequence[str], tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """(tokens that all answers begin with, the next token of each).

    The prompt goes on with the shared tokens, and the model chooses among the next. With a small vocabulary all answers may begin
    with the space alone. Raises UserError naming all answers whose next token is that of another, and all if one ends there.
    """
    tokens = {answer: tokenizer.encode(answer) for answer in answers}
    shared = 0
    while len({tuple(ids[: shared + 1]) for ids in tokens.values()}) == 1 and shared < min(map(len, tokens.values())):
        shared += 1
    by_token: dict[int | None, list[str]] = {}
    for answer, ids in tokens.items():
        by_token.setdefault(ids[shared] if shared < len(ids) else None, []).append(answer)
    alike = [list(answers)] if None in by_token else [same for same in by_token.values() if len(same) > 1]
    if alike:
        groups = ["answers " + ", ".join(map(repr, same)) for same in alike]
        raise UserError(f"{'; '.join(groups)} begin with the same token: replace or drop all but one of each group")
    return next(iter(tokens.values()))[:shared], [ids[shared] for ids in tokens.values()]


def encode(facts: Sequence[Fact], tokenizer: Tokenizer, heldout_phrasing: bool = False) -> Facts:
    """`Facts` for a model with this tokenizer; the candidates are the distinct answers, sorted, each known by one token.

    That token is the first of the answer; tokens that all answers begin with end the prompts instead (`candidate_tokens`).
    heldout_phrasing: take the other phrasing of each fact, where it has one. Raises UserError for fewer than two candidates,
    and for two that begin with the same token.
    """
    answers = sorted({fact.answer for fact in facts})
    if len(answers) < 2:
        raise UserError(f"the facts have {len(answers)} distinct answer(s), nothing to choose among: give at least two")
    shared, candidates = candidate_tokens(answers, tokenizer)
    wordings = ((heldout_phrasing and fact.heldout_prompt) or fact.prompt for fact in facts)
    prompts = [[*tokenizer.prompt(wording), *shared] for wording in wordings]
    number = {answer: index for index, answer in enumerate(answers)}
    return facts_from_ids(prompts, [number[fact.answer] for fact in facts], [fact.task for fact in facts], candidates)


def at_answer(x: Tensor, facts: Facts) -> Tensor:
    """x [F, L, ...] at each fact's answering position: [F, ...]."""
    return x[torch.arange(len(facts)), facts.last]


def fold(logits: Tensor, candidates: Tensor) -> Tensor:
    """Outputs [..., C + 1] from logits [..., V]: the candidates' logits, and the log-sum-exp of all others."""
    others = torch.ones(logits.shape[-1], dtype=torch.bool)
    others[candidates] = False
    return torch.cat([logits[..., candidates], logits[..., others].logsumexp(-1, keepdim=True)], -1)


def outputs(model: Transformer, facts: Facts) -> Tensor:
    """Outputs [F, C + 1] of the model for these facts."""
    answers = at_answer(model.features(facts.tokens), facts)
    return fold(answers @ model.embedding.weight.T, facts.candidates)


def answer_loss(z: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy (nats, whole vocabulary) of the answers under outputs z [F, C + 1]."""
    return nn.functional.cross_entropy(z, target)


@dataclass(frozen=True)
class Scores:
    """Per fact: retained bits before clipping [F], recall [F] (1.0 if the answer beats every other candidate; chance is 1/C),
    loss [F] in nats over the whole vocabulary."""

    bits_raw: Tensor
    recall: Tensor
    loss: Tensor

    @property
    def bits(self) -> Tensor:
        """Retained bits, clipped at 0 per fact."""
        return self.bits_raw.clamp(min=0)


def scores(z: Tensor, target: Tensor) -> Scores:
    """Scores of outputs z [F, C + 1] against targets [F], in float64."""
    candidates = z[:, :-1].double()
    bits_raw = math.log2(candidates.shape[1]) - nn.functional.cross_entropy(candidates, target, reduction="none") / math.log(2)
    recall = (candidates.argmax(1) == target).double()
    loss = nn.functional.cross_entropy(z.double(), target, reduction="none")
    return Scores(bits_raw, recall, loss)
