"""Methods are found by the names of their files, described by them, and given options from a command line."""

import pytest

import realmodels
from realmodels.writing import methods as folder
from realmodels.writing.methods.binding import methods, names, typed
from theory.errors import UserError


def test_every_method_says_in_one_sentence_what_it_does_and_which_options_it_has():
    told = methods()
    assert list(told) == names()
    for name, one in told.items():
        assert 20 < len(one["about"]) < 200, name
        assert one["about"].endswith(".")
        assert ". " not in one["about"]
        assert all(type(default) in (str, int, float, bool) for default in one["options"].values()), name
    assert told["off_mode"]["options"] == {"k": 1, "where": "last"}
    assert realmodels.methods() == told


def test_a_method_without_a_docstring_or_options_is_described_too(tmp_path, monkeypatch):
    (tmp_path / "bare.py").write_text("def bare(model, background):\n    pass\n\n\nMETHOD = bare\n")
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    assert methods()["bare"] == {"about": "", "options": {}}


def test_options_from_words_have_the_types_of_the_defaults(tmp_path, monkeypatch):
    assert typed("lora", ["rank=4", "alpha=2", "where=20-29", "mode=merged"]) == {
        "rank": 4,
        "alpha": 2.0,
        "where": "20-29",
        "mode": "merged",
    }
    assert type(typed("lora", ["alpha=2"])["alpha"]) is float
    (tmp_path / "switched.py").write_text("def switched(model, background, loud=False):\n    pass\n\n\nMETHOD = switched\n")
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    assert typed("switched", ["loud=True"]) == {"loud": True}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rank"], "not of the form name=value"),
        (["=4"], "not of the form name=value"),
        (["rank=four"], "'four' is no int: the default is 8"),
        (["rank=4.5"], "'4.5' is no int"),
        (["alpha=much"], "'much' is no float"),
        (["rank=4", "rank=5"], "'rank' is given twice"),
        (["colour=red"], "has no option 'colour': it has rank, alpha, where, mode, weight_decay"),
        (["model=x"], "has no option 'model'"),
    ],
)
def test_words_that_are_no_options_are_one_line(words, told):
    with pytest.raises(UserError) as raised:
        typed("lora", words)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
