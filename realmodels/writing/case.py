"""One question about a model and facts: both opened, a copy bound to the method, and the learning rate to write with.

Without a learning rate the smallest power of 2 is taken with which the first tasks, each written by itself into the copy, are
learned; the copy is put back after every trial. A rate that the kernel's forecast would choose is far too large on a model whose
facts share nearly all of their directions: the forecast is no longer true there, and the model would lose its language.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.model.loaded import Loaded, as_loaded
from realmodels.model.transformer import Transformer
from realmodels.text.facts import TEMPLATES, Fact, stream
from realmodels.text.user_facts import FactsLike, as_facts
from realmodels.writing.kernel import Kernel, logit_kernel
from realmodels.writing.learning_rate import LEARNED, checked_learning_rate
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, candidate_tokens, encode, facts_from_ids, outputs, scores
from realmodels.writing.room import require_room, require_room_to_write
from realmodels.writing.scenario import FACTS, TASKS
from realmodels.writing.stream import Diverged, write_task
from theory.errors import UserError

LEARNING_RATES = 2.0 ** np.arange(-14, 9)  # tried in this order when none is given
TRIALS = 3  # tasks that are written on trial, each by itself
Model = str | Path | Loaded


class Case:
    """One question: a model (a copy is bound to the method), the facts as tensors, and what every answer says about both."""

    def __init__(self, model: Model, facts: FactsLike, method: str, background: FactsLike | None, named: bool = False):
        self.loaded = as_loaded(model)
        is_stream = named and isinstance(facts, str) and facts in TEMPLATES and not Path(facts).exists()
        self.plain = stream(str(facts), TASKS["quick"], FACTS, 0) if is_stream else as_facts(facts)
        self.facts = encode(self.plain, self.loaded.tokenizer)
        others = self.plain if background is None else as_facts(background)
        self.shared = candidate_tokens(sorted({fact.answer for fact in self.plain}), self.loaded.tokenizer)[0]
        self.background = self._prompts(others)
        self.method = method
        require_room_to_write(self.loaded.model, self.facts)
        self.model, self.writer = self.fresh()
        count = len(self.facts.candidates)
        self.full_bits = math.log2(count)
        self.about: dict[str, Any] = {
            "method": method,
            "facts": len(self.facts),
            "tasks": len(self.facts.task.unique()),
            "candidates": count,
            "full_bits": self.full_bits,
            "chance_recall": 1 / count,
            "chance_bits": 0.0,
            "hashes": {
                "facts": _digest(facts, self.plain),
                "background": None if background is None else _digest(background, others),
                "checkpoint": self.loaded.sha256,
            },
        }
        self.settings: dict[str, Any] = {
            "model": str(self.loaded.path),
            "facts": str(facts) if isinstance(facts, str | Path) else f"{len(self.plain)} facts from memory",
            "background": "the prompts of the facts themselves" if background is None else _named(background),
        }

    def fresh(self) -> tuple[Transformer, Writer]:
        """A copy of the model as it was loaded, and the method bound to it."""
        model = self.loaded.copy()
        return model, bind(self.method, model, self.background)

    def question(self, wording: str) -> list[int]:
        """Token numbers of a prompt as it is asked: with the tokens that all answers begin with."""
        return [*self.loaded.tokenizer.prompt(wording), *self.shared]

    def _prompts(self, facts: Sequence[Fact]) -> Facts:
        """Prompts as `Facts` without answers."""
        nothing = [0] * len(facts)
        return facts_from_ids([self.question(fact.prompt) for fact in facts], nothing, nothing, [0])

    def require_room(self) -> None:
        """Raise UserError if the memory for the kernel of these facts is not free."""
        require_room(self.model, self.writer, self.facts)

    def kernel(self) -> Kernel:
        """The kernel of these writes. Raises UserError if its memory is not free, it is 0, or a number in it is not finite."""
        self.require_room()
        kernel = logit_kernel(self.model, self.writer, self.facts)
        size = kernel.writes.abs().max().item()
        if not (math.isfinite(size) and math.isfinite(kernel.response.sum().item()) and size > 0):
            what = "moves no output" if size == 0 else "has gradients that are not finite"
            raise UserError(f"checkpoint {self.loaded.path}: method {self.method!r} {what} of this model: train the model anew")
        return kernel

    def rate(self, given: float | None, steps: int) -> tuple[float, bool]:
        """(learning rate, whether it is at an end of the range that was tried); notes in the settings how it was chosen."""
        if steps < 1:
            raise UserError(f"{steps} steps per task: give 1 or more")
        if given is not None:
            rate, how = checked_learning_rate(given), "given"
        else:
            rate, reached = sufficient_rate(lambda rate: self.trial(rate, steps, LEARNED * self.full_bits), self.full_bits)
            share = f"{LEARNED:.0%} of {self.full_bits:.2f} bits per fact"
            how = f"the smallest power of 2 with which a trial write reaches {share}"
            how = how if reached else f"no power of 2 in the range reaches {share} in a trial write; this one reaches most"
        self.settings |= {"learning_rate": rate, "learning_rate_choice": how, "steps": steps}
        return rate, given is None and rate in (LEARNING_RATES[0], LEARNING_RATES[-1])

    def trial(self, rate: float, steps: int, goal: float = 0.0) -> float:
        """Retained bits of the first tasks (up to TRIALS) just after each was written by itself; NaN if a write diverges.

        goal: bits per fact; when the mean cannot reach it any more, that of the tasks tried so far is returned.
        """
        tasks = self.trial_rows()
        before = {name: parameter.detach().clone() for name, parameter in self.writer.parameters.items()}
        bits = []
        try:
            for rows in tasks:
                task = self.facts[rows]
                write_task(self.model, self.writer, task, rate, steps)
                with torch.no_grad():
                    bits.append(scores(outputs(self.model, task), task.target).bits.mean().item())
                    self._restore(before)
                if sum(bits) + (len(tasks) - len(bits)) * self.full_bits < goal * len(tasks):
                    break
        except Diverged:
            return math.nan
        finally:
            self._restore(before)
        return float(np.mean(bits))

    def trial_rows(self) -> list[Tensor]:
        """Indices of the facts of each of the first tasks."""
        return [torch.nonzero(self.facts.task == task)[:, 0] for task in self.facts.task.unique().tolist()[:TRIALS]]

    def _restore(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.writer.parameters.items():
                parameter.copy_(values[name])


def sufficient_rate(trial: Callable[[float], float], full_bits: float) -> tuple[float, bool]:
    """(the smallest of LEARNING_RATES with which a trial write reaches 90% of full_bits, True).

    trial(rate): retained bits per fact, NaN if the write diverges; larger rates are not tried after that. If none reaches as
    much: the one that reaches most, and False.
    """
    reached: list[float] = []
    for rate in LEARNING_RATES.tolist():
        bits = trial(rate)
        if bits >= LEARNED * full_bits:
            return rate, True
        if not math.isfinite(bits):
            break
        reached.append(bits)
    return float(LEARNING_RATES[int(np.argmax(reached))] if reached else LEARNING_RATES[0]), False


def _named(facts: FactsLike) -> str:
    return str(facts) if isinstance(facts, str | Path) else f"{len(facts)} facts from memory"


def _digest(source: FactsLike, facts: Sequence[Fact]) -> str:
    """SHA-256 of a facts file; of facts from elsewhere, that of their canonical JSON."""
    if isinstance(source, str | Path) and Path(source).is_file():
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    records = [[fact.prompt, fact.answer, fact.task, *fact.heldout_wordings] for fact in facts]
    return hashlib.sha256(json.dumps(records).encode()).hexdigest()
