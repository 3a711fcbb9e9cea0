"""A folder that is no causal model, or not to be trusted, is refused in one line; nothing in it is run."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertLMHeadModel

from realmodels.model.loaded import load
from tests.realmodels.model.pretrained.folders import edit, refused, tensors
from tests.realmodels.toys import toy
from theory.errors import UserError

TRACE = "import pathlib; pathlib.Path(__file__).with_name('trace').write_text('run')\n"


@pytest.mark.parametrize("family", ["llama", "foreign"])
def test_code_of_a_folder_is_not_run(folder, family):
    classes = "class C(LlamaConfig): pass\nclass M(LlamaForCausalLM): pass\n"
    code = f"{TRACE}from transformers import LlamaConfig, LlamaForCausalLM\n{classes}C.model_type = {family!r}\n"
    (folder / "code.py").write_text(code)
    maps = {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M", "AutoTokenizer": ["code.T", "code.T"]}
    edit(folder / "config.json", model_type=family, auto_map=maps)
    edit(folder / "tokenizer_config.json", auto_map=maps)
    if family == "foreign":
        refused(folder, r"'foreign' brings code of its own \(auto_map\), and none is run")
    else:
        assert type(load(folder).model).__module__ == "transformers.models.llama.modeling_llama"
    assert not (folder / "trace").exists()


class Harmful:
    """What a pickle runs when it is opened."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "pytorch_model-00001-of-00002.bin"])
def test_a_pickle_is_refused_by_name_and_not_opened(folder, name):
    (folder / "model.safetensors").unlink()
    torch.save({"a": Harmful(folder / "trace")}, folder / name)
    assert "save_pretrained" in refused(folder, rf"{name} is a pickle, which can run code and is not read")
    assert not (folder / "trace").exists()


def test_a_pickle_beside_safetensors_is_left_alone(folder):
    torch.save({"a": Harmful(folder / "trace")}, folder / "pytorch_model.bin")
    load(folder)
    assert not (folder / "trace").exists()


def test_nothing_is_asked_of_the_network(folder, monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    load(folder)


def test_reading_is_silent(tmp_path):
    folder = toy("gpt2", tmp_path / "model", torch.bfloat16, shards=True)
    code = f"from realmodels.model.loaded import load; load({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_folder_without_weights_says_so(folder):
    (folder / "model.safetensors").unlink()
    refused(folder, r"has config\.json and no weights: model\.safetensors, or shards")


def test_a_folder_without_a_tokenizer_says_so(folder):
    (folder / "tokenizer.json").unlink()
    refused(folder, r"has no tokenizer \(tokenizer\.json\)")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model": {}}'])
def test_a_tokenizer_that_is_none_is_named(folder, content):
    (folder / "tokenizer.json").write_text(content)
    refused(folder, "the tokenizer cannot be read")


def test_an_empty_folder_is_told_what_it_lacks(tmp_path):
    refused(tmp_path, r"config\.json does not exist: give a folder that `cwb train` or transformers saved")


def test_a_path_that_does_not_exist(tmp_path):
    refused(tmp_path / "none", r"none is no folder: give the folder of a model, a GGUF file, or a name such as smollm2")
    refused(tmp_path / "none.gguf", r"none\.gguf is no folder")
    for name in ("smolm2", "a\0b", "x" * 300, ""):
        with pytest.raises(UserError):
            load(name)


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "facts.jsonl").write_text("{}")
    refused(tmp_path / "facts.jsonl", "is no GGUF file: give a GGUF file, or the folder of a model")


@pytest.mark.parametrize("content", ["", "[]", "3", "\x00", "{", '{"a": NaN}'])
def test_a_configuration_that_is_none_is_named(folder, content):
    (folder / "config.json").write_text(content)
    refused(folder, r"config\.json")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model_type": None}, "has neither the format of `cwb train` nor a model_type"),
        ({"model_type": 3}, "nor a model_type"),
        ({"model_type": "t5"}, "'t5' is no causal language model of transformers"),
        ({"model_type": "nonsense"}, "'nonsense' is no causal language model"),
        (
            {"architectures": ["LlamaForSequenceClassification"]},
            "holds a LlamaForSequenceClassification, no causal language model",
        ),
        ({"architectures": 3}, "architectures"),
        ({"architectures": [None]}, "architectures"),
        ({"quantization_config": {"quant_method": "gptq"}}, r"the weights are quantised \(gptq\)"),
        ({"quantization_config": "x"}, r"the weights are quantised"),
        ({"hidden_size": "x"}, r"config\.json"),
        ({"hidden_size": -1}, r"config\.json"),
        ({"num_attention_heads": 0}, r"config\.json"),
        ({"num_attention_heads": 5}, r"transformers cannot build the model \(.*is not a multiple of the number of attention"),
        ({"num_hidden_layers": 10**9}, r"tells of 1,000,000,000 layers"),
        ({"vocab_size": 401}, r"of another shape"),
        ({"vocab_size": 10**12}, r"tells of [\d,]+ numbers, and the files hold"),
        ({"hidden_act": "nonsense"}, r"config\.json"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_in_one_line(folder, changes, match):
    edit(folder / "config.json", **changes)
    refused(folder, match)


def test_a_model_that_sees_the_rest_of_the_text_is_no_causal_one(folder):
    for file in folder.glob("*.safetensors"):
        file.unlink()
    shape = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    for is_decoder in (True, False):
        BertLMHeadModel(BertConfig(**shape, is_decoder=is_decoder, initializer_range=0.5)).save_pretrained(folder)
        if is_decoder:
            assert load(folder).dtype == torch.float32
        else:
            refused(folder, r"the model sees the text after a position too \(BertLMHeadModel\)")


def test_an_adapter_is_told_from_a_model(folder):
    (folder / "adapter_config.json").write_text("{}")
    refused(folder, r"holds an adapter \(adapter_config\.json\)")
    (folder / "config.json").unlink()
    refused(folder, r"holds an adapter \(adapter_config\.json\)")


def test_integers_are_quantised_weights(folder):
    tensors(folder, lambda t: t.update({name: tensor.to(torch.int8) for name, tensor in t.items()}))
    refused(folder, "the weights are I8, quantised")


def test_more_than_the_memory_is_told_before_it_is_taken(folder, monkeypatch):
    monkeypatch.setattr("realmodels.model.memory.available", lambda: 1000)
    refused(folder, r"the model in .* needs .* GiB of memory")
