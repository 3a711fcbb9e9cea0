"""Folders damaged at random: they are read, or refused in one line; no other exception, and no long wait."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realmodels.model.loaded import load
from tests.realmodels.toys import toy
from theory.errors import UserError

FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors.index.json",
    "model-00002-of-00006.safetensors",
)
VALUES = (None, True, 0, -1, 3, 10**12, 1e300, "", "x", [], [1], {}, {"a": 1}, "../x", "gpt2")


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    return toy("llama_tied", tmp_path_factory.mktemp("sound") / "model", shards=True)


@pytest.fixture
def folder(sound, tmp_path) -> Path:
    return tmp_path / "model"


def survives(folder: Path) -> None:
    """Read a folder: it is read, or refused in one line that names it."""
    line = f"{folder} is read"
    try:
        load(folder)
    except UserError as error:
        line = str(error)
    assert str(folder) in line
    assert "\n" not in line
    assert len(line) < 700


def restored(sound: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sound, folder)
    return folder


SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(
    name=st.sampled_from(FILES),
    place=st.floats(0, 1),
    what=st.sampled_from(["cut", "drop", "insert", "flip"]),
    data=st.binary(min_size=1, max_size=12),
)
def test_bytes_that_changed(sound, folder, name, place, what, data):
    path = restored(sound, folder) / name
    old = path.read_bytes()
    at = int(place * len(old))
    new = {
        "cut": old[:at],
        "drop": old[:at] + old[at + len(data) :],
        "insert": old[:at] + data + old[at:],
        "flip": old[:at] + data + old[at + len(data) :],
    }[what]
    path.write_bytes(new)
    survives(folder)


@SETTINGS
@given(data=st.data())
def test_values_of_the_configuration_that_changed(sound, folder, data):
    path = restored(sound, folder) / "config.json"
    config = json.loads(path.read_text())
    for key in data.draw(st.lists(st.sampled_from(sorted(config)), min_size=1, max_size=2, unique=True)):
        config[key] = data.draw(st.sampled_from(VALUES))
    path.write_text(json.dumps(config))
    survives(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["missing", "empty", "folder", "loop"])
def test_files_of_another_kind(sound, folder, name, kind):
    path = restored(sound, folder) / name
    path.unlink()
    if kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    survives(folder)
