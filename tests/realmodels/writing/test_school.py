"""School: a copy learns the form of facts; the base stays as it is, the same seed gives the same bytes, bad input is one line."""

import hashlib
from pathlib import Path

import pytest
import torch

from realmodels.model.loaded import load
from realmodels.writing.school import LEFT_OUT, school
from tests.realmodels.toys import CITIES, COUNTRIES, toy
from tests.realmodels.writing.places import facts_file
from theory.errors import UserError

FORMS = ("The city of {} lies in", "{} is a city of")


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return toy("llama", tmp_path_factory.mktemp("school") / "base")


@pytest.fixture
def examples(tmp_path) -> Path:
    """40 facts of one form: each city of two wordings has its country."""
    pairs = list(zip(CITIES, COUNTRIES, strict=False))
    records = [{"prompt": form.format(city), "answer": country} for form in FORMS for city, country in pairs]
    return facts_file(tmp_path / "examples.jsonl", records)


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_a_copy_learns_the_form_and_the_base_stays(base, examples, tmp_path):
    before, said = sums(base), []
    found = school(base, tmp_path / "out", examples, steps=40, learning_rate=1e-2, say=said.append)
    assert sums(base) == before
    assert found.facts + found.left_out == 2 * min(len(CITIES), len(COUNTRIES))
    assert found.left_out == (found.facts + found.left_out) // LEFT_OUT
    assert found.loss[-1] < 0.5 * found.loss[0]
    assert list(found.step) == list(range(1, 41))
    assert said[-1] == f"step 40 of 40: loss of the answers {found.loss[-1]:.2f} nats"
    old, new = (load(path).model.state_dict() for path in (base, tmp_path / "out"))
    assert old.keys() == new.keys()
    assert not all(torch.equal(old[name], new[name]) for name in old)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(base, examples, tmp_path):
    made = {}
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        school(base, tmp_path / name, examples, steps=3, seed=seed)
        made[name] = sums(tmp_path / name)
    assert made["one"] == made["again"]
    assert made["one"] != made["other"]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({}, "give either facts of the form .* or a packaged form"),
        ({"facts": "examples", "form": "cities"}, "give either facts of the form"),
        ({"form": "poems"}, "unknown form 'poems': choose one of"),
        ({"facts": "few"}, f"9 facts are too few to learn a form from: give at least {LEFT_OUT}"),
        ({"facts": "examples", "steps": 0}, "0 steps: give 1 or more"),
        ({"facts": "examples", "learning_rate": -1.0}, "give a finite number above 0"),
        ({"facts": "examples", "out": " "}, "names no folder"),
        ({"facts": "examples", "out": "there"}, "exists: name a folder that does not exist yet"),
        ({"facts": "examples", "learning_rate": 1e30, "steps": 5}, "school diverged at step . of 5: lower the learning rate"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_written(base, examples, tmp_path, changes, match):
    (tmp_path / "there").mkdir()
    nine = zip(CITIES[:9], COUNTRIES[:9], strict=True)
    few = facts_file(tmp_path / "few.jsonl", [{"prompt": f"{city} is a city of", "answer": country} for city, country in nine])
    given = {"out": "new", **changes}
    files = {"examples": examples, "few": few}
    if "facts" in given:
        given["facts"] = files[given["facts"]]
    out = given.pop("out")
    with pytest.raises(UserError, match=match) as caught:
        school(base, tmp_path / out if out.strip() else out, **given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()
    assert not list((tmp_path / "there").iterdir())
