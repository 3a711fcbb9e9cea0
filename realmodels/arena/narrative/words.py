"""What a language and a genre have to say so that a plot can be told: the forms of the tables in `english` and `chinese`.

Templates are Python format strings. Their names:
    A, B       the actor and the other person of an event
    he, him, his, He, His, Himself     the pronouns of A; with 2, as he2, those of B
    C          the person before: who was trusted, owed, hated, or who broke the promise
    O          the object      T, D   the task: "mend the wall", "mended the wall"
    P, Q       the place now and the place before      here   the place of the scene
and the names of the genre's `extras`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from realmodels.arena.story import Language


@dataclass(frozen=True)
class Person:
    """role: in the frame. manner: sentences that show this person, with A."""

    role: str
    woman: bool
    manner: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """names: one is drawn. details: sentences that set a scene there and say {here}."""

    names: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True)
class Genre:
    """A world to tell stories in. Of most lists only some are drawn for a story.

    titles: of the story. premise: what has happened before the first chapter. extras: names of things and people that the beats
    speak of, one drawn of each. men, women: names. weather: clauses. small: sentences for any scene. beats: the thread that runs
    through the story, in order, each told in its own chapter with A and B who are there.
    """

    titles: tuple[str, ...]
    premise: str
    extras: Mapping[str, tuple[str, ...]]
    men: tuple[str, ...]
    women: tuple[str, ...]
    people: tuple[Person, ...]
    places: tuple[Place, ...]
    objects: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    weather: tuple[str, ...]
    small: tuple[str, ...]
    beats: tuple[str, ...]


@dataclass(frozen=True)
class Phrases:
    """How a language tells events of any genre.

    events: templates by the kind of event ("arrive", "arrive both" and "leave" for "go"), or by kind and why, as "trust keep",
    or by kind and "again". recaps, titles: by the kind of event. questions, openings (of a sentence that the answer ends): by
    the kind of the probe.
    opening: how a chapter begins, with time, weather and where; first: the time of the first chapter, times: of the others.
    present: who is there: one person, several, and two of whom one has the other for the worst enemy.
    bridges: between two events. closings: how chapters end; end: how the last one does.
    person, owner: the frame's line for one person. pronouns: of men and of women. comma, last: between names.
    recap: how a recap begins; stop: (between its clauses, at their end). space: between sentences.
    length: the fewest and most words (or characters) of a chapter, more or less.
    """

    language: Language
    events: Mapping[str, tuple[str, ...]]
    recaps: Mapping[str, str]
    titles: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, str]
    openings: Mapping[str, str]
    times: tuple[str, ...]
    bridges: tuple[str, ...]
    closings: tuple[str, ...]
    present: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    person: str
    owner: str
    pronouns: tuple[Mapping[str, str], Mapping[str, str]]
    comma: str
    last: str
    end: str
    opening: str
    first: str
    recap: str
    stop: tuple[str, str]
    space: str
    length: tuple[int, int]
