"""A delta on disk: any bits come back from it, and a damaged one is refused."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from realmodels.model.identity import identity
from realmodels.writing.applied import apply, describe, revert
from realmodels.writing.delta import read, save, state_digest
from realmodels.writing.patch import pack, sha
from tests.realmodels.toys import toy
from tests.realmodels.writing.deltas import TYPES, files, same, tensors, written
from theory.errors import UserError


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """(base, delta of two tasks, the folder that has it on)."""
    folder = tmp_path_factory.mktemp("pair")
    base = toy("llama", folder / "base")
    written(base, folder / "d", ("model.norm.weight", "model.layers.1.mlp.down_proj.weight"), tasks=2, per_task=True)
    apply(base, folder / "d", folder / "new")
    return base, folder / "d", folder / "new"


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def _flip(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


def _metadata(data: bytes) -> bytes:
    return data.replace(b'survives\\": ', b'survives\\":1', 1)


DAMAGE = {"cut": _cut, "flipped": _flip, "longer": lambda data: data + b"\0", "empty": lambda _: b"", "text": lambda _: b"{}" * 9}
DAMAGE |= {"metadata": _metadata}


def test_a_delta_may_be_read_by_whom_the_umask_allows(pair, tmp_path):
    other = tmp_path / "made by open"
    other.touch()
    assert pair[1].stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_delta_is_refused(pair, tmp_path, damage):
    base, delta, new = pair
    bad = tmp_path / "bad"
    bad.write_bytes(DAMAGE[damage](delta.read_bytes()))
    assert bad.read_bytes() != delta.read_bytes()
    for act in (lambda: apply(base, bad, tmp_path / "o"), lambda: revert(new, bad, tmp_path / "o"), lambda: describe(bad)):
        with pytest.raises(UserError, match="bad is damaged") as raised:
            act()
        assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]


def test_a_delta_that_lacks_or_has_one_more_tensor_is_refused(pair, tmp_path):
    base, delta, _ = pair
    held = load_file(delta)
    with safe_open(delta, "np") as file:
        metadata = file.metadata()
    for name, change in {
        "fewer": dict(list(held.items())[1:]),
        "more": {**held, "3/lm_head.weight": torch.zeros(3, dtype=torch.uint8)},
        "strange": {**held, "lm_head.weight": torch.zeros(3)},
    }.items():
        save_file(change, tmp_path / name, metadata)
        with pytest.raises(UserError, match="is damaged"):
            apply(base, tmp_path / name, tmp_path / "out")
    with pytest.raises(UserError, match="no delta but other tensors"):
        apply(base, base / "model.safetensors", tmp_path / "out")
    for nothing in (tmp_path / "none", base):
        with pytest.raises(UserError, match="is no file"):
            apply(base, nothing, tmp_path / "out")


def test_a_delta_of_another_format_asks_for_another_program(pair, tmp_path):
    base, delta, _ = pair
    with safe_open(delta, "np") as file:
        metadata = {"delta": file.metadata()["delta"].replace("delta 1", "delta 9")}
    save_file(load_file(delta), tmp_path / "later", metadata)
    with pytest.raises(UserError, match="'compression-writability delta 9' and this version reads"):
        apply(base, tmp_path / "later", tmp_path / "out")


BITS = st.sampled_from([torch.float32, torch.bfloat16, torch.float16])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bits_come_back(tmp_path_factory, data):
    """Whatever the bits of the base (NaN of every kind, -0.0, subnormal numbers): on and off again is the base, byte for byte."""
    folder = tmp_path_factory.mktemp("bits")
    base, shas, states = {}, {}, []
    for name in ("a", "b", "untouched"):
        dtype = data.draw(BITS)
        itemsize = torch.empty(0, dtype=dtype).element_size()
        shape = data.draw(st.lists(st.integers(0, 4), min_size=0, max_size=3))
        raw = data.draw(st.binary(min_size=int(np.prod(shape)) * itemsize, max_size=int(np.prod(shape)) * itemsize))
        base[name] = torch.frombuffer(bytearray(raw), dtype=dtype).reshape(shape) if raw else torch.zeros(shape, dtype=dtype)
        base[name] = base[name] if base[name].numel() else torch.zeros(1, dtype=dtype)
    (folder / "base").mkdir()
    (folder / "base" / "config.json").write_text('{"model_type": "llama"}')
    save_file(base, folder / "base" / "model.safetensors")
    now = {name: base[name].reshape(-1).view(torch.uint8).numpy().copy() for name in ("a", "b")}
    states.append({"after": 0, "sha256": state_digest({name: sha(now[name]) for name in now})})
    patches, expected = {}, []
    for k in range(1, data.draw(st.integers(1, 3)) + 1):
        for name in now:
            size = len(now[name])
            change = np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), np.uint8)
            patches[k, name] = pack(change, base[name].element_size())
            now[name] = now[name] ^ change
        shas = {name: sha(now[name]) for name in now}
        states.append({"after": k, "sha256": state_digest(shas)})
        expected.append({name: bytes(values) for name, values in now.items()})
    numbers = {"changed": 1, "update_norm": 1.0, "survives": 1.0, "rounding_error": 0.0}
    told = {name: {"dtype": TYPES[base[name].dtype], "shape": list(base[name].shape), "norm": 1.0, **numbers} for name in now}
    about = {"format": "compression-writability delta 1", "base": {"name": "b", "sha256": identity(folder / "base")}, **numbers}
    about |= {
        "tasks": [str(k) for k in range(len(expected))],
        "states": states,
        "tensors": told,
        "written": {},
        "ruined": None,
        "lost_in_rounding": [],
    }
    save(folder / "d", about, patches)
    apply(folder / "base", folder / "d", folder / "new")
    held = tensors(folder / "new")
    assert {name: held[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in now} == expected[-1]
    assert same(held["untouched"], base["untouched"])
    k = data.draw(st.integers(0, len(expected) - 1))
    if states[-1]["sha256"] != states[0]["sha256"]:
        revert(folder / "new", folder / "d", folder / "old", to_task=k)
        held = tensors(folder / "old")
        before = expected[k - 1] if k else {name: base[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in now}
        assert {name: held[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in now} == before
        assert k or files(folder / "old") == files(folder / "base")
    assert read(folder / "d").afters == list(range(len(states)))
