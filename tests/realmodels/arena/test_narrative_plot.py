"""Plots make sense: what people do follows from where they are, what they have and what they feel."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realmodels.arena.narrative.cast import cast
from realmodels.arena.narrative.english import GENRES
from realmodels.arena.narrative.plot import PINNED, STAY, Plot, Scene, plot
from realmodels.arena.narrative.probes import facts
from realmodels.arena.narrative.world import RELATIONS, STATUS, Event, changed, sensible

BASE = {
    **{("at", who): 0 for who in range(8)},
    **{("home", who): 0 for who in range(8)},
    **{("object", thing): thing for thing in range(7)},
    **{(name, who): None for name in RELATIONS for who in range(8)},
    **{("task", task): None for task in range(10)},
}


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Event("give", 0, 1, 0), {("object", 0): 2}),
        (Event("give", 0, 1, 0), {("grudge", 1): 0}),
        (Event("steal", 0, 1, 1), {("object", 1): 2}),
        (Event("steal", 0, 1, 1), {("trust", 1): 0}),
        (Event("win", 0, 1, 1), {("grudge", 0): 1}),
        (Event("trust", 0, 1), {("grudge", 0): 1}),
        (Event("trust", 0, 1), {("trust", 0): 1}),
        (Event("grudge", 0, 1), {("trust", 0): 1}),
        (Event("debt", 0, 1), {("debt", 1): 0}),
        (Event("promise", 0, 1, 0), {("task", 0): ("open", 2, 3)}),
        (Event("promise", 0, 1, 0), {("task", 0): ("kept", 2, 3)}),
        (Event("promise", 0, 1, 0), {("task", 0): ("broken", 0, 3)}),
        (Event("promise", 0, 1, 0), {("task", 0): ("broken", 1, 3)}),
        (Event("keep", 0, 1, 0), {("task", 0): ("open", 0, 2)}),
        (Event("break", 0, 1, 0), {("task", 0): ("open", 0, 1), ("trust", 1): 0}),
    ],
)
def test_what_makes_no_sense_does_not_happen(event, state):
    able = {"keep": ("open", 0, 1), "break": ("open", 0, 1), "promise": None}
    assert sensible(event, {**BASE, **({("task", 0): able[event.kind]} if event.kind in able else {})})
    assert not sensible(event, {**BASE, **state})


def bare(event: Event) -> Event:
    """Who did what kind of thing."""
    return Event(event.kind, event.actor)


@settings(max_examples=40, deadline=None)
@given(st.integers(6, 30), st.integers(0, 10_000))
def test_a_plot_keeps_its_own_rules(chapters, seed):
    told = plot(chapters, np.random.default_rng(seed))
    last: dict = {}
    for number, scene in enumerate(told.scenes, 1):
        slots = [changed(event) for event in scene.events]
        kinds = [event.kind for event in scene.events if event.kind != "go"]
        assert len(set(slots)) == len(slots) <= 4
        assert len(set(kinds)) == len(kinds) >= 1
        assert scene.events[scene.purpose].kind != "go"
        for one, two in combinations(scene.events, 2):
            if one.kind in ("steal", "break", "grudge") and {one.actor, one.other} == {two.actor, two.other}:
                assert two.kind not in ("give", "trust", "debt", "promise", "win")
        assert scene.events[scene.purpose].other is not None
        last |= dict.fromkeys(slots, number)
    for number in (number for number in PINNED if number <= chapters):
        lasting = [one for one in told.scenes[number - 1].events if one.kind not in ("go", *STATUS)]
        assert not lasting or last[changed(lasting[0])] == number
    assert any(one.kind not in ("go", *STATUS) for one in told.scenes[0].events)
    homes = {
        who: [n for n, one in enumerate(told.scenes) if Event("settle", who) in [bare(e) for e in one.events]] for who in range(8)
    }
    assert all(later - sooner >= STAY for numbers in homes.values() for sooner, later in pairwise(numbers))
    assert not [one for one in told.scenes[-1].events if one.kind == "go" and one.thing != told.scenes[-1].place]


def test_whom_a_promise_was_made_to_is_asked_only_if_there_is_one_answer():
    told = (("promise", 0, 1), ("break", 0, 1), ("promise", 2, 3), ("break", 2, 3), ("promise", 0, 4))
    events = [Event(kind, actor, other, 0) for kind, actor, other in told]
    scenes = tuple(Scene(0, (event.actor, event.other), (event,), 0, {}) for event in events)
    words = cast(GENRES["sea"], np.random.default_rng(0))
    asked = [
        {fact.question: fact for fact in facts(Plot(BASE, scenes), words, now) if fact.kind == "promise"} for now in range(1, 6)
    ]
    assert [set(one) for one in asked] == [{"open", "open to"}, {"broken"}, {"open", "open to"}, {"broken"}, {"open"}]
    names = words.names
    assert [asked[n]["open"].answer for n in (0, 2, 4)] == [names[0], names[2], names[0]]
    assert asked[4]["open"].earlier == (names[0], names[2])
    assert asked[3]["broken"].earlier == (names[0],)
    assert asked[2]["open to"].answer == names[3]


def test_a_thing_that_returns_is_known_to_return():
    seen = {}
    for seed in range(30):
        holders: dict[int, list[int]] = {}
        for scene in plot(24, np.random.default_rng(seed)).scenes:
            for event in (one for one in scene.events if one.kind in ("give", "steal", "win")):
                giver, taker = (event.actor, event.other) if event.kind == "give" else (event.other, event.actor)
                past = holders.setdefault(event.thing, [])
                assert (event.why == "back") == (bool(past) and past[-1] == taker)
                past.append(giver)
                seen[event.why] = seen.get(event.why, 0) + 1
    assert min(seen[""], seen["back"]) > 5


def test_an_event_says_what_led_to_it():
    events = [one for seed in range(20) for scene in plot(24, np.random.default_rng(seed)).scenes for one in scene.events]
    assert {(one.kind, one.why) for one in events if one.why not in ("", "back")} == {
        ("trust", "keep"), ("grudge", "break"), ("grudge", "steal"), ("keep", "enemy"),
    }  # fmt: skip
