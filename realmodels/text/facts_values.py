"""The values of one record of a facts file as texts: every mistake names its place, what is left out is noted."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from realmodels.text.facts_notes import SHOWN, Notes, brief
from realmodels.text.spacing import continuation
from theory.errors import UserError

Asked = tuple[str, str | None]  # a prompt and the answer that is expected, if it is known

SURROGATE = re.compile("[\ud800-\udfff]")
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff]")
QUESTIONS = ("prompt", "New Question")
EXPECTED = ("ground_truth", "answer", "target", "New Answer")
DEPTH = 4  # objects and lists within one another around a prompt


class Values:
    """The fields of one record; `where` begins every message, `place` names the record in notes."""

    def __init__(self, entry: Mapping[str, Any], where: str, place: str, notes: Notes):
        self.entry, self.where, self.place, self.notes = dict(entry), where, place, notes

    def note(self, kind: str) -> None:
        """Count a note of this kind for this record."""
        self.notes.add(kind, self.place)

    def given(self, name: str) -> bool:
        """Whether a field is there and neither null nor an empty text."""
        value = self.entry.get(name)
        return value is not None and not (isinstance(value, str) and not value.strip())

    def words(self, name: str, value: Any, kind: str = "a text that is not empty") -> str:
        """A value that has to be a text with characters that are seen. Raises UserError if it is not."""
        if not isinstance(value, str) or not value.strip():
            missing = value is None and name not in self.entry
            raise UserError(f'{self.where}: "{name}" is {self._missing() if missing else brief(value)}: give {kind}')
        if SURROGATE.search(value):
            what = "holds half of a surrogate pair, which is no character"
            raise UserError(f'{self.where}: "{name}" {what}: write the character itself')
        if INVISIBLE.search(value):
            self.note("a text holds control characters or invisible ones, which are kept")
        return value

    def _missing(self) -> str:
        """That a field is missing, and which ones are there."""
        names = [json.dumps(str(name)[:40]) for name in list(self.entry)[:SHOWN]]
        more = f" and {len(self.entry) - SHOWN} more" if len(self.entry) > SHOWN else ""
        return f"missing (there are {', '.join(names)}{more})" if names else "missing (the object is empty)"

    def text(self, name: str, value: Any) -> str:
        """As `words`; a number is read as the text that writes it."""
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return self.words(name, str(value) if number else value)

    def absent(self, name: str, value: Any) -> bool:
        """Whether an optional value is null or an empty text; the latter is noted."""
        if isinstance(value, str) and not value.strip():
            self.note(f'"{name}" is an empty text, which is left out')
            return True
        return value is None

    def first(self, value: Any) -> Any:
        """The answer in {"str": answer}, and the first of a list of aliases or of lists of them."""
        if value is None or isinstance(value, str):
            return value
        for _ in range(DEPTH):
            if isinstance(value, Mapping) and "str" in value:
                value = value["str"]
            elif isinstance(value, list | tuple):
                value = value[0] if value else None
        return value

    def asked(self, name: str, value: Any, truth: str | None = None) -> Iterator[Asked]:
        """(prompt, expected answer or None) for every prompt in a value of field `name`, in any of the forms that are met.

        A text, whose expected answer is `truth`; an object with prompt and ground_truth (or a list of each); an object of groups
        by name; a list of any of these, and of pairs [prompt, answer].
        """
        yield from self._asked(name, value, truth, 0, False)

    def _asked(self, name: str, value: Any, truth: str | None, depth: int, listed: bool) -> Iterator[Asked]:
        if isinstance(value, str):
            yield from self._pair(name, value, truth)
            return
        if depth > DEPTH:
            raise UserError(f'{self.where}: "{name}" is nested too deeply: give prompts, or objects with prompt and ground_truth')
        if isinstance(value, Mapping):
            question = next((key for key in QUESTIONS if key in value), None)
            if question is not None:
                yield from self._question(
                    name, value[question], next((value[k] for k in EXPECTED if value.get(k) is not None), None)
                )
                return
            for group in value.values():
                yield from self._asked(name, group, truth, depth + 1, False)
        elif isinstance(value, list | tuple):
            if listed and len(value) == 2 and isinstance(value[0], str):
                yield from self._pair(name, *value)
                return
            for one in value:
                yield from self._asked(name, one, truth, depth + 1, True)
        elif value is not None:
            yield from self._pair(name, value, truth)

    def _question(self, name: str, prompts: Any, answers: Any) -> Iterator[Asked]:
        if not isinstance(prompts, list | tuple):
            yield from self._pair(name, prompts, answers)
            return
        answers = [None] * len(prompts) if answers is None else answers
        if not isinstance(answers, list | tuple) or len(answers) != len(prompts):
            raise UserError(f'{self.where}: "{name}" has {len(prompts)} prompts and not as many answers: give one each')
        for prompt, answer in zip(prompts, answers, strict=True):
            yield from self._pair(name, prompt, answer)

    def _pair(self, name: str, prompt: Any, answer: Any) -> Iterator[Asked]:
        if self.absent(name, prompt):
            return
        prompt, answer = self.words(name, prompt, "prompts, or objects with prompt and ground_truth"), self.first(answer)
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            yield prompt.rstrip(), None
        else:
            yield continuation(prompt, self.text(name, answer))
