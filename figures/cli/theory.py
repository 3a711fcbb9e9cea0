"""`cwb theory`: the claims, their derivations, their values, and what stands behind them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, subcommand

from figures.cli.output import Format

if TYPE_CHECKING:
    from theory.attacks.attack import Attack as Bound

WIDTH = 110
"""Columns of text in a terminal."""


@dataclass(frozen=True)
class List:
    """The claims, one line each."""

    long: bool = False
    """Print the statement of each claim too."""
    json: bool = False
    """Print JSON: id, title, in_plain_words, statement, assumptions, status, source, evidence, cases, quantities."""
    format: Format = "text"
    """text, json, csv, markdown or latex."""

    def run(self) -> None:
        """Print the ledger."""
        from figures.cli.output import show_json, show_table
        from theory.ledger import ledger

        records = [claim.record() for claim in ledger().values()]
        if self.json or self.format == "json":
            show_json(records)
        elif self.long and self.format == "text":
            for record in records:
                print(f"{record['id']:<14} {record['status']:<26} {record['title']}")
                for text in filter(None, (record["in_plain_words"], record["statement"])):
                    print(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    "))
                print()
        else:
            columns = ("id", "status", "title") + (("statement",) if self.long else ())
            show_table([{column: record[column] for column in columns} for record in records], self.format)
            if self.format == "text":
                print("cwb theory show ID prints a claim, cwb theory value ID name=value ... answers with a number")


@dataclass(frozen=True)
class Notation:
    """The glossary: every symbol with its meaning, its unit and its range."""

    json: bool = False
    """Print JSON: symbol, meaning, unit, range."""
    format: Format = "text"
    """text, json, csv, markdown or latex."""

    def run(self) -> None:
        """Print the glossary."""
        from figures.cli.output import show_table
        from theory.overview import notation

        show_table(notation.rows, "json" if self.json else self.format)


@dataclass(frozen=True)
class Show:
    """One claim in plain words, its statement, its derivation step by step, and what can be asked of it."""

    id: Positional[str]
    """Claim id, as in `cwb theory list`."""
    typst: bool = False
    """Print it as Typst, as the paper's appendix has it."""

    def run(self) -> None:
        """Print the claim."""
        from theory.ledger import claim

        if not self.typst:
            print(claim(self.id).show())
            return
        from figures.build.derivations import typeset

        print(typeset(claim(self.id)))


@dataclass(frozen=True)
class Value:
    """A claim's quantity at given sizes: `cwb theory value S1 N=10000 b=1 R=100 D_s=10`."""

    id: Positional[str]
    """Claim id."""
    assignments: Positional[tuple[str, ...]] = ()
    """name=value ..., and quantity=NAME for another quantity than the claim's first."""
    json: bool = False
    """Print JSON: id, quantity, value, unit, meaning, parameters, conditions, version."""

    def run(self) -> None:
        """Print the value, its unit, and what it means."""
        from figures.cli.assign import assignments
        from figures.cli.output import show_json
        from theory.ledger import claim
        from theory.proof.quantity import sentence
        from theory.version import project_version

        given = assignments(self.assignments)
        name = str(given.pop("quantity")) if "quantity" in given else None
        entry = claim(self.id)
        quantity, value = entry.quantity(name), entry.value(name, **given).value
        if self.json:
            conditions = (*entry.owner(name).assumptions, *quantity.domain)
            show_json(
                {"id": entry.id, "quantity": quantity.name, "value": float(value), "unit": quantity.unit}
                | {"meaning": sentence(quantity.meaning), "parameters": given}
                | {"conditions": [condition.text for condition in conditions], "version": project_version()}
            )
            return
        at = f" at {', '.join(f'{parameter} = {number:g}' for parameter, number in given.items())}" if given else ""
        print(f"{float(value):.6g} {quantity.unit}")
        print(textwrap.fill(f"{quantity.name} of {entry.id}{at}: {sentence(quantity.meaning)}", WIDTH))


