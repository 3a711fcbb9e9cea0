"""Chats become stories, and what is wrong with a file is said with its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realmodels.arena.story import read_story
from realmodels.arena.transcript import _chapters, beginning, language_of, read_transcript
from theory.errors import UserError

CHAT = """Mara: Good morning. Is this the ferry? I hope so. It rains.
It rained yesterday, too.

Tomas: It is. See https://example.org/ferry for the times.

# The Island
Mara: There it is!
---
Tomas：Farewell.
"""
PROBE = {"id": "p1", "kind": "place", "chapter": 1, "asked": 2, "question": "Where is Mara?", "answer": "on the ferry"}


@pytest.fixture
def file(tmp_path):
    """Factory (text, name) -> the path of a file with the text."""

    def make(text: str, name: str = "chat.txt"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return make


def lines(*objects) -> str:
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in objects)


def test_a_chat_becomes_chapters_at_its_headings(file):
    story = read_transcript(file(CHAT))
    assert [chapter.title for chapter in story.chapters] == ["Chapter 1", "The Island", "Chapter 3"]
    assert story.chapters[0].text == (
        "Mara: Good morning. Is this the ferry? I hope so. It rains.\nIt rained yesterday, too.\n"
        "Tomas: It is. See https://example.org/ferry for the times."
    )
    assert story.chapters[0].recap == "Good morning. Is this the ferry?"
    assert story.chapters[2].text == "Tomas: Farewell."
    assert (story.title, story.language, story.genre, story.probes) == ("chat", "en", "transcript", ())
    assert story.frame == "A conversation. Who speaks: Mara, Tomas."


def test_without_headings_a_chapter_has_so_many_turns(file):
    chat = "\n".join(f"{'AB'[n % 2]}: turn {n}." for n in range(7))
    story = read_transcript(file(chat), turns=3)
    assert [chapter.text.count("turn") for chapter in story.chapters] == [3, 3, 1]


def test_turns_of_a_language_model_are_read_and_those_of_the_system_left_out(file):
    turns = lines(
        {"role": "system", "content": "Play a pilot."},
        {"role": "user", "content": "# 出海"},
        {"role": "user", "content": "我们什么时候出海？我等不及了。风怎么样？"},
        {"role": "assistant", "name": "领航", "content": "明天一早。"},
    )
    story = read_transcript(file(turns, "chat.jsonl"))
    assert story.language == "zh"
    assert [(one.title, one.text) for one in story.chapters] == [
        ("出海", "user: 我们什么时候出海？我等不及了。风怎么样？\n领航: 明天一早。")
    ]
    assert story.chapters[0].recap == "我们什么时候出海？我等不及了。"
    assert story.frame == "一段对话。说话的人：user、领航。"


def test_language_title_and_recaps_are_as_given(file):
    story = read_transcript(file(CHAT), language="zh", title="Rain", recaps=["one", "two", "three"])
    assert (story.language, story.title, [chapter.recap for chapter in story.chapters]) == ("zh", "Rain", ["one", "two", "three"])


def test_probes_come_from_a_second_file_and_the_story_survives_its_own(file, tmp_path):
    story = read_transcript(file(CHAT), file(json.dumps([PROBE]), "probes.json"))
    assert story.probes[0].age == 1
    story.save(tmp_path / "story.json")
    assert read_story(tmp_path / "story.json") == story


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "chat.txt", "no turns"),
        ("# Only\n---\n", "chat.txt", "no turns"),
        ("Mara:\nTomas:   \n", "chat.txt", "no turns"),
        ("\nonce upon a time\nMara: Hello.", "chat.txt", "line 2 has no speaker"),
        ("Mara: Hello.\n# Two\nnobody speaks", "chat.txt", "line 3 has no speaker"),
        ('{"role": "user", "content": "a"}\n{oops', "chat.jsonl", "line 2: not JSON"),
        ('\n["user", "a"]', "chat.jsonl", "line 2 is list"),
        ('{"role": "user"}', "chat.jsonl", "line 1: content is missing"),
        ('{"role": "user", "content": [1]}', "chat.jsonl", "line 1: content is list"),
        ('{"content": "a"}', "chat.jsonl", "line 1 has no speaker"),
        ('{"role": 7, "content": "a"}', "chat.jsonl", "line 1 has no speaker"),
        ('{"role": "system", "content": "a"}', "chat.jsonl", "no turns"),
    ],
)
def test_a_hostile_transcript_is_refused_with_its_line(file, text, name, message):
    path = file(text, name)
    with pytest.raises(UserError, match=message) as raised:
        read_transcript(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert ": " in str(raised.value)  # the cure


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ("{}", "is dict"),
        ("[", "not JSON"),
        (json.dumps([{**PROBE, "asked": 4}]), "asked after 4, of 3"),
        (json.dumps([{**PROBE, "chapter": 3}]), "chapter 3, asked after 2"),
        (json.dumps([{**PROBE, "kind": "smell"}]), "kind 'smell'"),
        (json.dumps([PROBE, PROBE]), "stands twice"),
    ],
)
def test_probes_that_do_not_fit_are_refused(file, probes, message):
    path = file(probes, "probes.json")
    with pytest.raises(UserError, match=message) as raised:
        read_transcript(file(CHAT), path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_cannot_be_read_is_refused(tmp_path, file):
    with pytest.raises(UserError, match="does not exist"):
        read_transcript(tmp_path / "nowhere.txt")
    (tmp_path / "bytes.txt").write_bytes(b"Mara: \xff")
    with pytest.raises(UserError, match="not UTF-8"):
        read_transcript(tmp_path / "bytes.txt")
    with pytest.raises(UserError, match="not UTF-8"):
        read_transcript(file(CHAT), tmp_path / "bytes.txt")
    with pytest.raises(UserError, match="give 1 at least"):
        read_transcript(file(CHAT), turns=0)
    with pytest.raises(UserError, match="one for each"):
        read_transcript(file(CHAT), recaps=["one"])
    with pytest.raises(UserError, match="'fr'"):
        read_transcript(file(CHAT), language="fr")


def test_a_mixed_chat_has_the_language_of_most_of_it():
    assert language_of("你好，我叫玛拉，今天坐 OpenAI 的船去岛上看灯塔。") == "zh"
    assert language_of("The sign said 灯塔, which means lighthouse.") == "en"
    assert language_of("12 + 3") == "en"


@given(st.lists(st.tuples(st.sampled_from("AB"), st.text("x. ", min_size=1)), min_size=1, max_size=50), st.integers(1, 9))
def test_no_turn_is_lost_in_chapters(said, turns):
    chapters = _chapters(said, turns)
    assert [turn for _, spoken in chapters for turn in spoken] == said
    assert all(len(spoken) == turns for _, spoken in chapters[:-1])


def test_a_beginning_keeps_numbers_and_closing_quotes_whole():
    spoken = [("A", "It cost 3.50. “Too much!” I said"), ("B", "no.")]
    assert beginning(spoken) == "It cost 3.50. “Too much!”"
    assert beginning([("A", "他说：“走吧。”于是走了。天黑了。")]) == "他说：“走吧。”于是走了。"


@pytest.mark.parametrize(
    "line", ["12:30 is fine.", "I told him only one thing: go.", " Note: bring water.", "Well, yes: no.", "see http://a.b"]
)
def test_a_line_with_a_colon_is_not_always_a_speaker(file, line):
    story = read_transcript(file(f"Dr. Anna-Lena O'Hara: Hello.\n{line}"))
    assert story.chapters[0].text == f"Dr. Anna-Lena O'Hara: Hello.\n{line}"
    assert story.frame == "A conversation. Who speaks: Dr. Anna-Lena O'Hara."
