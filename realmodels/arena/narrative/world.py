"""The state of a story's world, the events that change it, and what an event needs in order to make sense.

People, places, objects and tasks are numbers here; the words of a language come later (`telling`). The state maps a slot to its
value, None for "nobody":
    ("at", person)      the place where a person is
    ("home", person)    the place where a person lives
    ("object", object)  the person who has it
    ("trust", person)   whom a person trusts most
    ("grudge", person)  whom a person counts as the worst enemy
    ("debt", person)    to whom a person owes money
    ("task", task)      ("open", "kept" or "broken", who promised it, to whom)
"""

from dataclasses import dataclass
from typing import Any

PEOPLE, PLACES, OBJECTS, TASKS = 8, 6, 7, 10

Slot = tuple[str, int]
State = dict[Slot, Any]
RELATIONS = ("trust", "grudge", "debt")
STATUS = {"promise": "open", "keep": "kept", "break": "broken"}


@dataclass(frozen=True)
class Event:
    """Something that a person does, perhaps to another.

    kind, with the meaning of `thing`:
        go, settle         actor goes to, or makes a home at, the place `thing`
        give               actor gives `other` the object `thing`
        steal, win         actor takes the object `thing` from `other`, or wins it
        trust, grudge, debt  actor now trusts `other` most, has `other` for the worst enemy, owes `other` money
        promise, keep, break  actor promises `other` the task `thing`, does it, or fails
    before: the value that the slot had, as far as a reader may be told (place, person).
    why: what the text has to reckon with. The kind of the event that led to a relation; "back" if an object returns to the person
    who had it last; "enemy" if a promise is kept though one of the two counts the other as the worst enemy.
    """

    kind: str
    actor: int
    other: int | None = None
    thing: int | None = None
    before: int | None = None
    why: str = ""


def changed(event: Event) -> Slot:
    """The slot that an event changes."""
    if event.kind in RELATIONS:
        return event.kind, event.actor
    if event.kind in ("go", "settle"):
        return "at" if event.kind == "go" else "home", event.actor
    assert event.thing is not None
    return "task" if event.kind in STATUS else "object", event.thing


def value(event: Event) -> Any:
    """The value that the slot has after the event."""
    if event.kind in STATUS:
        return STATUS[event.kind], event.actor, event.other
    if event.kind in ("go", "settle"):
        return event.thing
    return event.actor if event.kind in ("steal", "win") else event.other


def hostile(state: State, one: int, two: int | None) -> bool:
    """Whether either counts the other as the worst enemy."""
    return state["grudge", one] == two or (two is not None and state["grudge", two] == one)


def close(state: State, one: int, two: int | None) -> bool:
    """Whether either trusts the other most."""
    return state["trust", one] == two or (two is not None and state["trust", two] == one)


def together(event: Event, state: State) -> bool:
    """Whether all whom the event needs are at one place; a home is made where one is."""
    here = state["at", event.actor]
    if event.kind == "settle":
        return here == event.thing
    return event.other is None or here == state["at", event.other]


def sensible(event: Event, state: State) -> bool:
    """Whether the event can happen, once its people are together: nobody gives what he does not have, and so on."""
    actor, other, kind = event.actor, event.other, event.kind
    if state[changed(event)] == value(event) or actor == other:
        return False
    if kind in ("give", "win", "trust", "debt", "promise") and hostile(state, actor, other):
        return False
    if kind in ("steal", "grudge", "break") and close(state, actor, other):
        return False
    if kind in ("give", "steal", "win"):
        return state[changed(event)] == (actor if kind == "give" else other)
    if kind == "debt":
        return other is not None and state["debt", other] != actor
    if kind == "promise":
        status, by, _ = state[changed(event)] or ("broken", None, None)
        return status == "broken" and by not in (actor, other)
    if kind in ("keep", "break"):
        return state[changed(event)] == ("open", actor, other)
    return True
