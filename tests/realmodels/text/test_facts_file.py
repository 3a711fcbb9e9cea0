"""Records of facts files: every form is read, one record after the other, and what cannot be read is named."""

import json
import re

import pytest

from realmodels.text.facts_file import records
from theory.errors import UserError

RECORDS = [{"prompt": "A is in", "answer": "France"}, {"prompt": "B is\u2028in \x85", "answer": "吴承恩"}]
LINES = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS)


def read(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(records(path))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "facts.json"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_are_cut_at_line_feeds_and_blank_ones_are_passed_over(path, mark):
    content = ("\n" + LINES.replace("\n", "\r\n \r\n") + "\r\n\n").encode()
    assert read(path, mark + content) == [("line 2", RECORDS[0]), ("line 4", RECORDS[1])]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("mark", ["", "\ufeff", " \n"])
def test_an_array_and_an_object_of_requests_are_read(path, indent, mark):
    expected = [("entry 0", RECORDS[0]), ("entry 1", RECORDS[1])]
    assert read(path, mark + json.dumps(RECORDS, indent=indent, ensure_ascii=False) + "\n") == expected
    assert read(path, mark + json.dumps({"seed": 3, "requests": RECORDS}, indent=indent)) == expected


def test_one_object_on_several_lines_is_one_record(path):
    assert read(path, "\n\n" + json.dumps(RECORDS[1], indent=2)) == [("line 3", RECORDS[1])]


def test_an_object_of_columns_is_read_by_rows(path):
    columns = {
        "prompts": ["A is in", "B is in"],
        "target_new": ["France", "Spain"],
        "keep_original_weight": True,
        "locality_inputs": {"near": {"prompt": ["C is in", "D is in"], "ground_truth": ["Italy", None]}},
    }
    first, second = read(path, json.dumps(columns))
    near = {"near": {"prompt": "C is in", "ground_truth": "Italy"}}
    expected = {"prompts": "A is in", "target_new": "France", "keep_original_weight": True, "locality_inputs": near}
    assert first == ("entry 0", expected)
    assert second[1]["locality_inputs"]["near"] == {"prompt": "D is in", "ground_truth": None}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (LINES + '\n{"prompt": "C', "line 3: not JSON"),
        ("prompt,answer\nA,B", "line 1: this looks like CSV: give JSON Lines"),
        ('"Question";"Answer"\n"A";"B"', "line 1: this looks like CSV"),
        ("no, this is prose", "line 1: not JSON"),
        ('{"prompt": "A", "answer": "B"}\n{"prompt": "P\u00e2ris"}'.encode("latin-1"), "line 2 is not text in UTF-8"),
        ("\x00" * 9, "line 1: not JSON"),
        ('{"prompt": NaN}', "NaN is not a number of JSON"),
        ('{"prompt": "\\ud83d"}\n', "lone surrogate"),
        ("[" + "[" * 100_000, "entry 0: nested too deeply"),
        ('{"a":' * 100_000, "line 1: nested too deeply"),
        ('{"a": 1, "b": ' + "9" * 5000 + "}", "too many digits"),
        ('[{"a": 1}, {"a": ' + "9" * 5000 + "}]", "entry 1: a whole number has too many digits"),
        ('[{"a": 1} {"a": 2}]', "entry 0 is not followed by a comma"),
        ('[{"a": 1}', "entry 0 is not followed by a comma or the end"),
        ('[{"a": 1},', "entry 1: not JSON"),
        ('[{"a": 1},]', "entry 1: not JSON"),
        ("[", "entry 0: not JSON"),
        ('[{"a": 1}] {"a": 2}', "something follows the array"),
        ('[{"a": "\\udfff"}]', "entry 0: a text in it holds half a character"),
        ('{"requests": {"a": 1}}', '"requests" is no array'),
        ('{"prompts": ["A", "B"], "target_new": ["C"]}', '"target_new" holds 1 values for 2 prompts'),
        (
            '{"prompts": ["A"], "locality_inputs": {"n": {"prompt": ["B", "C"]}}}',
            '"locality_inputs" holds 2 values for 1 prompts',
        ),
        ('{"prompts": ["A"], "locality_inputs": {"n": {"prompt": "B"}}}', '"locality_inputs" holds no list for 1 prompts'),
        (b"\xff\xfe{\x00", "not text in UTF-8 (byte 0)"),
        (LINES.encode("utf-16"), "not text in UTF-8"),
        ("吴".encode("gbk"), "not text in UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line_with_file_and_place(path, content, told):
    with pytest.raises(UserError, match=re.escape(told)) as raised:
        read(path, content)
    assert str(path) in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", [".", "none.json", "a\0b", "loop", "n" * 300])
def test_a_path_that_is_no_file_is_told(tmp_path, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="facts file"):
        list(records(tmp_path / name))


@pytest.mark.parametrize("content", ["", "\n \r\n", "[]", " [ ] ", '{"requests": []}', '{"prompts": []}'])
def test_a_file_without_records_has_none(path, content):
    assert read(path, content) == []


@pytest.mark.parametrize("content", ['{"prompt": 7}\n' + "{" * 1000, '[{"prompt": 7}, ' + "{" * 1000])
def test_records_come_one_by_one_so_that_nonsense_is_refused_at_the_first(path, content):
    path.write_text(content)
    found = records(path)
    assert next(found)[1] == {"prompt": 7}
    with pytest.raises(UserError):
        next(found)
