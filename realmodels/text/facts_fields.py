"""One record of a facts file as the texts that it holds, whatever names its fields have.

Understood are the fields of CounterFact (`requested_rewrite`, and its flat form with `relation_prefix`), zsRE, EasyEdit,
KnowEdit, AlphaEdit and TRACE, beside our own:
  prompt, answer   "{}" in a prompt stands for the subject if there is one that the prompt does not hold already
  task             an integer or a text
  subject          what the fact is about; a part of the prompt
  heldout_prompt, rephrase_prompt(s), paraphrases, paraphrase_prompts   other wordings, which are never taught
  ground_truth     the answer that was true before
  locality         prompts that the fact has nothing to do with: texts, or objects with a prompt and a ground_truth
  portability      prompts whose answers follow from the fact, in the same form
  id               a name of the fact
  space            true or false: whether a space stands before the answer (left out: as a writer of the script would)
Where a record has both a new answer and the one that was true, the new one is written unless the true one is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from realmodels.text.facts_file import EXAMPLE
from realmodels.text.facts_notes import Notes, brief
from realmodels.text.facts_values import Asked, Values
from realmodels.text.spacing import continuation
from theory.errors import UserError

Choice = Literal["new", "true"]

PROMPTS = ("prompt", "src", "prompts")
NEW = ("answer", "target_new", "alt", "target_false")
TRUE = ("ground_truth", "target_true", "answers")
WORDINGS = ("heldout_prompt", "rephrase_prompt", "rephrase", "rephrase_prompts", "paraphrases", "paraphrase_prompts")
NEIGHBOURS = ("locality", "locality_inputs", "neighbours", "neighborhood_prompts")
RELATED = ("portability", "portability_inputs", "related")
PAIRS = (("loc", "loc_ans"), ("locality_prompt", "locality_ground_truth"))
IDS = ("id", "case_id")
FLAT = ("relation_prefix", "subject", "relation_suffix")
OTHERS = ("task", "space", "requested_rewrite")
USED = {*PROMPTS, *NEW, *TRUE, *WORDINGS, *NEIGHBOURS, *RELATED, *sum(PAIRS, ()), *IDS, *FLAT, *OTHERS}
METADATA = {
    "pararel_idx",
    "relation",
    "relation_id",
    "target_true_id",
    "target_false_id",
    "pred",
    "cond",
}  # nothing to teach or ask
NO_ANSWER = "<|endoftext|>"  # what MEMIT's reader of zsRE puts where no old answer is known


@dataclass(frozen=True)
class Record:
    """The texts of one record. `answer` and `truth` are the exact texts that continue `prompt`; `task` as it was given."""

    prompt: str
    answer: str
    task: int | str | None
    wordings: tuple[str, ...]
    subject: str | None
    truth: str | None
    neighbours: tuple[Asked, ...]
    related: tuple[Asked, ...]
    id: str | None
    place: str


def record(entry: Any, where: str, place: str, notes: Notes, choice: Choice) -> Record:
    """The texts of a JSON object. where: begins every message; place: names the record in notes.

    Raises UserError for a field that is missing or of the wrong kind.
    """
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: not an object: write {EXAMPLE}")
    rewrite = entry.get("requested_rewrite", {})
    if not isinstance(rewrite, Mapping):
        raise UserError(f'{where}: "requested_rewrite" is {brief(rewrite)}: give an object with prompt and target_new')
    values = Values({**entry, **rewrite}, where, place, notes)
    listed = [name for name, value in entry.items() if name not in USED and isinstance(value, list) and _objects(value)]
    if listed and not any(values.given(name) for name in (*PROMPTS, *FLAT)):
        raise UserError(f"{where}: the objects stand in an array {brief(listed[0])} of another object: give the array itself")
    for name in values.entry:
        if name not in USED and name not in METADATA:
            notes.unused(str(name))
    subject = (
        None if values.absent("subject", _get(values, "subject")) else values.text("subject", _get(values, "subject")).strip()
    )
    given, space, name, truth = (
        filled(_prompt(values), subject),
        _get(values, "space"),
        _answer_name(values, choice),
        _truth(values),
    )
    if not isinstance(space, bool | None):
        raise UserError(f'{where}: "space" is {brief(space)}: give true or false, or leave it out')
    prompt, answer = continuation(given, values.text(name, values.first(_get(values, name))), space)
    if subject is not None and subject not in prompt:
        values.note("the subject is not a part of the prompt")
    neighbours = [pair for field in NEIGHBOURS for pair in _around(values, field, truth)]
    for asked, answered in PAIRS:
        neighbours += values.asked(asked, {"prompt": _get(values, asked), "ground_truth": _get(values, answered)})
    named = next((field for field in IDS if values.given(field)), None)
    return Record(
        prompt=prompt,
        answer=answer,
        task=_task(values),
        wordings=_wordings(values, prompt, subject),
        subject=subject,
        truth=None if truth is None or name in TRUE else continuation(given, truth, space)[1],
        neighbours=tuple(dict.fromkeys(neighbours)),
        related=tuple(dict.fromkeys(pair for field in RELATED for pair in _around(values, field))),
        id=None if named is None else values.text(named, _get(values, named)),
        place=place,
    )


def filled(prompt: str, subject: str | None) -> str:
    """The prompt with the subject where "{}" stands, unless it holds the subject already; other braces are text."""
    return prompt if subject is None or subject in prompt else prompt.replace("{}", subject)


def _objects(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(one, Mapping) for one in value)


def _get(values: Values, name: str) -> Any:
    return values.entry.get(name)


def _prompt(values: Values) -> str:
    names = [name for name in PROMPTS if values.given(name)]
    if not names and all(isinstance(_get(values, part), str) for part in FLAT):
        return values.words("prompt", "".join(_get(values, part) for part in FLAT))
    name = names[0] if names else "prompt"
    return values.words(name, _get(values, name))


def _answer_name(values: Values, choice: Choice) -> str:
    """The field that the answer is read from."""
    new, true = ([name for name in names if values.given(name)] for names in (NEW, TRUE))
    if any(values.first(_get(values, name)) != values.first(_get(values, new[0])) for name in new[1:]):
        raise UserError(f'{values.where}: "{new[0]}" and "{new[1]}" are two answers: keep one of the two fields')
    if choice == "true" and true:
        return true[0]
    if not new and "answers" in true:
        values.note('there is no new answer "alt": the first of "answers" is written')
        return "answers"
    if new and true and new[0] in ("alt", "target_false"):
        values.note(f'the new answer in "{new[0]}" is written, not the true one in "{true[0]}"')
    return next(iter([*new, *(name for name in NEW if name in values.entry)]), "answer")


def _truth(values: Values) -> str | None:
    """The answer that was true before; None if none is given."""
    for name in TRUE:
        value = values.first(_get(values, name))
        if value is not None and not (isinstance(value, str) and value.strip() in ("", NO_ANSWER)):
            return values.text(name, value)
    return None


def _task(values: Values) -> int | str | None:
    task = _get(values, "task")
    if isinstance(task, bool) or not isinstance(task, int | str | None) or (isinstance(task, str) and not task.strip()):
        raise UserError(f'{values.where}: "task" is {brief(task)}: give an integer or a text, or leave it out of all facts')
    return task


def _wordings(values: Values, prompt: str, subject: str | None) -> tuple[str, ...]:
    """Other wordings, each once and none of them the prompt."""
    found: dict[str, None] = {}
    for name in WORDINGS:
        several = _get(values, name)
        for wording in several if isinstance(several, list | tuple) else [several]:
            if values.absent(name, wording):
                continue
            text = filled(values.words(name, wording, "a text or a list of texts"), subject).rstrip()
            if text == prompt:
                values.note("a held-out wording is the prompt itself and is left out")
            else:
                found[text] = None
    return tuple(found)


def _around(values: Values, name: str, truth: str | None = None) -> list[Asked]:
    """The prompts of a field with their expected answers; CounterFact's neighbours have the old answer of the fact."""
    return list(values.asked(name, _get(values, name), truth if name == "neighborhood_prompts" else None))