@dataclass(frozen=True)
class Check:
    """Run derivations and certificates; exit status 1 if one fails."""

    id: Positional[str | None] = None
    """Claim id; without it, all claims."""
    json: bool = False
    """Print JSON: id, step, passed, detail."""
    workers: int = 0
    """Processes; 0: one per core."""

    def run(self) -> int:
        """Print what passed, in how many ways, and everything that failed."""
        from joblib import Parallel, delayed

        from figures.cli.output import show_json
        from figures.cli.reproduce import MOST_WORKERS
        from theory.errors import UserError
        from theory.evidence import checks
        from theory.ledger import IDS, known_id

        if not 0 <= self.workers <= MOST_WORKERS:
            raise UserError(f"workers={self.workers}: give 1 to {MOST_WORKERS} processes, or 0 for one per core")
        names = [known_id(self.id)] if self.id is not None else list(IDS)
        jobs = Parallel(n_jobs=min(self.workers, len(names)) or -1, return_as="generator")(
            delayed(checks)(name) for name in names
        )
        rows, failed = [], 0
        for name, results in zip(names, jobs, strict=True):
            rows += [{"id": name, "step": check.name, "passed": bool(check.passed), "detail": check.detail} for check in results]
            failures = [check for check in results if not check.passed]
            failed += len(failures)
            if not self.json:
                certified = sum(check.name.startswith("certificate") for check in results)
                word = "FAILED" if failures else "passed"
                print(f"{name:<14} {word}  {len(results) - certified} steps, {certified} certificates", flush=True)
                for check in failures:
                    print(f"{'':<14} {check.name}: {check.detail}")
        if self.json:
            show_json(rows)
        else:
            print(f"{len(rows) - failed} of {len(rows)} checks passed (cwb theory check ID --json says how each was made)")
        return 1 if failed else 0


@dataclass(frozen=True)
class Attack:
    """Try to break a claim's bounds; exit status 1 if one breaks."""

    id: Positional[str]
    """Claim id."""
    seconds: float = 10.0
    """Time for all attacks on the claim together."""
    seed: int = 0
    """Seed of the search, 0 or more."""
    replay: Path | None = None
    """Compute the ratio of a witness that an earlier call printed (its JSON in a file), instead of searching."""
    json: bool = False
    """Print JSON: id, tightest_ratio, attack, witness, seed, seconds, attacks (each attack's own), version."""

    def run(self) -> int:
        """Print the tightest ratio of each attack and the instance that attains it."""
        from figures.cli.output import show_json
        from theory.attacks.attack import SLACK
        from theory.errors import UserError
        from theory.evidence import attacks
        from theory.ledger import known_id
        from theory.version import project_version

        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise UserError(f"seconds={self.seconds}: give a finite time above 0")
        if self.seed < 0:
            raise UserError(f"seed={self.seed}: give a seed of 0 or more")
        id = known_id(self.id)
        bounds = attacks(id)
        if not bounds:
            raise UserError(f"{id} has no bound under attack: see `cwb theory check {id}` for what is checked")
        outcomes = [_replayed(bounds, self.replay)] if self.replay else _searched(bounds, self.seed, self.seconds)
        tightest = max(outcomes, key=lambda outcome: outcome["ratio"])
        if self.json:
            answer = {"id": id, "tightest_ratio": tightest["ratio"]}
            answer |= {"attack": tightest["attack"], "witness": tightest["witness"]}
            show_json(answer | {"seed": self.seed, "seconds": self.seconds, "attacks": outcomes, "version": project_version()})
        else:
            texts = {bound.name: bound.text for bound in bounds}
            for outcome in outcomes:
                tried = f" ({outcome['tried']} instances tried)" if "tried" in outcome else " (replayed)"
                print(f"{outcome['attack']}: tightest ratio {outcome['ratio']:.9f}{tried}")
                print(_wrapped(texts[outcome["attack"]], "  "))
                for name, value in outcome["witness"].items():
                    print(_wrapped(f"witness {name} = {_digits(value)}", "    "))
            print("A ratio of 1 attains the bound; a ratio above 1 would break it.")
        return 1 if tightest["ratio"] > 1 + SLACK else 0


