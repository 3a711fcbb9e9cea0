"""A model and the facts that are to be written into it, both read and encoded: what every answer about them rests on."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from realmodels.model.loaded import Loaded, as_loaded
from realmodels.model.memory import size
from realmodels.model.reading import context
from realmodels.text.facts import TEMPLATES, Fact, stream
from realmodels.text.facts_notes import brief
from realmodels.text.protected import Protected, protected, readable
from realmodels.text.user_facts import FactsLike, Read, UserFact, read_facts
from realmodels.writing.methods.writer import Background
from realmodels.writing.outputs import Answers, Asked, Facts, encode_asked, tree
from realmodels.writing.scenario import FACTS, TASKS
from theory.errors import UserError

Model = str | Path | Loaded
Made = TypeVar("Made")
FORMS = ("plain", "chat")


@dataclass(frozen=True)
class Setting:
    """What a user may set besides the model and the facts.

    background: facts of the same form that are never written; methods protect their prompts. text: file of text that the
    writes should leave alone (default: packaged summaries of Wikipedia articles, which no model trained here has read).
    facts_per_task: how many facts in order are one task, for files without tasks. template: "plain", or "chat" for the model's
    own chat template. known: facts that the model may know already, asked before and after. answer: "new" or "true", which of
    a record's two answers is written. memory: bytes that the process may take for a kernel, as a number or "8G" (default: what is
    free).
    """

    background: FactsLike | None = None
    text: str | Path | None = None
    facts_per_task: int | None = None
    template: str = "plain"
    known: FactsLike | None = None
    answer: str = "new"
    memory: str | int | None = None


class Question:
    """A model and facts, read: `loaded`, `plain` (facts as a user gave them), `facts` (as tensors), `background`, `protected`."""

    def __init__(self, model: Model, facts: FactsLike, setting: Setting | None = None, named: bool = False):
        self.setting = setting or Setting()
        if self.setting.template not in FORMS:
            raise UserError(f"template {self.setting.template!r}: choose {' or '.join(FORMS)}")
        self.memory = None if self.setting.memory is None else size(self.setting.memory)
        read = self._read(facts, named)  # all files before the model, whose loading may take a minute
        source = f"facts file {facts}" if isinstance(facts, str | Path) else "the facts"
        if len({fact.answer for fact in read.facts}) < 2:
            told = f"all facts have the answer {brief(read.facts[0].answer.strip())}"
            raise UserError(f"{source}: {told}, nothing to choose among: at least two different answers are needed")
        self.known = [] if self.setting.known is None else read_facts(self.setting.known).facts
        others = None if self.setting.background is None else read_facts(self.setting.background).facts
        if self.setting.text is not None:
            readable(self.setting.text)
        self.loaded = as_loaded(model)
        self.encoder, self.room = self.loaded.words, context(self.loaded.model)
        self.plain, self.notes, self.own_tasks = read.facts, list(read.notes), read.own_tasks
        self.asked = [self.question(fact, fact.prompt) for fact in self.plain]
        self.places = [f"{source}, {fact.place}" if fact.place else source for fact in self.plain]
        self.tree = self._placed(lambda: tree(self.asked, self.encoder), self.asked, self.places)
        self.facts = self._fitting(self.asked, self.places)
        self.notes += self._beginnings()
        self.protected: Protected = protected(self.loaded, self.setting.text)
        if self.protected.twice:
            self.notes.append(
                "the protected text is too short to take statistics from other parts of it: what rome, memit and "
                "alphaedit do to it is no evidence of protection; give more with --text"
            )
        apart = [f"background, {fact.place}" for fact in others or ()]
        prompts = self.facts if others is None else self._fitting([self.question(fact, fact.prompt) for fact in others], apart)
        self.background = Background(prompts, self.protected.beside)
        self.about: dict[str, Any] = {
            "facts": len(self.facts),
            "tasks": len(self.facts.task.unique()),
            "candidates": self.tree.count,
            "answer_tokens": len(self.facts.row),
            "full_bits": float(self.facts.full_bits.mean()),
            "chance_recall": float((2.0**-self.facts.full_bits).mean()),
            "chance_bits": 0.0,
            "hashes": {
                "facts": digest(facts, self.plain),
                "background": None if others is None else digest(self.setting.background, others),
                "model": self.loaded.sha256,
            },
        }
        self.settings: dict[str, Any] = {
            "model": str(self.loaded.path),
            "facts": str(facts) if isinstance(facts, str | Path) else f"{len(self.plain)} facts from memory",
            "background": "the prompts of the facts themselves" if others is None else named_source(self.setting.background),
            "template": self.setting.template,
            "protected text": self.protected.about,
        }

    def _read(self, facts: FactsLike, named: bool) -> Read:
        if named and isinstance(facts, str) and facts in TEMPLATES and not Path(facts).exists():
            return Read([_plain(fact) for fact in stream(facts, TASKS["quick"], FACTS, 0)], (), True)
        return read_facts(facts, self.setting.facts_per_task, self.setting.answer)  # pyright: ignore[reportArgumentType]

    def worded(self, prompt: str, answer: str) -> tuple[str, str]:
        """A prompt and its answer in the form in which the model is asked."""
        if self.setting.template == "plain":
            return prompt, answer
        return self.encoder.chat(prompt), answer.lstrip()

    def question(self, fact: Fact, wording: str) -> Asked:
        """A fact in one of its wordings, in the form in which the model is asked."""
        prompt, answer = self.worded(wording, fact.answer)
        return Asked(prompt, answer, fact.task, getattr(fact, "subject", None))

    def other_wordings(self) -> tuple[Facts | None, list[int]]:
        """(all wordings that are never written, as facts, or None; the fact that each belongs to)."""
        pairs = [(index, wording) for index, fact in enumerate(self.plain) for wording in fact.heldout_wordings]
        if not pairs:
            return None, []
        asked = [self.question(self.plain[index], wording) for index, wording in pairs]
        return self._fitting(asked, [self.places[index] for index, _ in pairs]), [index for index, _ in pairs]

    def in_order(self, order: Sequence[int], per_task: int) -> Facts:
        """The facts in another order, in new tasks of `per_task` facts each."""
        asked = [self.asked[index] for index in order]
        again = [Asked(one.prompt, one.answer, number // per_task, one.subject) for number, one in enumerate(asked)]
        return encode_asked(again, self.encoder, self.tree)

    def _beginnings(self) -> list[str]:
        """A line about answers that begin other answers of the file: where an answer ends is not asked."""
        spelt = {tuple(self.encoder.joined(one.prompt, one.answer)[1]): one.answer for one in self.asked}
        pairs = [(spelt[ids[:end]], whole) for ids, whole in spelt.items() for end in range(1, len(ids)) if ids[:end] in spelt]
        if not pairs:
            return []
        short, long = min(pairs)
        told = "1 answer begins another" if len(pairs) == 1 else f"{len(pairs)} answers begin others"
        return [f"{told}: {short!r} counts as said where the model goes on to {long!r}"]

    def token_lines(self) -> list[str]:
        """For each fact a line: the tokens of its prompt, an arrow, those of its answer; the texts too if they are not ASCII."""
        lines = []
        for one in self.asked:
            before, ids = self.encoder.joined(one.prompt, one.answer)
            plain = (one.prompt + one.answer).isascii()
            texts = "" if plain else f"  the texts: {one.prompt!r} -> {one.answer!r}"  # whose tokens may be parts of characters
            lines.append(f"{self.encoder.pieces(before)} -> {self.encoder.pieces(ids)}{texts}")
        return lines

    def _fitting(self, asked: Sequence[Asked], places: Sequence[str]) -> Facts:
        """The questions as tensors. Raises UserError with the place of the first that is longer than the model's context."""
        return self._placed(lambda: encode_asked(asked, self.encoder, self.tree, self.room), asked, places)

    def _placed(self, work: Callable[[], Made], asked: Sequence[Asked], places: Sequence[str]) -> Made:
        """What `work` makes of questions. Raises UserError with the place of the first that cannot be encoded alone."""
        try:
            return work()
        except UserError:
            for one, place in zip(asked, places, strict=True):
                try:
                    encode_asked([one], self.encoder, Answers([]), self.room)
                except UserError as error:
                    raise UserError(f"{place}: {error}") from None
            raise


def _plain(fact: Fact) -> UserFact:
    return UserFact(fact.prompt, fact.answer, fact.task, fact.heldout_prompt, fact.paraphrases)


def named_source(facts: FactsLike | None) -> str:
    """Where facts come from, in words."""
    return str(facts) if isinstance(facts, str | Path) else f"{0 if facts is None else len(facts)} facts from memory"


def digest(source: FactsLike | None, facts: Sequence[Fact]) -> str:
    """SHA-256 of a facts file; of facts from elsewhere, that of their canonical JSON."""
    if isinstance(source, str | Path) and Path(source).is_file():
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    records = [[fact.prompt, fact.answer, fact.task, *fact.heldout_wordings] for fact in facts]
    return hashlib.sha256(json.dumps(records).encode()).hexdigest()
