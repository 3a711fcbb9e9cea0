"""Latent attention to the tokens that a lightning indexer selects, as in DeepSeek-V3.2 (2025), section 2.1, and in GLM-5 (2026).

Attention is `mla`, restricted to the topk tokens s <= t of highest index score; the indexer, the selection, the three stages and
the indexer's loss are those of `dsa`, with two differences:
  its queries are made from the latent of MLA's queries, q_j[t] = W_j c_Q[t]; its key and head weights from the block's input;
  only the first rope_dim numbers of its queries and key turn with the position, HALF-SPLIT (i with i + rope_dim/2), although the
  main attention turns interleaved pairs. So V3.2's released code since its correction of 17 November 2025; the code first
  released (DeepSeek-V3.2-Exp, September 2025) interleaved here too, by mistake. GLM-5 interleaves here by design, which is the
  same function up to a permutation of rows, and nonsense for the weights of the other.
All that it reads is detached, the input and the latent: the divergence teaches the indexer alone, the text everything else.
The released code also turns queries and keys by a Hadamard matrix before it rounds them to 8 bits: it is orthogonal, so that
scores do not change, and left out. A cache keeps what that of `mla` keeps, and the indexer's key.
"""

from realmodels.model.attention.dsa import DsaAttention, Indexer, SelectiveAttention
from realmodels.model.attention.mla import LatentProjections, MlaAttention
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache
from realmodels.model.record import Record, Residual


class MlaDsaAttention(SelectiveAttention):
    """Latent attention over the tokens that the indexer selects (stage "sparse"), or over all, as in the stages before."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Those of `mla` and of `dsa`; indexer heads as wide as MLA's without position, so that half of them turns (V3.2)."""
        mla = MlaAttention.hyperparameters(shape)
        return {**mla, **DsaAttention.hyperparameters(shape), "indexer_dim": mla["nope_dim"]}

    def __init__(self, config: ModelConfig):
        super().__init__()
        sizes = config.hyperparameters["mla_dsa"]
        self.projections = LatentProjections(config, "mla_dsa")
        self.indexer = Indexer(config, "mla_dsa", inputs=int(sizes["q_rank"]), rotary=int(sizes["rope_dim"]))
        self.topk = int(sizes["indexer_topk"])

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """Attention of normalised inputs x; records "seen" and, past the dense stage, the indexer's loss as "auxiliary"."""
        queries = self.projections.queries(x)
        q, k, v = self.projections.split(x, queries, cache)
        scores = None if self.stage == "dense" else self.indexer(x, cache, queries)
        return self.projections.merge(self.read(q, k, v, scores, record))


PART = MlaDsaAttention
