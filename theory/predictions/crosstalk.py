r"""What a stream of delta-rule writes leaves of each fact: depth, noise and power SNR, at finite N (the bits of the ladder).

w <- w + eta_j u_j (y_j - u_j.w), unit codes u_j isotropic in N dimensions, independent targets of variance 1, w = 0 at first.
Write q = |w|^2/N for the mean square read of a new code, h = u.w for the read of one that was written. On average

    |w|^2  <-  |w|^2 (1 - (2 eta - eta^2)/N) + eta^2,
    h^2    <-  h^2 (1 - 2 eta/N + 2 eta^2/(N(N+2))) + eta^2 |w|^2/(N(N+2)) + eta^2/N,

as E (u.u')^2 = 1/N and E (u.u')^2 (u'.w)^2 = (|w|^2 + 2 h^2)/(N(N+2)). Just written, h = (1 - eta) u.w + eta y, so that it
starts at (1 - eta)^2 q + eta^2, of which y has the part depth = eta prod_later (1 - eta_j/N) (C2). The rest is noise:

    SNR = depth^2 / (E h^2 - depth^2).

In a long stream of one strength, N large, this is x/(1 - x) with x = eta (2 - eta) exp(-2 eta age/N). If targets are Gaussian,
all facts together hold Li_2(eta (2 - eta))/(4 eta ln 2) bits per synapse, which is 1/(2 ln 2) as eta -> 0. Under eta_j = N/(N
+ j) the first fact's is the law `snr_of_oldest` of claim ewc. Depth and bits are different ladders: annealed writes and least
squares retain the same depth, N in all, and very different numbers of bits.
"""

from typing import NamedTuple

import numpy as np

from theory.ledger import claim


class Read(NamedTuple):
    """For every fact of a stream, oldest first [P]: retained depth, and power SNR of its read."""

    depth: np.ndarray
    snr: np.ndarray


def stream(eta: np.ndarray, N: int) -> Read:
    """Depths and SNRs after delta-rule writes of strengths eta [P] in (0, 1], along isotropic unit codes of N dimensions."""
    eta = np.asarray(eta, dtype=float)
    norm = _linear(1 - (2 * eta - eta**2) / N, eta**2)  # |w|^2 after each write
    before = np.concatenate([[0.0], norm[:-1]])
    depth = eta * _after(1 - eta / N)
    kept = 1 - 2 * eta / N + 2 * eta**2 / (N * (N + 2))
    added = eta**2 * before / (N * (N + 2)) + eta**2 / N
    later = _after(kept)
    noise = np.concatenate(
        [np.cumsum((added * later)[::-1])[::-1][1:], [0.0]]
    )  # what the later writes add, as it stands at the end
    power = later * ((1 - eta) ** 2 * before / N + eta**2) + noise
    return Read(depth, depth**2 / np.maximum(power - depth**2, 1e-12))


def additive(P: int, N: int) -> Read:
    """The same for the covariance rule, cues of norm 1: SNR = N/(P - 1) (C3)."""
    return Read(np.ones(P), np.full(P, claim("C3").snr(N=N, P=P)))


def least_squares(P: int, N: int) -> Read:
    """The same for the least-squares weights of P > N facts (recursive least squares, EWC with the exact Hessian: claim ewc).

    A fact's own weight in its answer is h = N/P on average, the others add the variance h(1 - h): SNR = N/(P - N) (S3).
    """
    return Read(np.full(P, N / P), np.full(P, N / (P - N)))


def _after(factor: np.ndarray) -> np.ndarray:
    """Product of the later factors [P]: 1 for the last."""
    return np.concatenate([np.cumprod(factor[:0:-1])[::-1], [1.0]])


def _linear(factor: np.ndarray, added: np.ndarray) -> np.ndarray:
    """x_j = factor_j x_{j-1} + added_j from 0, all j."""
    out, x = np.empty(len(factor)), 0.0
    for j, (f, b) in enumerate(zip(factor.tolist(), added.tolist(), strict=True)):
        x = f * x + b
        out[j] = x
    return out
