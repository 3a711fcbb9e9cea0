"""Making a study: systems, their words, what they have in context, resuming after a kill, the automatic score."""

import json
import re

import numpy as np
import pytest
import torch

from realmodels.arena.items import items_of, marks
from realmodels.arena.new import new
from realmodels.arena.place import SHIPPED, study_folder
from realmodels.arena.score import Score, scored
from realmodels.arena.story import Chapter, Probe, Story, read_story
from realmodels.arena.study import Item, read_study
from realmodels.arena.systems.lived import sentences_of, shown
from realmodels.arena.systems.named import named
from realmodels.arena.systems.retrieval import Retrieval
from realmodels.arena.systems.window import Window
from realmodels.arena.systems.written import GONE, Written
from realmodels.model.loaded import load
from realmodels.writing.contenders import Contender
from realmodels.writing.outputs import asked
from tests.realmodels.arena.story_model import story_model
from theory.errors import UserError

WORDS = ["frozen", "whole", "window:size=12", "retrieval:passages=1", "last_matrix:learning_rate=0.05,steps=2"]


def told(chapters: int = 4) -> Story:
    who = ["Tomas", "Ines"]
    texts = [
        f"Day {n} was grey. Mara gave the key to {who[n % 2]}. “Keep it!” she said. Then day {n} ended." for n in range(chapters)
    ]
    probes = [
        Probe(f"p{n}", "object", n + 1, min(n + 2, chapters), "Who has the key?", who[n % 2], (), ("Mara",), "The key is with")
        for n in range(chapters)
    ]
    return Story("The Key", "en", "sea", "Mara has a key.", tuple(Chapter("A day", t, t[:20]) for t in texts), tuple(probes))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return story_model(tmp_path_factory.mktemp("model"))


def files(folder) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}


def test_a_study_is_made_read_back_and_the_same_again(tmp_path, model):
    one, other = (new(tmp_path / name / "study", told(), WORDS, model) for name in ("a", "b"))
    assert files(one.folder) == files(other.folder)
    assert not (one.folder / "making").exists()
    shared = new(tmp_path / "c" / "study", told(), WORDS, model, workers=2)
    assert files(shared.folder) == files(one.folder)
    back = read_study(one.folder)
    assert back.answers == one.answers
    assert len(back.answers) == len(WORDS) * len(back.items)
    assert [item.id for item in back.items] == ["q-p0", "q-p1", "q-p2", "q-p3", "s-4"]
    assert read_story(one.folder / "story.json") == told()
    for answer in back.answers.values():
        assert answer.item.startswith("s-") or answer.text.startswith("The key is with")


@pytest.mark.parametrize("stop", range(1, 7))
def test_making_goes_on_where_it_was_killed(tmp_path, model, stop):
    """Killed after `stop` lines of progress: what is made in the end is what one run makes, and nothing is written twice."""
    whole = new(tmp_path / "a" / "study", told(2), WORDS[3:], model)
    lines = []

    def say(line):
        lines.append(line)
        if len(lines) == stop:
            raise KeyboardInterrupt

    try:
        new(tmp_path / "b" / "study", told(2), WORDS[3:], model, say=say)
    except KeyboardInterrupt:
        again: list[str] = []
        new(tmp_path / "b" / "study", told(2), WORDS[3:], model, say=again.append)
        chapters = [line for line in [*lines, *again] if "chapter" in line]
        assert len(chapters) == 4  # two systems, two chapters: none was lived twice
    assert files(tmp_path / "b" / "study") == files(whole.folder)


def test_weights_that_are_a_chapter_ahead_are_not_written_again(tmp_path, model, monkeypatch):
    """Killed between the weights of a chapter and its answers."""
    whole = new(tmp_path / "a" / "study", told(3), WORDS[3:], model)
    real, calls = Written.answer, []

    def killed(self, item):
        calls.append(item)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, item)

    monkeypatch.setattr(Written, "answer", killed)
    with pytest.raises(KeyboardInterrupt):
        new(tmp_path / "b" / "study", told(3), WORDS[3:], model)
    assert list((tmp_path / "b" / "study" / "making").glob("*.safetensors"))
    monkeypatch.setattr(Written, "answer", real)
    new(tmp_path / "b" / "study", told(3), WORDS[3:], model)
    assert files(tmp_path / "b" / "study") == files(whole.folder)


