"""Memories: what a language model is asked, methods beside each other, and what a user's object may get wrong."""

import numpy as np
import pytest
import torch

from realmodels.bench.fresh import fresh, fresh_config
from realmodels.bench.item import Item
from realmodels.bench.kinds import stream
from realmodels.bench.levels import Level
from realmodels.bench.memories.language_model import LanguageModel, encoded
from realmodels.bench.memories.own import Own, maker
from realmodels.bench.streams import evaluated, held, rows_of
from realmodels.bench.system import ModelSystem, OwnSystem
from realmodels.model.architectures import parameters
from theory.errors import UserError

LEVEL = Level("tiny", 3, 4, (1,), 8, "a moment")


def test_probabilities_are_the_models_own_among_the_letters():
    """Against the model's logits, letter by letter; free answers begin with the likeliest token."""
    loaded = fresh("dense", 8, "strings", 1)
    items = stream("strings", 1, 4, 1)[0]
    memory = LanguageModel(loaded, "strings", "full", {"optimizer": "adamw"}, 0.03, 20)
    memory.write(items)
    told = memory.ask(items)
    assert told.probability is not None
    tokens = torch.tensor([loaded.words.prompt(item.prompt + item.answer) for item in items])
    letters = [loaded.words.encode(letter)[0] for letter in "abcdefghijklmnop"]
    with torch.no_grad():
        logits = memory.model(tokens)[:, 7:-1][..., letters].double().log_softmax(-1)
    places = torch.tensor([[letters.index(token) for token in row] for row in tokens[:, 8:].tolist()])
    expected = logits.gather(2, places[..., None])[..., 0].exp()
    np.testing.assert_allclose(told.probability, expected, atol=1e-5)
    likeliest = memory.model(tokens[:, :8])[:, -1].argmax(-1)
    assert told.right[:, 0].tolist() == (likeliest == tokens[:, 8]).tolist()


def test_values_of_two_alphabets_are_asked_among_their_own():
    """Biographies: the options of an item are the values of its relation, in the order of the items."""
    loaded = fresh("dense", 8, "biographies", 1)
    items = stream("biographies", 2, 8, 1)[0]
    facts = encoded(items, loaded)
    assert len({item.alphabet for item in items}) > 1
    for row, item in enumerate(items):
        spelt = [loaded.words.encode(f" {value}")[0] for value in item.alphabet]
        assert facts.options[row].tolist() == spelt
        assert facts.answer_tokens[row] == spelt[item.alphabet.index(item.symbols[0])]


@pytest.mark.parametrize("architecture", ["kwta", "moe", "memory", "dsa"])
def test_new_models_have_equal_totals(architecture):
    """Within one step of the hidden width, which is a multiple of four."""
    dense, other = (fresh_config(name, 16, 18) for name in ("dense", architecture))
    assert abs(parameters(other) / parameters(dense) - 1) < 0.06


def test_what_does_not_fit():
    """Widths and architectures that there are not."""
    for width in (9, 4, 2000):
        with pytest.raises(UserError, match="multiple of 4"):
            fresh_config("dense", width, 18)
    with pytest.raises(UserError, match="does not fit"):
        fresh_config("memory", 8, 18)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("full", {"optimizer": "adamw"}),
        ("replay", {"n": 4, "buffer": 8}),
        ("ewc", {}),
        ("last_matrix", {}),
        ("off_mode", {"k": 2}),
    ],
)
def test_methods_run_through_a_stream(method, options):
    """Rows for every moment and task; what a method keeps is counted; a stream is the same again."""
    system = ModelSystem("dense", 8, method, options)
    rows, about = rows_of(system, "strings", LEVEL, 1, "sequential", 0.01, 5)
    assert [(row["written"], row["task"]) for row in rows] == [(w, t) for w in (1, 2, 3) for t in range(w)]
    assert (about["state_bits"] > 32 * about["parameters"]) == (method in ("replay", "ewc", "off_mode"))
    assert rows == rows_of(system, "strings", LEVEL, 1, "sequential", 0.01, 5)[0]


def test_a_lost_stream_holds_nothing():
    """Too large a rate: 0 bits, and the stream goes on to its end."""
    rows, about = rows_of(ModelSystem("dense", 8, "full", {}), "strings", LEVEL, 1, "sequential", 1e29, 5)
    assert about["diverged"]
    assert held(rows) == 0
    assert len(rows) == 6


def test_joint_training_holds_more_than_one_task_after_another():
    """At equal readings; the moments are powers of two and the last."""
    system = ModelSystem("dense", 16, "full", {"optimizer": "adamw"})
    level = Level("tiny", 4, 8, (1,), 16, "")
    joint, ordered = (held(rows_of(system, "strings", level, 1, o, 0.01, 60, True)[0], o) for o in ("joint", "sequential"))
    assert joint > 1.5 * ordered > 0
    assert evaluated(12) == [1, 2, 4, 8, 12]
    assert evaluated(1) == [1]


class Broken:
    """A memory that fails as it is told."""

    def __init__(self, answer="x", state=None):
        self.said, self.state_bits = answer, state

    def write(self, task):
        if self.said == "write":
            raise RuntimeError("no\nroom")

    def answer(self, prompt):
        return self.said


def test_what_an_object_may_get_wrong():
    """Every fault in one line that names the class."""
    items = [Item("k =", " a", ("a", "b"))]
    with pytest.raises(UserError, match=r"int has no method write"):
        Own(int)
    with pytest.raises(UserError, match=r"returned a NoneType"):
        Own(lambda: Broken(None)).ask(items)
    with pytest.raises(UserError, match=r"write failed: RuntimeError: no room"):
        Own(lambda: Broken("write")).write(items)
    for state in (0, -1, True, float("nan"), "1"):
        with pytest.raises(UserError, match="state_bits"):
            _ = Own(lambda state=state: Broken("a", state)).state_bits
    rows, about = rows_of(OwnSystem(Broken, "Broken"), "strings", LEVEL, 1, "sequential", 1.0, 1)
    assert about["state_bits"] is None
    assert held(rows) == 0


def test_files_of_memories(tmp_path):
    """FILE.py:NAME, and each thing that may be wrong with it."""
    file = tmp_path / "mine.py"
    file.write_text("class Mine: pass\nraise ValueError('a\\nb')\n")
    for place, told in [
        ("mine.py", "not of the form"),
        (f"{tmp_path}/none.py:Mine", "there is no file"),
        (f"{file}:Mine", "does not run: ValueError: a b"),
    ]:
        with pytest.raises(UserError, match=told):
            maker(place)
    file.write_text("class Mine: pass\n")
    assert maker(f"{file}:Mine")[0].__name__ == "Mine"
    with pytest.raises(UserError, match="has no class Yours"):
        maker(f"{file}:Yours")
