"""A damaged folder is refused by the name of what is damaged: cut, missing, stray or foreign files, tensors and numbers."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from realmodels.model.loaded import load
from tests.realmodels.model.pretrained.folders import INDEX, edit, refused, tensors
from tests.realmodels.toys import toy


@pytest.mark.parametrize("cut", [0, 4, 8, 60, 1000, -1])
def test_a_truncated_file_is_named(folder, cut):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    refused(folder, r"model\.safetensors is (truncated|no safetensors file)")


def test_bytes_after_the_end_are_named(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    refused(folder, r"model\.safetensors is too long")


@pytest.mark.parametrize(
    "header", [b"[]", b"{", b'{"a": 1}', b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', b"\xff{}"]
)
def test_a_header_that_makes_no_sense_is_named(folder, header):
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    refused(folder, r"model\.safetensors")


@pytest.mark.parametrize(
    "entry", [{"shape": [-1, -1]}, {"shape": [True]}, {"dtype": "F33"}, {"dtype": 3}, {"data_offsets": [4, 0]}, {"shape": None}]
)
def test_an_impossible_tensor_is_named(folder, entry):
    header = json.dumps({"a.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | entry}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    refused(folder, r"model\.safetensors: the header tells of a tensor 'a\.weight' that cannot be")


def test_a_pointer_of_git_lfs_is_told(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    refused(folder, "is a pointer of Git LFS and not the file itself: run git lfs pull")


def test_a_missing_shard_is_named(sharded):
    (sharded / "model-00003-of-00007.safetensors").unlink()
    refused(sharded, r"model-00003-of-00007\.safetensors is missing")


def test_a_missing_index_is_told(sharded):
    (sharded / INDEX).unlink()
    refused(sharded, rf"has model-00001-of-00007\.safetensors and neither model\.safetensors nor {INDEX}")


def test_a_truncated_shard_is_named(sharded):
    path = sharded / "model-00002-of-00007.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    refused(sharded, r"model-00002-of-00007\.safetensors is truncated: it has [\d,]+ bytes and its header tells of")


@pytest.mark.parametrize("name", ["model-00008-of-00008.safetensors", "model.safetensors", "old.safetensors"])
def test_a_file_beside_the_index_is_named(sharded, name):
    (sharded / name).write_bytes((sharded / "model-00001-of-00007.safetensors").read_bytes())
    refused(sharded, rf"{name} is no part of the model that {INDEX} describes")


def test_a_shard_beside_a_single_file_is_named(folder):
    (folder / "model-00001-of-00002.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    refused(folder, r"model-00001-of-00002\.safetensors is no part of the model that model\.safetensors describes")


def test_mistral_s_own_copy_of_the_model_is_no_stray_file(folder):
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert load(folder).dtype == torch.float32


def test_a_shard_of_another_save_is_named(sharded):
    one, two = sharded / "model-00001-of-00007.safetensors", sharded / "model-00004-of-00007.safetensors"
    one.write_bytes(two.read_bytes())
    refused(
        sharded,
        rf"model-00001-of-00007\.safetensors holds model\.\S+, which {INDEX} does not place there: a file of another save",
    )


def test_a_tensor_that_a_shard_lacks_is_named(sharded):
    path = sharded / "model-00007-of-00007.safetensors"
    found = load_file(path)
    name = sorted(found)[0]
    del found[name]
    save_file(found, path, {"format": "pt"})
    refused(sharded, rf"model-00007-of-00007\.safetensors (lacks {name}|holds no tensor)")


@pytest.mark.parametrize("where", ["../model.safetensors", "/etc/passwd", "a.bin", 3])
def test_an_index_that_points_elsewhere_is_refused(sharded, where):
    index = json.loads((sharded / INDEX).read_text())
    index["weight_map"]["model.norm.weight"] = where
    (sharded / INDEX).write_text(json.dumps(index))
    refused(sharded, INDEX)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"weight_map": {}}', '{"weight_map": []}', "\x00", "version https://git-lfs.github.com"]
)
def test_an_index_that_is_none_is_named(sharded, content):
    (sharded / INDEX).write_text(content)
    refused(sharded, INDEX.replace(".", r"\."))


def test_a_tensor_that_the_file_lacks_is_named(folder):
    tensors(folder, lambda t: t.pop("model.layers.1.mlp.down_proj.weight"))
    refused(folder, r"the weights lack model\.layers\.1\.mlp\.down_proj\.weight, which the model has")


def test_a_tensor_that_the_model_lacks_is_named(folder):
    edit(folder / "config.json", num_hidden_layers=2)
    refused(folder, r"the weights hold model\.layers\.2\.\S+ and 8 more, which the model of the configuration lacks")


def test_a_tensor_of_another_shape_is_named(folder):
    edit(folder / "config.json", intermediate_size=40)
    refused(folder, r"the weights hold model\.layers\.0\.mlp\.down_proj\.weight and 8 more of another shape")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_number_that_is_not_finite_is_named(tmp_path, value, dtype):
    folder = toy("llama", tmp_path / "model", dtype)
    tensors(folder, lambda t: t["model.layers.2.self_attn.v_proj.weight"].view(-1)[7:8].fill_(value))
    refused(folder, r"model\.layers\.2\.self_attn\.v_proj\.weight holds numbers that are not finite")


def test_large_finite_numbers_are_no_damage(folder):
    tensors(folder, lambda t: t["model.embed_tokens.weight"].fill_(3e38))
    assert load(folder).dtype == torch.float32


def test_finite_numbers_that_overflow_are_named(folder):
    tensors(folder, lambda t: t["model.layers.1.mlp.gate_proj.weight"].fill_(3e38))
    refused(folder, r"the logits are not finite \(the largest weight is in model\.layers\.1\.mlp\.gate_proj\.weight\)")
