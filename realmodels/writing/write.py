"""Write a stream of facts into a copy of a model, task by task, and say what that left of the facts and of the rest.

Behind `realmodels.write` and `cwb write`. With `out`, what changed is saved as a delta, and the report is made from the weights
as they come back from the delta, rounded to the type of the model's file. A stream that is killed goes on from the last task
that was written, to the same bytes: its state lies beside `out` meanwhile.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from realmodels.model.reading import first_block, remembering
from realmodels.model.saying import said
from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing import editing
from realmodels.writing.answers.written import Written
from realmodels.writing.case import Case, Say, silent
from realmodels.writing.damage import bits_per_byte, damage
from realmodels.writing.history import DEFINITIONS, SCORES, History, told
from realmodels.writing.measure import by_age
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import asked
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.recorder import Recorder
from realmodels.writing.resume import load_state, save_state
from realmodels.writing.stream import STEPS, stream
from simulate.runs.answer import plain
from theory.errors import UserError

RUIN = 0.5  # bits per byte of the protected text: a stream that costs more is stopped
MORE = 4  # tokens that are shown beyond the longest answer


def write(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    per_task: bool = False,
    ruin: float = RUIN,
    save_ruined: bool = False,
    texts: bool = True,
    say: Say = silent,
    **setting: Any,
) -> Written:
    """Write a stream of facts into a copy of the model; what changed is saved as the delta `out` if that is given.

    facts: as in `realmodels.measure`, or the name of a stream of real facts ("cities", "airports": 10 tasks of 8 facts).
    per_task: let the delta hold the state after every task. ruin: the stream stops at the task after which the protected text
    costs so many bits per byte more than before; such a model, and one that diverged, is saved only with `save_ruined` (a
    diverged one never, for nothing can load it). texts: let the model say its answers, before and after. say: receives a line
    per task. Errors as `realmodels.measure`, and if `out` exists.
    """
    if out is not None and (not str(out).strip() or Path(out).exists() or Path(out).is_symlink()):
        raise UserError(f"{str(out)!r} exists or names no file: name a file that does not exist yet")
    if not ruin > 0:
        raise UserError(f"ruin {ruin}: give a number of bits per byte above 0")
    with one_thread():
        case = Case(Question(model, facts, Setting(**setting), named=True), method, options, say)
        rate, at_end = case.rate(learning_rate, steps)
        run = _Run(case, None if out is None else Path(out), per_task)
        run.write(rate, steps, ruin)
        saved = run.save(save_ruined)
        return _answer(case, run, rate, steps, at_end, saved, texts)


class _Run:
    """One stream: the case, its history, what stopped it, and the recorder of the delta if one is wanted."""

    def __init__(self, case: Case, out: Path | None, per_task: bool):
        self.case, self.out = case, out
        self.history = History(case.facts)
        self.progress = None if out is None else out.with_name(f"{out.name}.partial")
        loaded, parameters = case.question.loaded, case.writer.parameters
        self.recorder = None if out is None else Recorder(loaded, parameters, per_task, self.progress)
        self.divergence: str | None = None
        self.ruined: str | None = None
        self.before = bits_per_byte(case.model, case.question.protected)
        self.after = self.before
        self.done = 0
        self.partial: Path | None = None

    def write(self, rate: float, steps: int, ruin: float) -> None:
        """Write the tasks that are not written yet; ask after each; stop at one that diverges or ruins the model."""
        case, writer = self.case, self.case.writer
        key = {**case.about["hashes"], "method": case.method, "options": case.options, "rate": rate, "steps": steps}
        progress = self.progress
        key = {**key, "template": case.question.setting.template}
        self._take_up(progress, key)
        begin = self.done
        try:
            for written in stream(writer, case.facts, rate, steps, begin):
                if written == begin and begin > 0:
                    continue
                self.history.ask(case.model, written)
                self.done = written
                if written == 0:
                    continue
                self.after = bits_per_byte(case.model, case.question.protected)
                case.say(self._line(written))
                if self.recorder:
                    self.recorder.task_done(str(self.history.numbers[written - 1]))
                if progress:
                    self._lay_down(progress, key)
                if not self.after - self.before <= ruin:
                    rise = f"costs {self.after - self.before:.3g} bits per byte more than before, and {ruin:g} were allowed"
                    self.ruined = f"After task {written} of {self.history.T} the protected text {rise}"
                    break
        except Diverged as error:
            self.divergence = str(error)
        self.partial = progress

    def _line(self, written: int) -> str:
        now = self.history.asked["exact"][written]
        own = now[self.history.rows(written - 1)].mean()
        rise = self.after - self.before
        return f"task {written} of {self.history.T}: {own:.0%} of it said right; protected text {rise:+.3f} bits per byte"

    def _take_up(self, path: Path | None, key: Mapping[str, Any]) -> None:
        """Go on from a stream that was stopped, if its state is there. Raises UserError if it is that of another stream."""
        found = load_state(path, plain(key), self.case.say) if path else None
        if found is None or self.recorder is None:
            return
        tensors, about = found
        writer = self.case.writer
        with torch.no_grad():
            for name, parameter in writer.parameters.items():
                parameter.copy_(tensors[f"parameter/{name}"])
        writer.restore(_below(tensors, "method/"))
        self.recorder.restore(about["delta"])
        for name in SCORES:
            self.history.asked[name][:] = tensors[f"history/{name}"].numpy()
        self.done, self.after = about["done"], about["after"]
        self.case.say(f"going on after task {self.done}, which was written before")

    def _lay_down(self, path: Path, key: Mapping[str, Any]) -> None:
        """Keep the state of the stream, so that it can go on."""
        assert self.recorder is not None
        writer = self.case.writer
        tensors = {f"parameter/{name}": parameter.detach() for name, parameter in writer.parameters.items()}
        tensors |= {f"method/{name}": tensor for name, tensor in writer.state().items()}
        tensors |= {f"history/{name}": torch.from_numpy(self.history.asked[name]) for name in SCORES}
        about = {"done": self.done, "after": self.after, "delta": self.recorder.about()}
        save_state(path, tensors, plain(key), about)

    def save(self, save_ruined: bool) -> Any:
        """The delta, saved and read back, or None if nothing is to be saved. The state of the stream is done with then."""
        if self.partial is not None and (self.done == self.history.T or self.divergence or self.ruined):
            self.partial.unlink(missing_ok=True)
            if self.recorder:
                self.recorder.clean()
        if self.out is None or self.recorder is None or self.divergence or (self.ruined and not save_ruined):
            return None
        settings = {name: _without_folder(value) for name, value in self.case.settings.items() if name != "model"}
        about = {**settings, "method": self.case.method, "facts_count": len(self.case.facts)}
        return self.recorder.save(self.out, {**about, "hashes": self.case.about["hashes"]}, self.ruined)


def _without_folder(value: Any) -> Any:
    """A path as its last part: a delta is given away, and the same writes are the same bytes wherever their files lay."""
    is_path = isinstance(value, Path) or (isinstance(value, str) and "/" in value and Path(value).exists())
    return Path(value).name if is_path else value


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _answer(case: Case, run: _Run, rate: float, steps: int, at_end: bool, saved: Any, texts: bool) -> Written:
    """The report, from the model as it is after the stream; of a saved one, as the delta gives it back."""
    question, writer, history = case.question, case.writer, run.history
    kept = first_block(case.model, writer.parameters.values())
    with remembering(case.model, kept):
        if saved is not None:
            _round(run)
            history.ask(case.model, run.done)
            run.after = bits_per_byte(case.model, question.protected)
        _fill(history, run)
        after = _Asked(case, None if run.divergence else case.model)
    before = _Asked(case, question.loaded.model)
    table = _per_fact(case, history, run, texts)
    change = {} if run.divergence else _change(case)
    done = damage(question.loaded.model, change, question.protected.tokens)
    sums, undefined = {}, dict(after.undefined)
    for name in SCORES:
        sums[name], why = history.summary(name)
        undefined |= why
    bits, ages = history.by_age("bits"), []
    for age, values in bits.items():
        ages += [age] * len(values)
    nothing = run.divergence is not None
    return Written(
        **case.about,
        settings=case.settings,
        notes=question.notes,
        learning_rate=rate,
        steps=steps,
        at_grid_end=at_end,
        exact_before=float(history.asked["exact"][0].mean()),
        exact_learned=float(history.fresh("exact").mean()),
        exact_kept=float(history.asked["exact"][-1].mean()),
        exact_rephrased=after.rephrased[0],
        probability=float(history.asked["probability"][-1].mean()),
        bits_before=float(history.matrix("bits")[0].mean()),
        learned=sums["bits"]["learned"] or 0.0,
        kept=sums["bits"]["acc"] or 0.0,
        recall=sums["recall"]["acc"] or 0.0,
        recall_heldout_phrasing=after.rephrased[1],
        heldout_phrasing=after.phrasing,
        **after.edited,
        neighbours_before=before.share("related"),
        neighbours_kept=after.kept(before, "related"),
        known_before=before.share("known"),
        known_kept=after.kept(before, "known"),
        heldout_before=run.before,
        heldout_rise=math.nan if nothing else run.after - run.before,
        function_change=math.nan if nothing else done.function,
        weight_change=math.nan if nothing else done.weight,
        diverged=nothing,
        divergence=run.divergence,
        ruined=run.ruined,
        state_numbers=writer.state_numbers,
        state_bits=writer.state_bits,
        written_parameters=sum(p.numel() for p in writer.parameters.values()),
        saved=None if saved is None else str(run.out),
        survives=None if saved is None else saved.about["survives"],
        parameters=done.by_matrix,
        continual=sums,
        matrix={name: told(history.matrix(name)) for name in SCORES},
        undefined=undefined,
        definitions={**DEFINITIONS, **editing.DEFINITIONS},
        per_fact=table,
        age=sorted(bits),
        **by_age(np.array(ages), np.concatenate([bits[age] for age in bits])),
    )


@torch.no_grad()
def _round(run: _Run) -> None:
    """Give the written parameters the values that the model's files will hold."""
    dtypes = run.recorder.dtypes if run.recorder else {}
    for name, parameter in run.case.writer.parameters.items():
        parameter.copy_(parameter.to(dtypes.get(name, torch.float32)).float())


