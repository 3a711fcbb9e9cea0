"""Facts with many answers: each item tracks its own token and a few other options, drawn so that sums over all stay unbiased.

With all C options of every item a kernel takes (I (C + 1))^2 numbers. With K of the others its outputs are K + 2 numbers: the
item's own logit, those of the K, and the log-sum-exp of the rest of the vocabulary, options among it. The loss over the whole
vocabulary is still an exact function of them, and so is its gradient. The sum over all options, of which retained bits are made,
is estimated: of the K, half are the likeliest now, and stand for themselves; the others are drawn from the remaining R, and each
stands for R / (number drawn). So the sum of exp(logit) over the options has the right mean at any later time, for whatever part
of it was not seen to be likely; its logarithm is too low in the mean, by half its relative variance. Recall over sampled options
says only that none of the K beats the answer. Items with no more than K other options are exact.

Which options are drawn is a function of the item's own tokens, the option and the seed: options are taken in the order of a hash.
So the draw of one fact does not depend on which others are asked, nor on their order, except that a new answer may come in.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.model.reading import logits_at
from realmodels.writing.outputs import Facts
from theory.errors import UserError

OPTIONS = 8  # other options that an item tracks
FEW = 32  # options up to which all of them are tracked unless told otherwise


@dataclass(frozen=True)
class Sampled(Facts):
    """Facts whose items track some of their options. weight [I, C]: how many options each stands for, 0 where there is none.

    The item's own token stands first: target is 0.
    """

    weight: Tensor

    def __getitem__(self, rows: Tensor | slice) -> "Sampled":
        """The facts in these rows, with no more padding than they need."""
        found = super().__getitem__(rows)
        _, items = self._items(torch.arange(len(self))[rows])
        return Sampled(**{**vars(found), "weight": self.weight[items]})

    @property
    def known(self) -> Tensor:
        """Number of options of each item [I], tracked or not, float64."""
        return self.weight.double().sum(1).round()

    @property
    def log_weight(self) -> Tensor | None:
        """Logarithm of how many options each tracked one stands for [I, C]."""
        return self.weight.double().log()

    @property
    def common_options(self) -> Tensor | None:
        """None: items have options of their own."""
        return None


@torch.no_grad()
def sampled(model: nn.Module, facts: Facts, others: int = OPTIONS, seed: int = 0) -> Facts:
    """The facts with `others` (K, from 2 on) other options of each item tracked; as they are if none has more.

    model: as it is before any write; it says which options are likeliest now.
    """
    if others < 2:
        raise UserError(f"{others} sampled options: give 2 or more")
    if facts.options.shape[1] <= others + 1 or isinstance(facts, Sampled):
        return facts
    pieces = [_tracked(model, piece, others, seed) for piece in facts.batches()]
    options, weight = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    return Sampled(**{**vars(facts), "options": options, "target": torch.zeros_like(facts.target), "weight": weight})


def _tracked(model: nn.Module, facts: Facts, others: int, seed: int) -> tuple[Tensor, Tensor]:
    """(options [I, K + 1], weight [I, K + 1]) of these facts."""
    own = facts.answer_tokens[:, None]
    free = (facts.options >= 0) & (facts.options != own)
    logits = logits_at(model, facts.tokens, facts.row, facts.place).gather(1, facts.options.clamp(min=0))
    likely = logits.masked_fill(~free, -torch.inf).topk(others // 2, dim=1).indices
    likely_real = free.gather(1, likely)
    left = free.scatter(1, likely, False)
    order = _order(facts, seed).masked_fill(~left, torch.inf)
    drawn = order.topk(others - others // 2, dim=1, largest=False).indices
    drawn_real = left.gather(1, drawn)
    each = left.sum(1, keepdim=True) / drawn_real.sum(1, keepdim=True).clamp(min=1)
    options = torch.cat(
        [own, *(facts.options.gather(1, at).masked_fill(~real, -1) for at, real in ((likely, likely_real), (drawn, drawn_real)))],
        1,
    )
    weight = torch.cat([torch.ones_like(own, dtype=each.dtype), likely_real.to(each.dtype), drawn_real * each], 1)
    return options, weight


def _order(facts: Facts, seed: int) -> Tensor:
    """A number for each option of each item [I, C], float64, by whose order options are drawn."""
    names = []
    for row, place, token in zip(facts.row.tolist(), facts.place.tolist(), facts.answer_tokens.tolist(), strict=True):
        item = np.array([seed, token, *facts.tokens[row, : place + 1].tolist()], dtype="<i8").tobytes()
        names.append(int.from_bytes(hashlib.blake2b(item, digest_size=8).digest(), "little"))
    with np.errstate(over="ignore"):
        mixed = np.array(names, dtype=np.uint64)[:, None] ^ facts.options.numpy().astype(np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64 (Steele et al. 2014)
            mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
    return torch.from_numpy((mixed ^ mixed >> np.uint64(31)).astype(np.float64))
