"""What a rule is, and the decisions that rules share.

A rule says beforehand which measured values support a claim and which refute it. Support is earned: nothing between counts as
support. Where an interval covers the border, or is not known because there is one seed, the claim is undecided. So more noise can
only take support away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from typing import Any, Literal, NamedTuple

from figures.estimate import Estimate
from figures.results import Results, reading
from simulate.runs.files import digest

Verdict = Literal["supported", "refuted", "undecided", "not applicable"]

Kind = Literal["claim", "check"]
"""A claim can turn out either way. A check says that the set-up does what it was built for: it is true by construction, or is no
statement of the theory. Checks stand in a table of their own and are not counted."""

Evidence = Literal["proof", "simulation", "trained network", "language model"]
"""What a verdict rests on: the proofs and their certificates; a simulation of the theorem's own model; a network trained by
gradient descent; a language model."""

RuleSet = Literal["before", "after"]
"""Whether the rule was fixed before anything was seen of the quantity that it judges, or after a pilot. The records of the tables
prove "before" (`simulate.runs.declaration`); where they do not, the word is what the rule says of itself."""

ORDER: tuple[Verdict, ...] = ("supported", "refuted", "undecided", "not applicable")


class Pooled(NamedTuple):
    """The same quantity over all seeds that count, earlier runs of the same question included, and which seeds they are."""

    measured: float
    interval: tuple[float, float] | None
    verdict: Verdict
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Judgement:
    """What a rule found: the measured value with its interval (None if one seed gives none), and the verdict.

    detectable: the smallest violation (in units of `measured`, from the border) that the run would have found with 80% power;
    None if the rule looks for no violation. seeds: independent values behind the interval, where there is one such number.
    pooled: what all runs of the question say together, if there were earlier ones. note: what a reader must know beside the
    number, in words: which parts fail, why nothing can be decided.
    """

    measured: float
    interval: tuple[float, float] | None
    verdict: Verdict
    detectable: float | None = None
    seeds: int | None = None
    pooled: Pooled | None = None
    note: str = ""


@dataclass(frozen=True)
class Rule:
    """A declared rule.

    id: claim id of `cwb theory list`, or P1, P2 ... for predictions on language models; a suffix tells parts of a claim apart.
    claim: the statement under test. prediction: what theory says that `measured` will be. rule: when it is supported and when
    refuted. tables: what it reads. judge(results): the measurement and the decision. rests_on, rule_set, kind: see above.
    why: the reason of every band and margin in the rule (a finite-size term with its formula, a grid step, rounding); "" if the
    border is the interval's own (0, or 1 of a ratio). family: the verdicts among which chance is controlled together, and how;
    "" if a single comparison decides.
    """

    id: str
    claim: str
    prediction: str
    rule: str
    tables: tuple[str, ...]
    judge: Callable[[Results], Judgement]
    rests_on: Evidence
    rule_set: RuleSet
    why: str = ""
    kind: Kind = "claim"
    family: str = ""

    @property
    def words(self) -> dict[str, str]:
        """All that is declared in words before a run."""
        return {
            "id": self.id,
            "claim": self.claim,
            "prediction": self.prediction,
            "rule": self.rule,
            "why": self.why,
            "kind": self.kind,
            "rests_on": self.rests_on,
            "family": self.family,
        }

    @property
    def digest(self) -> str:
        """Digest of the words: it changes with any of them."""
        return digest(self.words)

    def record(self, results: Results) -> dict[str, Any]:
        """All `words`, and {measured, interval, detectable, seeds, pooled, verdict, note, rule_set, rule_set_proved}.

        JSON values; `pooled` is {measured, interval, verdict, seeds} or null. rule_set_proved: the records of all its tables
        prove that the rule, word for word, was declared before their cells. Raises UserError if a table is missing or unfit, or
        a record was changed.
        """
        with reading(f"the verdict {self.id}", results.directory, self.tables):
            found = self.judge(results)
            if not isfinite(found.measured):
                raise ValueError(f"the measured value is {found.measured}")
        interval = [float(end) for end in found.interval] if found.interval else None
        proved = self.tables != () and all(results.declared_before(name, self.id, self.digest) for name in self.tables)
        detectable = found.detectable if found.detectable is not None and isfinite(found.detectable) else None
        return {
            **self.words,
            "measured": float(found.measured),
            "interval": interval,
            "detectable": None if detectable is None else float(detectable),
            "seeds": found.seeds,
            "pooled": None if found.pooled is None else _as_json(found.pooled),
            "verdict": found.verdict,
            "note": found.note,
            "rule_set": self.rule_set,
            "rule_set_proved": proved,
        }


def _as_json(pooled: Pooled) -> dict[str, Any]:
    return {**pooled._asdict(), "interval": list(pooled.interval) if pooled.interval else None, "seeds": list(pooled.seeds)}


def bounded(value: Estimate) -> tuple[float, float] | None:
    """The interval of an estimate, None if it is unbounded or there is one value."""
    return (value.low, value.high) if isfinite(value.low) and isfinite(value.high) and value.count > 1 else None


def judgement(value: Estimate, verdict: Verdict, detectable: float | None = None, note: str = "") -> Judgement:
    """A judgement on an estimate, its interval left out if it is unbounded."""
    return Judgement(value.mean, bounded(value), verdict, detectable, value.count, note=note)


def decide(value: Estimate, low: float, high: float) -> Verdict:
    """Supported if the interval lies inside [low, high], refuted if it lies wholly outside, else undecided."""
    if low <= value.low and value.high <= high:
        return "supported"
    return "refuted" if value.high < low or value.low > high else "undecided"


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on several parts that must all hold: refuted if one is, supported if all are, else undecided."""
    if "refuted" in verdicts:
        return "refuted"
    return "supported" if verdicts and set(verdicts) == {"supported"} else "undecided"


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
    return worst, together(verdicts)


