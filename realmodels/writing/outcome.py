"""What a stream of counterfactual facts, by one method at one learning rate, leaves of itself, of old facts and of text."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.text.encoded import Encoded
from realmodels.writing.counterfactual_stream import CounterfactualStream, counterfactual_stream
from realmodels.writing.damage import damage
from realmodels.writing.format_finetuning import FormatFinetuning
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Background, Diverged, Writer
from realmodels.writing.old_knowledge import OldKnowledge, old_knowledge
from realmodels.writing.outputs import Facts, asked
from realmodels.writing.retained import depths
from realmodels.writing.stream import STEPS, stream
from simulate.runs.experiment import Preset

D = 8  # facts per task
TASKS: dict[Preset, int] = {"quick": 3, "paper": 16}
OLD: dict[Preset, int] = {"quick": 64, "paper": 256}  # facts known before
BACKGROUND = 512  # prompts about other subjects
BESIDE = 128  # of them tell what is said everywhere
WINDOWS, WINDOW = 16, 128  # of held-out text, for the size of an update
MEASURED = ("learned", "kept", "kept_rephrased", "recall", "old_lost", "old_lost_bits", "text_rise", "function")


@dataclass(frozen=True)
class Way:
    """A method with its options on an architecture, and the learning rates that are tried; "quick" takes the middle one."""

    architecture: str
    method: str
    rates: tuple[float, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def tried(self, preset: Preset) -> list[float]:
        """The learning rates of a preset."""
        return list(self.rates if preset == "paper" else self.rates[1:2])


Watch = Callable[[Callable[[int], float], int], None]


def unwatched(of_task: Callable[[int], float], written: int) -> None:
    """Nothing."""


class Setting:
    """A model with a stream of tasks of D facts and the facts that it knew before; `outcome` writes the stream into a copy."""

    def __init__(self, path: Path, form: FormatFinetuning, seed: int, tasks: int, old: int, workspace: Path):
        """path: checkpoint of the model. form: its format finetuning. Errors as `counterfactual_stream` and `old_knowledge`."""
        self.stream: CounterfactualStream = counterfactual_stream(path, seed, tasks, D, BACKGROUND, workspace)
        self.old: OldKnowledge = old_knowledge(self.stream.model, self.stream.encoder, form.stream, form.each, old)
        self.text = windows(self.stream.text)
        self.before = self.stream.heldout(self.stream.model)
        self.beside = self.stream.others[:BESIDE]
        self.about = {
            "T": tasks,
            "D": D,
            "steps": STEPS,
            "candidates": self.stream.facts.choices,
            "old_facts": old,
            "old_bits": self.old.bits,
        }

    def outcome(self, way: Way, rate: float, watch: Watch = unwatched) -> dict[str, Any]:
        """What one stream did, by name of a column; NaN where the model diverged.

        watch: is told after every task the depth of the facts of a task now, by its number, and how many tasks are written.
        """
        base_model, model = self.stream.model, copy.deepcopy(self.stream.model)
        writer = bind(way.method, model, Background(self.stream.others, self.text), **way.options)
        base = {name: parameter.detach().clone() for name, parameter in writer.parameters.items()}
        size = {"learning_rate": rate, "written_parameters": sum(p.numel() for p in base.values())}
        try:
            fresh = self._fresh(writer, rate, watch)
        except Diverged:
            return {**size, **dict.fromkeys(MEASURED, math.nan), **_state(writer), "diverged": True}
        change = {name: parameter.detach() - base[name] for name, parameter in writer.parameters.items()}
        lost, lost_bits = self.old.lost(model)
        function = damage(base_model, change, self.text).function
        return {
            **size,
            **_state(writer),
            "learned": fresh,
            "kept": self._depth(writer, self.stream.facts),
            "kept_rephrased": self._depth(writer, self.stream.rephrased),
            "recall": float(asked(model, self.stream.facts).recall.mean()),
            "old_lost": lost,
            "old_lost_bits": lost_bits,
            "text_rise": self.stream.heldout(model) - self.before,
            "function": math.nan if function is None else function,
            "diverged": False,
        }

    def _fresh(self, writer: Writer, rate: float, watch: Watch) -> float:
        """Write the stream; mean depth of its tasks, each just after its own write."""
        facts, fresh = self.stream.facts, []

        def of_task(task: int) -> float:
            return self._depth(writer, facts.of_task(task))

        for written in stream(writer, facts, rate, STEPS):
            if written:
                fresh.append(of_task(written - 1))
                watch(of_task, written)
        return float(np.mean(fresh))

    def _depth(self, writer: Writer, facts: Facts) -> float:
        """Mean depth of facts now, less what is said everywhere."""
        return float(depths(writer.model, facts, self.beside).mean())


def _state(writer: Writer) -> dict[str, Any]:
    return {"state_numbers": writer.state_numbers, "state_bits": writer.state_bits}


def windows(text: Encoded) -> Tensor:
    """The first windows of each source's held-out text [W, L], as many of each: the size of an update is measured there."""
    each = WINDOWS // len(text.heldout)
    parts = [tokens[: each * WINDOW].astype(np.int64).reshape(-1, WINDOW) for tokens in text.heldout.values()]
    return torch.from_numpy(np.concatenate(parts))
