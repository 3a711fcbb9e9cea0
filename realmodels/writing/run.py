"""One stream of writes: learning rate, tasks, what is asked after each, where it stops, and its delta.

With a place for the delta, the state of the stream lies beside it after every task. A stream that was killed is taken up from
there, its learning rate included, and ends with the same bytes and the same report.
"""

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from realmodels.writing.case import Case
from realmodels.writing.damage import bits_per_byte
from realmodels.writing.delta import Delta
from realmodels.writing.history import SCORES, History
from realmodels.writing.methods.binding import code
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import Facts
from realmodels.writing.recorder import Recorder
from realmodels.writing.resume import load_state, save_state
from realmodels.writing.stream import stream
from simulate.runs.answer import plain
from theory.errors import UserError


class Run:
    """The stream of a case. out: where the delta will lie, or None. ruin: bits per byte that the protected text may cost more.

    before, after: bits per byte of the protected text. done: tasks that are written. divergence, ruined: why it was stopped.
    Raises UserError if the model's numbers are not finite before any write.
    """

    def __init__(self, case: Case, out: Path | None, per_task: bool, ruin: float):
        self.case, self.out, self.ruin, self.per_task = case, out, ruin, per_task
        self.history = History(case.facts)
        self.progress = None if out is None else out.with_name(f"{out.name}.partial")
        loaded, parameters = case.question.loaded, case.writer.parameters
        self.recorder = None if out is None else Recorder(loaded, parameters, per_task, self.progress)
        self.before = self.after = bits_per_byte(case.model, case.question.protected)
        if not math.isfinite(self.before):
            raise UserError(f"model {loaded.path} gives numbers that are not finite, before any write: choose another model")
        self.divergence: str | None = None
        self.ruined: str | None = None
        self.done = self.steps = 0
        self.rate, self.at_end = math.nan, False

    def write(self, learning_rate: float | None, steps: int) -> None:
        """Write the tasks that are not written yet; ask after each; stop at one that diverges or ruins the model."""
        case, history = self.case, self.history
        key = self._key(learning_rate, steps)
        begin = self._take_up(key)
        if begin is None:
            self.rate, self.at_end = case.rate(learning_rate, steps)
        self.steps = steps
        try:
            for written in stream(case.writer, case.facts, self.rate, steps, begin or 0):
                if written != begin:
                    history.ask(case.model, written)
                    if written:
                        self._note(written, key)
                self.ruined = self._ruin()
                if self.ruined:
                    break
        except Diverged as error:
            self.divergence = str(error)

    def _note(self, written: int, key: Mapping[str, Any]) -> None:
        """A task more is written: measure the text, tell of it, keep the state."""
        self.done, self.after = written, bits_per_byte(self.case.model, self.case.question.protected)
        own = self.history.asked["exact"][written][self.history.rows(written - 1)].mean()
        rise = f"protected text {self.after - self.before:+.3f} bits per byte"
        more = getattr(self.case.writer, "told", "")  # what a method of its own kind says of its last write
        self.case.say("; ".join(filter(None, (f"task {written} of {self.history.T}: {own:.0%} of it said right", rise, more))))
        if self.recorder:
            self.recorder.task_done(str(self.history.numbers[written - 1]))
            self._lay_down(key)

    def _ruin(self) -> str | None:
        rise = self.after - self.before
        if rise <= self.ruin:
            return None
        told = f"costs {rise:.3g} bits per byte more than before, and {self.ruin:g} were allowed"
        return f"After task {self.done} of {self.history.T} the protected text {told}"

    def _key(self, learning_rate: float | None, steps: int) -> dict[str, Any]:
        """What a state belongs to: all that decides which bytes come out."""
        case, question = self.case, self.case.question
        digests = {"facts": _digest(case.facts), "background": _digest(question.background.prompts)}
        text = hashlib.sha256(question.protected.tokens.numpy().tobytes()).hexdigest()
        given = {"learning_rate": learning_rate, "steps": steps, "per_task": self.per_task}
        method = {"method": case.method, "options": case.options, "code": code(case.method)}
        return plain({"model": question.loaded.sha256, **digests, "text": text, **method, **given})

    def _take_up(self, key: Mapping[str, Any]) -> int | None:
        """Go on from a stream that was stopped, if its state is there: the number of tasks that are written, else None.

        Raises UserError if it is that of another stream.
        """
        found = load_state(self.progress, key, self.case.say) if self.progress else None
        if found is None or self.recorder is None:
            return None
        tensors, about = found
        with torch.no_grad():
            for name, parameter in self.case.writer.parameters.items():
                parameter.copy_(tensors[f"parameter/{name}"])
        self.case.writer.restore(_below(tensors, "method/"))
        self.case.writer.state_numbers, self.case.writer.state_bits = about["state"]  # counted while tasks are written
        self.recorder.restore(about["delta"])
        for name in SCORES:
            self.history.asked[name][:] = tensors[f"history/{name}"].numpy()
        self.done, self.after, self.rate, self.at_end = (about[name] for name in ("done", "after", "rate", "at_end"))
        self.case.settings |= about["settings"]
        self.case.say(f"going on after task {self.done}, which was written before")
        return self.done

    def _lay_down(self, key: Mapping[str, Any]) -> None:
        """Keep the state of the stream, so that it can go on."""
        assert self.recorder is not None
        assert self.progress is not None
        writer = self.case.writer
        tensors = {f"parameter/{name}": parameter.detach() for name, parameter in writer.parameters.items()}
        tensors |= {f"method/{name}": tensor for name, tensor in writer.state().items()}
        tensors |= {f"history/{name}": torch.from_numpy(self.history.asked[name]) for name in SCORES}
        settings = {name: self.case.settings[name] for name in ("learning_rate", "learning_rate_choice", "steps")}
        about: dict[str, Any] = {"state": [writer.state_numbers, writer.state_bits]}
        about |= {"done": self.done, "after": self.after, "rate": self.rate, "at_end": self.at_end, "settings": settings}
        save_state(self.progress, tensors, key, {**about, "delta": self.recorder.about()})

    def save(self, save_ruined: bool) -> Delta | None:
        """The delta, saved and read back, or None if nothing is to be saved; then the state of the stream is done with.

        Raises UserError if there is nothing that can be saved; the state is done with then, too.
        """
        wanted = self.out and self.recorder and not self.divergence and (save_ruined or not self.ruined)
        try:
            delta = self._saved() if wanted else None
        except UserError:
            self._clean()
            raise
        self._clean()
        return delta

    def _saved(self) -> Delta:
        assert self.recorder is not None
        assert self.out is not None
        settings = {name: _without_folder(value) for name, value in self.case.settings.items() if name != "model"}
        about = {**settings, "method": self.case.method, "facts_count": len(self.case.facts)}
        return self.recorder.save(self.out, {**about, "hashes": self.case.about["hashes"]}, self.ruined)

    def _clean(self) -> None:
        if self.progress and self.recorder:
            self.progress.unlink(missing_ok=True)
            self.recorder.clean()

    @torch.no_grad()
    def finish(self, rounded: bool) -> None:
        """Round the written parameters to the types of the model's files, if so; complete the history of a stream that ended.

        After divergence a model knows nothing; one that was stopped stays as it is.
        """
        if rounded and self.recorder:
            for name, parameter in self.case.writer.parameters.items():
                parameter.copy_(parameter.to(self.recorder.dtypes.get(name, torch.float32)).float())
            self.after = bits_per_byte(self.case.model, self.case.question.protected)
        if not self.divergence and (rounded or self.done < self.history.T):
            self.history.ask(self.case.model, self.done, whole=True)
        for name in SCORES:
            rows = self.history.asked[name]
            rows[self.done + 1 :] = 0.0 if self.divergence else rows[self.done]


def _without_folder(value: Any) -> Any:
    """A path as its last part: a delta is given away, and the same writes are the same bytes wherever their files lay."""
    is_path = isinstance(value, Path) or (isinstance(value, str) and "/" in value and Path(value).exists())
    return Path(value).name if is_path else value


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _digest(facts: Facts) -> str:
    """SHA-256 of facts as they are written and asked: tokens, items, options, tasks."""
    whole = hashlib.sha256()
    for tensor in (facts.tokens, facts.last, facts.task, facts.row, facts.place, facts.target, facts.options, facts.subject):
        whole.update(repr(tuple(tensor.shape)).encode() + tensor.contiguous().numpy().tobytes())
    return whole.hexdigest()
