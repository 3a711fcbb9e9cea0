"""What happens, chapter by chapter: one scene at one place, with people who come, act and leave. The seed decides.

Every chapter has a purpose, an event between two people. One of them travels if they are apart. What somebody does may have a
consequence in the same chapter: a broken promise or a theft makes an enemy, a kept promise makes a friend.
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
    TASKS,
    Event,
    Slot,
    State,
    changed,
    sensible,
    together,
    value,
)

SHARES = {"object": 0.25, "relation": 0.25, "promise": 0.35, "settle": 0.15}  # how often each group of events is tried first
MOST = 4  # events of a chapter
PATIENCE = 2  # chapters from a promise to its end, at least
LATE = 3  # chapters at the end that see no new promise
OPEN = 4  # promises that wait at one time, at most


@dataclass(frozen=True)
class Scene:
    """A chapter: its place, the people in it in order of appearance, and the events. state: after the chapter."""

    place: int
    cast: tuple[int, ...]
    events: tuple[Event, ...]
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


class _Director:
    """Chooses events. state: as of now. touched: slots that the present chapter has changed; none changes twice in a chapter."""

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
        self.promised: dict[int, int] = {}
        self.touched: set[Slot] = set()
        self.events: list[Event] = []
        self.number, self.place = 0, -1

    def scene(self, number: int) -> Scene:
        """The next chapter."""
        self.number, self.touched, self.events = number, set(), []
        purpose = self._drawn(range(PEOPLE), apart=True)
        if purpose is None or purpose.other is None:
            raise AssertionError("nobody can do anything")  # an object can always be given or won
        self.place = self._meeting(purpose)
        for who in (purpose.actor, purpose.other):
            self._go(who, self.place)
        if len(self.events) < 2 and self.rng.random() < 0.7:
            self._happen(self._drawn(self._present(), but=purpose))
        self._happen(purpose)
        if len(self.events) < MOST and self.rng.random() < 0.75:
            self._happen(self._consequence(purpose))
        if len(self.events) < 3:
            self._happen(self._drawn(self._present()))
        if len(self.events) < MOST:
            self._departure()
        cast = dict.fromkeys(who for event in self.events for who in (event.actor, event.other) if who is not None)
        return Scene(self.place, tuple(cast), tuple(self.events), dict(self.state))

    def _happen(self, event: Event | None) -> None:
        if event is None or not self._possible(event):
            return
        slot = changed(event)
        if event.kind == "promise":
            self.promised[slot[1]] = self.number
        before = self.state[slot]
        if slot[0] == "task":
            before = before[1] if before and event.kind == "promise" else None
        self.events.append(replace(event, before=None if slot[0] == "object" else before))
        self.state[slot] = value(event)
        self.touched.add(slot)

    def _possible(self, event: Event, apart: bool = False) -> bool:
        return (apart or together(event, self.state)) and sensible(event, self.state) and changed(event) not in self.touched

    def _present(self) -> list[int]:
        return [who for who in range(PEOPLE) if self.state["at", who] == self.place]

    def _go(self, who: int, place: int) -> None:
        self._happen(Event("go", who, thing=place))

    def _meeting(self, event: Event) -> int:
        """Where the two meet: where one of them is; seldom where the last chapter was."""
        where = [self.state["at", who] for who in (event.other, event.actor)]
        fresh = [place for place in where if place != self.place]
        if fresh:
            return fresh[0]
        if self.rng.random() < 0.3:
            return self.place
        return int(self.rng.choice([place for place in range(PLACES) if place != self.place]))

    def _departure(self) -> None:
        """Perhaps somebody who did not arrive just now leaves, if two remain."""
        able = [who for who in self._present() if ("at", who) not in self.touched]
        acting = [who for who in able if any(who in (event.actor, event.other) for event in self.events)]
        if len(self._present()) > 2 and able and self.rng.random() < 0.7:
            who = int(self.rng.choice(acting or able))
            places = [place for place in range(PLACES) if place != self.place]
            crowd = np.array([sum(self.state["at", p] == place for p in range(PEOPLE)) for place in places])
            chances = 1 / (1 + crowd)
            self._go(who, int(self.rng.choice(places, p=chances / chances.sum())))

    def _consequence(self, event: Event) -> Event | None:
        assert event.other is not None
        if event.kind in ("break", "steal"):
            return Event("grudge", event.other, event.actor, why=event.kind)
        return Event("trust", event.other, event.actor, why="keep") if event.kind == "keep" else None

    def _drawn(self, people: Sequence[int], apart: bool = False, but: Event | None = None) -> Event | None:
        """An event that is possible among these people. apart: wherever they are. but: leave alone what this one will change."""
        groups = list(SHARES)
        order = self.rng.choice(len(groups), len(groups), replace=False, p=list(SHARES.values()))
        for group in (groups[i] for i in order):
            able = [one for one in self._candidates(group, people, apart) if self._possible(one, apart)]
            able = [one for one in able if but is None or changed(one) != changed(but)]
            if able:
                chances = np.array([self.pace[one.thing] if group == "object" and one.thing is not None else 1.0 for one in able])
                kinds = [one.kind for one in able]
                chances /= [kinds.count(kind) for kind in kinds]  # each kind alike, however many events of it are possible
                return able[self.rng.choice(len(able), p=chances / chances.sum())]
        return None

    def _candidates(self, group: str, people: Sequence[int], apart: bool) -> Iterator[Event]:
        if group == "settle":
            yield from () if apart else (Event("settle", who, thing=self.place) for who in people)
            return
        pairs = list(permutations(people, 2))
        if group == "relation":
            yield from (Event(kind, actor, other) for kind in RELATIONS for actor, other in pairs)
        elif group == "object":
            yield from (Event(k, a, b, o) for k in ("give", "give", "steal", "win") for a, b in pairs for o in range(OBJECTS))
        else:
            yield from self._promises(pairs)

    def _promises(self, pairs: Iterable[tuple[int, int]]) -> Iterator[Event]:
        waiting = [task for task in range(TASKS) if (self.state["task", task] or [""])[0] == "open"]
        ripe = [task for task in waiting if self.number - self.promised[task] >= PATIENCE]
        settled = [Event(kind, a, b, task) for kind in ("keep", "break") for a, b in pairs for task in ripe]
        settled = [event for event in settled if self._possible(event, apart=True)]
        late = self.number > self.chapters - LATE
        if settled and (late or len(waiting) >= OPEN or self.rng.random() < 0.6):
            yield from settled
        elif not late and len(waiting) < OPEN:
            yield from (Event("promise", a, b, task) for a, b in pairs for task in range(TASKS))
