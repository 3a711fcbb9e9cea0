"""A GPT as nanoGPT trains it on a CPU, to be raced against: the recipe of its README for machines without a GPU.

4 layers, 4 heads, 128 wide, context 64, batches of 12, no dropout: LayerNorm without bias, one matrix for q, k and v, learned
positions, GELU, the embedding as output matrix; AdamW at 0.001 with betas (0.9, 0.99), decay 0.1 on matrices, gradients clipped
at norm 1; 100 steps of warm-up, then a cosine to a tenth at step 2000; float32. Written from the recipe, not copied.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYERS, HEADS, WIDTH, CONTEXT, BATCH = 4, 4, 128, 64, 12
RATE, LEAST, WARMUP, STEPS = 1e-3, 1e-4, 100, 2000


class Block(nn.Module):
    """Attention and a feed-forward layer of GPT-2."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.qkv, self.output = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The residual stream [batch, length, WIDTH] after this block."""
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.qkv(self.before(x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(y.transpose(1, 2).flatten(-2))
        return x + self.down(F.gelu(self.up(self.between(x))))


class Gpt(nn.Module):
    """The model; logits of the next token at every position."""

    def __init__(self, vocabulary: int):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks, self.last = nn.ModuleList(Block() for _ in range(LAYERS)), nn.LayerNorm(WIDTH, bias=False)
        for name, p in self.named_parameters():
            if p.ndim > 1:
                nn.init.normal_(p, 0.0, 0.02 / math.sqrt(2 * LAYERS) if name.endswith(("output.weight", "down.weight")) else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """[batch, length] to [batch, length, vocabulary]."""
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.last(x) @ self.tokens.weight.T


class Training:
    """The recipe's training: `step` takes a batch of CONTEXT + 1 tokens each and returns the loss.

    fast: not as in the recipe, in bfloat16 and compiled.
    """

    def __init__(self, vocabulary: int, fast: bool = False):
        torch.manual_seed(0)
        self.model, self.done, self.fast = Gpt(vocabulary), 0, fast
        self.called = torch.compile(self.model) if fast else self.model
        parameters = list(self.model.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        self.rule = torch.optim.AdamW(groups, RATE, betas=(0.9, 0.99))

    def rate(self) -> float:
        """The learning rate of the next step."""
        if self.done < WARMUP:
            return RATE * (self.done + 1) / (WARMUP + 1)
        share = min(1.0, (self.done - WARMUP) / (STEPS - WARMUP))
        return LEAST + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LEAST)

    def step(self, batch: Tensor) -> float:
        """One step; the loss in nats per token."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            logits = self.called(batch[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.rule.param_groups:
            group["lr"] = self.rate()
        self.rule.step()
        self.rule.zero_grad(set_to_none=True)
        self.done += 1
        return loss.item()
