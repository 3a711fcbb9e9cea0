"""`cwb theory`: the ledger of claims, their derivations and their values."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

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
        from figures.cli.assign import show_json
        from theory.ledger import ledger

        records = [claim.record() for claim in ledger().values()]
        if self.json:
            show_json(records)
            return
        for record in records:
            print(f"{record['id']:<14} {record['status']:<26} {record['title']}")
            print(textwrap.fill(record["statement"], 110, initial_indent="    ", subsequent_indent="    ") + "\n")


@dataclass(frozen=True)
class Show:
    """One claim with its derivation, step by step."""

    id: Positional[str]
    """Claim id, as in `cwb theory list`."""
    typst: bool = False
    """Print it as Typst, as the paper's appendix has it."""

    def run(self) -> None:
        """Print the claim."""
        if not self.typst:
            print(_claim(self.id).show())
            return
        from figures.build.derivations import typeset

        print(typeset(_claim(self.id)))


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
        from figures.cli.assign import assignments, show_json

        given = assignments(self.assignments)
        quantity = given.pop("quantity", None)
        answer = _claim(self.id).value(quantity, **given)
        if self.json:
            show_json({"id": self.id, "quantity": answer.quantity, "value": float(answer.value), "unit": answer.unit})
        else:
            print(f"{float(answer.value):.6g} {answer.unit}")


@dataclass(frozen=True)
class Check:
    """Run derivations and certificates; exit status 1 if one fails."""

    id: Positional[str | None] = None
    """Claim id; without it, all claims."""
    json: bool = False
    """Print JSON: id, step, passed, detail."""
    workers: int = 0
    """Processes; 0: one a core."""

    def run(self) -> int:
        """Print what passed, in how many ways, and everything that failed."""
        from joblib import Parallel, delayed

        from figures.cli.assign import show_json
        from theory.evidence import checks
        from theory.ledger import ledger

        names = [_claim(self.id).id] if self.id else list(ledger())
        jobs = Parallel(n_jobs=self.workers or -1, return_as="generator")(delayed(checks)(name) for name in names)
        rows, failed = [], 0
        for name, found in zip(names, jobs, strict=True):
            rows += [{"id": name, "step": c.name, "passed": bool(c.passed), "detail": c.detail} for c in found]
            bad = [check for check in found if not check.passed]
            failed += len(bad)
            if not self.json:
                certified = sum(check.name.startswith("certificate") for check in found)
                word = "FAILED" if bad else "passed"
                print(f"{name:<14} {word}  {len(found) - certified} steps, {certified} certificates", flush=True)
                for check in bad:
                    print(f"{'':<14} {check.name}: {check.detail}")
        if self.json:
            show_json(rows)
        else:
            print(f"{len(rows) - failed} of {len(rows)} checks passed (cwb theory check ID --json tells how each was made)")
        return 1 if failed else 0


@dataclass(frozen=True)
class Attack:
    """Try to break a claim's bounds; exit status 1 if one breaks."""

    id: Positional[str]
    """Claim id."""
    seconds: float = 10.0
    """Time for each attack on the claim."""
    seed: int = 0
    """Seed of the search."""
    replay: Path | None = None
    """Compute the ratio of a witness that an earlier call printed (its JSON in a file), instead of searching."""
    json: bool = False
    """Print JSON: id, tightest_ratio, witness, and each attack's own."""

    def run(self) -> int:
        """Print the tightest ratio found and the instance that attains it."""
        from figures.cli.assign import show_json
        from theory.attacks.attack import SLACK, run
        from theory.errors import UserError
        from theory.evidence import attacks

        known = attacks(_claim(self.id).id)
        if not known:
            raise UserError(f"{self.id} has no bound under attack: see `cwb theory check {self.id}` for what is checked")
        if not self.seconds > 0:
            raise UserError(f"seconds={self.seconds}: give a time above 0")
        if self.replay:
            outcomes = [_replayed(known, self.replay)]
        else:
            found = [run(attack, self.seed, self.seconds) for attack in known]
            outcomes = [{"attack": o.attack, "ratio": o.ratio, "tried": o.tried, "witness": o.witness} for o in found]
        best = max(outcomes, key=lambda outcome: outcome["ratio"])
        if self.json:
            answer = {"id": self.id, "tightest_ratio": best["ratio"], "attack": best["attack"], "witness": best["witness"]}
            show_json(answer | {"seed": self.seed, "attacks": outcomes})
        else:
            texts = {attack.name: attack.text for attack in known}
            for outcome in outcomes:
                tried = f" ({outcome['tried']} instances tried)" if "tried" in outcome else " (replayed)"
                print(f"{outcome['attack']}: tightest ratio {outcome['ratio']:.9f}{tried}\n  {texts[outcome['attack']]}")
                print(f"  witness: {_shortened(outcome['witness'])}")
        return 1 if best["ratio"] > 1 + SLACK else 0


