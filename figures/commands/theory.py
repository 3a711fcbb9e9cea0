"""`cwb theory`: the ledger of claims, their derivations and their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, subcommand


def _claim(name: str):
    from theory.errors import UserError
    from theory.ledger import ledger

    claims = ledger()
    if name not in claims:
        raise UserError(f"no claim {name!r} in the ledger: choose one of {', '.join(claims)} (`cwb theory list`)")
    return claims[name]


@dataclass(frozen=True)
class List:
    """The claims: id, statement, assumptions, status, source, evidence."""

    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the ledger."""
        from figures.commands.assign import show_json
        from theory.ledger import ledger

        records = [claim.record() for claim in ledger().values()]
        if self.json:
            show_json(records)
            return
        for record in records:
            print(f"{record['id']:<4} {record['status']:<26} {record['title']}\n     {record['statement']}\n")


@dataclass(frozen=True)
class Show:
    """One claim with its derivation, step by step."""

    id: Positional[str]
    """Claim id, as in `cwb theory list`."""

    def run(self) -> None:
        """Print the derivation."""
        print(_claim(self.id).show())


@dataclass(frozen=True)
class Value:
    """A claim's quantity at given sizes: `cwb theory value S1 N=10000 b=1 R=100 D_s=10`."""

    id: Positional[str]
    """Claim id."""
    assignments: Positional[tuple[str, ...]] = ()
    """name=value ..., and quantity=NAME for another quantity than the claim's first."""
    json: bool = False
    """Print JSON: id, quantity, value, unit."""

    def run(self) -> None:
        """Print the value and its unit."""
        from figures.commands.assign import assignments, show_json

        given = assignments(self.assignments)
        quantity = given.pop("quantity", None)
        answer = _claim(self.id).value(quantity, **given)
        if self.json:
            show_json({"id": self.id, "quantity": answer.quantity, "value": float(answer.value), "unit": answer.unit})
        else:
            print(f"{float(answer.value):.6g} {answer.unit}")


@dataclass(frozen=True)
class Check:
    """Run the derivations, step by step; exit status 1 if one fails."""

    id: Positional[str | None] = None
    """Claim id; without it, all claims."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Print what passed and what failed."""
        from figures.commands.assign import show_json
        from theory.ledger import ledger

        names = [self.id] if self.id else list(ledger())
        checks = [(name, check) for name in names for check in _claim(name).check()]
        if self.json:
            show_json([{"id": name, "step": c.name, "passed": bool(c.passed), "detail": c.detail} for name, c in checks])
        else:
            for name, check in checks:
                print(
                    f"{name:<4} {'passed' if check.passed else 'FAILED'}  {check.name}"
                    + ("" if check.passed else f": {check.detail}")
                )
            print(f"{sum(bool(c.passed) for _, c in checks)} of {len(checks)} steps passed")
        return 0 if all(check.passed for _, check in checks) else 1


@dataclass(frozen=True)
class Theory:
    """The laws: list them, see a derivation, evaluate, check."""

    command: (
        Annotated[List, subcommand("list")]
        | Annotated[Show, subcommand("show")]
        | Annotated[Value, subcommand("value")]
        | Annotated[Check, subcommand("check")]
    )

    def run(self) -> int | None:
        """Run the chosen command."""
        return self.command.run()
