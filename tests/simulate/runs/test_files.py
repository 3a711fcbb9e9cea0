"""JSON from outside: plain JSON comes back as it is, everything else is refused in one line that names the place."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.runs.files import parse_json, read_json, read_text
from theory.errors import UserError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(PLAIN)
def test_plain_json_comes_back(value):
    assert parse_json(json.dumps(value), "here", "mend") == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(), "here", "mend") == value


@given(st.binary() | st.text())
def test_anything_else_is_refused_in_one_line(text):
    refusal = "here: no refusal: mend"
    try:
        parse_json(text, "here", "mend")
    except UserError as error:
        refusal = str(error)
    assert refusal.startswith("here: ")
    assert refusal.endswith(": mend")
    assert len(refusal.splitlines()) == 1


DEEP = sys.getrecursionlimit() * 100


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[" * DEEP + "]" * DEEP, "nested too deeply"),
        ('{"a":' * DEEP + "1" + "}" * DEEP, "nested too deeply"),
        ("1" * 5000, "too many digits"),
        ('{"task": -' + "9" * 5000 + "}", "too many digits"),
        ("NaN", "NaN is not a number"),
        ("[1, -Infinity]", "-Infinity is not a number"),
        ("1e999", "1e999 is too large"),
        ('"\\ud800"', "half a character"),
        ('{"\\udfff": 1}', "half a character"),
        (b"\xff{}", "not UTF-8"),
        ("", "not JSON"),
        ("{", "not JSON"),
    ],
)
def test_each_kind_is_named(text, word):
    with pytest.raises(UserError, match=word):
        parse_json(text, "here", "mend")


def test_no_file_a_folder_and_a_loop_of_links_are_named(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path / "none", tmp_path, loop, tmp_path / "a\0b"):
        with pytest.raises(UserError, match="mend") as refusal:
            read_json(path, "mend")
        assert len(str(refusal.value).splitlines()) == 1
        with pytest.raises(UserError, match="mend"):
            read_text(path, "mend")
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_text(tmp_path / "latin", "mend")
