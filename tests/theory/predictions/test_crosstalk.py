"""Depth and noise of a stream of writes: against a loop over random codes, the laws of C2 and ewc, and the dilogarithm."""

import numpy as np
import pytest
from scipy.special import spence

from theory.methods.ewc import snr_of_oldest
from theory.predictions.crosstalk import additive, least_squares, stream
from theory.retention import C2


@pytest.mark.parametrize("eta", ["fixed", "annealed"])
def test_a_loop_over_random_codes_has_that_depth_and_noise(eta):
    N, P, outputs = 40, 60, 4000
    strengths = np.full(P, 0.6) if eta == "fixed" else N / (N + np.arange(P))
    rng, reads, targets = np.random.default_rng(0), [], []
    for _ in range(60):
        codes = rng.normal(size=(P, N))
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
        y, w = rng.choice([-1.0, 1.0], (P, outputs // 60)), np.zeros((N, outputs // 60))
        for u, target, strength in zip(codes, y, strengths, strict=True):
            w += strength * np.outer(u, target - u @ w)
        reads.append(codes @ w)
        targets.append(y)
    h, y = np.concatenate(reads, axis=1), np.concatenate(targets, axis=1)
    law = stream(strengths, N)
    depth, power = (h * y).mean(axis=1), (h**2).mean(axis=1)
    assert np.sqrt(np.mean((depth - law.depth) ** 2)) < 0.02
    np.testing.assert_allclose(power.mean(), (law.depth**2 * (1 + 1 / law.snr)).mean(), rtol=0.03)


def test_the_oldest_of_a_fixed_stream_keeps_what_c2_says():
    N, M = 64, 100
    law = stream(np.full(M, N / M), N)
    assert law.depth[0] == pytest.approx(N / M * (1 - 1 / M) ** (M - 1))
    assert law.depth.sum() <= N
    assert M * law.depth[0] == pytest.approx(float(C2.value("ceiling", N=N, M=M).value))


def test_annealed_writes_have_the_law_of_ewc():
    N = 4096
    for load in (0.5, 2.0):
        law = stream(N / (N + np.arange(round(load * N))), N)
        np.testing.assert_allclose(law.depth, 1 / (1 + load), rtol=2e-3)
        assert law.snr[0] == pytest.approx(float(snr_of_oldest(1 + load).evalf()), rel=2e-3)


@pytest.mark.parametrize("eta", [0.2, 0.7])
def test_a_long_stream_of_one_strength_holds_the_dilogarithm(eta):
    N, x = 2000, eta * (2 - eta)
    law = stream(np.full(int(5 / eta) * N, eta), N)
    held = np.log2(1 + law.snr).sum() / (2 * N)
    assert held == pytest.approx(spence(1 - x) / (4 * eta * np.log(2)), rel=3e-3)
    assert held < 1 / (2 * np.log(2))


def test_depth_is_not_bits():
    # least squares and annealed writes retain N in all as the load grows, one-shot storage any depth: their SNRs differ
    N, P = 500, 10_000
    annealed, exact = stream(N / (N + np.arange(P)), N), least_squares(P, N)
    assert annealed.depth.sum() == pytest.approx(exact.depth.sum(), rel=0.06)
    assert annealed.snr.mean() < 0.97 * exact.snr.mean()
    assert additive(P, N).depth.sum() == P
