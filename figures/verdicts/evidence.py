"""Rules for what stands behind the ledger: certificates, attacks, agreement with the literature."""

from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, Verdict
from theory.attacks.attack import SLACK


def _certified(results: Results) -> Judgement:
    """Share of the certificates that are proved on the whole of their box."""
    frame = results.table("certificates", "claim", "passed", "detail")
    refuted = (~frame["passed"]) & frame["detail"].str.contains("counterexample|fails at|leaves", regex=True)
    verdict: Verdict = "supported" if frame["passed"].all() else "refuted" if refuted.any() else "undecided"
    return Judgement(float(frame["passed"].mean()), None, verdict)


def _unbroken(results: Results) -> Judgement:
    """The largest ratio that any attack found."""
    worst = float(results.table("attacks", "claim", "ratio")["ratio"].max())
    return Judgement(worst, None, "refuted" if worst > 1 + SLACK else "supported")


def _agreeing(results: Results) -> Judgement:
    """Share of the printed values that are reproduced within their tolerance."""
    frame = results.table("literature", "claim", "quoted", "agrees")
    counted = frame[~frame["quoted"]]
    share = float(counted["agrees"].mean())
    return Judgement(share, None, "supported" if share == 1 else "refuted")


RULES = (
    Rule(
        "certificates",
        "The inequalities of the ledger hold everywhere on the boxes that they are certified for.",
        "all",
        "Share of the certificates that are proved on the whole of their box (ball arithmetic, SMT, exact arithmetic). "
        "Supported if all are, refuted if a prover finds a counterexample, else undecided.",
        ("certificates",),
        _certified,
        rests_on="proof",
        rule_set="after",
        kind="check",
        why="A self-check of the proofs: a prover of other make answers what the derivations say.",
    ),
    Rule(
        "attacks",
        "No optimiser that chooses all that a claim leaves free breaks a bound of the ledger.",
        "<= 1",
        f"Largest ratio of achieved to bound over all attacks and seeds. Supported if none exceeds 1 by more than {SLACK:g}, "
        "else refuted.",
        ("attacks",),
        _unbroken,
        rests_on="proof",
        rule_set="after",
        kind="check",
        why=f"Rounding: a bound that is met exactly may be missed by {SLACK:g}. A self-check of the proofs: what is proved "
        "cannot be broken.",
    ),
    Rule(
        "literature",
        "Values in print that the laws speak of are reproduced by independent computation.",
        "all",
        "Share of the printed values reproduced within a tolerance stated with its reason; those only quoted "
        "do not count. Supported if all are, else refuted.",
        ("literature",),
        _agreeing,
        rests_on="proof",
        rule_set="after",
        kind="check",
        why="A self-check of the laws: each printed value comes with its tolerance and the reason for it, in the table.",
    ),
)
