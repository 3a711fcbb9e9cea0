"""Tells a plot: chapters of prose from its scenes, and the frame from its start. The seed chooses among the templates.

A chapter: when, where and who is there; who arrives; a sentence that shows somebody; the thread of the story or something small;
the events; who leaves; a last sentence.
"""

import re
from dataclasses import replace

import numpy as np

from realmodels.arena.narrative.cast import Cast, Deck
from realmodels.arena.narrative.plot import Plot, Scene
from realmodels.arena.narrative.words import Genre, Phrases
from realmodels.arena.narrative.world import RELATIONS, Event, State, hostile
from realmodels.arena.story import Chapter

PARAGRAPH = "\n\n"


def frame(genre: Genre, phrases: Phrases, cast: Cast, plot: Plot) -> str:
    """What a reader knows before the first chapter: the premise, and a line for every person."""
    owned = {who: cast.objects[slot[1]] for slot, who in plot.start.items() if slot[0] == "object"}
    lines = []
    for who, name in enumerate(cast.names):
        known = {"A": name, "role": cast.people[who].role, "P": cast.place_names[plot.start["home", who]]}
        lines.append((phrases.owner if who in owned else phrases.person).format(**known, O=owned.get(who, "")))
    return PARAGRAPH.join([genre.premise.format(**cast.extras), "\n".join(lines)])


def chapters(genre: Genre, phrases: Phrases, cast: Cast, plot: Plot, rng: np.random.Generator) -> tuple[Chapter, ...]:
    """All chapters of a plot."""
    teller = _Teller(genre, phrases, cast, plot.start, len(plot.scenes), rng)
    return tuple(teller.chapter(number, scene) for number, scene in enumerate(plot.scenes, 1))