@torch.no_grad()
def _change(case: Case) -> dict[str, Tensor]:
    """Written minus base value of every parameter that changed."""
    base = dict(case.question.loaded.model.named_parameters())
    change = {name: parameter.detach() - base[name] for name, parameter in case.writer.parameters.items()}
    return {name: dw for name, dw in change.items() if bool((dw != 0).any())}


def _fill(history: History, run: _Run) -> None:
    """The rows of a history that ended early: a model that diverged knows nothing; one that was stopped stays as it is."""
    for name in SCORES:
        rows = history.asked[name]
        rows[run.done + 1 :] = 0.0 if run.divergence else rows[run.done]


class _Asked:
    """What a model answers beside the facts in their own words: other wordings, neighbours, known facts, edits as in print.

    A model that diverged (None) answers nothing right.
    """

    def __init__(self, case: Case, model: Any):
        question = case.question
        others, of_fact = question.other_wordings()
        self.undefined: dict[str, str] = {}
        self.rephrased: tuple[float | None, float | None] = (None, None)
        self.phrasing = 'not measured: no fact has a "rephrase_prompts"'
        if others is not None:
            self.phrasing = f"{len(of_fact)} held-out wordings of {len(set(of_fact))} of {len(question.plain)} facts"
            self.rephrased = (0.0, 0.0) if model is None else _by_fact(asked(model, others), of_fact)
        pairs = {
            "related": editing.related(question.plain, question.worded),
            "known": [question.worded(fact.prompt, fact.answer) for fact in question.known],
        }
        self.right = {
            name: np.zeros(len(some)) if model is None else editing.right(model, question.encoder, some)
            for name, some in pairs.items()
        }
        self.edited: dict[str, float | None] = dict.fromkeys(("efficacy", "paraphrase", "neighbourhood", "score"), None)
        if model is not None:
            self.edited, self.undefined = editing.edited(model, question.encoder, question.plain, question.worded)

    def share(self, name: str) -> float | None:
        """Share of the questions of this kind that are answered right; None if there are none."""
        return float(self.right[name].mean()) if len(self.right[name]) else None

    def kept(self, before: "_Asked", name: str) -> float | None:
        """Share of what was right before that is right now; None if nothing was."""
        known = before.right[name] == 1
        return float(self.right[name][known].mean()) if known.any() else None


