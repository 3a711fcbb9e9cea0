"""Declaring an experiment before it runs: its prediction, its falsifier, and every rule that judges its table."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from figures.build.layout import PAPER, Layout
from figures.build.remembered import code
from simulate.runs.declaration import adopt, declare, now, read_record, record, write_record
from simulate.runs.experiment import Experiment
from simulate.runs.fingerprint import ROOT
from simulate.runs.preset import Preset


def declaration(experiment: Experiment, preset: Preset) -> dict[str, Any]:
    """{experiment, preset, declared, commit, unchanged, prediction, falsifier, controls, rules: {rule: {words, code}}}.

    declared: the time, UTC. commit: that of the working tree; unchanged: whether the files of the experiment and of the rules are
    as they were committed; both None outside a repository. words: digest of the words of a rule. code: fingerprint of the module
    that judges.
    """
    from figures.verdicts.table import GROUPS

    judged = {rule: group.__name__ for group in GROUPS for rule in group.RULES if experiment.name in rule.tables}
    fingerprints = code(set(judged.values())) if judged else {}
    modules = {experiment.run.__module__, *judged.values()}
    return {
        "experiment": experiment.name,
        "preset": preset,
        "declared": now(),
        **committed([ROOT.joinpath(*module.split(".")).with_suffix(".py") for module in sorted(modules)]),
        "prediction": experiment.prediction,
        "falsifier": experiment.falsifier,
        "controls": experiment.controls,
        "rules": {rule.id: {"words": rule.digest, "code": fingerprints[module]} for rule, module in judged.items()},
    }


def committed(paths: list[Path]) -> Mapping[str, Any]:
    """{commit, unchanged}: the commit checked out, and whether these files are as committed; None outside a repository."""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout.strip()

    try:
        commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain", "--", *map(str, paths))
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "unchanged": None}
    return {"commit": commit, "unchanged": not changes}


def declare_experiment(layout: Layout, experiment: Experiment) -> str:
    """Declare an experiment in the workspace before its cells are computed; the digest of the declaration.

    What the records of tables made earlier say of its cells is taken over, so that a result that was known stays known.
    """
    for results in {PAPER / "results", layout.results}:
        if earlier := read_record(results, experiment.name):
            adopt(layout.workspace, earlier)
    return declare(layout.workspace, experiment.name, declaration(experiment, layout.preset))


def record_table(layout: Layout, experiment: Experiment) -> None:
    """Write the record of a table beside the place of the table: just before the table is written there."""
    key = experiment.fingerprint(layout.preset)
    write_record(layout.results, record(layout.workspace, experiment, layout.preset, key))