def every(values: Mapping[str, Estimate], low: float, high: float) -> Judgement:
    """Do all lie between? Refuted if one interval lies wholly outside, supported if all lie inside; they should be simultaneous.

    Shown is the one that strays furthest beyond a border, or comes nearest to it, of those that refute if any does; the note
    names all that do not lie inside.
    """
    words: dict[str, Verdict] = {name: decide(value, low, high) for name, value in values.items()}
    verdict = together(list(words.values()))
    shown = {name: value for name, value in values.items() if words[name] == "refuted"} or dict(values)
    told = [f"{words[name]} {name} ({value.mean:.2f})" for name, value in values.items() if words[name] != "supported"]

    def reach(value: Estimate) -> float:
        return max(value.mean - high if isfinite(high) else -inf, low - value.mean if isfinite(low) else -inf)

    return judgement(max(shown.values(), key=reach), verdict, note="; ".join(told))


def near(values: Sequence[Estimate], margins: Sequence[float], centre: float = 1.0) -> Judgement:
    """Does every one lie within a margin of its own around a law's value? The intervals should be simultaneous.

    Refuted if one interval lies wholly outside, supported if all lie wholly inside, else undecided. Shown is the estimate that
    strays furthest in units of its margin, of those that refute if any does.
    """
    judged = [(decide(value, centre - margin, centre + margin), abs(value.mean - centre) / margin, value)
              for value, margin in zip(values, margins, strict=True)]  # fmt: skip
    verdict = together([word for word, _, _ in judged])
    shown = [each for each in judged if each[0] == verdict] if verdict == "refuted" else judged
    return judgement(max(shown, key=lambda each: each[1])[2], verdict)


SEEN = "Nothing is supported if somewhere not even twice the ceiling would have been found with 80% power."


def below(values: Sequence[Estimate], ceiling: float, margin: float, rounding: float = 0.0) -> Judgement:
    """Equivalence: does nothing lie above a ceiling? The judgement on estimates whose intervals hold together.

    Refuted if the lower end of one lies above the ceiling (beyond `rounding`). Supported if the upper end of every one lies at
    most at ceiling + margin, and none is so noisy that not even twice the ceiling would have been found (`SEEN`). Else
    undecided. What is supported is that nothing lies above by more than the margin. Shown is the estimate with the highest upper
    end, or of those that refute the one with the highest lower end. `detectable`: the smallest excess that an estimate whose true
    value lies above the ceiling would have shown with 80% power, the largest of them over the estimates; infinite if one has no
    power at all.
    """
    if not values:
        raise ValueError("there is nothing to hold against the ceiling")
    least = max((value.detectable for value in values if not isnan(value.detectable)), default=nan)
    above = [value for value in values if value.low > ceiling + rounding]
    if above:
        return judgement(max(above, key=lambda value: value.low), "refuted", least)
    highest = max(values, key=lambda value: (value.high, value.mean))
    supported = highest.high <= ceiling + margin and not least > ceiling
    return judgement(highest, "supported" if supported else "undecided", least)
