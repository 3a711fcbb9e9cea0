"""A mixture of experts: of several narrow feed-forward layers, a router picks the best few for every token.

Shazeer et al. 2017; as in Mixtral (Jiang et al. 2024, section 2.1), with relu^2 in place of SwiGLU. With scores s = W_router x of
the experts, T the topk experts of largest score, and the hidden units split evenly over the experts,
    y = sum over e in T of g_e W_output,e relu(W_input,e x)^2,    g = softmax of s over T alone.
So the chosen weights sum to 1. (DeepSeek-V2 takes the softmax over all experts and does not normalise again.) No expert has a
capacity: no token is dropped, and what a token does depends on no other token. hidden is rounded down to a multiple of the
experts. Equal scores are decided as torch.topk does.

Load balance (Fedus et al. 2022, Switch Transformer, equations 4 to 6): with p the softmax of s over all experts,
    balance * experts * sum over e of f_e P_e,
f_e the share of the choices that fell on e (they sum to 1, at any topk) and P_e the mean over tokens of p_e. Even routing costs
`balance`, the least where f = P. f has no gradient.

The products run over blocks of tokens of one expert. Their shapes depend on the number of tokens alone, never on the data. The
last block of an expert is filled up with zeros. So topk / experts * (1 + 1 / BLOCKS) of the dense layer's products are computed,
a little more for a few tokens, and the expert matrices are copied once per block.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual, note

BLOCKS = 4  # blocks an expert has if the choices are spread evenly: more of them copy more, fewer of them pad more


def blocks(chosen: Int[Tensor, " choices"], experts: int) -> tuple[Int[Tensor, " choices"], Int[Tensor, " blocks"], int]:
    """(row of each choice, expert of each block, rows of a block): every block holds choices of one expert alone.

    An expert with c choices has ceil(c / size) blocks, so that choices // size + experts blocks are always enough.
    """
    size = -(-len(chosen) // (BLOCKS * experts))
    of = (chosen[:, None] == torch.arange(experts, device=chosen.device)).long()
    ends = ((of.sum(0) + size - 1) // size).cumsum(0)
    first = F.pad(ends[:-1], (1, 0))
    rank = (of * of.cumsum(0)).sum(1) - 1  # how many earlier choices fell on the same expert
    number = torch.arange(len(chosen) // size + experts, device=chosen.device)
    owner = torch.searchsorted(ends, number, right=True).clamp(max=experts - 1)  # blocks beyond the last are empty: anyone's
    return first[chosen] * size + rank, owner, size


class Experts(nn.Module):
    """One matrix for every expert: `weight` [experts, outputs, inputs]."""

    def __init__(self, experts: int, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(experts, outputs, inputs))

    def forward(
        self, x: Float[Tensor, "blocks size inputs"], owner: Int[Tensor, " blocks"]
    ) -> Float[Tensor, "blocks size outputs"]:
        """Every block of rows times the matrix of its expert."""
        return x @ self.weight[owner].transpose(1, 2)


class MoeFeedForward(Part):
    """y = sum over the topk chosen experts of weight * W_output relu(W_input x)^2; hidden // experts hidden units each."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Experts, how many of them a token goes to, and the coefficient of the load balance (Switch Transformer's)."""
        return {"experts": 8, "topk": 2, "balance": 0.01}

    def __init__(self, config: ModelConfig):
        super().__init__()
        sizes = config.hyperparameters["moe"]
        self.experts, self.topk, self.balance = int(sizes["experts"]), int(sizes["topk"]), float(sizes["balance"])
        units = config.hidden // self.experts
        self.router = nn.Linear(config.width, self.experts, bias=False)
        self.input = Experts(self.experts, config.width, units)
        self.output = Experts(self.experts, units, config.width)

    def idle(self) -> int:
        """The matrices of the experts that a token does not go to."""
        return (self.experts - self.topk) * (self.input.weight[0].numel() + self.output.weight[0].numel())

    def load(self, scores: Float[Tensor, "batch length experts"], chosen: Int[Tensor, "batch length topk"]) -> Float[Tensor, ""]:
        """The price of uneven routing, nats per token."""
        choices = (chosen.flatten()[:, None] == torch.arange(self.experts, device=chosen.device)).to(scores.dtype).mean(0)
        return self.balance * self.experts * (choices * scores.softmax(-1).flatten(0, 1).mean(0)).sum()

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; records "experts", best first, and the load balance as "auxiliary"."""
        scores = self.router(x)
        best, chosen = scores.topk(self.topk, dim=-1)
        if record is not None:
            note(record, experts=chosen, auxiliary=self.load(scores, chosen))
        row, owner, size = blocks(chosen.flatten(), self.experts)
        copies = x.flatten(0, 1).repeat_interleave(self.topk, dim=0)
        table = x.new_zeros(len(owner) * size, x.shape[-1]).index_copy(0, row, copies).unflatten(0, (-1, size))
        y = self.output(F.relu(self.input(table, owner)).square(), owner).flatten(0, 1)[row]
        return torch.einsum("blk,blkd->bld", best.softmax(-1), y.view(*chosen.shape, -1))


PART = MoeFeedForward
