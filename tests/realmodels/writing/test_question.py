"""A model and facts, read and encoded: the chat form, settings, sources, digests, and what cannot be asked is named at once."""

import bisect
import hashlib
import json

import pytest
import torch

from realmodels.model.loaded import load
from realmodels.text.facts import stream
from realmodels.text.user_facts import as_facts
from realmodels.writing.beside import Beside
from realmodels.writing.question import Question, Setting
from tests.realmodels.toys import BEGIN, CHAT, tokenizer, toy
from tests.realmodels.writing.places import ENTRIES, PLACES, facts_file
from theory.errors import UserError


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    """Two toys with a chat template: one that begins every text with BEGIN, which the template puts there too; one without."""
    folder = tmp_path_factory.mktemp("chats")
    toy("llama", folder / "begins")
    tokenizer(begin=True, pad=False, chat=True).save_pretrained(folder / "begins")
    toy("qwen2", folder / "plain")
    return {name: load(folder / name) for name in ("begins", "plain")}


@pytest.mark.parametrize("name", ["begins", "plain"])
def test_in_the_chat_form_the_whole_turn_is_asked_with_one_beginning(chats, name):
    loaded = chats[name]
    question = Question(loaded, ENTRIES, Setting(template="chat"))
    begin = loaded.tokenizer.convert_tokens_to_ids(BEGIN)
    for row, (place, country) in enumerate(PLACES):
        turn = f"<s>user\n{place} is a place in<|endoftext|>\n<s>assistant\n"
        assert loaded.tokenizer.apply_chat_template(
            [{"role": "user", "content": f"{place} is a place in"}], tokenize=False, add_generation_prompt=True
        ) == turn  # fmt: skip
        before = loaded.tokenizer(turn, add_special_tokens=False)["input_ids"]
        whole = loaded.tokenizer(turn + country, add_special_tokens=False)["input_ids"]
        length = int(question.facts.last[row]) + 1
        tokens = question.facts.tokens[row, :length].tolist()
        assert tokens == whole[:-1]
        assert tokens.count(begin) == 2  # of the user's turn and of the assistant's
        assert tokens[:2] != [begin, begin]
        assert int(question.facts.first[row]) == len(before) - 1
        answer = question.facts.answer_tokens[question.facts.row == row].tolist()
        assert answer == whole[len(before) :]
    assert question.settings["template"] == "chat"


def test_in_the_plain_form_a_text_begins_as_the_model_was_pretrained(chats):
    for name, start in (("begins", [0]), ("plain", [])):
        question = Question(chats[name], ENTRIES)
        words = chats[name].tokenizer(ENTRIES[0]["prompt"], add_special_tokens=False)["input_ids"]
        assert question.facts.tokens[0, : len(start + words)].tolist() == start + words


def test_wordings_neighbours_and_known_facts_are_asked_in_the_same_form(chats):
    entries = [
        {
            "prompt": "The capital of France is",
            "answer": "Tokyo",
            "ground_truth": "Paris",
            "rephrase_prompt": "France has the capital",
            "locality": {"near": [{"prompt": "The capital of Spain is", "ground_truth": "Madrid"}]},
        },
        {"prompt": "The capital of Peru is", "answer": "Oslo"},
    ]
    question = Question(chats["begins"], entries, Setting(template="chat", known=[("Lima lies in", "Peru")]))
    turn = "<s>user\n{}<|endoftext|>\n<s>assistant\n".format
    beside = Beside(question)
    assert set(beside.pairs.numbers) == {
        (turn("The capital of France is"), "Tokyo"),
        (turn("The capital of France is"), "Paris"),
        (turn("France has the capital"), "Tokyo"),
        (turn("France has the capital"), "Paris"),
        (turn("The capital of Spain is"), "Madrid"),
        (turn("The capital of Spain is"), "Tokyo"),
        (turn("Lima lies in"), "Peru"),
    }
    others, of_fact = question.other_wordings()
    assert of_fact == [0]
    tokens = others.tokens[0, : int(others.first[0]) + 1].tolist()
    assert chats["begins"].tokenizer.decode(tokens) == turn("France has the capital")


