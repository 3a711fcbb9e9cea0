"""DeepSeek sparse attention: scores against a loop, the limit of a full selection, and who learns from what.

Expected values come from loops over the formula of the report, not from the code under test.
"""

import math

import pytest
import torch

from realmodels.model.architectures import config_for
from realmodels.model.attention.dense import DenseAttention, causal
from realmodels.model.attention.dsa import DsaAttention, Indexer, indexer_loss, select
from realmodels.model.transformer import Transformer

CONFIG = config_for("dsa", "tiny")
TOKENS = torch.randint(0, CONFIG.vocabulary, (3, 24), generator=torch.Generator().manual_seed(1))


def moved(model: torch.nn.Module, seed: int = 1) -> torch.nn.Module:
    """The model, away from its start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator)
    return model


def inputs(length: int = 24) -> torch.Tensor:
    return torch.randn(3, length, CONFIG.width, generator=torch.Generator().manual_seed(2))


def half_split_rotation(x: torch.Tensor, position: int) -> torch.Tensor:
    """Coordinate i and i + d/2 as one complex number, turned by position / 10000^(2i/d)."""
    d = len(x)
    z = torch.complex(x[: d // 2], x[d // 2 :])
    turn = torch.tensor([position * 10_000 ** (-2 * i / d) for i in range(d // 2)])
    z = z * torch.complex(turn.cos(), turn.sin())
    return torch.cat((z.real, z.imag))


def test_index_scores_are_those_of_the_formula():
    indexer, x = moved(Indexer(CONFIG)), inputs()[0]
    H, d = (CONFIG.hyperparameters["dsa"][name] for name in ("indexer_heads", "indexer_dim"))
    found = indexer(x[None])[0]
    with torch.no_grad():
        for t, s in [(0, 0), (5, 3), (23, 0), (23, 22), (11, 11)]:
            k = indexer.key.weight @ x[s]
            k = (k - k.mean()) / (k.var(unbiased=False) + 1e-6).sqrt() * indexer.key_norm.weight + indexer.key_norm.bias
            k = half_split_rotation(k, s)
            score = 0.0
            for j in range(H):
                q = half_split_rotation(indexer.query.weight[j * d : (j + 1) * d] @ x[t], t)
                w = indexer.weight.weight[j] @ x[t] * H**-0.5 * d**-0.5
                score += float(w * max(0.0, float(q @ k)))
            assert math.isclose(float(found[t, s]), score, abs_tol=1e-5)


@pytest.mark.parametrize("topk", [24, 25, 1000])
def test_a_selection_of_everything_is_dense_attention(topk):
    dsa, dense, x = moved(DsaAttention(CONFIG)), DenseAttention(CONFIG), inputs()
    dense.load_state_dict({n: p for n, p in dsa.state_dict().items() if "indexer" not in n})
    dsa.topk = topk
    torch.testing.assert_close(dsa(x), dense(x))
    dsa.topk = 8
    assert not torch.allclose(dsa(x), dense(x))


def test_selection_takes_the_best_earlier_tokens_and_as_many_as_there_are():
    scores = torch.randn(2, 20, 20, generator=torch.Generator().manual_seed(3))
    chosen = select(scores, causal(20, scores.device), 6)
    for b in range(2):
        for t in range(20):
            best = sorted(range(t + 1), key=lambda s: -float(scores[b, t, s]))[:6]
            assert set(chosen[b, t].nonzero()[:, 0].tolist()) == set(best)


def test_equal_scores_of_zero_are_decided_for_the_later_token():
    chosen = select(torch.zeros(1, 10, 10), causal(10, torch.device("cpu")), 3)
    assert chosen[0, 9].nonzero()[:, 0].tolist() == [7, 8, 9]


def test_attention_reads_the_selected_tokens_and_no_others():
    model, x = moved(DsaAttention(CONFIG)), inputs()
    record: dict = {}
    before = model(x, record)
    seen = record["seen"][0][0, 23]
    assert int(seen.sum()) == CONFIG.hyperparameters["dsa"]["indexer_topk"]
    for s in range(23):  # the value of token s alone is changed: its keys, the queries and the indexer stay
        handle = model.projections.value.register_forward_hook(
            lambda _, args, out, s=s: out.index_fill(1, torch.tensor([s]), 3.0)
        )
        after = model(x)
        handle.remove()
        assert bool((after[0, 23] - before[0, 23]).abs().max() > 1e-6) == bool(seen[s])


def test_the_loss_is_the_divergence_of_a_loop():
    weights = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(4)).tril()
    weights /= weights.sum(-1, keepdim=True)
    scores = torch.randn(2, 5, 5, generator=torch.Generator().manual_seed(5))
    total = 0.0
    for b in range(2):
        for t in range(5):
            p = [float(weights[b, :, t, s].sum()) for s in range(t + 1)]
            p = [v / sum(p) for v in p]
            z = sum(math.exp(float(scores[b, t, s])) for s in range(t + 1))
            total += sum(v * (math.log(v) - math.log(math.exp(float(scores[b, t, s])) / z)) for s, v in enumerate(p) if v)
    found = indexer_loss(weights, scores, causal(5, scores.device))
    assert math.isclose(float(found), total / 10, rel_tol=1e-5)


def test_the_loss_is_zero_where_the_indexer_agrees_and_positive_elsewhere():
    weights = torch.rand(2, 1, 6, 6, generator=torch.Generator().manual_seed(4)).tril()
    weights /= weights.sum(-1, keepdim=True)
    scores = weights[:, 0].clamp(min=1e-30).log() + 3.0
    seen = causal(6, scores.device)
    assert abs(float(indexer_loss(weights, scores, seen))) < 1e-6
    assert float(indexer_loss(weights, scores.flip(-1).masked_fill(scores.flip(-1) < -9, 0.0), seen)) > 0.01


def gradients(model: Transformer, objective: torch.Tensor) -> dict[str, torch.Tensor | None]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(objective, parameters, allow_unused=True, retain_graph=True), strict=True))


@pytest.mark.parametrize("stage", ["warmup", "sparse"])
def test_the_divergence_teaches_the_indexer_alone_and_the_text_everything_else(stage):
    model = moved(Transformer(CONFIG))
    for block in model.blocks:
        block.attention.stage = stage
    record: dict = {}
    loss = torch.nn.functional.cross_entropy(model(TOKENS[:, :-1], record).flatten(0, 1), TOKENS[:, 1:].flatten())
    by_divergence, by_text = gradients(model, sum(record["auxiliary"])), gradients(model, loss)
    for name in by_text:
        mine, other = (by_divergence, by_text) if ".indexer." in name else (by_text, by_divergence)
        assert other[name] is None, name
        assert mine[name] is not None, name
        assert mine[name].abs().max() > 0, name
    alone = gradients(model, torch.nn.functional.cross_entropy(model(TOKENS[:, :-1]).flatten(0, 1), TOKENS[:, 1:].flatten()))
    assert all(torch.equal(alone[n], g) for n, g in by_text.items() if g is not None)


def test_the_divergence_falls_when_the_indexer_learns_and_nothing_else_moves():
    model = moved(Transformer(CONFIG))
    for block in model.blocks:
        block.attention.stage = "warmup"
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    losses = []
    for _ in range(30):
        record: dict = {}
        model(TOKENS, record)
        optimiser.zero_grad()
        sum(record["auxiliary"]).backward()
        optimiser.step()
        losses.append(sum(record["auxiliary"]).item())
    assert losses[-1] < 0.8 * losses[0]
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name]) == (".indexer." not in name), name