def _by_fact(scores: Any, of_fact: list[int]) -> tuple[float, float]:
    """(exact, recall) of other wordings: mean over facts of the mean over the wordings of a fact."""
    frame = pd.DataFrame({"fact": of_fact, "exact": scores.exact.numpy(), "recall": scores.recall.numpy()})
    means = frame.groupby("fact").mean().mean()
    return float(means["exact"]), float(means["recall"])


def _per_fact(case: Case, history: History, run: _Run, texts: bool) -> pd.DataFrame:
    """A row per fact: id, task, prompt, answer, scores before, just after its write and at the end, what the model says."""
    question = case.question
    columns: dict[str, Any] = {
        "id": [fact.id if fact.id is not None else fact.place for fact in question.plain],
        "task": [fact.task for fact in question.plain],
        "prompt": [fact.prompt for fact in question.plain],
        "answer": [fact.answer for fact in question.plain],
    }
    for score in ("exact", "probability", "bits"):
        of_score = {"before": history.asked[score][0], "fresh": history.fresh(score), "final": history.asked[score][-1]}
        columns |= {f"{score}_{when}": values for when, values in of_score.items()}
    if texts:
        prompts = [question.encoder.joined(one.prompt, one.answer)[0] for one in question.asked]
        count = int(case.facts.row.bincount().max()) + MORE
        columns["text_before"] = said(question.loaded.model, question.encoder, prompts, count)
        columns["text_final"] = [""] * len(prompts) if run.divergence else said(case.model, question.encoder, prompts, count)
    return pd.DataFrame(columns)
