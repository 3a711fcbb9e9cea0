"""How many tasks every memory and every learner holds, as a share of the ceiling of its claim."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from figures.figure import Figure
from figures.results import Results
from figures.style import BLACK, BLUE, PALE, VERMILION, panels
from figures.verdicts.frontiers import beyond, powerless, violating
from figures.words import counted, number, opening, paragraph
from simulate.tables import searched

KINDS = {"memory": "memories [claim]", "learner": "learners"}
NAMES = {
    "binary_synapse": "two-state synapses",
    "cells": "overwritten cells",
    "cascade": "cascade synapses",
    "benna_fusi": "chain of beakers",
    "delta": "delta rule",
    "delta_annealed": "delta rule, annealed",
    "delta_blocks": "delta rule, blocks",
    "hebbian": "one-shot Hebbian",
    "hopfield": "Hopfield network",
    "list_beside_dense": "list beside dense store",
    "regressions": "regressions in turn",
    "perceptron": "perceptron",
    "rehearsed_delta": "delta rule, rehearsed",
    "shared_single": "shared cells, one regime",
    "shared_dual": "shared cells, two regimes",
    "one_store_sleep": "one store with sleep",
    "toy_superposition": "toy superposition",
    "two_stores": "two stores with sleep",
    "willshaw": "Willshaw matrix",
    "tsodyks_feigelman": "sparse covariance",
    "ewc": "EWC, exact",
    "ewc_diagonal": "EWC, diagonal",
    "gpm": "GPM, OGD",
    "label_buffer": "list and slow store",
    "lora": "LoRA, merged",
    "masks": "masks",
    "plain": "finetuning, best fixed rate",
    "annealed": "finetuning, annealed rate",
    "replay": "replay",
    "replay_buffer_read": "replay, buffer read as well",
    "rls": "recursive least squares",
    "self_rehearsal": "self-rehearsal, stored cues",
    "self_rehearsal_seeded": "self-rehearsal, seeded cues",
    "sparse_memory": "sparse memory, random slots",
    "sparse_memory_chosen": "sparse memory, unused slots",
    "two_regimes": "two stores, sparse fast codes",
    "gem": "GEM",
}
"""Plain names; a system that has none here is shown by its own."""


def settings(results: Results) -> pd.DataFrame:
    """One row per system and setting (`simulate.tables.searched`), with `above`: more tasks held than allowed, and `violation`:
    beyond the simultaneous bound.
    """  # fmt: skip
    found, worse = searched(results.table("frontiers")), violating(beyond(results))
    violation = [setting in worse for setting in zip(found["system"], found["point"], strict=True)]
    return found.assign(above=found["tightness"] > 1, violation=violation)


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    found = settings(results)
    by_system = found.groupby("system")["tightness"].median()
    worse, above = int(found["violation"].sum()), int(found["above"].sum())
    noise = "all within noise" if not worse else f"{worse} of them beyond the simultaneous 95% bound"
    return paragraph(f"""
        {opening(counted(above, "setting"))} of {len(found)} {"holds" if above == 1 else "hold"} more tasks than
        {"its" if above == 1 else "their"} ceiling, {noise}, and the median system holds {number(by_system.median())} of it.
        The frontier of {found["system"].nunique()} systems: largest number of tasks $T$ at which the worst-kept task keeps
        the depth asked for, over the ceiling that theory puts on it in expectation (for memories, the claim in brackets; for
        learners, that of the method). Mark: median over a system's settings, from few to many facts (or bits) a task; bar:
        least to most; crosses: settings above the ceiling. $T$ is found by bisection to one task, up to twice the ceiling,
        over {found["seeds"].min()} seeds. A bar from 0 held not even one task at some setting.
        {opening(counted(powerless(beyond(results)), "setting"))}, where tasks come back whole or not, could not have been seen
        above.
        """)


def draw(results: Results) -> Canvas:
    """One panel per kind of system, one row per system: median and range over its settings, and those above the ceiling."""
    found = settings(results)
    kinds = [kind for kind in KINDS if (found["kind"] == kind).any()]
    rows = {kind: list(dict.fromkeys(found.loc[found["kind"] == kind, "system"])) for kind in kinds}
    tallest = max(len(names) for names in rows.values())
    canvas, grid = panels(columns=len(kinds), ratio=max(0.5, 0.056 * tallest + 0.2), sharex=True)
    right = max(1.3, float(np.nanmax(found["tightness"])) + 0.05)
    for panel, kind in zip(grid, kinds, strict=True):
        names = rows[kind]
        panel.axvspan(1, right, color=PALE, linewidth=0, zorder=0)
        panel.axvline(1, color=BLACK, linewidth=0.8, zorder=1)
        for place, name in enumerate(names):
            part = found[(found["system"] == name) & found["tightness"].notna()]
            reached = part["tightness"]
            panel.hlines(place, reached.min(), reached.max(), color=BLUE, linewidth=1)
            panel.plot(reached.median(), place, "o", color=BLUE, markersize=4)
            over = part[part["above"]]
            style = {"linestyle": "none", "marker": "x", "markersize": 4, "zorder": 4}
            panel.plot(over["tightness"], [place] * len(over), color=BLACK, **style)
            worse = part[part["violation"]]
            panel.plot(worse["tightness"], [place] * len(worse), color=VERMILION, **(style | {"marker": "X", "markersize": 6}))
        claims = found.drop_duplicates("system").set_index("system")["claim"]
        brackets = [f" [{claims[name]}]" if kind == "memory" else "" for name in names]
        words = [NAMES.get(name, name.replace("_", " ")) for name in names]
        panel.set_yticks(range(len(names)), [word + bracket for word, bracket in zip(words, brackets, strict=True)])
        panel.set(xlim=(-0.03, right), ylim=(len(names) - 0.4, -0.6), xlabel="tasks held over\nceiling in expectation")
        panel.set_xticks([0, 0.25, 0.5, 0.75, 1, 1.25])
        panel.set_xticklabels(["0", "", "0.5", "", "1", ""])
        panel.tick_params(axis="y", length=0)
        panel.set_title(KINDS[kind])
    grid[0].set_ylabel("system")
    marks = [
        Line2D([], [], color=BLUE, marker="o", markersize=4, linewidth=1, label="median and range over settings"),
        Line2D([], [], color=BLACK, marker="x", markersize=4, linestyle="none", label="above, within noise"),
    ]
    if found["violation"].any():
        marks.append(Line2D([], [], color=VERMILION, marker="X", markersize=6, linestyle="none", label="above, beyond noise"))
    canvas.legend(handles=marks, loc="outside lower center", ncols=3)
    return canvas


FIGURE = Figure("frontiers", "The frontier of every system", ("frontiers",), ("frontiers",), caption, draw)
