"""What a language and a genre have to say so that a plot can be told: the forms of the tables in `english` and `chinese`.

Templates are Python format strings. Their names:
    A, B       the actor and the other person of an event      he, him, his / he2, him2, his2   their pronouns (He, His, He2: capital)
    C          the person before: who was trusted, owed, ...   O   the object      T, D   the task: "mend the wall", "mended the wall"
    P, Q       the place now and the place before              here   the place of the scene
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """role: in the frame. habit, sayings: sentences that show the manner, with A and the pronouns."""

    role: str
    woman: bool
    habit: str
    sayings: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """name: as inside a sentence. details: sentences that set a scene there and name it."""

    name: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Genre:
    """A world to tell stories in.

    titles: of the story. premise: what has happened before the first chapter. men, women: names. people: PEOPLE of them, the
    first two brother or sister to each other; places: PLACES; objects: OBJECTS; tasks: TASKS, as (T, D). weather: clauses. small:
    sentences for any scene. beats: the plot that all share, in order, each told in its own chapter with A and B among those there.
    """

    titles: tuple[str, ...]
    premise: str
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

    events, recaps, titles, questions: templates by the kind of event (or its variant, as "trust keep"), for the text, the recap,
    the chapter's title and the probe. times, closings: how chapters begin and end. kin: templates of the frame for the siblings,
    by whether A and B are women. person: a template of the frame. pronouns: of men and of women. space: between sentences.
    length: the least and the most words (or characters) of a chapter.
    """

    events: Mapping[str, tuple[str, ...]]
    recaps: Mapping[str, str]
    titles: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, str]
    times: tuple[str, ...]
    closings: tuple[str, ...]
    kin: str
    person: str
    pronouns: tuple[Mapping[str, str], Mapping[str, str]]
    opening: str
    joint: tuple[str, str, str]
    space: str
    length: tuple[int, int]
