"""The state of a stream on disk: what is read is what was written, to the bit; a kill or damage never gives half of one."""

import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from realmodels.writing.resume import load_state, save_state
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

OF = {"model": "a" * 64, "facts": "b" * 64, "method": "full", "settings": {"steps": 20, "rate": 0.1, "layers": [1, 2]}}
TENSORS = {
    "weight": torch.tensor([[1.5, float("nan"), -0.0], [float("inf"), 1e-45, 2.0]]),
    "half": torch.tensor([1.0, float("-inf")], dtype=torch.bfloat16),
    "steps": torch.tensor(7),
    "mask": torch.tensor([True, False]),
    "empty": torch.zeros(0, 3),
    "rng": torch.get_rng_state(),
}
ABOUT = {"task": 3, "scores": [0.1, 1 / 3], "names": ["é", "任务"]}


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def test_what_is_read_is_what_was_written(tmp_path):
    assert load_state(tmp_path / "state", OF) is None
    save_state(tmp_path / "state", TENSORS, OF, ABOUT)
    found, about = load_state(tmp_path / "state", OF)
    assert about == ABOUT
    assert {n: (t.dtype, t.shape, bits(t)) for n, t in found.items()} == {
        n: (t.dtype, t.shape, bits(t)) for n, t in TENSORS.items()
    }
    save_state(tmp_path / "again", dict(reversed(TENSORS.items())), OF, ABOUT)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "state").read_bytes()
    save_state(tmp_path / "state", {"weight": torch.ones(2)}, OF, {"task": 4})
    assert load_state(tmp_path / "state", OF)[1] == {"task": 4}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "state"]


def test_views_and_shared_tensors_are_kept_each_by_itself(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    save_state(tmp_path / "state", {"whole": whole, "same": whole, "turned": whole.T, "column": whole[:, 1]}, OF, {})
    found, _ = load_state(tmp_path / "state", OF)
    assert torch.equal(found["turned"], whole.T)
    assert torch.equal(found["column"], whole[:, 1])
    assert torch.equal(found["same"], whole)


@pytest.mark.parametrize("change", [{"method": "off_mode"}, {"settings": {**OF["settings"], "rate": 0.2}}, {"facts": "c"}])
def test_the_state_of_something_else_is_refused_by_what_differs(tmp_path, change):
    save_state(tmp_path / "state", TENSORS, OF, ABOUT)
    with pytest.raises(UserError, match=f"another stream .{next(iter(change))} differ") as raised:
        load_state(tmp_path / "state", {**OF, **change})
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match="model, seed differ"):
        load_state(tmp_path / "state", {**{k: v for k, v in OF.items() if k != "model"}, "seed": 1})


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_damage_starts_anew_with_a_note(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("state") / "state"
    save_state(path, TENSORS, OF, ABOUT)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[place] ^= data.draw(st.integers(1, 255))
    else:
        whole = whole[:place]
    path.write_bytes(whole)
    notes = []
    found = load_state(path, OF, notes.append)
    if found is not None:  # a byte that says nothing, such as a blank in the header
        assert {name: bits(tensor) for name, tensor in found[0].items()} == {name: bits(t) for name, t in TENSORS.items()}
    else:
        assert len(notes) == 1
        assert str(path) in notes[0]
        assert "anew" in notes[0]
        assert "\n" not in notes[0]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 40, json.dumps(OF).encode()])
def test_what_is_no_state_starts_anew(tmp_path, content):
    (tmp_path / "state").write_bytes(content)
    notes = []
    assert load_state(tmp_path / "state", OF, notes.append) is None
    assert len(notes) == 1


def test_a_folder_in_its_place_starts_anew_with_a_note(tmp_path):
    notes = []
    assert load_state(tmp_path, OF, notes.append) is None
    assert notes


def test_numbers_that_json_cannot_hold_are_refused_and_the_old_state_stays(tmp_path):
    save_state(tmp_path / "state", TENSORS, OF, ABOUT)
    with pytest.raises(ValueError, match="JSON"):
        save_state(tmp_path / "state", TENSORS, OF, {"loss": float("nan")})
    assert load_state(tmp_path / "state", OF)[1] == ABOUT


def test_a_kill_while_it_is_written_leaves_the_state_before(tmp_path):
    save_state(tmp_path / "state", TENSORS, OF, ABOUT)
    before = (tmp_path / "state").read_bytes()
    code = (
        "import os, signal, sys, torch; from pathlib import Path; from simulate.runs import files;"
        "files.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "from realmodels.writing.resume import save_state;"
        "save_state(Path(sys.argv[1]), {'weight': torch.ones(3)}, {}, {})"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "state")], cwd=ROOT, check=False, env=os.environ)
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "state").read_bytes() == before


def test_a_stream_with_momentum_goes_on_as_if_it_had_not_stopped(tmp_path):
    def stream(first: int, last: int, held=None):
        torch.manual_seed(0)
        model = torch.nn.Linear(5, 3)
        optimiser = torch.optim.AdamW(model.parameters(), 0.1)
        noise = torch.Generator().manual_seed(1)
        if held:
            model.load_state_dict({name[2:]: tensor for name, tensor in held.items() if name.startswith("w/")})
            state = {i: {k: held[f"o/{i}/{k}"] for k in ("step", "exp_avg", "exp_avg_sq")} for i in (0, 1)}
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
            noise.set_state(held["rng"])
        for _ in range(first, last):
            loss = (model(torch.randn(4, 5, generator=noise)) ** 2).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        moments = {f"o/{i}/{k}": v for i, s in optimiser.state_dict()["state"].items() for k, v in s.items()}
        return {**{f"w/{n}": t for n, t in model.state_dict().items()}, **moments, "rng": noise.get_state()}

    save_state(tmp_path / "state", stream(0, 3), OF, {"task": 3})
    held, about = load_state(tmp_path / "state", OF)
    resumed, whole = stream(about["task"], 7, held), stream(0, 7)
    assert all(bits(resumed[name]) == bits(whole[name]) for name in whole)
