"""Entries: a run of a small level, its file, its verification, and what is found out when it was forged or damaged."""

import json
from dataclasses import replace

import pytest

from realmodels.bench import entry as entries
from realmodels.bench import levels, running
from realmodels.bench.leaderboard import board
from realmodels.bench.levels import Level
from realmodels.bench.running import run
from realmodels.bench.verifying import verify
from simulate.runs.files import digest
from theory.errors import UserError

MODEL = {"model": "dense", "options": {"optimizer": "adamw"}, "learning_rate": 0.03, "steps": 12, "width": 8}
OWN = """
from dataclasses import dataclass

@dataclass
class Forgetful:
    "Keeps the last task."
    parameters: int = 100

    def write(self, task):
        self.known = dict(task)

    def answer(self, prompt):
        return self.known.get(prompt, "")
"""


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setitem(levels.LEVELS, "small", Level("small", 3, 4, (1, 2), 8, "a moment"))


@pytest.fixture(scope="module")
def made():
    """The entry of a small model, run once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(levels.LEVELS, "small", Level("small", 3, 4, (1, 2), 8, "a moment"))
        return run(**MODEL)


def forged(path, change):
    """A file in which `change` has changed the values, with a digest that fits."""
    values = json.loads(path.read_text())
    values.pop("sha256")
    change(values)
    path.write_text(json.dumps({**values, "sha256": digest(values)}))
    return path


def test_a_run_has_all_rows_and_is_the_same_again(made, tmp_path):
    """Two seeds, both orders, moments 1, 2 and 3; the same numbers again, also with two processes."""
    places = {(row["seed"], row["order"], row["written"], row["task"]) for row in made.rows}
    assert len(places) == len(made.rows) == 2 * (1 + 2 + 3 + 3)
    assert made.offered == 3 * 4 * 32
    assert run(**MODEL, workers=2).rows == made.rows
    made.save(tmp_path / "a.json")
    assert entries.read_entry(tmp_path / "a.json").to_json() == made.to_json()


def test_a_true_entry_holds_and_a_forged_one_does_not(made, tmp_path):
    """Every stream again, exactly; then one more bit in one row, with a digest that fits."""
    path = tmp_path / "a.json"
    made.save(path)
    found = verify(path, streams=4, draw=0)
    assert found.exact
    assert "every row is the same" in found.show()
    assert {(order, seed) for order, seed, *_ in found.streams} == {(o, s) for o in ("sequential", "joint") for s in (1, 2)}

    def better(values):
        values["rows"][0]["bits"] += 1.0

    forged(path, better)
    with pytest.raises(UserError, match=r"task 0 after 1: the entry says bits .*not valid"):
        verify(path, streams=4, draw=0)


def test_elsewhere_the_bits_at_the_end_count(made, tmp_path):
    """With another processor small differences pass, and three times the bits do not."""
    path = tmp_path / "a.json"
    replace(made, made={**made.made, "processor": "another"}).save(path)
    found = verify(path, streams=4, draw=0)
    assert not found.exact
    assert "another processor" in found.show()

    def better(values):
        for row in values["rows"]:
            row["bits"] = 128.0

    forged(path, better)
    with pytest.raises(UserError, match="bits at the end, and a run gives"):
        verify(path, streams=4, draw=0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda v: v["rows"].pop(), "not those of a whole run"),
        (lambda v: v["rows"][0].update(bits=129.0), "row 1: more bits"),
        (lambda v: v["rows"][0].update(bits="many"), "row 1: a number is missing"),
        (lambda v: v["rows"][0].update(order=["joint"]), "row 1: a number is missing"),
        (lambda v: v["rows"][3].update(right=5), "row 4: 5 right"),
        (lambda v: v.update(seeds=[1, 3]), "has the seeds"),
        (lambda v: v.update(level="huge"), "no level"),
        (lambda v: v.update(rows=None), "rows is missing"),
        (lambda v: v.update(steps=0), "no numbers above 0"),
        (lambda v: v["learning_rates"].update(joint="fast"), "no numbers above 0"),
        (lambda v: v["memory"].update(parameters=-1), "memory parameters"),
        (lambda v: v.update(format="2"), "no entry"),
    ],
)
def test_what_no_run_can_have_measured(made, tmp_path, change, told):
    """One line that says where."""
    made.save(tmp_path / "a.json")
    with pytest.raises(UserError, match=told):
        entries.read_entry(forged(tmp_path / "a.json", change))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda v: v["memory"].update(parameters=5), "says parameters 5"),
        (lambda v: v["memory"].update(state_bits=5), "keeps more than"),
        (lambda v: v["system"].update(model=5), "does not say which model"),
        (lambda v: v["system"].update(width=12), "another model"),
        (lambda v: v["learning_rates"].update(sequential=0.01, joint=0.01), "not valid"),
    ],
)
def test_what_a_run_finds_out(made, tmp_path, change, told):
    """Sizes, model and learning rates are those of the run again."""
    made.save(tmp_path / "a.json")
    with pytest.raises(UserError, match=told):
        verify(forged(tmp_path / "a.json", change), streams=4, draw=0)


def test_damage(made, tmp_path):
    """A changed or cut file is told by its digest, or is no JSON."""
    path = tmp_path / "a.json"
    made.save(path)
    text = path.read_text()
    path.write_text(text.replace('"right": 0', '"right": 1', 1))
    with pytest.raises(UserError, match="changed after it was made"):
        entries.read_entry(path)
    path.write_text(text[:-20])
    with pytest.raises(UserError, match=r"a\.json"):
        entries.read_entry(path)


def test_the_reference_forgets_nothing_and_one_of_the_users_all_but_the_last(tmp_path):
    """A table holds all 384 bits; what keeps the last task holds 128, and 384 if all is one task."""
    table = run(memory="table")
    assert table.held() == table.held("joint") == [384.0, 384.0]
    file = tmp_path / "own.py"
    file.write_text(OWN)
    own = run(memory=f"{file}:Forgetful", name="mine")
    assert own.held() == [128.0, 128.0]
    assert own.held("joint") == [384.0, 384.0]
    rows = board([table, own], "small", "strings")
    assert [row["entry"] for row in rows] == ["mine", "table"]
    assert rows[0]["per parameter"] == 1.28
    assert rows[0]["of joint"] == pytest.approx(1 / 3)
    own.save(tmp_path / "own.json")
    assert verify(tmp_path / "own.json", memory=f"{file}:Forgetful").exact
    with pytest.raises(UserError, match="give its file"):
        verify(tmp_path / "own.json")
    file.write_text(OWN + "\n")
    with pytest.raises(UserError, match="another file"):
        verify(tmp_path / "own.json", memory=f"{file}:Forgetful")


def test_learning_rates_are_chosen_on_the_development_stream(monkeypatch):
    """Of three rates the best at the end is taken; that it lies inside of the range is said. No reported seed is looked at."""
    seen = []

    def rows_of(system, kind, level, seed, order, rate, steps, last_only=False):
        seen.append((seed, last_only))
        bits = {0.25: 1.0, 1.0: 3.0, 4.0: 2.0}.get(rate, 0.5)
        row = {"seed": seed, "order": order, "written": 3, "task": 0, "bits": bits, "answered_bits": 0.0, "right": 0}
        return [row], {"parameters": 1, "written": 1, "state_bits": 1.0, "diverged": False}

    monkeypatch.setattr(running, "rows_of", rows_of)
    monkeypatch.setattr(running, "_grid", lambda least, most: [0.25, 1.0, 4.0])
    entry = run("dense", width=8)
    assert entry.learning_rates == {"sequential": 1.0, "joint": 1.0}
    assert entry.at_grid_end == {"sequential": False, "joint": False}
    assert {seed for seed, last in seen if last} == {0}
    assert {seed for seed, last in seen if not last} == {1, 2}
