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
    before: the value that the slot had, as far as a reader may be told (place, person). why: the kind of the event that led to it.
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
    enemies = state["grudge", actor] == other
    if kind == "give":
        return state["object", event.thing] == actor and not enemies
    if kind in ("steal", "win"):
        return state["object", event.thing] == other and state["trust", actor] != other
    if kind == "trust":
        return not enemies
    if kind == "grudge":
        return state["trust", actor] != other
    if kind == "debt":
        return not enemies and state["debt", other] != actor
    if kind == "promise":
        status, by, _ = state["task", event.thing] or ("broken", None, None)
        return status == "broken" and by != actor and not enemies
    if kind in ("keep", "break"):
        return state["task", event.thing] == ("open", actor, other)
    return True