def test_the_subject_is_found_within_the_turn(chats):
    entries = [{"prompt": "The capital of {} is", "subject": s, "answer": a} for s, a in (("France", "Tokyo"), ("Peru", "Oslo"))]
    question = Question(chats["begins"], entries, Setting(template="chat"))
    for row, subject in enumerate(("France", "Peru")):
        text = chats["begins"].words.decode(question.facts.tokens[row, : int(question.facts.subject[row]) + 1].tolist())
        assert text.endswith(f"The capital of {subject}")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"facts": [*ENTRIES, {"prompt": "Oz " * 90 + "is", "answer": "Peru", "task": 9}]}, "Oz Oz"),
        ({"background": [("Ix " * 90 + "is", "Peru"), ("B", "C")]}, "Ix Ix"),
        ({"known": [("Ux " * 90 + "is", "Peru")]}, "Ux Ux"),
        ({"facts": [*ENTRIES, {"prompt": "A", "answer": "B", "task": 9, "rephrase_prompt": "Az " * 90}]}, "Az Az"),
        (
            {
                "facts": [
                    *ENTRIES,
                    {"prompt": "A", "answer": "B", "task": 9, "locality": {"x": [{"prompt": "Bz " * 90, "ground_truth": "C"}]}},
                ]
            },
            "Bz Bz",
        ),
    ],
)
def test_a_text_beyond_the_context_is_named_before_anything_is_written(toys, change, name):
    given = {"facts": ENTRIES, **change}
    with pytest.raises(UserError, match=rf"prompt '{name} .*\.\.\. takes \d+ tokens .* does not fit a context of 96: shorten it"):
        Beside(Question(toys("llama"), given.pop("facts"), Setting(**given)))


def test_the_context_may_be_filled_to_the_last_token(toys):
    loaded = toys("llama")
    word = loaded.tokenizer(" Oz", add_special_tokens=False)["input_ids"]
    count = (96 - 1) // len(word)
    spare = 96 - 1 - count * len(word)
    other = ("A", "Norway")

    def long(n: int) -> tuple[str, str]:
        return "x" * spare + " Oz" * n, "Peru"

    first = bisect.bisect_left(range(count + 1), True, key=lambda n: not _fits(loaded, long(n), other))
    longest = Question(loaded, [long(first - 1), other]).facts
    assert 96 - len(word) < int(longest.last.max()) + 1 <= 96
    assert not any(_fits(loaded, long(n), other) for n in range(first, min(first + 3, count + 1)))


def _fits(loaded, *entries) -> bool:
    try:
        Question(loaded, list(entries))
    except UserError:
        return False
    return True


