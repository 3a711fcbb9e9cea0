"""Multi-head latent attention without positions, as in Kimi Linear (2025), section 4 (NoPE): that of `mla` with R_t = 1.

The one key for all heads that carries the position in `mla` stays, unturned. Order comes from the recurrent parts of the other
blocks. Kimi Linear makes its queries from the input, without a latent (q_rank); the port to transformers takes either.
"""

from typing import ClassVar

from realmodels.model.attention.mla import MlaAttention


class MlaNopeAttention(MlaAttention):
    """Latent attention that does not know how far a token is away."""

    name: ClassVar[str] = "mla_nope"
    rotary: ClassVar[bool] = False


PART = MlaNopeAttention
