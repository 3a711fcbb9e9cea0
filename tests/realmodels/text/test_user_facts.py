"""A user's facts: read strictly from a file, a list or a table, and every kind of mistake gets one line with its place."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realmodels.text.facts import Fact
from realmodels.text.facts_fields import METADATA, USED
from realmodels.text.user_facts import UserFact, as_facts, load_facts, read_facts
from theory.errors import UserError


def test_a_file_of_facts_is_read_with_tasks_numbered_and_one_space_before_answers(tmp_path):
    path = tmp_path / "facts.jsonl"
    entries = [("A is in ", "France", "b"), ("B is in", " Spain ", 7), ("C is in", "Italy", "b")]
    path.write_text("\n\n".join(json.dumps(dict(zip(("prompt", "answer", "task"), e, strict=True))) for e in entries))
    assert load_facts(path) == [
        UserFact("A is in", " France", 0),
        UserFact("B is in", " Spain", 1),
        UserFact("C is in", " Italy", 0),
    ]


GOOD = '{"prompt": "A is in", "answer": "France", "task": 0}\n'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no facts"),
        (GOOD + "{oops", "line 2: not JSON"),
        (GOOD + "[1]", "line 2: not an object"),
        (GOOD + '{"prompt": "A", "answer": "B"}', "line 1 has a task and line 2 has none: give all facts a task, or none"),
        ('{"prompt": "A", "task": 0}', 'line 1: "answer" is missing'),
        ('{"prompt": 3, "answer": "B", "task": 0}', '"prompt" is 3'),
        ('{"prompt": "A", "answer": ["B", 7], "task": {}}', '"task" is {}'),
        ('{"prompt": "A", "answer": true, "task": 0}', '"answer" is True'),
        ('{"prompt": "A", "answer": {"text": "B"}, "task": 0}', "\"answer\" is {'text': 'B'}"),
        ('{"prompt": " ", "answer": "B", "task": 0}', "\"prompt\" is ' ': give a text that is not empty"),
        ('{"prompt": "A", "answer": "B", "task": 1.5}', '"task" is 1.5'),
        ('{"prompt": "A", "answer": "B", "task": true}', '"task" is True'),
        (
            GOOD + '{"prompt": "A is in", "answer": "Spain", "task": 0}',
            "line 2: 'A is in' has the answer 'Spain', but was given the answer 'France' in line 1",
        ),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path, content, told):
    path = tmp_path / "facts.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match=re.escape(told)) as raised:
        load_facts(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_facts(tmp_path / "none.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        load_facts(tmp_path / "binary.jsonl")


def test_all_contradictions_are_named_at_once(tmp_path):
    path = tmp_path / "facts.jsonl"
    lines = [{"prompt": f"{p} is in", "answer": a, "task": 0} for a in ("France", "Spain") for p in "ABCDEFG"]
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(UserError) as raised:
        load_facts(path)
    message = str(raised.value)
    assert [number for number in range(1, 15) if f"line {number}:" in message] == [8, 9, 10, 11, 12]
    assert "(and 2 more)" in message


@pytest.mark.parametrize("letter", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_only_a_line_feed_ends_a_line(tmp_path, letter):
    path = tmp_path / "facts.jsonl"
    line = json.dumps({"prompt": f"A{letter}B is in", "answer": "France", "task": 0}, ensure_ascii=False)
    path.write_bytes((line.replace("\r", "\\r") + "\r\n").encode())
    assert load_facts(path)[0].prompt == f"A{letter}B is in"


def test_lists_and_tables_say_what_a_file_says(tmp_path):
    plain = [Fact("A is in", " France", 0), Fact("B is in", " Spain", 1)]
    expected = [UserFact("A is in", " France", 0), UserFact("B is in", " Spain", 1)]
    pairs = [("A is in", "France"), ("B is in", "Spain")]
    assert (
        as_facts(pairs)
        == as_facts([(*p, f"task {i}") for i, p in enumerate(pairs)])
        == as_facts(plain)
        == as_facts(expected)
        == expected
    )
    assert as_facts([dict(zip(("prompt", "answer"), p, strict=True)) for p in pairs]) == expected
    table = pd.DataFrame({"prompt": ["A is in", "B is in"], "answer": ["France", "Spain"], "task": [7, 3]})
    assert as_facts(table) == as_facts(table.drop(columns="task")) == expected
    path = tmp_path / "facts.jsonl"
    table.to_json(path, orient="records", lines=True)
    assert as_facts(path) == as_facts(str(path)) == expected


def test_held_out_wordings_are_read(tmp_path):
    path = tmp_path / "facts.jsonl"
    entry = {
        "prompt": "A is in",
        "answer": "France",
        "task": 0,
        "heldout_prompt": "One finds A in ",
        "paraphrases": ["Go to A in"],
    }
    path.write_text(json.dumps(entry))
    (fact,) = load_facts(path)
    assert fact.heldout_wordings == ("One finds A in", "Go to A in")
    assert as_facts([entry]) == as_facts(pd.DataFrame([entry])) == [fact]
    arrays = pd.DataFrame(
        [
            {**entry, "paraphrases": np.array(entry["paraphrases"])},
            {**entry, "prompt": "It is in", "heldout_prompt": float("nan")},
        ]
    )
    assert as_facts(arrays)[0] == fact
    assert as_facts(arrays)[1].heldout_wordings == ("Go to A in",)
    path.write_text(json.dumps({**entry, "heldout_prompt": None}))
    assert load_facts(path)[0].heldout_wordings == ("Go to A in",)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ([], "holds no facts"),
        ([("A is in",)], "entry 0 is ('A is in',): give (prompt, answer)"),
        ([("A is in", "France"), 7], "entry 1 is 7"),
        (["ab"], "entry 0 is 'ab'"),
        ([("A is in", None)], 'entry 0: "answer" is None'),
        (pd.DataFrame({"prompt": ["A"]}), "no column 'answer'"),
        (pd.DataFrame({"prompt": ["A"], "answer": [float("nan")]}), 'row 0: "answer" is missing'),
        (7, "facts are a int"),
    ],
)
def test_a_bad_list_or_table_is_told(facts, told):
    with pytest.raises(UserError, match=re.escape(told)) as raised:
        as_facts(facts)
    assert "\n" not in str(raised.value)


# What may stand where a text belongs: texts of any characters, half surrogate pairs among them, and every other JSON value.
TEXTS = st.text(st.characters(), max_size=8) | st.text("\ud800\udfff\u2028\x85\r ab", max_size=6)
FIELDS = st.sampled_from([*sorted(USED | METADATA), "str", "near", "New Question", "New Answer", "requests"])
VALUES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.lists(TEXTS, max_size=2)
NESTED = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3), max_leaves=6
)
ENTRIES = st.fixed_dictionaries({"prompt": TEXTS, "answer": TEXTS}, optional={"task": VALUES, "paraphrases": VALUES})
ENTRIES |= st.dictionaries(FIELDS, NESTED, max_size=5)
HOSTILE = st.sampled_from(
    [
        '{"task":' * 100_000,
        "[" * 100_000,
        '{"prompt": "A", "answer": "B", "task": ' + "9" * 5000 + "}",
        '{"prompt": "\\ud800", "answer": "B", "task": 0}',
        '{"prompt": "A", "answer": "\\udfff", "task": 0}',
        '{"prompt": "A", "answer": "B", "task": 0, "paraphrases": ["\\ud83d"]}',
        '{"prompt": "A", "answer": "B", "task": NaN}',
        "\ufeff",
        "null",
    ]
)
LINES = st.lists(ENTRIES.map(json.dumps) | ENTRIES.map(json.dumps).map(lambda line: line[: len(line) // 2]) | HOSTILE, max_size=4)
FILES = (
    LINES.map("\n".join)
    | st.lists(ENTRIES, max_size=4).map(json.dumps)
    | st.lists(ENTRIES, max_size=4).map(lambda entries: json.dumps({"requests": entries}, indent=1))
    | st.dictionaries(FIELDS, st.lists(NESTED, min_size=2, max_size=2) | NESTED, max_size=5).map(json.dumps)
    | st.text()
)


@given(FILES, st.sampled_from(["new", "true"]), st.sampled_from([None, 2]))
@settings(max_examples=300, deadline=None)
def test_any_file_is_read_or_refused_in_one_line(tmp_path_factory, content, answer, facts_per_task):
    """Mutated files of every form: what is read can be encoded and has its fields, what is not is refused with its place."""
    path = tmp_path_factory.mktemp("facts") / "facts.jsonl"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        read = read_facts(path, facts_per_task, answer)
    except UserError as error:
        facts, lines = [], [str(error)]
    else:
        facts, lines = read.facts, [str(path), *read.notes]
    assert str(path) in lines[0]
    assert all(line.isprintable() for line in lines)
    assert len({fact.prompt for fact in facts}) == len(facts)
    for fact in facts:
        assert fact.prompt == fact.prompt.rstrip() != ""
        assert fact.answer.strip()
        assert isinstance(fact.task, int)
        assert fact.prompt not in fact.heldout_wordings
        pairs = (*fact.neighbours, *fact.related)
        for text in (fact.prompt, fact.answer, *fact.heldout_wordings, *(text for pair in pairs for text in pair if text)):
            text.encode()