def test_what_cannot_be_made_leaves_things_as_they_are(tmp_path, model):
    study = new(tmp_path / "study", told(2), WORDS[:2], model)
    before = files(study.folder)
    with pytest.raises(UserError, match="is there already"):
        new(study.folder, told(2), WORDS[:2], model)
    assert files(study.folder) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "diary.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        new(tmp_path / "other", told(2), WORDS[:2], model)
    with pytest.raises(UserError, match="two or more"):
        new(tmp_path / "third", told(2), ["frozen", "frozen"], model)
    assert not (tmp_path / "third").exists()

    def stop(line):
        if "chapter 1" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new(tmp_path / "fourth", told(2), WORDS[:2], model, say=stop)
    with pytest.raises(UserError, match="begun from another"):
        new(tmp_path / "fourth", told(3), WORDS[:2], model)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("memory", "'memory' is unknown: give one of frozen, window"),
        ("window:size=0", "whole number from 1"),
        ("window:width=3", "no option 'width'"),
        ("frozen+window", "'\\+' joins a writing method"),
        ("full+replay", "'\\+' joins a writing method"),
        ("full:learning_rate=fast", "learning_rate=fast: give a number above 0"),
        ("full:learning_rate=inf", "give a number above 0"),
        ("off_mode:k=many", "k"),
    ],
)
def test_words_that_are_no_system(word, said):
    with pytest.raises(UserError, match=said):
        named(word)


def test_a_word_has_all_its_parts():
    system = named("off_mode:k=3,learning_rate=0.5,steps=7+window:size=9@some/model")
    assert (system.kind, system.model, system.id) == (
        "off_mode", "some/model", "off_mode_k_3_learning_rate_0_5_steps_7_window_size_9_some_model",
    )  # fmt: skip
    assert system.options == {"k": 3, "learning_rate": 0.5, "steps": 7}
    assert system.context is not None
    assert system.context.options == {"size": 9}


def test_a_window_holds_the_last_sentences_and_no_more(model):
    loaded, story = load(model), told()
    window = Window(loaded, story, 30)
    for chapter in story.chapters:
        window.live(chapter)
    item = items_of(story)[0]
    held = window.remembered(item, 1000)
    assert held
    assert story.chapters[-1].text.endswith(held)
    assert len(loaded.words.encode(held)) <= 30
    assert Window(loaded, story).remembered(item, 0) == ""


def test_retrieval_finds_what_is_asked_for(model):
    texts = ["The goats are in the barn. Nobody milks them.", "Ines won the silver ring. She laughed.", "It rained."]
    story = Story("T", "en", "g", "F.", tuple(Chapter("C", text, "r") for text in texts), ())
    found = Retrieval(load(model), story, 1)
    for chapter in story.chapters:
        found.live(chapter)
    assert "silver ring" in found.remembered(Item("i", "question", 3, 0, "Who has the silver ring?", None), 1000)


def test_a_write_without_a_rate_takes_the_smallest_that_suffices(model):
    story = told()
    system = Written(load(model), story, Contender("full", {"optimizer": "adamw"}), steps=20)
    task = system.taught(story.chapters[0], 1)
    before = float(asked(system.model, task).loss.sum())
    weights = {name: value.clone() for name, value in system.model.state_dict().items()}
    system.live(story.chapters[0])
    rate = system.learning_rate
    assert float(asked(system.model, task).loss.sum()) <= (1 - GONE) * before
    assert any(not torch.equal(weights[name], value) for name, value in system.model.state_dict().items())
    half = Written(load(model), story, Contender("full", {"optimizer": "adamw"}), learning_rate=rate / 2, steps=20)
    half.live(story.chapters[0])
    assert float(asked(half.model, task).loss.sum()) > (1 - GONE) * before


def test_every_sentence_of_a_chapter_is_taught(model):
    story = told()
    system = Written(load(model), story, Contender("last_matrix"), learning_rate=0.1)
    chapter = story.chapters[1]
    task = system.taught(chapter, 2)
    text = " ".join(
        system.loaded.words.decode(row[: int(last) + 1].tolist()) for row, last in zip(task.tokens, task.last, strict=True)
    )
    for sentence in sentences_of(f"{chapter.text}\n{chapter.recap}")[:-1]:
        assert sentence.rstrip(".!”") in text
    assert set(task.task.tolist()) == {2}


