"""The two controls that write nothing: a fact among the last ones read, or found and put before the question (E4).

A window that holds the last facts keeps what it holds, and nothing else; a store that finds the right fact keeps all. Both rest
on one ability, to answer from what stands before the question. That ability is measured here.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.counterfactual_stream import counterfactual_stream
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outcome import TASKS, D
from realmodels.writing.outputs import Facts
from realmodels.writing.retained import depths
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.errors import UserError

SHOWN = (1, 4, 7)  # facts before the question; a context of 128 tokens has room for seven
BACKGROUND = 64  # prompts about other subjects: drawn as in `pareto`, not asked here


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per model, with facts of its own."""
    return [
        {"model": model_spec("dense", preset, seed).to_json(), "seed": seed, "tasks": TASKS[preset], "shown": list(SHOWN)}
        for seed in SEEDS[preset]
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per number of facts shown."""
    path = checkpoint_of(ModelSpec.from_json(cell["model"]), workspace)
    setting = counterfactual_stream(path, cell["seed"], cell["tasks"], D, BACKGROUND, workspace)
    facts, room, rows = setting.facts, setting.model.config.context, []
    with one_thread():
        for shown in cell["shown"]:
            with_own, without = (context(facts, shown, own, cell["seed"], room) for own in (True, False))
            rows.append(
                {
                    "seed": cell["seed"],
                    "facts": len(facts),
                    "candidates": facts.choices,
                    "shown": shown,
                    "depth": float(depths(setting.model, with_own, without).mean()),
                }
            )
    return rows


def context(facts: Facts, shown: int, own: bool, seed: int, room: int) -> Facts:
    """The facts, each question behind `shown` facts with their answers in an order drawn at random, itself among them if `own`.

    Raises UserError if a question with what is shown takes more than `room` tokens, or for answers of more than one token.
    """
    if len(facts.row) != len(facts):
        raise UserError("facts are shown with answers of one token: encode such facts")
    draw, texts = np.random.default_rng([1, seed, shown]), []
    prompts = [facts.tokens[i, : int(facts.last[i]) + 1] for i in range(len(facts))]
    for i in range(len(facts)):
        others = draw.permutation(np.delete(np.arange(len(facts)), i))[: shown - own].tolist()
        before = draw.permutation([*others, *([i] if own else [])]).astype(int)
        told = [torch.cat([prompts[j], facts.answer_tokens[j : j + 1]]) for j in before]
        texts.append(torch.cat([*told, prompts[i]]))
    last = torch.tensor([len(text) - 1 for text in texts])
    if int(last.max()) >= room:
        raise UserError(f"{shown} facts before a question take {int(last.max()) + 1} tokens of {room}: show fewer")
    tokens = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
    return replace(facts, tokens=tokens, last=last, place=last.clone(), subject=last.clone())


EXPERIMENT = Experiment(
    name="in_context",
    question="Do the models that facts are written into answer from a fact that stands before the question, so that a window of "
    "the last facts or a store that finds the right one could take the place of writing?",
    prediction="They do not: with the fact alone before its question, or among four or seven, the depth of its answer is at most "
    "0.05 (P9-context). On the development model it was -0.01 each time. Nothing in their training asks for it.",
    falsifier="One of the simultaneous 95% intervals over seeds lies wholly above 0.05.",
    controls="The same questions behind as many other facts, whose answers are what is said everywhere; the right fact is always "
    "among those shown, which no real store could do better.",
    columns={
        "seed": Column("Seed of the model and of its facts.", int),
        "facts": Column("Facts asked.", int, unit="facts"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "shown": Column("Facts before the question, the right one among them.", int, unit="facts"),
        "depth": Column("Mean depth of the answers, less what is said behind other facts."),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
