"""A stream of writes: taken up where it stopped, ended where it ruins the model, saved as it is reported."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from realmodels.model.loaded import load
from realmodels.text.user_facts import as_facts
from realmodels.writing.applied import apply
from realmodels.writing.case import Case
from realmodels.writing.delta import read
from realmodels.writing.outputs import asked, encode
from realmodels.writing.question import Question
from realmodels.writing.run import Run
from realmodels.writing.write import write
from tests.realmodels.writing.places import ENTRIES, facts_file, reported
from theory.errors import UserError

STREAM = [
    {**entry, "prompt": f"{word} {entry['prompt']}", "task": number} for number, word in enumerate("ABC") for entry in ENTRIES[:2]
]


def test_a_stopped_stream_of_something_else_is_not_gone_on_with(toys, tmp_path, monkeypatch):
    """Other facts, tasks, steps, rates or text would end in bytes that no single command makes."""
    loaded = toys("llama")
    facts = facts_file(tmp_path / "facts.jsonl", STREAM)
    given = {"method": "last_matrix", "learning_rate": 0.1, "steps": 3, "out": tmp_path / "out"}
    monkeypatch.setattr(Run, "save", lambda self, save_ruined: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write(loaded, facts, **given)
    monkeypatch.undo()
    other = facts_file(tmp_path / "other.jsonl", [*STREAM[:-1], {**STREAM[-1], "answer": "Peru"}])
    for change, name in (
        ({"facts": other}, "facts"),
        ({"facts_per_task": 3}, "facts"),
        ({"learning_rate": 0.2}, "learning_rate"),
        ({"learning_rate": None}, "learning_rate"),
        ({"steps": 4}, "steps"),
        ({"per_task": True}, "per_task"),
        ({"text": facts}, "text"),
        ({"background": other}, "background"),
        ({"method": "off_mode"}, "method"),
        ({"options": {"where": "1.feedforward.output"}}, "options"),
        ({"model": toys("gpt2")}, "model"),
    ):
        with pytest.raises(UserError, match=f"another stream .*{name}.* differ.*: give the same command again, or remove it"):
            write(**{"model": loaded, "facts": facts, **given, **change})
    assert write(loaded, facts, **given).saved == str(tmp_path / "out")


def test_a_damaged_state_starts_anew_with_a_word(toys, tmp_path):
    loaded, facts = toys("llama"), STREAM
    (tmp_path / "out.partial").write_bytes(b"no state")
    said = []
    found = write(loaded, facts, "last_matrix", 0.1, 3, out=tmp_path / "out", say=said.append)
    assert found.saved
    assert any("damaged" in line and "starts anew" in line for line in said)
    assert not (tmp_path / "out.partial").exists()


def test_the_report_is_that_of_the_folder_that_the_delta_makes(toys, tmp_path):
    """In bfloat16 rounding changes the numbers: scores of the folder, loaded anew, are those of the report."""
    loaded = toys("llama", torch.bfloat16)
    found = write(loaded, STREAM, "full", out=tmp_path / "delta", steps=8)
    apply(loaded.path, tmp_path / "delta", tmp_path / "new")
    after = load(tmp_path / "new")
    now = asked(after.model, encode(as_facts(STREAM), after.words))
    table = found.per_fact
    assert table.exact_final.tolist() == now.exact.tolist()
    assert table.probability_final.to_numpy() == pytest.approx(now.probability.numpy(), rel=1e-5)
    assert table.bits_final.to_numpy() == pytest.approx(now.bits.numpy(), abs=1e-5)
    assert found.kept == pytest.approx(float(now.bits.mean()), abs=1e-5)
    unrounded = write(loaded, STREAM, "full", learning_rate=found.learning_rate, steps=8)
    assert unrounded.per_fact.probability_final.to_numpy() != pytest.approx(table.probability_final.to_numpy(), rel=1e-5)
    assert found.survives == read(tmp_path / "delta").about["survives"] != 1


@pytest.mark.parametrize(
    ("family", "method", "options"),
    [("llama_tied", "full", {"where": "1.attention"}), ("gpt2", "last_matrix", {}), ("gemma2", "off_mode", {"k": 2})],
)
def test_exactly_the_declared_tensors_differ(toys, tmp_path, family, method, options):
    loaded = toys(family, torch.bfloat16)
    before = {path.name: path.read_bytes() for path in loaded.path.iterdir()}
    found = write(loaded, STREAM, method, options=options, out=tmp_path / "delta", steps=4)
    apply(loaded.path, tmp_path / "delta", tmp_path / "new")
    base, new = (load_file(folder / "model.safetensors") for folder in (loaded.path, tmp_path / "new"))
    differ = {name for name in base if not torch.equal(base[name].view(torch.int16), new[name].view(torch.int16))}
    assert differ == set(found.parameters) == set(read(tmp_path / "delta").about["tensors"])
    assert {path.name: path.read_bytes() for path in loaded.path.iterdir()} == before
    case = Case(Question(loaded, STREAM), method, options)
    assert differ == set(case.writer.parameters)


def test_the_same_command_gives_the_same_bytes(toys, tmp_path):
    for name in ("one", "other"):
        write(toys("gpt2", torch.bfloat16), STREAM, "lora", 0.01, out=tmp_path / name, steps=4)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_stream_that_ruins_the_model_stops_names_the_task_and_saves_nothing(toys, tmp_path):
    loaded = toys("llama")
    rate = {"method": "full", "learning_rate": 0.05, "steps": 10}
    free = write(loaded, STREAM, **rate, ruin=np.inf)
    rises = []
    for tasks in (1, 2, 3):
        rises.append(write(loaded, [e for e in STREAM if e["task"] < tasks], **rate, ruin=np.inf).heldout_rise)
    assert rises[2] == pytest.approx(free.heldout_rise)
    bound = (rises[0] + rises[1]) / 2
    assert rises[0] < bound < rises[1]
    task = 1 + next(index for index, rise in enumerate(rises) if rise > bound)
    found = write(loaded, STREAM, **rate, ruin=bound, out=tmp_path / "delta")
    assert found.ruined.startswith(f"After task {task} of 3 the protected text costs")
    assert found.heldout_rise == pytest.approx(rises[task - 1], rel=1e-6)
    assert (found.saved, found.diverged, sorted(tmp_path.iterdir())) == (None, False, [])
    assert "Nothing was saved" in found.show()
    json.dumps(found.to_dict(), allow_nan=False)
    R = np.array(found.matrix["probability"], dtype=float)
    assert (R[task:] == R[task]).all()
    kept = write(loaded, STREAM, **rate, ruin=bound, out=tmp_path / "delta", save_ruined=True)
    assert kept.saved == str(tmp_path / "delta")
    assert read(tmp_path / "delta").about["ruined"] == found.ruined
    assert len(read(tmp_path / "delta").about["tasks"]) == task
    stopped = write(loaded, [e for e in STREAM if e["task"] < task], **rate, ruin=np.inf)
    assert found.per_fact.probability_final[: 2 * task].to_numpy() == pytest.approx(stopped.per_fact.probability_final.to_numpy())


def test_a_ruined_stream_that_was_killed_does_not_go_on_to_write(toys, tmp_path, monkeypatch):
    """The kill falls between the state that was laid down and the look at what it did to the text."""
    loaded = toys("llama")
    given = {"method": "full", "learning_rate": 0.25, "steps": 10, "ruin": 1e-9, "out": tmp_path / "delta"}
    expected = write(loaded, STREAM, **given)
    assert expected.ruined
    task = int(expected.ruined.split()[2])

    def kill(self):
        if self.done == task:
            raise KeyboardInterrupt

    monkeypatch.setattr(Run, "_ruin", kill)
    with pytest.raises(KeyboardInterrupt):
        write(loaded, STREAM, **given)
    monkeypatch.undo()
    said = []
    assert reported(write(loaded, STREAM, **given, say=said.append)) == reported(expected)
    assert [line for line in said if line.startswith("task ")] == []


def test_a_long_stream_that_was_stopped_has_all_its_numbers(toys, monkeypatch):
    """More tasks than are all asked after every one: the end of the stream is asked in full wherever it is."""
    monkeypatch.setattr("realmodels.writing.history.WHOLE", 2)
    many = [{"prompt": f"{a}{b} is a place in", "answer": ENTRIES[(a + b) % 4]["answer"]} for a in range(3) for b in range(3)]
    found = write(toys("llama"), many, "full", 0.25, 10, ruin=1e-9)
    assert found.ruined
    assert found.not_finite == []
    assert not found.per_fact.isna().any().any()


def test_divergence_is_never_saved_and_names_task_and_step(toys, tmp_path):
    loaded = toys("llama")
    found = write(loaded, STREAM, "full", 1e20, out=tmp_path / "delta", save_ruined=True)
    assert found.diverged
    assert found.divergence.startswith("task 1, ")
    assert "learning rate 1e+20: lower the learning rate" in found.divergence
    assert (found.exact_kept, found.kept, found.recall, found.probability) == (0, 0, 0, 0)
    assert found.exact_before == 0
    assert sorted(tmp_path.iterdir()) == []
    answer = json.dumps(found.to_dict(), allow_nan=False)
    assert {"heldout_rise", "function_change", "weight_change"} <= set(json.loads(answer)["not_finite"])
    assert (found.per_fact.text_final == "").all()
    assert all(reason == "the writing diverged" for name, reason in found.undefined.items() if name == "efficacy")


def test_a_write_that_changes_nothing_in_the_files_type_is_refused_and_leaves_no_state(toys, tmp_path):
    with pytest.raises(UserError, match="rounding to BF16 removed all of the update"):
        write(toys("llama", torch.bfloat16), STREAM, "full", 1e-12, 2, out=tmp_path / "delta")
    assert sorted(tmp_path.iterdir()) == []


def test_a_model_that_gives_no_numbers_is_refused_before_any_write(toys):
    loaded = toys("llama")
    with torch.no_grad():
        loaded.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(UserError, match="gives numbers that are not finite, before any write: choose another model"):
        write(loaded, STREAM, learning_rate=0.1)
