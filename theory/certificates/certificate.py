"""What a certificate is: an inequality, the box on which it is claimed, and a machine's proof of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The result of a prover: whether the whole box was proved, the share that was, and by what method (or what is left)."""

    passed: bool
    covered: float
    detail: str


@dataclass(frozen=True)
class Certificate:
    """An inequality or identity of a claim, with the box on which `prove` settles it.

    claim: id in the ledger. statement: what is proved. box: the ranges of the parameters, in words. method: "balls", "smt" or
    "exact". prove() -> Verdict is deterministic and takes seconds.
    """

    claim: str
    statement: str
    box: str
    method: str
    prove: Callable[[], Verdict]

    def run(self) -> Verdict:
        """Prove it again; a prover that breaks has proved nothing."""
        try:
            return self.prove()
        except Exception as error:  # reported as a failure, not raised: the other certificates still run
            return Verdict(False, 0.0, f"{type(error).__name__}: {error}")


def all_of(verdicts: list[Verdict]) -> Verdict:
    """Several verdicts as one: passed if all are, covered as the least of them."""
    failed = [verdict.detail for verdict in verdicts if not verdict.passed]
    details = failed or [verdict.detail for verdict in verdicts]
    return Verdict(not failed, min(verdict.covered for verdict in verdicts), "; ".join(dict.fromkeys(details)))
