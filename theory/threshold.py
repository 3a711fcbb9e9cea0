r"""What a threshold makes of a Hebbian read (claim C3-threshold): errors, and bits that survive them.

A target is 1 with probability f, else 0; the read is the target plus Gaussian noise, of power SNR = f(1 - f)/sigma^2, so that the
two levels lie Delta = sqrt(SNR/(f(1 - f))) standard deviations apart. The threshold of fewest errors is the fraction

    t = 1/2 + f(1 - f) ln((1 - f)/f) / SNR

of the way from 0 to 1; it errs with probability f Phi(-(1 - t) Delta) + (1 - f) Phi(-t Delta), which is Phi(-sqrt(SNR)) at
f = 1/2. What it keeps is the information of a binary asymmetric channel. Per synapse, at the load alpha = P/N = 1/SNR:
a graded reader of binary outputs tends to 1/(2 ln 2) at high load for every f, a hard one to 1/(pi ln 2) = 0.4592. The "full
retrieval" load 1/(2^(2H) - 1) is an upper bound; at that load neither retrieves fully, as errors vanish only where f -> 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr, ndtr, xlogy

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import f, snr
from theory.proof.quantity import Number


def derive() -> Derivation:
    """C3-threshold: the threshold of fewest errors, its errors, and the bits that survive it."""
    proof = Derivation()
    t, s, u = sp.Symbol("t", real=True), sp.Symbol("s", positive=True), sp.Symbol("u", real=True)
    apart = proof.given(
        "Hard readout. Targets 1 with probability f, else 0, read with Gaussian noise: the levels lie apart, in standard "
        "deviations of the noise,",
        sp.sqrt(snr / (f * (1 - f))),
        law="separation",
    )
    tail = sp.erfc(u / sp.sqrt(2)) / 2
    misses, false = tail.subs(u, (1 - t) * apart), tail.subs(u, t * apart)
    errors = proof.given(
        "A threshold at the fraction t of the way errs with the probability f P(miss) + (1 - f) P(false alarm)",
        f * misses + (1 - f) * false,
    )
    slope = proof.equal(
        "Its slope in t vanishes where the two densities, weighted by f and 1 - f, are equal: the ratio of the two is",
        sp.log(f / (1 - f)) + (t**2 - (1 - t) ** 2) * apart**2 / 2,
        sp.log(f / (1 - f)) + (2 * t - 1) * apart**2 / 2,
    )
    best = proof.solve("The ratio is 1 (its logarithm 0) at", slope, t)
    best = proof.equal("That is", best, sp.Rational(1, 2) + f * (1 - f) * sp.log((1 - f) / f) / snr, law="threshold")
    proof.equal("At that threshold the slope of the errors is", sp.diff(errors, t).subs(t, best), sp.S.Zero)
    proof.given("Misses, as a share of the active targets", misses.subs(t, best), law="miss")
    proof.given("False alarms, as a share of the silent ones", false.subs(t, best), law="false_alarm")
    fewest = proof.given("All errors", errors.subs(t, best), law="error_rate")
    proof.equal("At f = 1/2 they are", fewest.subs(f, sp.Rational(1, 2)), sp.erfc(sp.sqrt(snr / 2)) / 2)
    bit = proof.equal(
        "Bits at f = 1/2: an error probability 1/2 - x keeps 1 - H(1/2 - x), whose curvature at x = 0 is",
        sp.diff(
            1 + sum((sp.Rational(1, 2) + sign * u) * sp.log(sp.Rational(1, 2) + sign * u) / sp.log(2) for sign in (1, -1)), u, 2
        ).subs(u, 0),
        4 / sp.log(2),
    )
    rate = proof.limit(
        "For a threshold, x = Phi(s) - 1/2, s = sqrt(SNR), grows as", (1 - sp.erfc(s / sp.sqrt(2))) / (2 * s), s, sp.S.Zero
    )
    weak = proof.equal(
        "At low SNR a pattern therefore keeps SNR times", bit / 2 * rate**2, 1 / (sp.pi * sp.log(2)), law="hard_limit"
    )
    proof.equal("That is the share 2/pi of what the graded read holds", weak * 2 * sp.log(2), 2 / sp.pi)
    proof.argued(
        "The same holds for every f: to lowest order a threshold c keeps SNR phi(c)^2/(2 ln 2 Phi(c) Phi(-c)), greatest at c = 0",
        None,
        _best_at_zero,
    )
    proof.argued(
        "With a graded read, of all targets of one power the Gaussian ones hold most, (1/2) log2(1 + SNR): binary ones hold "
        "less at every SNR, and at the full-retrieval load less than H(f)",
        None,
        _binary_holds_less,
    )
    return proof


def _channel_bits(level: Any, cut: Any, gap: Any) -> Any:
    """Bits about a target of that coding level in whether its read exceeds `cut`; the two levels are `gap` apart."""
    given = {1: (ndtr(gap - cut), ndtr(cut - gap)), 0: (ndtr(-cut), ndtr(cut))}  # (above, below); no 1 - x, for small ones
    above, below = (level * given[1][side] + (1 - level) * given[0][side] for side in (0, 1))
    return sum(
        weight * (xlogy(given[target][0], given[target][0] / above) + xlogy(given[target][1], given[target][1] / below))
        for target, weight in ((1, level), (0, 1 - level))
    ) / np.log(2)


def _apart(snr: float, f: float) -> float:
    return float(np.sqrt(snr / (f * (1 - f))))


def _hard(snr: float, f: float) -> float:
    """Most bits that one threshold keeps of one target."""
    gap = _apart(snr, f)

    def lost(cut: float | np.ndarray) -> Any:
        return -_channel_bits(f, cut, gap)

    grid = np.linspace(-9.0, gap + 9.0, 400)
    at = int(np.argmin(lost(grid)))
    around = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    best: Any = minimize_scalar(lost, bounds=around, method="bounded", options={"xatol": 1e-10})
    return -float(best.fun)


def _graded(snr: float, f: float) -> float:
    """Bits that a graded read holds about one target: the mean of the log likelihood ratio to the mixture."""
    gap = _apart(snr, f)

    def density(z: float) -> float:
        active = -np.logaddexp(np.log(f), np.log1p(-f) + gap * (-z - gap / 2))
        silent = -np.logaddexp(np.log1p(-f), np.log(f) + gap * (z - gap / 2))
        return float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (f * active + (1 - f) * silent))

    turn = [gap / 2 + np.log((1 - f) / f) / gap, -gap / 2 + np.log((1 - f) / f) / gap]
    points = [point for point in turn if -11 < point < 11]
    return quad(density, -12.0, 12.0, points=points or None, limit=200, epsabs=1e-13, epsrel=1e-11)[0] / np.log(2)


def _over(function: Callable[..., float]) -> Callable[..., Any]:
    return np.vectorize(function, otypes=[float])


@cache
def _peak(f: float) -> tuple[float, float]:
    """Load and bits per synapse at which one threshold keeps most; infinite load where it is the limit."""

    def kept(log_load: float) -> float:
        return float(np.exp(log_load)) * _hard(float(np.exp(-log_load)), f)

    grid = np.linspace(np.log(1e-2), np.log(100 / min(f, 1 - f)), 60)
    values = [kept(point) for point in grid]
    at = int(np.argmax(values))
    around = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    best: Any = minimize_scalar(lambda point: -kept(point), bounds=around, method="bounded", options={"xatol": 1e-9})
    bits, limit = float(-best.fun), 1 / (np.pi * np.log(2))
    return (float(np.exp(best.x)), bits) if bits > limit else (np.inf, limit)


def _load_at_error(f: float, error: float) -> float:
    """Largest load at which the best threshold errs at most so often."""

    def excess(log_snr: float) -> float:
        gap = _apart(float(np.exp(log_snr)), f)
        cut = gap / 2 + np.log((1 - f) / f) / gap
        return float(f * ndtr(cut - gap) + (1 - f) * ndtr(-cut)) - error

    root: Any = brentq(excess, np.log(1e-30), np.log(1e8))
    return float(np.exp(-root))


def _best_at_zero() -> tuple[bool, str]:
    """phi(c)^2/(Phi(c) Phi(-c)) on a grid, and the bits of a threshold at low SNR for several f."""
    cut = np.linspace(-6, 6, 2001)
    heights = np.exp(-(cut**2) - np.log(2 * np.pi) - log_ndtr(cut) - log_ndtr(-cut))
    ratios = [_hard(1e-4, level) / 1e-4 * np.pi * np.log(2) for level in (0.5, 0.2)]
    passed = abs(cut[np.argmax(heights)]) < 1e-9 and bool(np.allclose(ratios, 1, atol=0.03))
    return passed, f"2001 thresholds; at SNR = 1e-4 the ratio to SNR/(pi ln 2) is {ratios[0]:.4f} and {ratios[1]:.4f}"


def _binary_holds_less() -> tuple[bool, str]:
    """Graded bits against the Gaussian ones, and against H(f) at the full-retrieval load."""
    worst = 0.0
    for level in (0.5, 0.1, 0.01):
        full = float(-(xlogy(level, level) + xlogy(1 - level, 1 - level)) / np.log(2))
        for ratio in (0.1, 1.0, 4.0**full - 1):
            worst = max(worst, _graded(ratio, level) / (0.5 * np.log2(1 + ratio)))
    return worst < 1, f"at 9 points at most {worst:.4f} of it"


POSSIBLE = Assumption(
    "error < min(f, 1 - f) (what a guess without any read already has)",
    lambda error, f: (error < np.minimum(f, 1 - f)) & (error > 0),
    "give an error between 0 and min(f, 1 - f)",
)
CLAIMS = (
    Claim(
        id="C3-threshold",
        title="What a threshold makes of a Hebbian read",
        plain="If what such a memory returns is cut to yes or no by a threshold, some information is lost. At high load "
        "0.46 bits per synapse remain of 0.72.",
        statement="A threshold unit of coding level f errs least where its threshold lies the fraction "
        "1/2 + f(1 - f) ln((1 - f)/f)/SNR of the way from the silent to the active level; at f = 1/2 it then errs with "
        "probability Phi(-sqrt(SNR)). At high load one threshold keeps 1/(pi ln 2) = 0.459 bits per synapse for every f, the "
        "share 2/pi of what a graded read holds (C3). Binary targets hold less than Gaussian ones at every SNR, and at the "
        "load of full retrieval (C3) less than their entropy.",
        assumptions=(
            Assumption("targets 1 with probability f, else 0, read with Gaussian noise; each unit is read by itself"),
            Assumption("per synapse: at the load P/N = 1/SNR of one-shot storage (C3), many patterns"),
        ),
        status="proved under assumptions",
        source="this project; the bits of a binary asymmetric channel are classical",
        evidence=(
            "derivation: theory.threshold.derive",
            "certificate: theory.certificates.threshold",
            "attack: theory.attacks.threshold",
            "property test: tests/theory/test_threshold.py",
            "simulation: ladder",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "threshold",
                "threshold of fewest errors, as a fraction of the way from the silent level to the active one",
                "fraction",
                ("snr", "f"),
            ),
            Quantity("error_rate", "probability that the best threshold errs", "fraction", ("snr", "f")),
            Quantity("miss", "probability that the best threshold misses an active target", "fraction", ("snr", "f")),
            Quantity(
                "false_alarm", "probability that the best threshold reports a silent target as active", "fraction", ("snr", "f")
            ),
            Quantity(
                "load_at_error",
                "largest load P/N at which the best threshold errs with the probability `error`",
                "patterns per synapse",
                ("f", "error"),
                (POSSIBLE,),
                solve=lambda f, error: _over(_load_at_error)(f, error),
            ),
            Quantity(
                "hard_bits",
                "bits per synapse that the best threshold keeps at the given load",
                "bits per synapse",
                ("load", "f"),
                solve=lambda load, f: load * _over(_hard)(1 / load, f),
            ),
            Quantity(
                "graded_bits",
                "bits per synapse of a graded read of binary targets at the given load",
                "bits per synapse",
                ("load", "f"),
                solve=lambda load, f: load * _over(_graded)(1 / load, f),
            ),
            Quantity(
                "hard_ceiling",
                "most bits per synapse after one threshold, over all loads",
                "bits per synapse",
                ("f",),
                solve=lambda f: _over(lambda level: _peak(float(level))[1])(f),
            ),
            Quantity("hard_limit", "bits per synapse after one threshold as the load grows, any f", "bits per synapse", ()),
        ),
    ),
)
(C3_THRESHOLD,) = CLAIMS


def error_rate(snr: Number, f: Number) -> Number:
    """Probability that a threshold unit of coding level f errs at that power SNR, at its best threshold (C3-threshold)."""
    return C3_THRESHOLD.value("error_rate", snr=snr, f=f).value


def load_at_error(f: Number, error: Number) -> Number:
    """Largest load P/N at which a threshold unit errs with at most that probability (C3-threshold)."""
    return C3_THRESHOLD.value("load_at_error", f=f, error=error).value


def hard_bits(load: Number, f: Number) -> Number:
    """Bits per synapse that the best single threshold keeps at load P/N, output coding level f (C3-threshold)."""
    return C3_THRESHOLD.value("hard_bits", load=load, f=f).value


def graded_bits(load: Number, f: Number) -> Number:
    """Bits per synapse that a graded read of binary targets holds at load P/N, output coding level f (C3-threshold)."""
    return C3_THRESHOLD.value("graded_bits", load=load, f=f).value
