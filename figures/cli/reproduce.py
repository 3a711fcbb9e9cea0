"""`cwb reproduce`: everything that is stale, from the theory's checks to the typeset paper, and the verdicts at the end."""

from __future__ import annotations

import os
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tyro.conf import Positional

from simulate.runs.preset import Preset

if TYPE_CHECKING:
    from figures.build.layout import Layout

MOST_WORKERS = 1024
"""More processes than this on one machine are taken for a slip."""


@dataclass(frozen=True)
class Reproduce:
    """Compute what is missing or stale, draw the figures, typeset the paper, print the verdicts.

    Killed at any point, the same command goes on from what was finished.
    """

    resumes: ClassVar[bool] = True
    """Whether a command that is interrupted keeps what was finished, and goes on from there."""

    preset: Positional[Preset] = "quick"
    """quick: minutes, under build/. paper: hours; tables and figures go to paper/, to be committed."""
    only: tuple[str, ...] = ()
    """Only these experiments, with those that they need; figures and paper are left as they are."""
    workers: int = len(os.sched_getaffinity(0))
    """Processes on this machine."""
    cluster: str | None = None
    """Address of a Dask scheduler (tcp://host:8786), used instead of local processes."""
    out: Path | None = None
    """Folder for everything that is made. Default: build/, and paper/ for the preset `paper`."""

    def run(self) -> int:
        """Run it; exit status 1 if a derivation of the theory fails."""
        from figures.build.experiments import chosen, experiments
        from figures.build.layout import Layout
        from theory.errors import UserError

        layout = Layout.of(self.preset, self.out)
        if not 1 <= self.workers <= MOST_WORKERS:
            raise UserError(f"--workers {self.workers}: give a number from 1 to {MOST_WORKERS}")
        started = time.monotonic()
        print(f"{'experiments':<16} reading their code (some ten seconds)", flush=True)
        declared = experiments()
        names = chosen(self.only, declared, "experiment")
        needed = {need for name in names for need in _needs(name)} | set(names)
        if not self.only and not _theory_holds():
            return 1
        self._tables(layout, [name for name in declared if name in needed])
        if self.only:
            _report(layout, names, self.out)
        else:
            _publish(layout)
        print(f"done in {time.monotonic() - started:.0f} s")
        return 0

    def _tables(self, layout: Layout, names: list[str]) -> None:
        """Bring the tables of the named experiments up to date, in order."""
        from figures.build.experiments import experiments, make_table, states
        from figures.build.times import Schedule
        from figures.build.watch import Overall, watched
        from simulate.runs.progress import clear

        declared, words = experiments(), states(layout)
        clear(layout.workspace)
        cells = {name: len(declared[name].cells(layout.preset)) for name in names if words[name] != "fresh"}
        overall, schedule = Overall(sum(cells.values())), Schedule(layout, cells)
        if fresh := [name for name in names if name not in cells]:
            print(f"{'fresh':<16} {', '.join(fresh)}")
        if cells:
            print(f"{'to compute':<16} {sum(cells.values())} cells; {schedule.text()}", flush=True)
        for name, count in cells.items():
            began = time.monotonic()
            with watched(layout.workspace, name, count, overall) as on_cell:
                frame = make_table(layout, declared[name], self.workers, self.cluster, on_cell)
            seconds = time.monotonic() - began
            schedule.finished(name, seconds)
            print(f"{name:<16} {count} cells, {len(frame)} rows in {seconds:.0f} s; {schedule.text()}", flush=True)


def _report(layout: Layout, names: list[str], out: Path | None) -> None:
    """Say where the tables of the named experiments are, what was found, and how to see more."""
    from figures.build.drawing import contents
    from figures.build.experiments import table_path
    from figures.build.verdicts import tables_of_rules
    from figures.cli.verdicts import show_verdicts
    from figures.results import Results
    from figures.verdicts.table import RULES
    from theory.errors import UserError

    results, rules = Results(layout.results), tables_of_rules()
    rows, unjudged = [], {}
    for id in (id for id, read in rules.items() if set(read) & set(names)):
        missing = [table for table in rules[id] if not table_path(layout, table).is_file()]
        if missing:
            unjudged[id] = missing
            continue
        try:
            rows.append(RULES[id].record(results))
        except UserError as error:
            print(f"verdict {id} cannot be given: {error}")
    if rows:
        show_verdicts(rows, "text", f"What the {'table says' if len(names) == 1 else 'tables say'} ({layout.preset})")
    for id, missing in unjudged.items():
        print(f"verdict {id} needs {', '.join(missing)} too: `cwb reproduce {layout.preset} --only {' '.join(missing)}`")
    where = f" --preset {layout.preset}" + (f" --out {shlex.quote(str(out))}" if out else "")
    numbers = [e.number for e in contents(layout).values() if set(e.tables) & set(names)]
    for name in names:
        print(f"table:   {table_path(layout, name)}; `cwb tables {name}{where}` says what its columns mean")
    if numbers:
        print(f"figures: `cwb figures {' '.join(numbers)}{where}` draws what is drawn from it")


def _needs(name: str) -> set[str]:
    """The experiments whose cells must be complete before those of `name`, and theirs."""
    from figures.build.experiments import experiments

    after = set(experiments()[name].after)
    return after.union(*(_needs(need) for need in after))


def _theory_holds() -> bool:
    """Run every derivation of the ledger and say what came of it."""
    from theory.ledger import ledger

    print(f"{'theory':<16} checking the derivations of {len(ledger())} claims", flush=True)
    checks = [(name, check) for name, claim in ledger().items() for check in claim.check()]
    for name, check in checks:
        if not check.passed:
            print(f"{name}: the step {check.name!r} of the derivation fails: {check.detail}")
    passed = sum(check.passed for _, check in checks)
    print(f"{'theory':<16} {passed} of {len(checks)} steps of {len(ledger())} derivations hold", flush=True)
    return passed == len(checks)


def _publish(layout: Layout) -> None:
    """Draw, typeset, and print the verdicts and where things are."""
    from figures.build.build import typeset, update_claims
    from figures.build.drawing import draw
    from figures.build.verdicts import publish_verdicts, verdicts
    from figures.cli.verdicts import show_verdicts

    print(f"{'figures':<16} drawing those that are stale", flush=True)
    drawn = draw(layout)
    print(f"{'figures':<16} {sum(drawn.values())} drawn, {len(drawn) - sum(drawn.values())} fresh")
    print(f"{'paper':<16} typesetting", flush=True)
    print(f"{'paper':<16} {'typeset' if typeset(layout) else 'fresh'}", flush=True)
    publish_verdicts(layout)
    update_claims(layout)
    show_verdicts(verdicts(layout), "text", f"Verdicts ({layout.preset})")
    print(f"figures: {layout.figures}\npaper:   {layout.pdf}, {layout.supplement.name}, {layout.derivations.name}")