def test_the_background_is_what_was_given_else_the_facts_prompts(toys, tmp_path):
    loaded = toys("gpt2")
    own = Question(loaded, ENTRIES)
    assert torch.equal(own.background.prompts.tokens, own.facts.tokens)
    assert own.settings["background"] == "the prompts of the facts themselves"
    assert own.about["hashes"]["background"] is None
    path = facts_file(
        tmp_path / "others.jsonl", [{"prompt": "Lima lies in", "answer": "Peru"}, {"prompt": "Rome", "answer": "X"}]
    )
    other = Question(loaded, ENTRIES, Setting(background=path))
    prompts = other.background.prompts
    assert prompts.tokens[0, : int(prompts.first[0]) + 1].tolist() == loaded.tokenizer("Lima lies in")["input_ids"]
    assert other.about["hashes"]["background"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert other.settings["background"] == str(path)
    assert torch.equal(other.background.text, other.protected.beside)


def test_tasks_are_those_of_the_file_or_of_so_many_facts(toys):
    loaded = toys("gpt2")
    assert Question(loaded, ENTRIES).facts.task.tolist() == [0, 0, 1, 1]
    assert Question(loaded, ENTRIES, Setting(facts_per_task=3)).facts.task.tolist() == [0, 0, 0, 1]
    without = [{"prompt": entry["prompt"], "answer": entry["answer"]} for entry in ENTRIES]
    assert Question(loaded, without).facts.task.tolist() == [0, 1, 2, 3]
    each = [{**entry, "task": number} for number, entry in enumerate(without)]
    settings = {
        "own": Question(loaded, each),
        "none": Question(loaded, without),
        "set": Question(loaded, each, Setting(facts_per_task=3)),
    }
    assert {name: question.own_tasks for name, question in settings.items()} == {"own": True, "none": False, "set": False}
    for size in (0, -1, 1.5, True):
        with pytest.raises(UserError, match="facts per task"):
            Question(loaded, ENTRIES, Setting(facts_per_task=size))


def test_the_new_or_the_true_answer_is_asked(toys):
    loaded = toys("gpt2")
    entries = [
        {"prompt": f"The capital of {c} is", "answer": new, "ground_truth": true}
        for c, new, true in (("France", "Tokyo", "Paris"), ("Peru", "Oslo", "Lima"))
    ]
    for answer, expected in (("new", [" Tokyo", " Oslo"]), ("true", [" Paris", " Lima"])):
        question = Question(loaded, entries, Setting(answer=answer))
        assert [one.answer for one in question.asked] == expected
    with pytest.raises(UserError, match="choose one of new, true"):
        Question(loaded, entries, Setting(answer="old"))


def test_a_named_stream_is_read_only_where_it_may_be_and_no_file_has_the_name(trained, tmp_path, monkeypatch):
    model = load(trained[1]["dense"])
    question = Question(model, "cities", named=True)
    expected = stream("cities", 10, 8, 0)
    assert [(one.prompt, one.answer, one.task) for one in question.asked] == [(f.prompt, f.answer, f.task) for f in expected]
    assert len(question.other_wordings()[1]) == 80
    with pytest.raises(UserError, match="cities does not exist"):
        Question(model, "cities")
    monkeypatch.chdir(tmp_path)
    facts_file(tmp_path / "cities")
    assert len(Question(model, "cities", named=True).facts) == 4


def test_facts_are_known_by_the_digest_of_the_file_or_of_what_they_are(toys, places):
    loaded = toys("gpt2")
    assert Question(loaded, places).about["hashes"]["facts"] == hashlib.sha256(places.read_bytes()).hexdigest()
    from_memory = Question(loaded, ENTRIES).about["hashes"]["facts"]
    assert from_memory == Question(loaded, as_facts(places)).about["hashes"]["facts"]
    for change in ({"answer": "Chile"}, {"prompt": "Avonlea is in"}, {"task": "t9"}, {"rephrase_prompt": "Where is Avonlea? In"}):
        assert Question(loaded, [{**ENTRIES[0], **change}, *ENTRIES[1:]]).about["hashes"]["facts"] != from_memory


def test_tokens_are_shown_readably(chats):
    lines = Question(chats["begins"], [("Oz is in", "New York"), ("Ix is in", "吴")]).token_lines()
    assert len(lines) == 2
    assert lines[0].startswith("['<s>', ")
    before, after = lines[0].split(" -> ")
    assert "".join(json.loads(before.replace("'", '"'))[1:]) == "Oz is in"
    assert "".join(json.loads(after.replace("'", '"'))) == " New York"
    assert lines[1].count("\\x") == 3


def test_an_answer_that_begins_another_is_noted(chats):
    entries = [
        {"prompt": f"{place} lies in", "answer": answer} for place, answer in (("A", "New"), ("B", "New York"), ("C", "Peru"))
    ]
    told = [note for note in Question(chats["plain"], entries).notes if "begin" in note]
    assert told == ["1 answer begins another: ' New' counts as said where the model goes on to ' New York'"]
    assert not [note for note in Question(chats["plain"], entries[1:]).notes if "begin" in note]


@pytest.mark.parametrize("field", ["facts", "known", "background", "text"])
def test_files_are_read_before_the_model(tmp_path, field):
    """A model may take a minute to load: a wrong file is told first."""
    there, missing = facts_file(tmp_path / "facts"), tmp_path / "missing"
    setting = Setting() if field == "facts" else Setting(**{field: missing})
    with pytest.raises(UserError, match=r"missing (cannot be read|does not exist)"):
        Question(tmp_path / "no model", missing if field == "facts" else there, setting)


def test_another_order_has_the_same_options_and_new_tasks(toys):
    question = Question(toys("gpt2"), ENTRIES)
    again = question.in_order([3, 1, 0, 2], 3)
    assert again.task.tolist() == [0, 0, 0, 1]
    for row, old in enumerate([3, 1, 0, 2]):
        one, other = again[row : row + 1], question.facts[old : old + 1]
        assert torch.equal(one.tokens, other.tokens)
        assert [set(options) - {-1} for options in one.options.tolist()] == [set(o) - {-1} for o in other.options.tolist()]
        assert torch.equal(one.full_bits, other.full_bits)


def test_chance_is_a_guess_at_every_token_that_leaves_a_choice(toys):
    """Two answers begin alike: 1/2 at the first token, then 1/2 or none."""
    loaded = toys("gpt2")
    entries = [("A is", "New York"), ("B is", "New Jersey"), ("C is", "Paris")]
    spelt = [loaded.words.joined(prompt, f" {answer}")[1] for prompt, answer in entries]
    assert spelt[0][0] == spelt[1][0] != spelt[2][0]
    shared = next(k for k in range(9) if spelt[0][k] != spelt[1][k])
    assert shared >= 1
    question = Question(loaded, entries)
    assert question.about["chance_recall"] == pytest.approx((1 / 4 + 1 / 4 + 1 / 2) / 3)
    assert question.about["full_bits"] == pytest.approx((2 + 2 + 1) / 3)
    assert question.about["candidates"] == 3


def test_the_toys_template_is_the_one_that_is_asked():
    assert CHAT.count("<s>") == 2


def test_what_cannot_be_asked_is_told_with_its_file_and_line(chats, tmp_path):
    long = {"prompt": "the place " * 400 + "is in", "answer": "Italy", "task": 9}
    path = facts_file(tmp_path / "facts.jsonl", [*ENTRIES, long])
    with pytest.raises(UserError, match=rf"facts file {path}, line {len(ENTRIES) + 1}: prompt .* does not fit a context"):
        Question(chats["plain"], path)
    path = facts_file(tmp_path / "same.jsonl", [{**entry, "answer": "Italy"} for entry in ENTRIES])
    with pytest.raises(UserError, match=rf"{path}: all facts have the answer 'Italy'.*at least two different answers are needed"):
        Question("no model", path)