class _Teller:
    """Fills the templates of one story.

    beats: the thread, by chapter. titles: those already given. before: the state before the chapter. shown: in which chapter each
    person was shown last.
    """

    def __init__(self, genre: Genre, phrases: Phrases, cast: Cast, start: State, count: int, rng: np.random.Generator):
        self.genre, self.phrases, self.cast, self.count = genre, phrases, cast, count
        self.rng, self.deck = rng, Deck(rng)
        told = min(len(genre.beats), count)
        chosen = np.linspace(0, len(genre.beats) - 1, told).round().astype(int)
        numbers = np.linspace(1, count, told).round().astype(int)
        self.beats = {int(number): genre.beats[beat] for number, beat in zip(numbers, chosen, strict=True)}
        self.titles: set[str] = set()
        self.before = start
        self.shown = dict.fromkeys(range(len(cast.names)), 0)

    def chapter(self, number: int, scene: Scene) -> Chapter:
        """The chapter of a scene."""
        going = [event for event in scene.events if event.kind == "go"]
        arriving = [event for event in going if event.thing == scene.place]
        leaving = [event for event in going if event.thing != scene.place]
        others = [event for event in scene.events if event.kind != "go"]
        there = [who for who in scene.cast if all(who != event.actor for event in arriving)]
        beat = self._filled(self.beats.get(number, ""), scene.events[scene.purpose], scene)
        end = number == self.count
        paragraphs = [
            [self._opening(number, scene), self._present(there)],
            [*self._arrivals(arriving, scene), self._manner(number, scene)],
            [] if end else [beat or self.deck.draw("small", self.genre.small)],
            self._events(others, scene),
            [beat] if end else [],
            [
                *(self._told(event, scene) for event in leaving),
                self.phrases.end if end else self.deck.draw("closing", self.phrases.closings),
            ],
        ]
        if self._size(paragraphs) < self.phrases.length[0]:
            paragraphs[2].append(self.deck.draw("small", self.genre.small))
        texts = [self.phrases.space.join(filter(None, sentences)) for sentences in paragraphs]
        self.before = scene.state
        return Chapter(self._title(scene), PARAGRAPH.join(filter(None, texts)), self._recap(scene))

    def _size(self, paragraphs: list[list[str]]) -> int:
        """Words, or characters where no space is between words."""
        text = self.phrases.space.join(sentence for sentences in paragraphs for sentence in sentences)
        return len(text.split()) if self.phrases.space else len(text)

    def _opening(self, number: int, scene: Scene) -> str:
        time = self.phrases.first if number == 1 else self.deck.draw("time", self.phrases.times)
        weather = self.deck.draw("weather", self.genre.weather)
        detail = self.deck.draw(("place", scene.place), self.cast.places[scene.place].details)
        where = capital(detail.format(here=self.cast.place_names[scene.place]))
        return self.phrases.opening.format(time=time, weather=weather, where=where)

    def _present(self, there: list[int]) -> str:
        if not there:
            return ""
        names = [self.cast.names[who] for who in there]
        *more, last = names
        listed = self.phrases.comma.join(more) + self.phrases.last + last if more else last
        manner = 0 if not more else 2 if len(there) == 2 and hostile(self.before, *there) else 1
        return self.deck.draw(("present", manner), self.phrases.present[manner]).format(names=listed)

    def _arrivals(self, arriving: list[Event], scene: Scene) -> list[str]:
        """Those who arrive, in one sentence if they come from the same place."""
        if (
            len(arriving) == 2
            and arriving[0].before == arriving[1].before
            and not hostile(self.before, *(e.actor for e in arriving))
        ):
            pair = replace(arriving[0], other=arriving[1].actor)
            return [self._filled(self.deck.draw("arrive both", self.phrases.events["arrive both"]), pair, scene)]
        return [self._told(event, scene) for event in arriving]

    def _manner(self, number: int, scene: Scene) -> str:
        """A sentence about whoever of the purpose's people was not shown for the longest time."""
        purpose = scene.events[scene.purpose]
        who = min((who for who in (purpose.actor, purpose.other) if who is not None), key=lambda one: self.shown[one])
        self.shown[who] = number
        return self.deck.draw(("manner", who), self.cast.people[who].manner).format(A=self.cast.names[who])

    def _events(self, events: list[Event], scene: Scene) -> list[str]:
        """The events told, with a bridge before each that does not follow from the one before."""
        sentences: list[str] = []
        for event in events:
            if sentences and not (event.kind in RELATIONS and event.why):
                sentences.append(self.deck.draw("bridge", self.phrases.bridges))
            sentences.append(self._told(event, scene))
        return sentences

    def _told(self, event: Event, scene: Scene) -> str:
        key = variant(event, scene.place)
        return self._filled(self.deck.draw(key, self.phrases.events[key]), event, scene)

    def _filled(self, template: str, event: Event, scene: Scene) -> str:
        return sentences(template, self.cast.words(event, self.phrases, scene.place))

    def _title(self, scene: Scene) -> str:
        """A title that no other chapter has: of the purpose, or else of another event, or else of the place."""
        events = [scene.events[scene.purpose], *scene.events]
        for event in (event for event in events if event.kind in self.phrases.titles):
            templates = self.phrases.titles[event.kind]
            for i in self.rng.permutation(len(templates)):
                title = templates[i].format(**self.cast.words(event, self.phrases, scene.place))
                if title not in self.titles:
                    self.titles.add(title)
                    return title
        title = capital(self.cast.place_names[scene.place])
        while title in self.titles:
            title += "…"
        self.titles.add(title)
        return title

    def _recap(self, scene: Scene) -> str:
        """Everything that changed, two clauses to a sentence."""
        kinds = [_moved(event, scene.place) for event in scene.events]
        clauses = [
            self.phrases.recaps[kind].format(**self.cast.words(event, self.phrases, scene.place))
            for kind, event in zip(kinds, scene.events, strict=True)
        ]
        between, stop = self.phrases.stop
        told = [between.join(clauses[i : i + 2]) + stop for i in range(0, len(clauses), 2)]
        return self.phrases.recap.format(here=self.cast.place_names[scene.place]) + self.phrases.space.join(told)


def variant(event: Event, here: int) -> str:
    """The key of `Phrases.events` under which an event at a place is told."""
    if event.why:
        return f"{event.kind} {event.why}"
    if event.kind in (*RELATIONS, "promise") and event.before is not None:
        return f"{event.kind} again"
    return _moved(event, here)


def _moved(event: Event, here: int) -> str:
    if event.kind != "go":
        return event.kind
    return "arrive" if event.thing == here else "leave"


def sentences(template: str, known: dict[str, str]) -> str:
    """A template filled; names that begin it or follow the end of a sentence begin with a capital."""
    first = re.sub(r"([.?!] )\{(P|O|here)\}", lambda found: found[1] + "{" + found[2] + "^}", template)
    raised = {f"{name}^": capital(known[name]) for name in ("P", "O", "here") if name in known}
    return capital(first.format(**known, **raised))


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
