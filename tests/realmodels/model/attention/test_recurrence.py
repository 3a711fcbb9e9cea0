"""The gated delta rule in chunks and token by token, against a loop over its formula; and the short convolution.

Expected values come from loops over the formulas in float64. The loop with one wrong choice in it must differ.
"""

import math

import pytest
import torch
import torch.nn.functional as F

from realmodels.model.attention.recurrence import ShortConvolution, chunks, gated_delta_rule, levels, token
from realmodels.model.part import Cache

DECAYS = {"weak": (-0.02, -0.001), "mixed": (-8.0, -0.01), "strong": (-200.0, -20.0)}


def drawn(length: int, decay: str, per_channel: bool, seed: int = 0, batch: int = 2, heads: int = 3, K: int = 5, V: int = 7):
    """q, k, v, g, beta in float64; log-uniform decays between two bounds."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(batch, heads, length, d, generator=generator, dtype=torch.float64) for d in (K, K, V))
    low, high = (math.log(-bound) for bound in DECAYS[decay])
    g = torch.rand(batch, heads, length, K if per_channel else 1, generator=generator, dtype=torch.float64)
    beta = torch.rand(batch, heads, length, 1, generator=generator, dtype=torch.float64)
    return q, k, v, -(high + (low - high) * g).exp(), beta


def loop(q, k, v, g, beta, wrong: str = ""):
    """The recurrence, spelt out for one batch entry, head and token after another; `wrong` names a choice to get wrong."""
    o = torch.zeros_like(v)
    if wrong == "one decay per head":
        g = g.mean(-1, keepdim=True).expand_as(g)
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            S = torch.zeros(q.shape[-1], v.shape[-1], dtype=q.dtype)
            for t in range(q.shape[2]):
                qt, kt = q[b, h, t], k[b, h, t]
                if wrong != "q of any length":
                    qt = qt / (qt @ qt + 1e-6).sqrt()
                if wrong != "k of any length":
                    kt = kt / (kt @ kt + 1e-6).sqrt()
                if wrong != "no 1/sqrt(keys)":
                    qt = qt / math.sqrt(len(qt))
                decay = torch.diag(torch.exp(g[b, h, t].expand(len(kt))))
                old = S
                if wrong != "decay after the write":
                    S = decay @ S
                if wrong == "read before the write":
                    o[b, h, t] = S.T @ qt
                seen = old if wrong == "correction of the undecayed state" else S
                S = S + torch.outer(kt, beta[b, h, t] * (v[b, h, t] - seen.T @ kt))
                if wrong == "decay after the write":
                    S = decay @ S
                if wrong != "read before the write":
                    o[b, h, t] = S.T @ qt
    return o


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("length", [1, 2, 32, 75])
def test_chunks_and_tokens_are_the_loop(length, decay, per_channel):
    inputs = drawn(length, decay, per_channel, seed=length)
    expected, cache = loop(*inputs), Cache()
    torch.testing.assert_close(gated_delta_rule(*inputs), expected, atol=1e-10, rtol=0)
    one_by_one = [gated_delta_rule(*piece, cache) for piece in zip(*(x.split(1, 2) for x in inputs), strict=True)]
    torch.testing.assert_close(torch.cat(one_by_one, 2), expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("decay", DECAYS)
def test_the_length_of_a_chunk_changes_neither_reads_nor_state_nor_gradients(decay, per_channel):
    q, k, v, g, beta = drawn(70, decay, per_channel)
    inputs = [x.requires_grad_() for x in (F.normalize(q, dim=-1), F.normalize(k, dim=-1), v, g, beta)]
    start = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    reads, state = [], start
    for t in range(70):
        read, state = token(*(x[:, :, t : t + 1] for x in inputs), state)
        reads.append(read)
    expected = (torch.cat(reads, 2), state)
    gradients = torch.autograd.grad(sum(x.square().sum() for x in expected), inputs)
    for chunk in (2, 8, 32, 64):
        found = chunks(*inputs, start, chunk)
        torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)
        torch.testing.assert_close(
            torch.autograd.grad(sum(x.square().sum() for x in found), inputs), gradients, atol=1e-10, rtol=1e-10
        )


@pytest.mark.parametrize(
    "wrong",
    [
        "decay after the write",
        "correction of the undecayed state",
        "read before the write",
        "q of any length",
        "k of any length",
        "no 1/sqrt(keys)",
        "one decay per head",
    ],
)
def test_a_wrong_choice_in_the_formula_is_seen(wrong):
    inputs = drawn(40, "mixed", per_channel=True)
    if wrong == "k of any length":
        inputs = (inputs[0], inputs[1] / 3, *inputs[2:])  # longer than 1 the state would grow without bound, and be seen at once
    found = gated_delta_rule(*inputs)
    assert (found - loop(*inputs)).abs().max() < 1e-10
    assert (found - loop(*inputs, wrong)).abs().max() > 0.01


@pytest.mark.parametrize("pieces", [(40, 1, 30, 4), (1, 1, 1, 72), (3, 2, 70)])
@pytest.mark.parametrize("per_channel", [False, True])
def test_pieces_with_a_cache_are_the_whole(pieces, per_channel):
    inputs, cache = drawn(75, "weak", per_channel), Cache()
    parts = zip(*(x.split(pieces, 2) for x in inputs), strict=True)
    found = torch.cat([gated_delta_rule(*piece, cache) for piece in parts], 2)
    torch.testing.assert_close(found, gated_delta_rule(*inputs), atol=1e-10, rtol=0)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("decay", DECAYS)
def test_a_long_text_in_float32_overflows_nowhere_and_is_the_loop(decay, per_channel):
    inputs = drawn(1024, decay, per_channel, batch=1, heads=1)
    single = [x.float().requires_grad_() for x in inputs]
    found = gated_delta_rule(*single)
    torch.testing.assert_close(found.double(), loop(*(x.detach().double() for x in single)), atol=1e-5, rtol=0)
    found.square().sum().backward()
    assert all(x.grad.isfinite().all() for x in single)
    if decay == "strong":  # what the usual split of a decay into e^G and e^-G would have met, within one chunk of 32
        assert not (-single[3][..., :32, :].cumsum(-2)).exp().isfinite().all()


def test_a_weak_decay_behind_a_strong_one_keeps_its_digits():
    """The difference of two long sums of g would carry the rounding of -20,000 into e^-0.01."""
    q, k, v, g, beta = (x.float() for x in drawn(32, "weak", per_channel=True))
    g[:, :, :8] = -2_500.0
    expected = loop(*(x.double() for x in (q, k, v, g, beta)))
    assert (gated_delta_rule(q, k, v, g, beta) - expected).abs().max() < 2e-6


@pytest.mark.parametrize("per_channel", [False, True])
def test_equal_keys_are_no_harder_than_others(per_channel):
    """The triangular system of equal keys: powers of its matrix, unlike its solution, grow beyond float32's digits."""
    q, k, v, g, beta = (x.float() for x in drawn(64, "weak", per_channel))
    k, beta = k[:, :, :1].expand_as(k), torch.ones_like(beta)
    expected = loop(*(x.double() for x in (q, k, v, g, beta)))
    assert (gated_delta_rule(q, k, v, g, beta) - expected).abs().max() < 1e-5


