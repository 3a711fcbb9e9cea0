"""What can be asked of a model and a user's facts: how their writes interfere, what will be kept, and to write them.

Behind `realmodels.measure`, `forecast` and `write`, and the commands of the same names. A model is the folder of a checkpoint or
what `realmodels.load` returned; facts are a file, a list or a table (`realmodels.text.user_facts`). The candidates are the
distinct answers, each known by its first token. Methods that need a background of prompts, none of which is written, take those
of other facts (their answers are not read); without them, the prompts of the facts themselves.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from realmodels.model import checkpoint
from realmodels.model.loaded import Loaded, as_loaded
from realmodels.model.transformer import Transformer
from realmodels.text.facts import TEMPLATES, Fact, stream
from realmodels.text.tokenizer import Tokenizer
from realmodels.text.user_facts import FactsLike, as_facts
from realmodels.training.evaluate import HELDOUT_TOKENS, bits_per_byte
from realmodels.training.loop import one_thread
from realmodels.training.pretrain import text_of
from realmodels.writing.answers import Forecast, Measurement, Written
from realmodels.writing.forecast import Setup, forecasts, isolated
from realmodels.writing.kernel import activation_fraction, logit_kernel, statistics, write_fraction
from realmodels.writing.learning_rate import LEARNED, checked_learning_rate
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, encode, facts_from_ids, outputs, scores
from realmodels.writing.room import require_room
from realmodels.writing.scenario import FACTS, TASKS
from realmodels.writing.stream import STEPS, Diverged, write_stream, write_task
from theory.errors import UserError

LEARNING_RATES = 2.0 ** np.arange(-14, 9)  # tried in this order when none is given
Model = str | Path | Loaded


class _Case:
    """One question: a model (a copy is bound to the method), the facts as tensors, and what every answer says about both."""

    def __init__(self, model: Model, facts: FactsLike, method: str, background: FactsLike | None, named: bool = False):
        self.loaded = as_loaded(model)
        is_stream = named and isinstance(facts, str) and facts in TEMPLATES and not Path(facts).exists()
        self.plain = stream(str(facts), TASKS["quick"], FACTS, 0) if is_stream else as_facts(facts)
        self.facts = encode(self.plain, self.loaded.tokenizer)
        others = self.plain if background is None else as_facts(background)
        self.background = _prompts(others, self.loaded.tokenizer)
        self.method = method
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

    def kernel(self) -> tuple[Tensor, Tensor]:
        """(response kernel [F, O, F, O], outputs z [F, O]) before any write. UserError if the memory for it is not free."""
        require_room(self.model, self.writer, self.facts)
        with torch.no_grad():
            z = outputs(self.model, self.facts)
        return logit_kernel(self.model, self.writer, self.facts).response, z

    def rate(self, given: float | None, steps: int, known: tuple[Tensor, Tensor] | None = None) -> tuple[float, bool]:
        """(learning rate, whether it is at an end of the range that was tried); notes in the settings how it was chosen."""
        if steps < 1:
            raise UserError(f"{steps} steps per task: give 1 or more")
        if given is not None:
            rate, how = checked_learning_rate(given), "given"
        else:
            response, z = known or self.kernel()
            rate, reached = sufficient_rate(response, z, self.facts, steps)
            share = f"{LEARNED:.0%} of {self.full_bits:.2f} bits per fact"
            how = f"the smallest power of 2 with which the forecast of a task by itself reaches {share}"
            how = how if reached else f"no power of 2 in the range reaches {share} in the forecast; this one reaches most"
        self.settings |= {"learning_rate": rate, "learning_rate_choice": how, "steps": steps}
        return rate, given is None and rate in (LEARNING_RATES[0], LEARNING_RATES[-1])


def _prompts(facts: Sequence[Fact], tokenizer: Tokenizer) -> Facts:
    """Prompts as `Facts` without answers."""
    prompts = [tokenizer.prompt(fact.prompt) for fact in facts]
    nothing = [0] * len(prompts)
    return facts_from_ids(prompts, nothing, nothing, [0])


def _named(facts: FactsLike) -> str:
    return str(facts) if isinstance(facts, str | Path) else f"{len(facts)} facts from memory"


def _digest(source: FactsLike, facts: Sequence[Fact]) -> str:
    """SHA-256 of a facts file; of facts from elsewhere, that of their canonical JSON."""
    if isinstance(source, str | Path) and Path(source).is_file():
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    records = [[fact.prompt, fact.answer, fact.task, *fact.heldout_wordings] for fact in facts]
    return hashlib.sha256(json.dumps(records).encode()).hexdigest()


def measure(model: Model, facts: FactsLike, method: str = "full", background: FactsLike | None = None) -> Measurement:
    """Geometry of writing these facts by `method`, the model being as it is (`realmodels.writing.kernel` defines every number).

    Nothing is written. Raises UserError for anything wrong with the model, the facts or the method, and if the memory that the
    kernel needs is not free.
    """
    with one_thread():
        case = _Case(model, facts, method, background)
        require_room(case.model, case.writer, case.facts)
        return Measurement(
            **case.about,
            settings=case.settings,
            **statistics(logit_kernel(case.model, case.writer, case.facts).writes),
            activation_fraction=activation_fraction(case.model, case.writer, case.facts),
            write_fraction=write_fraction(case.model, case.writer, case.facts),
        )


def sufficient_rate(response: Tensor, z: Tensor, facts: Facts, steps: int) -> tuple[float, bool]:
    """The smallest of LEARNING_RATES with which isolated writes reach 90% of log2 C bits in the kernel simulation, and True.

    If none does: the one that reaches most, and False.
    """
    reached = []
    for rate in LEARNING_RATES.tolist():
        bits = scores(isolated(Setup(response, z, facts, rate, steps)), facts.target).bits.mean().item()
        if bits >= LEARNED * math.log2(len(facts.candidates)):
            return rate, True
        reached.append(bits if math.isfinite(bits) else -1.0)
    return float(LEARNING_RATES[int(np.argmax(reached))]), False


def _by_age(rows: pd.DataFrame, column: str, prefix: str = "") -> dict[str, list[float]]:
    """Columns bits (mean over the tasks of an age), low and high (which enclose the middle 90% of the tasks), by age."""
    by_age = [part[column].to_numpy() for _, part in rows.groupby("age")]
    ends = [np.quantile(bits, [0.05, 0.95]).tolist() for bits in by_age]
    columns = {"bits": [float(bits.mean()) for bits in by_age], "low": [e[0] for e in ends], "high": [e[1] for e in ends]}
    return {f"{prefix}{name}": values for name, values in columns.items()}


def forecast(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    background: FactsLike | None = None,
) -> Forecast:
    """What a stream of these facts, task after task, will leave of a task by its age.

    Without a learning rate, the one that `sufficient_rate` names. The model stays as it is; the first task alone is written into
    a copy, to see whether the forecast applies to this model at all. Errors as `measure`.
    """
    with one_thread():
        case = _Case(model, facts, method, background)
        response, z = case.kernel()
        rate, at_end = case.rate(learning_rate, steps, (response, z))
        setup = Setup(response, z, case.facts, rate, steps)
        rows = pd.DataFrame(forecasts(setup))
        predicted, measured = _trial(case, setup)
    curves = {kind: _by_age(rows[rows.kind == kind], "bits_predicted", f"{kind}_") for kind in ("kernel", "spectral")}
    return Forecast(
        **case.about,
        settings=case.settings,
        learning_rate=rate,
        steps=steps,
        at_grid_end=at_end,
        trial_forecast=predicted,
        trial_measured=measured,
        age=sorted({int(age) for age in rows.age}),
        **curves["kernel"],
        **curves["spectral"],
    )


def _trial(case: _Case, setup: Setup) -> tuple[float, float]:
    """Retained bits of the first task just after its write: by the kernel, and as measured in a copy (NaN if it diverged)."""
    first = case.facts.task == case.facts.task.min()
    predicted = scores(isolated(setup), case.facts.target).bits[first].mean().item()
    model, writer = case.fresh()
    task = case.facts[torch.nonzero(first)[:, 0]]
    try:
        write_task(model, writer, task, setup.learning_rate, setup.steps)
    except Diverged:
        return predicted, math.nan
    with torch.no_grad():
        return predicted, scores(outputs(model, task), task.target).bits.mean().item()


def write(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    background: FactsLike | None = None,
    out: str | Path | None = None,
) -> Written:
    """Write a stream of facts into a copy of the model; the copy is saved as the checkpoint `out` if that is given.

    facts: as in `measure`, or the name of a stream of real facts ("cities", "airports": 10 tasks of 8 facts). A copy that
    diverged is never saved. Errors as `measure`.
    """
    if out is not None and (not str(out).strip() or Path(out).exists() or Path(out).is_symlink()):
        raise UserError(f"{str(out)!r} exists or names no folder: name a folder that does not exist yet")
    with one_thread():
        case = _Case(model, facts, method, background, named=True)
        rate, at_end = case.rate(learning_rate, steps)
        examine, heldout_text = _examiner(case.loaded)
        examined = examine or (lambda model: math.nan)
        rows = pd.DataFrame(write_stream(case.model, case.writer, case.facts, case.facts, rate, steps, examined))
        diverged = bool(rows.diverged.any())
        rephrased, phrasing = _recall_of_other_wordings(case, diverged)
    first, final, written = rows[rows.written == 0], rows[rows.written == rows.written.max()], rows[rows.age >= 0]
    if out is not None and not diverged:
        about = {"method": method, "learning_rate": rate, "dial": rate, "steps": steps, "facts": len(case.facts)}
        about |= {"into": str(case.loaded.path)}
        checkpoint.write(Path(out), case.model, case.loaded.tokenizer, {**case.loaded.meta, "written": about})
    rise = float(final.heldout_bits_per_byte.mean() - first.heldout_bits_per_byte.mean())
    return Written(
        **case.about,
        settings=case.settings,
        learning_rate=rate,
        steps=steps,
        at_grid_end=at_end,
        bits_before=float(first.bits.mean()),
        learned=float(rows[rows.age == 0].bits.mean()),
        kept=float(final.bits.mean()),
        recall=float(final.recall.mean()),
        recall_heldout_phrasing=rephrased,
        heldout_phrasing=phrasing,
        heldout_rise=rise if examine else None,
        heldout_text=heldout_text,
        diverged=diverged,
        state_numbers=case.writer.state_numbers,
        state_bits=case.writer.state_bits,
        saved=None if out is None or diverged else str(out),
        age=sorted({int(age) for age in written.age}),
        **_by_age(written, "bits"),
    )


def _recall_of_other_wordings(case: _Case, diverged: bool) -> tuple[float | None, str]:
    """(recall of the written model in words that were never written, mean over tasks; what was asked, or why nothing was)."""
    asked = [(index, wording) for index, fact in enumerate(case.plain) for wording in fact.heldout_wordings]
    if not asked:
        return None, 'not measured: no fact has a "heldout_prompt" or "paraphrases"'
    rows = [index for index, _ in asked]
    about = f"{len(asked)} held-out wordings of {len(set(rows))} of {len(case.plain)} facts"
    if diverged:
        return 0.0, about
    prompts = [case.loaded.tokenizer.prompt(wording) for _, wording in asked]
    facts = case.facts
    questions = facts_from_ids(prompts, facts.target[rows].tolist(), facts.task[rows].tolist(), facts.candidates.tolist())
    with torch.no_grad():
        right = scores(outputs(case.model, questions), questions.target).recall
    recalled = pd.DataFrame({"fact": rows, "task": questions.task.numpy(), "recall": right.numpy()})
    by_fact = recalled.groupby("fact").mean()
    return float(by_fact.groupby("task").recall.mean().mean()), about


def _examiner(loaded: Loaded) -> tuple[Callable[[Transformer], float] | None, str]:
    """(bits per byte of a model on text held out from this checkpoint's training, or None; what that text is, or why none)."""
    workspace = loaded.path.resolve().parent.parent
    if "pretraining" not in loaded.meta:
        return None, "not measured: the checkpoint does not say on which text it was trained"
    if not (workspace / "text").is_dir():
        return None, f"not measured: {workspace} has no text; leave the checkpoint where it was trained"
    text = text_of(loaded.meta, workspace)
    where = f"up to {HELDOUT_TOKENS} tokens of each of {', '.join(sorted(text.heldout))}, held out from training"
    return lambda model: bits_per_byte(model, text, HELDOUT_TOKENS)["all"], where
