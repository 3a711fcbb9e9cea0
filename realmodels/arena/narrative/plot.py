"""What happens, chapter by chapter: one scene at one place, with people who come, act and leave. The seed decides.

Every chapter has a purpose, an event between two people. One of them travels if they are apart. What somebody does may have a
consequence in the same chapter: a broken promise or a theft makes an enemy, a kept promise makes a friend. A few early facts are
pinned: nothing changes them any more, so that readers can be asked for them to the very end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from realmodels.arena.narrative.world import (
    OBJECTS,
    PEOPLE,
    PLACES,
    RELATIONS,
    STATUS,
    TASKS,
    Event,
    Slot,
    State,
    changed,
    hostile,
    sensible,
    together,
    value,
)

SHARES = {"object": 0.25, "relation": 0.2, "promise": 0.35, "settle": 0.2}  # how often each group of events is tried first
MOST = 4  # events of a chapter
PATIENCE = 2  # chapters from a promise to its end, at least
LATE = 3  # chapters at the end that see no new promise
OPEN = 4  # promises that wait at one time, at most
STAY = 6  # chapters that a person lives at a place, at least
HARM = ("steal", "break", "grudge")  # after one of these, two people do nothing of KIND in the same chapter
KIND = ("give", "trust", "debt", "promise", "win")
PINNED = (1, 2, 3, 5, 7)  # chapters of which one fact lasts to the end


@dataclass(frozen=True)
class Scene:
    """A chapter: its place, the people in it, the events, and which of them is the purpose. state: after the chapter."""

    place: int
    cast: tuple[int, ...]
    events: tuple[Event, ...]
    purpose: int
    state: State


@dataclass(frozen=True)
class Plot:
    """The state before the first chapter, and a scene per chapter."""

    start: State
    scenes: tuple[Scene, ...]


def plot(chapters: int, rng: np.random.Generator) -> Plot:
    """A plot of so many chapters. The same rng in the same state gives the same plot."""
    director = _Director(chapters, rng)
    start = dict(director.state)
    return Plot(start, tuple(director.scene(number) for number in range(1, chapters + 1)))


def _jars(event: Event, before: Event) -> bool:
    """Whether two people would be kind to each other just after one has harmed the other."""
    return event.kind in KIND and before.kind in HARM and {event.actor, event.other} == {before.actor, before.other}


class _Director:
    """Chooses events. state: as of now. pinned: slots that no longer change. events: of this chapter, each kind but once."""

    def __init__(self, chapters: int, rng: np.random.Generator):
        self.chapters, self.rng = chapters, rng
        homes = [*range(PLACES), *rng.integers(PLACES, size=PEOPLE - PLACES)]
        rng.shuffle(homes)
        owners = rng.permutation(PEOPLE)[:OBJECTS]
        self.state: State = {(name, who): int(homes[who]) for name in ("at", "home") for who in range(PEOPLE)}
        self.state |= {("object", thing): int(owners[thing]) for thing in range(OBJECTS)}
        self.state |= {(name, who): None for name in RELATIONS for who in range(PEOPLE)}
        self.state |= {("task", task): None for task in range(TASKS)}
        self.pace = rng.permutation(np.geomspace(0.1, 1, OBJECTS))  # some objects change hands often, some hardly ever
        self.lender: dict[int, int] = {}  # object: who had it before
        self.promised: dict[int, int] = {}  # task: chapter of the promise
        self.moved: dict[int, int] = {}  # person: chapter of the last change of home
        self.pinned: set[Slot] = set()
        self.events: list[Event] = []
        self.number, self.place = 0, -1

    def scene(self, number: int) -> Scene:
        """The next chapter."""
        self.number, self.events = number, []
        purpose = self._drawn(range(PEOPLE), apart=True)
        if purpose is None or purpose.other is None:
            raise AssertionError("nobody can do anything")  # an object can always be given or won
        self.place = self._meeting(purpose)
        for who in (purpose.actor, purpose.other):
            self._go(who, self.place)
        if len(self.events) < 2 and self.rng.random() < 0.7:
            self._prelude(purpose)
        main = len(self.events)
        self._happen(purpose)
        if len(self.events) < MOST and self.rng.random() < 0.75:
            self._happen(self._consequence(purpose))
        if len(self.events) < 3:
            self._happen(self._drawn(self._present()))
        if len(self.events) < MOST and self.number < self.chapters:
            self._departure()
        self._pin()
        return Scene(self.place, tuple(self._acting()), tuple(self.events), main, dict(self.state))

    def _prelude(self, purpose: Event) -> None:
        """Something that happens first and leaves the purpose possible."""
        event = self._drawn(self._present(), but=purpose)
        if event and not _jars(purpose, event) and sensible(purpose, {**self.state, changed(event): value(event)}):
            self._happen(event)

    def _happen(self, event: Event | None) -> None:
        if event is None or not self._possible(event):
            return
        slot, before = changed(event), self.state[changed(event)]
        why = event.why
        if slot[0] == "object":
            why = "back" if self.lender.get(slot[1]) == value(event) else why
            self.lender[slot[1]], before = before, None
        elif slot[0] == "task":
            before = before[1] if before and event.kind == "promise" else None
            self.promised[slot[1]] = self.number
        elif event.kind == "settle":
            self.moved[event.actor] = self.number
        if event.kind == "keep" and hostile(self.state, event.actor, event.other):
            why = "enemy"
        self.events.append(replace(event, before=before, why=why))
        self.state[slot] = value(event)

    def _possible(self, event: Event, apart: bool = False) -> bool:
        slots = {changed(one) for one in self.events} | self.pinned
        kinds = {one.kind for one in self.events if one.kind != "go"}
        fresh = changed(event) not in slots and event.kind not in kinds
        if event.kind == "settle" and self.number - self.moved.get(event.actor, -STAY) < STAY:
            return False
        if any(_jars(event, one) for one in self.events):
            return False
        return fresh and (apart or together(event, self.state)) and sensible(event, self.state)

    def _present(self) -> list[int]:
        return [who for who in range(PEOPLE) if self.state["at", who] == self.place]

    def _acting(self) -> list[int]:
        """The people of the chapter's events, in order."""
        return list(dict.fromkeys(who for event in self.events for who in (event.actor, event.other) if who is not None))

    def _go(self, who: int, place: int) -> None:
        self._happen(Event("go", who, thing=place))

    def _meeting(self, event: Event) -> int:
        """Where the two meet: where one of them is; seldom where the last chapter was."""
        where = [self.state["at", who] for who in (event.other, event.actor) if who is not None]
        fresh = [place for place in where if place != self.place]
        if fresh:
            return fresh[0]
        if self.rng.random() < 0.2:
            return self.place
        return int(self.rng.choice([place for place in range(PLACES) if place != self.place]))

    def _departure(self) -> None:
        """Perhaps somebody who did not arrive just now leaves, if two of the chapter's people remain."""
        acting = self._acting()
        able = [who for who in self._present() if all(changed(one) != ("at", who) for one in self.events)]
        able = [who for who in able if len(set(acting) - {who}) >= 2]
        if able and self.rng.random() < 0.75:
            who = int(self.rng.choice([who for who in able if who in acting] or able))
            places = [place for place in range(PLACES) if place != self.place]
            crowd = np.array([sum(self.state["at", p] == place for p in range(PEOPLE)) for place in places])
            chances = 1 / (1 + crowd)
            self._go(who, int(self.rng.choice(places, p=chances / chances.sum())))

    def _pin(self) -> None:
        if self.number in PINNED:
            lasting = [changed(one) for one in self.events if one.kind not in ("go", *STATUS)]
            self.pinned |= set(lasting[:1])

    def _consequence(self, event: Event) -> Event | None:
        assert event.other is not None
        if event.kind in ("break", "steal"):
            return Event("grudge", event.other, event.actor, why=event.kind)
        return Event("trust", event.other, event.actor, why="keep") if event.kind == "keep" else None

    def _drawn(self, people: Sequence[int], apart: bool = False, but: Event | None = None) -> Event | None:
        """An event that is possible among these people. apart: wherever they are. but: leave alone what this one will do."""
        groups = ["object", "relation"] if apart and self.number == 1 else list(SHARES)
        shares = np.array([SHARES[group] for group in groups])
        order = self.rng.choice(len(groups), len(groups), replace=False, p=shares / shares.sum())
        for group in (groups[i] for i in order):
            able = [one for one in self._candidates(group, people, apart) if self._possible(one, apart)]
            able = [one for one in able if but is None or (changed(one) != changed(but) and one.kind != but.kind)]
            if able:
                chances = np.array([self.pace[one.thing] if group == "object" and one.thing is not None else 1.0 for one in able])
                kinds = [one.kind for one in able]
                chances /= [kinds.count(kind) for kind in kinds]  # each kind alike, however many events of it are possible
                return able[self.rng.choice(len(able), p=chances / chances.sum())]
        return None

    def _candidates(self, group: str, people: Sequence[int], apart: bool) -> Iterator[Event]:
        pairs = list(permutations(people, 2))
        if group == "settle":
            yield from () if apart else (Event("settle", who, thing=self.place) for who in people)
        elif group == "relation":
            yield from (Event(kind, actor, other) for kind in RELATIONS for actor, other in pairs)
        elif group == "object":
            yield from (Event(k, a, b, o) for k in ("give", "steal", "win") for a, b in pairs for o in range(OBJECTS))
        else:
            yield from self._promises(pairs)

    def _promises(self, pairs: Iterable[tuple[int, int]]) -> Iterator[Event]:
        waiting = [task for task in range(TASKS) if (self.state["task", task] or [""])[0] == "open"]
        ripe = [task for task in waiting if self.number - self.promised[task] >= PATIENCE]
        settled = [Event(kind, a, b, task) for kind in ("keep", "break") for a, b in pairs for task in ripe]
        settled = [event for event in settled if self._possible(event, apart=True)]
        late = self.number > self.chapters - LATE
        if settled and (late or len(waiting) >= OPEN or self.rng.random() < 0.5):
            yield from settled
        elif not late and len(waiting) < OPEN:
            yield from (Event("promise", a, b, task) for a, b in pairs for task in range(TASKS))
