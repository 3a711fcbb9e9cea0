"""Files of the arena that are no plain JSON are refused in a line, whichever of them they are."""

import pytest

from realmodels.arena.story import read_story
from realmodels.arena.study import read_study
from realmodels.arena.transcript import read_transcript
from theory.errors import UserError

HOSTILE = {"deep": "[" * 100_000, "half a character": '{"role": "user", "content": "\\ud800"}', "no number": "[NaN]", "bare": "7"}


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request) -> str:
    return request.param


@pytest.mark.parametrize("read", [read_story, read_transcript])
def test_it_is_refused(tmp_path, read, hostile):
    path = tmp_path / "hostile.jsonl"
    path.write_text(hostile)
    with pytest.raises(UserError, match=r"hostile\.jsonl") as raised:
        read(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["study.json", "systems.json", "story.json", "items.jsonl", "answers.jsonl"])
def test_it_is_refused_in_a_study(study, name, hostile):
    (study.folder / name).write_text(hostile + "\n")
    with pytest.raises(UserError, match=name.replace(".", r"\.")) as raised:
        read_study(study.folder)
    assert "\n" not in str(raised.value)
