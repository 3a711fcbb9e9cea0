"""DeepSeek sparse attention: a lightning indexer scores all earlier tokens, attention sees the best top-k of them.

DeepSeek-V3.2 (2025), section 2.1: the index score of token s for the query at t is
    I[t, s] = sum_j w[t, j] relu(q_j[t] . k[s]),
with H_I indexer heads j, ONE key k for all of them (LayerNorm, rotary, half-split), w scaled by H_I^-1/2 d_I^-1/2. One selection
serves all attention heads.

The indexer learns from attention, attention never from the indexer: its input is detached, its target p is detached, and the
selection has no gradient. Its loss is KL(p || softmax I), p the attention weights summed over heads and normalised to sum 1:
  stage "warmup"  over all earlier tokens, attention dense;
  stage "sparse"  over the selected tokens only. The report leaves open whether p is normalised again there. Here it is, and so
                  is softmax I: attention's own softmax runs over the selected set.
In stage "dense", before both, attention is dense and the indexer rests.

The LayerNorm of the indexer's key adds 1e-6 to the variance, as the code that DeepSeek released does (torch's default is 1e-5).
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from realmodels.model.attention.dense import Projections, attend, causal
from realmodels.model.attention.rope import angles, rotate
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual, note

EPSILON = 1e-6  # of the LayerNorm of the indexer's key: as released
RECENCY = (
    1e-12  # times the position: breaks exact ties (two scores of 0) towards the later token, and is below rounding elsewhere
)


class Indexer(nn.Module):
    """The lightning indexer: index scores from the block's (detached) input.

    `part` is the name under which the hyperparameters are stored. Queries are made from `inputs` numbers, by default from the
    block's input. The first `rotary` numbers of queries and keys turn with the position, by default all.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig, part: str = "dsa", inputs: int | None = None, rotary: int | None = None):
        super().__init__()
        sizes = config.hyperparameters[part]
        self.heads, dim = int(sizes["indexer_heads"]), int(sizes["indexer_dim"])
        self.query = nn.Linear(inputs or config.width, self.heads * dim, bias=False)
        self.key = nn.Linear(config.width, dim, bias=False)
        self.key_norm = nn.LayerNorm(dim, eps=EPSILON)
        self.weight = nn.Linear(config.width, self.heads, bias=False)
        self.scale = (self.heads * dim) ** -0.5
        cos, sin = angles(config.context, rotary or dim)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(
        self, x: Residual, cache: Cache | None = None, queries: Float[Tensor, "batch length inputs"] | None = None
    ) -> Float[Tensor, "batch length total"]:
        """I[t, s] for all pairs, those with s > t included (the caller masks them). Queries are made from `queries`, if not x."""
        source, x, start = (x if queries is None else queries).detach(), x.detach(), cache.length if cache else 0
        q = self._turn(self.query(source).unflatten(-1, (self.heads, -1)).transpose(1, 2), start)
        k = self._turn(self.key_norm(self.key(x)), start)
        k = cache.grow("indexer", k) if cache else k
        w = self.weight(x) * self.scale
        return torch.einsum("btj,bjts->bts", w, (q @ k[:, None].transpose(-1, -2)).relu())

    def _turn(self, x: Tensor, start: int) -> Tensor:
        turning, rest = x.tensor_split((2 * self.cos.shape[-1],), dim=-1)
        return torch.cat((rotate(turning, self.cos, self.sin, start), rest), dim=-1)


def select(
    scores: Float[Tensor, "batch length total"], seen: Bool[Tensor, "length total"], topk: int
) -> Bool[Tensor, "batch length total"]:
    """For each t the topk tokens s of highest score among those with seen[t, s]; all of them if there are no more than topk."""
    length = scores.shape[-1]
    if topk >= length:
        return seen.expand_as(scores)
    ranked = (scores + RECENCY * torch.arange(length, device=scores.device)).masked_fill(~seen, -torch.inf)
    chosen = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, ranked.topk(topk, dim=-1, sorted=False).indices, True)
    return chosen & seen


def indexer_loss(
    weights: Float[Tensor, "batch heads length length"],
    scores: Float[Tensor, "batch length length"],
    seen: Bool[Tensor, "*#batch length length"],
) -> Float[Tensor, ""]:
    """KL(p || softmax of the scores over the tokens seen), nats, averaged over tokens; p is the heads' mean weights, detached."""
    p = weights.detach().mean(1)
    log_q = scores.masked_fill(~seen, -torch.inf).log_softmax(-1).masked_fill(~seen, 0.0)
    return (torch.xlogy(p, p) - p * log_q).sum(-1).mean()


class SelectiveAttention(Part):
    """Base of attention over the tokens that an indexer selects (stage "sparse"), or over all, as in the stages before."""

    staged = True
    topk: int

    def read(
        self,
        q: Float[Tensor, "batch heads length dim"],
        k: Float[Tensor, "batch heads total dim"],
        v: Float[Tensor, "batch heads total value_dim"],
        scores: Float[Tensor, "batch length total"] | None,
        record: Record | None,
    ) -> Float[Tensor, "batch heads length value_dim"]:
        """What the heads read, given the index scores (None: stage "dense").

        Records "seen" and, past the dense stage, the indexer's loss as "auxiliary".
        """
        seen = causal(q.shape[-2], q.device, k.shape[-2] - q.shape[-2])
        if self.stage == "sparse":
            assert scores is not None
            seen = select(scores.detach(), seen, self.topk)
        y, weights = attend(q, k, v, seen[:, None] if seen.ndim == 3 else seen)
        if record is not None:
            note(record, seen=seen.expand(len(q), -1, -1))
            if scores is not None:
                note(record, auxiliary=indexer_loss(weights, scores, seen))
        return y


class DsaAttention(SelectiveAttention):
    """Attention over the tokens that the indexer selects (stage "sparse"), or over all, as in the stages before."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Two indexer heads (8 at size "base") of half a head's width; a quarter of the context is seen."""
        return {
            "indexer_heads": 8 if shape.size == "base" else 2,
            "indexer_dim": shape.head_dim // 2,
            "indexer_topk": shape.context // 4,
        }

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.projections = Projections(config)
        self.indexer = Indexer(config)
        self.topk = int(config.hyperparameters["dsa"]["indexer_topk"])

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """Attention of normalised inputs x; records "seen" and, past the dense stage, the indexer's loss as "auxiliary"."""
        q, k, v = self.projections.split(x, cache)
        scores = None if self.stage == "dense" else self.indexer(x, cache)
        return self.projections.merge(self.read(q, k, v, scores, record))


PART = DsaAttention