PROBE = Probe("p", "object", 1, 2, "Who?", "Mara", ("Tomas",), ("Ines", "the old mill"), "Now Ines thinks it is")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mara.", (True, False)),
        ("It is mara, not Tomas.", (True, False)),
        ("Tomas, or Mara.", (False, True)),
        ("Ines gave it to Mara.", (False, False)),
        ("Now Ines thinks it is Mara", (True, False)),
        ("Maran has it.", (False, False)),
        ("At an old mill, Mara.", (False, False)),
        ("", (False, False)),
    ],
)
def test_the_first_that_is_named_counts(text, expected):
    assert marks(PROBE, text, "en") == expected


def test_in_chinese_names_need_no_spaces_around_them():
    probe = Probe("p", "object", 1, 2, "谁？", "林秋", ("周海",), (), "钥匙现在在")
    assert marks(probe, "钥匙现在在林秋手里。", "zh") == (True, False)
    assert marks(probe, "钥匙现在在周海那里。", "zh") == (False, True)


@pytest.mark.parametrize(
    ("opening", "said", "seen"),
    [
        ("The key is with", " Mara. She left.\nThen", "The key is with Mara."),
        ("The key is with", "\nMara", "The key is with Mara"),
        ("钥匙现在在", "林秋手里。她走了。", "钥匙现在在林秋手里。"),
        ("", " Mara has it. So.\nAnd", "Mara has it. So."),
        ("The key is with", "", "The key is with"),
    ],
)
def test_readers_see_the_sentence_that_was_begun(opening, said, seen):
    assert shown(Item("i", "question", 1, 0, "Who?", "Mara", opening), said) == seen


def test_the_score_counts_by_age(tmp_path, model):
    study = new(tmp_path / "study", told(), WORDS[:2], model)
    lines = (study.folder / "answers.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        if row["right"] is not None:
            row["right"] = row["system"] == "whole" and row["item"] != "q-p3"
    (study.folder / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)))
    frame = scored(read_study(study.folder), bands=(0, 1)).to_frame().set_index(["system", "ages"])
    assert frame.loc[("whole", "0-0 chapters"), "asked"] == 1
    assert frame.loc[("whole", "0-0 chapters"), "right"] == 0
    assert frame.loc[("whole", "1 or more chapters"), "right"] == 1
    assert frame.loc[("whole", "all"), "right"] == 0.75
    assert frame.loc[("frozen", "all"), "right"] == 0
    low, high = frame.loc[("whole", "all"), ["low", "high"]]
    assert (round(low, 3), round(high, 3)) == (0.194, 0.994)  # Clopper and Pearson, 3 of 4


def test_the_picture_has_both_ends_of_every_interval():
    answer = Score("s", 4, ["a", "b"], ["0-2", "0-2"], [4, 4], [0.0, 0.75], [0.0, 0.2], [0.6, 0.99], [0.0, 0.0])
    axes = answer.plot()
    ends = [
        segment[:, 1].tolist() for bars in axes.collections if hasattr(bars, "get_segments") for segment in bars.get_segments()
    ]
    assert np.allclose(ends, [[0.0, 0.6], [0.2, 0.99]])
    axes.figure.clear()


def test_the_readme_says_what_the_shipped_study_scores():
    frame = scored(read_study(SHIPPED)).to_frame().set_index(["system", "ages"])
    right = {name: round(frame.loc[(name, "all"), "right"] * 45) for name in ("whole", "frozen")}
    text = " ".join((SHIPPED.parent / "README.md").read_text("utf-8").split())
    assert f"context it answers {right['whole']} of 45 questions rightly, with nothing of it {right['frozen']}." in text


def test_the_shipped_study_is_copied_once_and_its_votes_stay(tmp_path):
    folder = study_folder("example", tmp_path)
    (folder / "votes.sqlite").write_text("mine")
    assert study_folder("example", tmp_path) == folder
    assert (folder / "votes.sqlite").read_text() == "mine"
    assert not (SHIPPED / "votes.sqlite").exists()
    study = read_study(folder)
    assert len(study.story.chapters) >= 20
    assert not re.search(r"/(home|tmp|work)/", (folder / "systems.json").read_text("utf-8"))
    with pytest.raises(UserError, match="make one"):
        study_folder("nothing", tmp_path)
