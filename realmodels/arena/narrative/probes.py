"""Probes of a plot: questions about slots of its state, asked after chapters in which the answer still holds.

Two or three are asked after every chapter from the third on. Young, middle and old facts are asked for as evenly as the story
allows; the last chapter asks for the oldest fact that still holds. Otherwise a fact is asked for twice at most, and not
soon again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from realmodels.arena.narrative.cast import Cast
from realmodels.arena.narrative.plot import Plot
from realmodels.arena.narrative.words import Phrases
from realmodels.arena.narrative.world import RELATIONS, Event, Slot, changed, value
from realmodels.arena.story import Kind, Probe

FIRST = 3  # chapter after which the first probes are asked
YOUNG = 2  # chapters: the age of a young fact, at most
OLD = 3  # a fact is old if its age is more than the story's length divided by this
APART = 5  # chapters between two questions for the same fact, at least
TWICE = 2


@dataclass(frozen=True)
class Fact:
    """A question about a slot, as of now. chapter: the last that bears on it. question: a key of `Phrases.questions`.

    answer, earlier: the value and those before it, as words. event: names whom and what the question is about.
    """

    slot: Slot
    question: str
    kind: Kind
    chapter: int
    event: Event
    answer: str
    earlier: tuple[str, ...]


def probes(phrases: Phrases, cast: Cast, plot: Plot, rng: np.random.Generator) -> tuple[Probe, ...]:
    """The probes of a plot, in the order in which they are asked."""
    chooser = _Chooser(len(plot.scenes), rng)
    asked: list[Probe] = []
    for number in range(FIRST, len(plot.scenes) + 1):
        for fact in chooser.chosen(facts(plot, cast, number), number):
            words = cast.words(fact.event, phrases, 0)
            question, opening = (of[fact.question].format(**words) for of in (phrases.questions, phrases.openings))
            earlier = tuple(dict.fromkeys(one for one in fact.earlier if one != fact.answer))
            known = cast.place_names if fact.kind == "place" else cast.names
            shown = {fact.answer, *earlier} | (
                {cast.names[fact.event.actor]} if fact.question in (*RELATIONS, "open to") else set()
            )
            wrong = [known[i] for i in rng.permutation(len(known)) if known[i] not in shown]
            name = f"p{len(asked) + 1}"
            asked.append(Probe(name, fact.kind, fact.chapter, number, question, fact.answer, earlier, tuple(wrong), opening))
    return tuple(asked)


def facts(plot: Plot, cast: Cast, now: int) -> list[Fact]:
    """All that can be asked after chapter `now`, and has one answer only."""
    changes: dict[Slot, list[tuple[int, Event]]] = {}
    seen: dict[int, int] = {}
    for number, scene in enumerate(plot.scenes[:now], 1):
        seen |= dict.fromkeys(scene.cast, number)
        for event in scene.events:
            changes.setdefault(changed(event), []).append((number, event))
    known = [
        _task(slot, changes[slot], cast) if slot[0] == "task" else _value(slot, changes[slot], seen, plot, cast)
        for slot in changes
    ]
    return [fact for several in known for fact in several]


def _value(slot: Slot, changes: list[tuple[int, Event]], seen: dict[int, int], plot: Plot, cast: Cast) -> Iterator[Fact]:
    chapter, event = changes[-1]
    place = slot[0] in ("at", "home")
    words = cast.place_names if place else cast.names
    values = [plot.start[slot], *(value(event) for _, event in changes)]
    told = [words[one] for one in values if one is not None]
    kind: Kind = "place" if place else "object" if slot[0] == "object" else "relation"
    chapter = seen[slot[1]] if slot[0] == "at" else chapter
    yield Fact(slot, slot[0], kind, chapter, event, told[-1], tuple(told[:-1]))


def _task(slot: Slot, changes: list[tuple[int, Event]], cast: Cast) -> Iterator[Fact]:
    """Who is bound, kept it or broke it last; and to whom the promise was made, while it waits."""
    chapter, event = changes[-1]
    promises = [one for _, one in changes if one.kind == "promise"]
    broken = [one for _, one in changes if one.kind == "break"]
    actors = tuple(cast.names[one.actor] for one in (broken if event.kind == "break" else promises))
    question = {"promise": "open", "keep": "kept", "break": "broken"}[event.kind]
    yield Fact(slot, question, "promise", chapter, event, cast.names[event.actor], actors[:-1])
    if event.kind == "promise" and [one.actor for one in promises].count(event.actor) == 1:
        assert event.other is not None
        yield Fact(slot, "open to", "promise", chapter, event, cast.names[event.other], ())


class _Chooser:
    """Keeps count of what was asked, so that ages and kinds stay even."""

    def __init__(self, chapters: int, rng: np.random.Generator):
        self.chapters, self.rng = chapters, rng
        self.ages: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.times: dict[tuple[object, ...], list[int]] = {}

    def chosen(self, able: list[Fact], number: int) -> list[Fact]:
        """Two or three facts for the questions after a chapter, each about another slot."""
        chosen: list[Fact] = []
        if number == self.chapters and able:
            chosen.append(min(able, key=lambda fact: fact.chapter))
            self._count(chosen[0], number)
        able = [fact for fact in able if self._fresh(fact, number)]
        while len(chosen) < 2 + number % 2:
            able = [fact for fact in able if all(fact.slot != one.slot for one in chosen)]
            if not able:
                break
            noise = self.rng.random(len(able))
            best = min(range(len(able)), key=lambda i: (*self._asked(able[i], number), noise[i]))
            chosen.append(able[best])
            self._count(able[best], number)
        return chosen

    def _asked(self, fact: Fact, number: int) -> tuple[int, int]:
        """How often its age, and its kind, have been asked."""
        return self.ages[self.band(number - fact.chapter)], self.kinds[fact.kind]

    def band(self, age: int) -> str:
        """young, middle or old."""
        return "young" if age <= YOUNG else "old" if age > self.chapters / OLD else "middle"

    def _fresh(self, fact: Fact, number: int) -> bool:
        times = self.times.get((fact.slot, fact.question, fact.chapter), [])
        return len(times) < TWICE and all(number - time >= APART for time in times)

    def _count(self, fact: Fact, number: int) -> None:
        self.ages[self.band(number - fact.chapter)] += 1
        self.kinds[fact.kind] += 1
        self.times.setdefault((fact.slot, fact.question, fact.chapter), []).append(number)
