"""What keeps the fuzz tests quick and harmless: heavy work is refused where it would start, and the repository is watched."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

IGNORED = {".git", "build", ".venv", "__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache", "__marimo__"}
REACHED = "the arguments were accepted, and the work would start here"


def reached(*_arguments, **_options):
    """In place of heavy work."""
    raise UserError(REACHED)


def nothing(*_arguments, **_options):
    """In place of what would write into the repository."""


def files() -> dict[str, tuple[int, int]]:
    """{file of the repository: its size and time of change}; build/ and caches left out."""
    seen = {}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in IGNORED]
        for name in names:
            if not name.endswith(".pyc"):
                status = Path(folder, name).lstat()
                seen[os.path.join(folder, name)] = (status.st_size, status.st_mtime_ns)
    return seen


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Heavy work replaced, the current folder a new one; afterwards no file of the repository has changed."""
    import uvicorn

    import figures.build.build
    import figures.build.dictionary
    import figures.build.drawing
    import figures.build.experiments
    import figures.build.notebooks
    import figures.build.verdicts
    import figures.cli.explore
    import figures.cli.reproduce
    import figures.cli.theory
    import figures.figure
    import figures.verdicts.table
    import realmodels.arena.new
    import realmodels.arena.ranking.planning
    import realmodels.bench.running
    import realmodels.bench.verifying
    import realmodels.model.listing
    import realmodels.training.by_name
    import simulate.system.registry
    import theory.evidence
    from realmodels.model.architectures import SIZES

    names = list(figures.build.experiments.experiments())
    named, listed, agreements = simulate.system.registry.named, realmodels.model.listing.listed, theory.evidence.agreements
    before = files()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        patch.setattr(figures.build.experiments, "fingerprints", lambda layout: dict.fromkeys(names, ""))
        patch.setattr(figures.build.experiments, "make_table", reached)
        patch.setattr(figures.figure.Figure, "save", reached)
        patch.setattr(figures.verdicts.table, "verdicts", reached)
        patch.setattr(figures.build.build, "typeset", reached)
        patch.setattr(figures.build.build, "export_latex", reached)
        patch.setattr(figures.build.build, "update_claims", nothing)
        patch.setattr(figures.build.dictionary, "update", nothing)
        patch.setattr(figures.build.verdicts, "publish_verdicts", nothing)
        patch.setattr(figures.cli.reproduce, "_theory_holds", lambda: True)
        patch.setattr(figures.cli.explore, "_marimo", lambda *words, still=False: 0)
        patch.setattr(figures.build.notebooks, "page", lambda notebook: "")
        patch.setattr(figures.cli.theory, "_searched", reached)
        patch.setattr(theory.evidence, "checks", lambda name: [])
        patch.setattr(theory.evidence, "agreements", lambda id=None: reached() if id is None else agreements(id))
        load = realmodels.arena.new.load
        patch.setattr(realmodels.arena.new, "load", lambda name: reached() if name == "smollm2" else load(name))
        patch.setattr(realmodels.arena.new, "_begin", reached)
        patch.setattr(realmodels.arena.ranking.planning, "_row", reached)
        patch.setattr(realmodels.bench.running, "measured", reached)
        patch.setattr(realmodels.bench.verifying, "rows_of", reached)
        patch.setattr(uvicorn.Server, "run", reached)
        patch.setattr(realmodels.training.by_name.Plan, "prepared", reached)
        patch.setattr(
            realmodels.model.listing, "listed", lambda sizes, *more: listed(sizes, *more) if set(sizes) - set(SIZES) else []
        )
        patch.setattr(simulate.system.registry, "named", lambda name: replace(named(name), measure=reached))
        yield
    changed = {path for path, state in files().items() if before.get(path) != state} | (set(before) - set(files()))
    assert not changed, "a command that was refused wrote into the repository"
