"""Make a study: every system lives through the story and answers what is asked, chapter by chapter.

What is made already is kept in the folder `making` of the study until all is there: answers, line by line, and the weights after
the last chapter that a writing system has finished. So an interrupted making goes on where it was, and its study is the same.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from realmodels.arena.items import items_of, marks
from realmodels.arena.ranking.automatic import RULE
from realmodels.arena.story import Story
from realmodels.arena.study import Answer, Item, Study, System
from realmodels.arena.systems.lived import ASK, TOKENS, Lived
from realmodels.arena.systems.named import Named, named
from realmodels.arena.systems.written import Written
from realmodels.model.loaded import load
from realmodels.training.loop import one_thread
from simulate.runs.files import atomic, digest, read_json, write_json
from theory.errors import UserError

SYSTEMS = ("frozen", "whole", "window", "retrieval", "last_matrix", "off_mode", "off_mode+window")
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Making:
    """One study on its way: its folder and what it is made from."""

    folder: Path
    story: Story
    systems: Sequence[Named]
    model: str

    @property
    def kept(self) -> Path:
        return self.folder / "making"

    def model_of(self, system: Named) -> str:
        return system.model or self.model


def new(
    folder: str | Path,
    story: Story,
    systems: Sequence[str] = SYSTEMS,
    model: str = "smollm2",
    made: dict[str, Any] | None = None,
    say: Say = lambda line: None,
    workers: int = 1,
) -> Study:
    """Make a study in a folder, or go on with one that was interrupted; returns it.

    systems: words of `realmodels.arena.systems.named`, two at least. model: for systems that name none. made: how the story was
    made, to be noted. say: is told the progress, a line at a time. workers: processes among which systems are shared.
    Raises UserError for a folder that holds a finished study or one that was begun from something else, for systems that are not
    known, and for models that cannot be read.
    """
    folder = Path(folder)
    asked_for = [named(word) for word in systems]
    ids = [system.id for system in asked_for]
    if len(ids) < 2 or len({*ids}) < len(ids):
        raise UserError(f"systems {', '.join(systems) or 'none'}: give two or more that differ")
    if workers < 1:
        raise UserError(f"workers={workers}: give 1 process at least")
    making = _Making(folder, story, asked_for, model)
    sha256 = {name: load(name).sha256 for name in dict.fromkeys(making.model_of(system) for system in asked_for)}
    _begin(making, sha256)
    items = items_of(story)
    lived: Any = Parallel(n_jobs=min(workers, len(asked_for)))(
        delayed(_lived)(making, system, items, say) for system in asked_for
    )
    answers, finished = [], []
    for system, (about, texts) in zip(asked_for, lived, strict=True):
        name = making.model_of(system)
        finished.append(System(system.id, system.word, {**about, "model": name, "sha256": sha256[name]}))
        answers += [_answer(story, item, system.id, texts[item.id]) for item in items]
    about = {**(made or {}), "model": model, "systems": list(systems), "tokens": TOKENS, "asked": _asked(story), "rule": RULE}
    found = {(answer.item, answer.system): answer for answer in answers}
    study = Study(folder, folder.name, True, False, about, story, tuple(finished), items, found)
    study.save()
    shutil.rmtree(making.kept)
    return study


def _asked(story: Story) -> dict[str, str]:
    return {kind: text for (language, kind), text in ASK.items() if language == story.language}


def _begin(making: _Making, models: dict[str, str]) -> None:
    """Make the folder, or see that what is there was begun from the same."""
    if (making.folder / "study.json").exists():
        raise UserError(f"study {making.folder} is there already: give another name, or delete that folder")
    this = {"story": digest(asdict(making.story)), "systems": [system.word for system in making.systems], "models": models}
    note = making.kept / "making.json"
    if note.exists():
        if read_json(note, "delete the folder") != this:
            raise UserError(f"study {making.folder} was begun from another story, systems or model: give these, or delete it")
        return
    if making.folder.exists() and any(making.folder.iterdir()):
        raise UserError(f"folder {making.folder} is not empty, and holds no study: give another name")
    making.kept.mkdir(parents=True, exist_ok=True)
    write_json(note, this)


def _lived(making: _Making, named: Named, items: Sequence[Item], say: Say) -> tuple[dict[str, Any], dict[str, str]]:
    """({what is needed to make the system again}, {item: text}). Goes on after the last chapter that was finished."""
    with one_thread():  # the same to the bit, and quicker beside other work
        return _told(making, named, items, say)


def _told(making: _Making, named: Named, items: Sequence[Item], say: Say) -> tuple[dict[str, Any], dict[str, str]]:
    """`_lived`, on as many threads as torch has."""
    notes, weights = making.kept / f"{named.id}.json", making.kept / f"{named.id}.safetensors"
    done: dict[str, Any] = {"chapters": 0, "texts": {}, "made": {}}
    if notes.exists():
        done = read_json(notes, "delete it")
    chapters = making.story.chapters
    if done["chapters"] == len(chapters):
        return done["made"], done["texts"]
    system = named.system(load(making.model_of(named)), making.story)
    known = _restored(system, making.story, done["chapters"], weights)
    texts = dict(done["texts"])
    for number in range(done["chapters"] + 1, len(chapters) + 1):
        if number > known:
            system.live(chapters[number - 1])
            if isinstance(system, Written):
                with atomic(weights) as temporary:
                    save_file({k: v.contiguous() for k, v in system.weights().items()}, temporary, {"chapters": str(number)})
        texts |= {item.id: system.answer(item) for item in items if item.chapter == number}
        write_json(notes, {"chapters": number, "texts": texts, "made": system.made})
        say(f"{named.word}: chapter {number} of {len(chapters)}")
    weights.unlink(missing_ok=True)
    return system.made, texts


def _restored(system: Lived, story: Story, chapters: int, weights: Path) -> int:
    """Bring a new system to where it was; returns how many chapters it has taken in.

    Weights are stored as soon as a chapter is written, `chapters` only when its items are answered: they may be one ahead.
    """
    if isinstance(system, Written):
        if not weights.exists():
            return 0
        with safe_open(weights, "pt") as file:
            chapters = int(file.metadata()["chapters"])
    for chapter in story.chapters[:chapters]:
        system.hear(chapter)
    if isinstance(system, Written):
        system.restore(load_file(weights))
    return chapters


def _answer(story: Story, item: Item, system: str, text: str) -> Answer:
    probe = next((probe for probe in story.probes if f"q-{probe.id}" == item.id), None)
    right, outdated = (None, None) if probe is None else marks(probe, text, story.language)
    return Answer(item.id, system, text, right, outdated)
