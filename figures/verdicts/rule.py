"""What a rule is, and the three-way decision that most rules share.

A rule says beforehand which measured values support a claim and which refute it. Nothing between counts as support: where an
interval covers the border, or is not known because there is one seed, the claim is undecided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np

from figures.results import Estimate, Results, reading

Verdict = Literal["supported", "refuted", "undecided"]


@dataclass(frozen=True)
class Judgement:
    """What a rule found: the measured value with its interval (None if one seed gives none), and the verdict."""

    measured: float
    interval: tuple[float, float] | None
    verdict: Verdict


@dataclass(frozen=True)
class Rule:
    """A declared rule.

    id: claim id of `cwb theory list`, or P1, P2 ... for predictions on language models; a suffix tells parts of a claim apart.
    claim: the statement under test. prediction: what theory says that `measured` will be. rule: when it is supported and when
    refuted. tables: what it reads. judge(results): the measurement and the decision.
    """

    id: str
    claim: str
    prediction: str
    rule: str
    tables: tuple[str, ...]
    judge: Callable[[Results], Judgement]

    def record(self, results: Results) -> dict[str, Any]:
        """{id, claim, prediction, measured, interval, verdict, rule} as JSON values.

        Raises UserError if a table is missing or unfit.
        """
        with reading(f"the verdict {self.id}", results.directory, self.tables):
            found = self.judge(results)
            if not isfinite(found.measured):
                raise ValueError(f"the measured value is {found.measured}")
        interval = [float(end) for end in found.interval] if found.interval else None
        return {
            "id": self.id,
            "claim": self.claim,
            "prediction": self.prediction,
            "measured": float(found.measured),
            "interval": interval,
            "verdict": found.verdict,
            "rule": self.rule,
        }


def judgement(value: Estimate, verdict: Verdict) -> Judgement:
    """A judgement on an estimate, its interval left out if it is unbounded."""
    bounded = isfinite(value.low) and isfinite(value.high)
    return Judgement(value.mean, (value.low, value.high) if bounded else None, verdict)


def back(value: Estimate) -> Estimate:
    """An estimate of a logarithm as one of the quantity itself: its mean becomes a geometric mean."""
    with np.errstate(over="ignore"):
        mean, low, high = np.exp(value[:3])
    return Estimate(float(mean), float(low), float(high), value.count)


def decide(value: Estimate, low: float, high: float) -> Verdict:
    """Supported if the interval lies inside [low, high], refuted if it lies wholly outside, else undecided."""
    if low <= value.low and value.high <= high:
        return "supported"
    return "refuted" if value.high < low or value.low > high else "undecided"


def decide_all(values: list[Estimate], low: float, high: float) -> tuple[Estimate, Verdict]:
    """Decision on several estimates that must all lie in [low, high], and the one that strays furthest.

    Refuted if any is, supported if all are. The intervals should be simultaneous. Distances are in units of the half-width.
    """
    centre, half = (low + high) / 2, (high - low) / 2
    verdicts = [decide(value, low, high) for value in values]
    worst = max(values, key=lambda value: abs(value.mean - centre) / half)
    if "refuted" in verdicts:
        refuted = [value for value, verdict in zip(values, verdicts, strict=True) if verdict == "refuted"]
        return max(refuted, key=lambda value: abs(value.mean - centre) / half), "refuted"
    return worst, "supported" if set(verdicts) == {"supported"} else "undecided"
