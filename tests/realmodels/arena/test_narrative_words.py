"""The tables of words: every template can be filled, says who and what it is about, and fits men and women alike."""

import re
from string import Formatter

import numpy as np
import pytest

from realmodels.arena.narrative.cast import Deck, cast
from realmodels.arena.narrative.story import GENRES, WORDS
from realmodels.arena.narrative.telling import sentences, variant
from realmodels.arena.narrative.world import OBJECTS, PEOPLE, PLACES, TASKS, Event

WORLDS = [(genre, language) for language, genres in GENRES.items() for genre in genres]
each_world = pytest.mark.parametrize(("genre", "language"), WORLDS)
each_language = pytest.mark.parametrize("language", WORDS)

EVENTS = {
    "arrive": Event("go", 0, thing=0, before=1),
    "arrive both": Event("go", 0, 1, thing=0, before=1),
    "leave": Event("go", 0, thing=2, before=0),
    "settle": Event("settle", 0, thing=0, before=1),
    "give": Event("give", 0, 1, 2),
    "steal": Event("steal", 0, 1, 2),
    "win": Event("win", 0, 1, 2),
    "trust": Event("trust", 0, 1),
    "grudge": Event("grudge", 0, 1),
    "debt": Event("debt", 0, 1),
    "promise": Event("promise", 0, 1, 3),
    "keep": Event("keep", 0, 1, 3),
    "break": Event("break", 0, 1, 3),
    "give back": Event("give", 0, 1, 2, why="back"),
    "steal back": Event("steal", 0, 1, 2, why="back"),
    "win back": Event("win", 0, 1, 2, why="back"),
    "trust keep": Event("trust", 0, 1, why="keep"),
    "grudge break": Event("grudge", 0, 1, why="break"),
    "grudge steal": Event("grudge", 0, 1, why="steal"),
    "keep enemy": Event("keep", 0, 1, 3, why="enemy"),
    "trust again": Event("trust", 0, 1, before=2),
    "grudge again": Event("grudge", 0, 1, before=2),
    "debt again": Event("debt", 0, 1, before=2),
    "promise again": Event("promise", 0, 1, 3, before=2),
}
NEEDED = {
    "arrive": "AQ", "arrive both": "ABQ", "leave": "AP", "settle": "APQ", "give": "ABO", "steal": "ABO", "win": "ABO",
    "trust": "AB", "grudge": "AB", "debt": "AB", "promise": "ABT", "keep": "ABD", "break": "ABT",
}  # fmt: skip


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def a_cast(genre: str, language: str, seed: int = 0):
    return cast(WORDS[language].GENRES[genre], np.random.default_rng(seed))


@each_language
def test_every_kind_of_event_has_templates_and_no_template_is_idle(language):
    assert set(WORDS[language].PHRASES.events) == set(EVENTS)
    assert all(variant(event, 0) == key for key, event in EVENTS.items() if key != "arrive both")


@each_language
def test_templates_name_whom_and_what_they_are_about(language):
    for key, templates in WORDS[language].PHRASES.events.items():
        needed = set(NEEDED[key if key in NEEDED else key.split()[0]])
        if key.endswith(" again"):
            needed.add("C")
        assert not [template for template in templates if needed - fields(template)]


@each_world
def test_every_template_is_filled(genre, language):
    phrases, words = WORDS[language].PHRASES, WORDS[language].GENRES[genre]
    for seed in range(3):
        drawn = a_cast(genre, language, seed)
        for key, event in EVENTS.items():
            known = drawn.words(event, phrases, 0)
            tables = [phrases.events[key], [phrases.recaps[key]] if key in phrases.recaps else [], phrases.titles.get(key, ())]
            for template in (template for table in tables for template in table):
                assert "{" not in sentences(template, known)
        beats = [sentences(beat, drawn.words(EVENTS["trust"], phrases, 0)) for beat in words.beats]
        assert all(drawn.names[0] in beat and drawn.names[1] in beat and "{" not in beat for beat in beats)
        for question, kind in zip(
            phrases.questions, ("go", "settle", "give", "trust", "grudge", "debt", *["promise"] * 4), strict=True
        ):
            event = next(event for event in EVENTS.values() if event.kind == kind)
            known = drawn.words(event, phrases, 0)
            assert "{" not in phrases.questions[question].format(**known)
            assert fields(phrases.openings[question]) == fields(phrases.questions[question]) - {"he", "his"}


@each_language
def test_recaps_and_titles_know_every_kind(language):
    phrases = WORDS[language].PHRASES
    plain = {key for key in EVENTS if " " not in key}
    assert set(phrases.recaps) == plain
    assert set(phrases.titles) == plain - {"arrive", "leave"}


@each_world
def test_there_are_enough_words_and_none_holds_another(genre, language):
    words = WORDS[language].GENRES[genre]
    assert len(words.people) >= PEOPLE
    assert min(len(words.men), len(words.women)) >= PEOPLE
    assert len(words.places) > PLACES
    assert len(words.objects) > OBJECTS
    assert len(words.tasks) > TASKS
    extras = [word for table in words.extras.values() for word in table]
    places = [name for place in words.places for name in place.names]
    named = [re.sub("^the ", "", name) for name in (*words.men, *words.women, *places, *words.objects, *extras)]
    assert len(set(named)) == len(named)
    tasks = [task for pair in words.tasks for task in pair]
    assert not [(a, b) for a in named for b in named + tasks if a != b and a.lower() in b.lower()]


@each_world
def test_sentences_about_a_person_fit_that_person(genre, language):
    """The pronouns of a man never stand for a woman, and the other way round; a wife's sentence may speak of her husband."""
    his, hers = (r"他(?!们)", "她(?!们)") if language == "zh" else (r"\b[Hh](e|is|im)\b", r"\b([Ss]he|[Hh]ers?)\b")
    for person in WORDS[language].GENRES[genre].people:
        for sentence in person.manner:
            assert fields(sentence) == {"A"} or "{A}" in sentence
            assert not re.search(his if person.woman else hers, sentence), sentence


@each_language
def test_events_have_no_pronoun_of_their_own(language):
    own = "他(?!们)|她(?!们)" if language == "zh" else r"\b([Hh]e|[Ss]he|[Hh]im|[Hh]is|[Hh]ers?)\b"
    for templates in WORDS[language].PHRASES.events.values():
        for template in templates:
            assert not re.search(own, re.sub(r"\{\w+\}", "-", template)), template


@each_world
def test_places_say_where_they_are(genre, language):
    for place in WORDS[language].GENRES[genre].places:
        assert all(fields(detail) == {"here"} for detail in place.details)
        assert len(place.details) >= 3


def test_a_sentence_comes_again_only_after_half_of_its_like():
    deck = Deck(np.random.default_rng(0))
    for count in (2, 3, 5, 10):
        templates = [f"{count} {n}" for n in range(count)]
        drawn = [deck.draw(count, templates) for _ in range(30 * count)]
        assert set(drawn) == set(templates)
        rest = max(1, count // 2)
        assert all(drawn[n] not in drawn[max(0, n - rest) : n] for n in range(len(drawn)))
        assert drawn[:count] != drawn[count : 2 * count] or count == 2


def test_names_at_the_beginning_of_a_sentence_have_a_capital():
    known = {"P": "the mill", "A": "Una"}
    assert (
        sentences("{P} was cold. {P} was old, and {P} was {A}'s.", known)
        == "The mill was cold. The mill was old, and the mill was Una's."
    )
