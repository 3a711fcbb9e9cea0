"""Files of the arena that nest beyond what Python reads are refused in a line, whichever of them they are."""

import pytest

from realmodels.arena.story import read_story
from realmodels.arena.study import read_study
from realmodels.arena.transcript import read_transcript
from theory.errors import UserError

DEEP = "[" * 100_000


@pytest.mark.parametrize("read", [read_story, read_transcript])
def test_a_deep_file_is_refused(tmp_path, read):
    path = tmp_path / "deep.jsonl"
    path.write_text(DEEP)
    with pytest.raises(UserError, match=r"deep\.jsonl"):
        read(path)


@pytest.mark.parametrize("name", ["study.json", "items.jsonl"])
def test_a_deep_file_of_a_study_is_refused(study, name):
    (study.folder / name).write_text(DEEP + "\n")
    with pytest.raises(UserError, match=name):
        read_study(study.folder)
