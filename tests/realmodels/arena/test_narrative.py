"""Stories made by a seed: every probe is right, and stays right until it is asked, for a reader who knows only the text."""

import os
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realmodels.arena.narrative import GENRES, narrative
from realmodels.arena.narrative.story import WORDS
from realmodels.arena.story import KINDS, Story, read_story
from tests.realmodels.arena.narrative_reader import Reader
from theory.errors import UserError

WORLDS = [(genre, language) for language, genres in GENRES.items() for genre in genres]
worlds = st.sampled_from(WORLDS)
seeds = st.integers(0, 10_000)
lengths = st.integers(6, 30)
each_world = pytest.mark.parametrize(("genre", "language"), WORLDS)


def reader_of(story: Story) -> Reader:
    return Reader(story, {done: task for task, done in WORDS[story.language].GENRES[story.genre].tasks})


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, lengths)
def test_a_reader_of_the_recaps_gives_the_answer_of_every_probe(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    reader = reader_of(story)
    for number in range(1, chapters + 1):
        reader.chapter()
        for probe in (one for one in story.probes if one.asked == number):
            chapter, answer, earlier, ever = reader.answer(probe.question)
            assert (probe.chapter, probe.answer, list(probe.outdated)) == (chapter, answer, earlier), probe
            assert not ever & set(probe.wrong)


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, lengths)
def test_the_text_of_a_probes_chapter_tells_what_is_asked(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    for probe in story.probes:
        text = story.chapters[probe.chapter - 1].text.lower()
        assert probe.answer.lower() in text
        reader = reader_of(story)
        for name in (*reader.people, *(thing for slot, thing in reader.history if slot == "object")):
            if name in probe.question:
                assert name.lower() in text, probe


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, lengths)
def test_every_change_that_a_recap_tells_stands_in_the_text(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    reader = reader_of(story)
    for chapter in story.chapters:
        for _, words in reader.chapter():
            known = [words[name] for name in "ABPO" if words.get(name)]
            known += [
                word.split("了")[0] if story.language == "zh" else word for word in [words.get("T") or words.get("D")] if word
            ]
            assert all(word.lower() in chapter.text.lower() for word in known), (words, chapter.text)


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, lengths)
def test_answers_can_be_told_apart_by_their_letters(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    for probe in story.probes:
        texts = [re.sub("^the ", "", text).lower() for text in (probe.answer, *probe.outdated, *probe.wrong)]
        assert len(texts) >= 3
        assert not [pair for i, one in enumerate(texts) for j, pair in enumerate(texts) if i != j and one in pair], texts
        assert texts[0] not in f"{probe.question} {probe.opening}".lower()


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, st.integers(20, 30))
def test_ages_and_kinds_are_spread(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    count = Counter(probe.asked for probe in story.probes)
    assert set(count) == set(range(3, chapters + 1))
    assert set(count.values()) <= {2, 3}
    ages = [probe.age for probe in story.probes]
    assert max(ages) == chapters - 1
    for low, high in ((0, 2), (3, chapters // 3), (chapters // 3 + 1, chapters)):
        assert sum(low <= age <= high for age in ages) >= 0.12 * len(ages)
    assert min(ages) <= 1
    kinds = Counter(probe.kind for probe in story.probes)
    assert all(kinds[kind] >= 0.1 * len(ages) for kind in KINDS)
    assert any(probe.outdated for probe in story.probes)


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, lengths)
def test_no_question_is_asked_again_soon(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    facts: dict[tuple, list[int]] = {}
    for probe in story.probes:
        facts.setdefault((probe.question, probe.chapter), []).append(probe.asked)
    for asked in facts.values():
        assert len(asked) <= 3
        assert all(later - sooner >= 5 for sooner, later in pairwise(asked) if later != chapters)


def masked(story: Story, text: str) -> set[str]:
    """The sentences of a text with everything that a template fills in replaced by a dash."""
    reader = reader_of(story)
    known = [*reader.people, *(value for slot, values in reader.history.items() for _, value in values)]
    known += [thing for slot, thing in reader.history if slot == "object"]
    genre = WORDS[story.language].GENRES[story.genre]
    known += [word for task in genre.tasks for word in task] + [name for place in genre.places for name in place.names]
    for word in sorted(set(known), key=len, reverse=True):
        text = re.sub(re.escape(word), "-", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(he|she|him|her|his)\b|他|她", "+", text, flags=re.IGNORECASE)
    return {one.strip() for one in re.split(r"[.?!。？！]|\n", text) if len(re.findall(r"\w+|[\u4e00-\u9fff]", one)) > 5}


@settings(max_examples=25, deadline=None)
@given(worlds, seeds)
def test_neighbouring_chapters_share_no_sentence(world, seed):
    story = narrative(*world, 24, seed)
    for one, two in pairwise(story.chapters):
        assert not masked(story, one.text) & masked(story, two.text)


@settings(max_examples=25, deadline=None)
@given(worlds, seeds, lengths)
def test_chapters_are_of_readable_length_with_titles_of_their_own(world, seed, chapters):
    story = narrative(*world, chapters, seed)
    low, high = WORDS[story.language].PHRASES.length
    sizes = [len(chapter.text.split() if story.language == "en" else chapter.text) for chapter in story.chapters]
    assert all(0.75 * low <= size <= 1.3 * high for size in sizes), sizes
    assert low <= sum(sizes) / len(sizes) <= 1.1 * high
    assert len({chapter.title for chapter in story.chapters}) == chapters


@settings(max_examples=25, deadline=None)
@given(worlds, seeds)
def test_the_letters_are_those_of_the_language_and_the_grammar_holds(world, seed):
    story = narrative(*world, 24, seed)
    asked = [
        text for probe in story.probes for text in (probe.question, probe.opening, probe.answer, *probe.outdated, *probe.wrong)
    ]
    told = [text for chapter in story.chapters for text in (chapter.title, chapter.text, chapter.recap)]
    for text in (story.title, story.frame, *asked, *told):
        assert not re.search(r"[{}]|  | \n", text)
        if story.language == "zh":
            assert not re.search(r"[A-Za-z0-9,.?!;:]", text), text
            assert not re.search(r"[，。；：？！]{2}|[；：]”|^[，。]", text), text
        else:
            assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", text), text
            assert not re.search(r"\ba [aeio]|\ban [^aeiouh]", text, re.IGNORECASE), text
            assert not re.search(r"\b(?!had\b)(\w+) \1\b", text), text
            assert not re.search(r"[.?!] [a-z]|[.]” [a-z]", text), text


@each_world
def test_the_same_seed_gives_the_same_story_and_another_seed_another(genre, language):
    stories = [narrative(genre, language, 24, seed) for seed in (1, 1, 2)]
    assert stories[0] == stories[1]
    assert not {chapter.text for chapter in stories[0].chapters} & {chapter.text for chapter in stories[2].chapters}
    assert reader_of(stories[0]).history != reader_of(stories[2]).history


def test_the_bytes_do_not_depend_on_the_process(tmp_path):
    code = "import sys; from realmodels.arena.narrative import narrative; narrative('sea', 'zh', 24, 7).save(sys.argv[1])"
    for name in ("1", "2"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True, env={**os.environ, "PYTHONHASHSEED": name})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@each_world
def test_a_story_survives_its_file(genre, language, tmp_path):
    story = narrative(genre, language, 20, 3)
    story.save(tmp_path / "story.json")
    assert read_story(tmp_path / "story.json") == story


@each_world
def test_the_thread_is_told_from_its_beginning_to_its_end(genre, language):
    beats = WORDS[language].GENRES[genre].beats
    for chapters in (6, 24):
        story = narrative(genre, language, chapters, 0)
        pieces = [max(re.split(r"\{\w+\}", beat), key=len) for beat in beats]
        told = [n for chapter in story.chapters for n, piece in enumerate(pieces) if piece in chapter.text]
        assert told == sorted(set(told))
        assert told[0] == 0
        assert told[-1] == len(beats) - 1
        assert len(told) == min(chapters, len(beats))


@pytest.mark.parametrize(
    ("genre", "language", "chapters", "seed", "cure"),
    [
        ("opera", "en", 24, 0, "sea, court, town"),
        ("court", "zh", 24, 0, "sea, town"),
        ("sea", "fr", 24, 0, "en, zh"),
        ("sea", "en", 5, 0, "6 at least"),
        ("sea", "en", 24, -1, "from 0 on"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(genre, language, chapters, seed, cure):
    with pytest.raises(UserError, match=cure) as raised:
        narrative(genre, language, chapters, seed)
    assert "\n" not in str(raised.value)


def test_a_story_without_end_is_refused_before_it_is_told():
    with pytest.raises(UserError, match="500 at most"):
        narrative("sea", "en", 10**12)