@dataclass(frozen=True)
class Literature:
    """Our values beside those in print; exit status 1 if one disagrees."""

    id: Positional[str | None] = None
    """Claim id; without it, all claims."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Print the comparison."""
        from figures.cli.assign import show_json
        from theory.evidence import agreements

        rows = []
        for item in agreements(self.id):
            ours = None if item.ours is None else float(item.ours())
            row = {"claim": item.claim, "name": item.name, "quantity": item.quantity, "ours": ours, "theirs": item.theirs}
            row |= {"tolerance": item.tolerance, "agrees": None if ours is None else abs(ours - item.theirs) <= item.tolerance}
            rows.append(row | {"how": item.how, "why": item.why, "source": item.source, "provenance": item.provenance})
        if self.json:
            show_json(rows)
        for row in () if self.json else rows:
            word = {True: "agrees", False: "DISAGREES", None: "quoted"}[row["agrees"]]
            ours = "" if row["ours"] is None else f"ours {row['ours']:.6g}, "
            print(f"{row['claim']:<12} {word:<10} {row['name']}: {ours}theirs {row['theirs']:.6g} [{row['source']}]")
        return 1 if any(row["agrees"] is False for row in rows) else 0


def _replayed(known: Sequence[Any], path: Path) -> dict[str, Any]:
    """The ratio of the witness in a file, by the attack that it names. Raises UserError if it is none."""
    from theory.errors import UserError

    try:
        told = json.loads(path.read_text())
        name, witness = told["attack"], told["witness"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: no witness can be read ({error}); give a file that `cwb theory attack ID --json` wrote"
        ) from None
    chosen = [attack for attack in known if attack.name == name]
    if not chosen:
        raise UserError(f"{path}: attack {name!r} is not one on this claim; choose among {', '.join(a.name for a in known)}")
    try:
        ratio = float(chosen[0].ratio(witness))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UserError(f"{path}: the witness does not fit attack {name!r} ({type(error).__name__}: {error})") from None
    return {"attack": name, "ratio": ratio, "witness": witness}


def _shortened(witness: Mapping[str, Any]) -> str:
    """The witness in one line; long lists by their length (--json has them all)."""

    def short(value: Any) -> str:
        if isinstance(value, list) and len(str(value)) > 60:
            return f"[{len(value)} items]"
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    return ", ".join(f"{name} = {short(value)}" for name, value in witness.items())


@dataclass(frozen=True)
class Theory:
    """The laws: list them, see a derivation, evaluate, check, attack, compare with the literature."""

    command: (
        Annotated[List, subcommand("list")]
        | Annotated[Show, subcommand("show")]
        | Annotated[Value, subcommand("value")]
        | Annotated[Check, subcommand("check")]
        | Annotated[Attack, subcommand("attack")]
        | Annotated[Literature, subcommand("literature")]
    )

    def run(self) -> int | None:
        """Run the chosen command."""
        return self.command.run()