@dataclass(frozen=True)
class Literature:
    """Our values beside those in print; exit status 1 if one disagrees."""

    id: Positional[str | None] = None
    """Claim id; without it, all claims."""
    json: bool = False
    """Print JSON: claim, name, quantity, ours, theirs, tolerance, agrees, how, why, source, provenance."""
    format: Format = "text"
    """text, json, csv, markdown or latex."""

    def run(self) -> int:
        """Print the comparison."""
        from figures.cli.output import show_table
        from theory.evidence import agreements

        rows = []
        for item in agreements(self.id):
            ours = None if item.ours is None else float(item.ours())
            row = {"claim": item.claim, "name": item.name, "quantity": item.quantity, "ours": ours, "theirs": item.theirs}
            row |= {"tolerance": item.tolerance, "agrees": None if ours is None else abs(ours - item.theirs) <= item.tolerance}
            rows.append(row | {"how": item.how, "why": item.why, "source": item.source, "provenance": item.provenance})
        if self.json or self.format == "json":
            show_table(rows, "json")
        elif self.format != "text":
            columns = ("claim", "name", "quantity", "ours", "theirs", "agrees", "source")
            show_table(rows if self.format == "csv" else [{c: row[c] for c in columns} for row in rows], self.format)
        else:
            for row in rows:
                word = {True: "agrees", False: "DISAGREES", None: "quoted"}[row["agrees"]]
                ours = "" if row["ours"] is None else f"ours {row['ours']:.6g}, "
                print(f"{row['claim']:<12} {word:<10} {row['name']}: {ours}theirs {row['theirs']:.6g} [{row['source']}]")
        return 1 if any(row["agrees"] is False for row in rows) else 0


def _searched(bounds: Sequence[Bound], seed: int, seconds: float) -> list[dict[str, Any]]:
    """The outcome of every attack; what one leaves of its share of the seconds goes to the next ones."""
    import time

    from theory.attacks.attack import run
    from theory.errors import UserError

    outcomes, end = [], time.monotonic() + seconds
    for index, bound in enumerate(bounds):
        share = max(end - time.monotonic(), 0.0) / (len(bounds) - index)
        try:
            outcome = run(bound, seed, share)
        except ArithmeticError as error:  # not one instance had a ratio
            raise UserError(f"{error}; give more --seconds") from None
        outcomes.append({"attack": bound.name, "ratio": outcome.ratio, "tried": outcome.tried, "witness": outcome.witness})
    return outcomes


def _replayed(bounds: Sequence[Bound], path: Path) -> dict[str, Any]:
    """The ratio of the witness in a file, by the attack that it names. Raises UserError if the file holds no such witness."""
    import numpy as np

    from simulate.runs.files import read_json
    from theory.errors import UserError

    mend = "give a file that `cwb theory attack ID --json` wrote"
    record = read_json(path, mend)
    if not (isinstance(record, Mapping) and isinstance(record.get("witness"), Mapping)):
        raise UserError(f"{path}: no witness is in it: {mend}")
    chosen = [bound for bound in bounds if bound.name == record.get("attack")]
    if not chosen:
        names = ", ".join(bound.name for bound in bounds)
        raise UserError(f"{path}: attack {record.get('attack')!r} is not one on this claim; choose among {names}")
    try:
        with np.errstate(all="ignore"):
            ratio = float(chosen[0].ratio(dict(record["witness"])))
    except Exception as error:  # a witness comes from outside: whatever does not fit the claim is the file's mistake
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"{path}: the witness does not fit attack {chosen[0].name!r} ({reason})") from None
    if not math.isfinite(ratio):
        raise UserError(f"{path}: the ratio of the witness under attack {chosen[0].name!r} is {ratio}, not finite: {mend}")
    return {"attack": chosen[0].name, "ratio": ratio, "witness": record["witness"]}


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)


def _digits(value: Any) -> str:
    """A witness or a part of it, every number to six digits (--json has all digits)."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_digits(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_digits, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Theory:
    """The laws: list them, see a derivation, evaluate, check, attack, compare with the literature."""

    command: (
        Annotated[List, subcommand("list")]
        | Annotated[Notation, subcommand("notation")]
        | Annotated[Show, subcommand("show")]
        | Annotated[Value, subcommand("value")]
        | Annotated[Check, subcommand("check")]
        | Annotated[Attack, subcommand("attack")]
        | Annotated[Literature, subcommand("literature")]
    )

    def run(self) -> int | None:
        """Run the chosen command."""
        return self.command.run()
