"""Who and what a story has: drawn from a genre's lists, so that no two seeds share a world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from realmodels.arena.narrative.words import Genre, Person, Phrases, Place
from realmodels.arena.narrative.world import OBJECTS, PEOPLE, PLACES, TASKS, Event

T = TypeVar("T")


@dataclass(frozen=True)
class Cast:
    """The words behind the numbers of a plot: names by person and place, and so on. extras: of the genre, one drawn of each."""

    names: tuple[str, ...]
    people: tuple[Person, ...]
    place_names: tuple[str, ...]
    places: tuple[Place, ...]
    objects: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    extras: Mapping[str, str]

    def words(self, event: Event, phrases: Phrases, here: int) -> dict[str, str]:
        """What the templates of an event may speak of, by name (see `words`)."""
        known = {**self.extras, "here": self.place_names[here], "A": self.names[event.actor]}
        known |= phrases.pronouns[self.people[event.actor].woman]
        if event.other is not None:
            known["B"] = self.names[event.other]
            known |= {f"{name}2": word for name, word in phrases.pronouns[self.people[event.other].woman].items()}
        if event.kind in ("go", "settle"):
            known["P"] = self.place_names[event.thing or 0]
            if event.before is not None:
                known["Q"] = self.place_names[event.before]
        elif event.kind in ("give", "steal", "win"):
            known["O"] = self.objects[event.thing or 0]
        elif event.kind in ("promise", "keep", "break"):
            known["T"], known["D"] = self.tasks[event.thing or 0]
        if event.before is not None and "Q" not in known:
            known["C"] = self.names[event.before]
        return known


def cast(genre: Genre, rng: np.random.Generator) -> Cast:
    """A cast of the genre. The same rng in the same state gives the same cast."""
    people = _some(genre.people, PEOPLE, rng)
    men, women = (iter(_some(names, len(names), rng)) for names in (genre.men, genre.women))
    places = _some(genre.places, PLACES, rng)
    return Cast(
        tuple(next(women if one.woman else men) for one in people),
        people,
        tuple(_some(place.names, 1, rng)[0] for place in places),
        places,
        _some(genre.objects, OBJECTS, rng),
        _some(genre.tasks, TASKS, rng),
        {name: _some(words, 1, rng)[0] for name, words in genre.extras.items()},
    )


def _some(these: Sequence[T], count: int, rng: np.random.Generator) -> tuple[T, ...]:
    return tuple(these[i] for i in rng.permutation(len(these))[:count])


@dataclass
class Deck:
    """Draws sentences so that none comes again before half of its like have had their turn."""

    rng: np.random.Generator
    piles: dict[object, list[str]] = field(default_factory=dict)

    def draw(self, key: object, templates: Sequence[str]) -> str:
        """One of the templates, which must be the same for a key each time."""
        pile = self.piles.setdefault(key, list(_some(templates, len(templates), self.rng)))
        resting = min(len(pile) - 1, max(1, len(pile) // 2, len(pile) - 3))
        chosen = pile.pop(int(self.rng.integers(len(pile) - resting)))
        pile.append(chosen)
        return chosen