def test_vectors_of_zero_give_zeros_and_finite_gradients():
    q, _, v, g, beta = (x.float() for x in drawn(8, "weak", per_channel=True))
    zero = torch.zeros_like(q, requires_grad=True)
    found = gated_delta_rule(zero, zero, v, g, beta)
    assert torch.equal(found, torch.zeros_like(v))
    found.sum().backward()
    assert zero.grad.isfinite().all()


@pytest.mark.parametrize("per_channel", [False, True])
def test_gradients_are_those_of_finite_differences(per_channel):
    inputs = [x.requires_grad_() for x in drawn(5, "mixed", per_channel, batch=1, heads=1, K=2, V=3)]
    start = torch.ones(1, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *a: chunks(*a, 2), (*inputs, start))
    assert torch.autograd.gradcheck(gated_delta_rule, inputs)


def test_autocast_leaves_the_rule_in_float32():
    inputs = [x.float() for x in drawn(50, "weak", per_channel=True)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (inputs[0] @ inputs[0].transpose(-1, -2)).dtype == torch.bfloat16
        found, cache = gated_delta_rule(*inputs), Cache()
        gated_delta_rule(*(x.bfloat16() for x in inputs), cache)
    assert torch.equal(found, gated_delta_rule(*inputs))
    assert cache.tensors["state"].dtype == torch.float32


@pytest.mark.parametrize("chunk", [2, 16, 32])
def test_every_pair_of_a_chunk_parts_at_one_level_and_its_spans_are_the_tokens_between(chunk):
    spans, pairs = levels(chunk, torch.device("cpu"))
    assert spans.shape == (len(pairs) + 2, chunk, chunk)
    for t in range(chunk):
        for s in range(chunk):
            (parted,) = pairs[:, t, s].nonzero(as_tuple=True)
            assert len(parted) == (s < t)
            if s < t:
                later, earlier = spans[parted[0], t], spans[parted[0], s]
                assert not (later & earlier).any()
                assert (later | earlier).nonzero()[:, 0].tolist() == list(range(s + 1, t + 1))
        assert spans[-2, t].nonzero()[:, 0].tolist() == list(range(t + 1))
        assert spans[-1, t].nonzero()[:, 0].tolist() == list(range(t + 1, chunk))


def convolution(channels: int = 6, size: int = 4) -> ShortConvolution:
    made = ShortConvolution(channels, size).double()
    with torch.no_grad():
        made.taps.normal_(generator=torch.Generator().manual_seed(1))
    return made


@pytest.mark.parametrize(("length", "size"), [(1, 4), (3, 4), (9, 4), (9, 1), (5, 2)])
def test_the_convolution_is_a_loop_over_the_last_tokens(length, size):
    made, x = convolution(size=size), torch.randn(2, length, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = made(x)
    for t in range(length):
        y = torch.zeros(2, 6, dtype=torch.float64)
        for back in range(min(size, t + 1)):
            y += made.taps[size - 1 - back, 0] * x[:, t - back]
        torch.testing.assert_close(found[:, t], y * torch.sigmoid(y), atol=1e-12, rtol=0)


@pytest.mark.parametrize("pieces", [(1,) * 9, (2, 1, 6), (5, 4)])
def test_the_convolution_of_pieces_is_that_of_the_whole_and_caches_do_not_mix(pieces):
    made, cache = convolution(), Cache()
    x, y = torch.randn(2, 2, 9, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = [(made(a, cache, "a"), made(b, cache, "b")) for a, b in zip(x.split(pieces, 1), y.split(pieces, 1), strict=True)]
    for whole, parts in zip((x, y), zip(*found, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(parts, 1), made(whole), atol=1e-12, rtol=0)
    assert cache.tensors["a"].shape == (2, 3, 6)
