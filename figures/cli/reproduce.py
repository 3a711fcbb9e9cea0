"""`cwb reproduce`: everything that is stale, from the theory's checks to the typeset paper, and the verdicts at the end."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from simulate.runs.preset import Preset

if TYPE_CHECKING:
    from figures.build.layout import Layout


@dataclass(frozen=True)
class Reproduce:
    """Compute what is missing or stale, draw the figures, typeset the paper, print the verdicts.

    Killed at any point, the same command goes on from what was finished.
    """

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
        if self.workers < 1:
            raise UserError(f"--workers {self.workers}: give at least 1")
        declared = experiments()
        names = chosen(self.only, declared, "experiment")
        needed = {need for name in names for need in _needs(name)} | set(names)
        started = time.monotonic()
        if not self.only and not _theory_holds():
            return 1
        self._tables(layout, [name for name in declared if name in needed])
        if not self.only:
            _publish(layout)
        print(f"done in {time.monotonic() - started:.0f} s")
        return 0

    def _tables(self, layout: Layout, names: list[str]) -> None:
        """Bring the tables of the named experiments up to date, in order."""
        from figures.build.experiments import experiments, make_table, state
        from figures.build.watch import Overall, watched
        from simulate.runs.progress import clear

        declared = experiments()
        clear(layout.workspace)
        stale = {name for name in names if state(layout, declared[name]) != "fresh"}
        overall = Overall(sum(len(declared[name].cells(layout.preset)) for name in stale))
        for name in names:
            experiment = declared[name]
            if name not in stale:
                print(f"{name:<16} fresh")
                continue
            began = time.monotonic()
            cells = len(experiment.cells(layout.preset))
            with watched(layout.workspace, name, cells, overall) as on_cell:
                frame = make_table(layout, experiment, self.workers, self.cluster, on_cell)
            print(f"{name:<16} {cells} cells, {len(frame)} rows in {time.monotonic() - began:.0f} s", flush=True)


def _needs(name: str) -> set[str]:
    """The experiments whose cells must be complete before those of `name`, and theirs."""
    from figures.build.experiments import experiments

    after = set(experiments()[name].after)
    return after.union(*(_needs(need) for need in after))


def _theory_holds() -> bool:
    """Run every derivation of the ledger and say what came of it."""
    from theory.ledger import ledger

    checks = [(name, check) for name, claim in ledger().items() for check in claim.check()]
    for name, check in checks:
        if not check.passed:
            print(f"{name}: the step {check.name!r} of the derivation fails: {check.detail}")
    passed = sum(check.passed for _, check in checks)
    print(f"{'theory':<16} {passed} of {len(checks)} steps of {len(ledger())} derivations hold", flush=True)
    return passed == len(checks)


def _publish(layout: Layout) -> None:
    """Draw, typeset, and print the verdicts and where things are."""
    from figures.build.build import typeset, update_readme
    from figures.build.drawing import draw
    from figures.build.verdicts import publish_verdicts, verdicts
    from figures.cli.publish import show_verdicts

    drawn = draw(layout)
    print(f"{'figures':<16} {sum(drawn.values())} drawn, {len(drawn) - sum(drawn.values())} fresh")
    print(f"{'paper':<16} {'typeset' if typeset(layout) else 'fresh'}", flush=True)
    publish_verdicts(layout)
    update_readme(layout)
    show_verdicts(verdicts(layout), "text", f"Verdicts ({layout.preset})")
    print(f"figures: {layout.figures}\npaper:   {layout.pdf}, {layout.supplement.name}")
