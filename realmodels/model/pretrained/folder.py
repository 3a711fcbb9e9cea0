"""A folder as Hugging Face libraries save it: checked, then read by transformers into a plain float32 network.

Nothing in a folder is run: no pickle is opened, and code that a folder brings with it ("auto_map") is refused.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from realmodels.model.memory import require
from realmodels.model.pretrained.quiet import quiet
from realmodels.model.pretrained.weights import CURE, Weights, weights
from simulate.runs.files import read_json
from theory.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

CONFIG = "config.json"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
HEADS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")  # endings of classes that predict tokens
VOLATILE = ("_name_or_path", "_model_name_or_path", "transformers_version", "torch_dtype", "dtype", "architectures")
"""Entries of config.json that say who saved it and how, and nothing of what the network computes."""


@dataclass(frozen=True)
class Pretrained:
    """A folder read: network, tokenizer, config.json as it stands, and the tensors of its files."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerFast"
    config: dict[str, Any]
    weights: Weights

    @cached_property
    def sha256(self) -> str:
        """Digest of the weights and of the configuration, without what only says who saved it."""
        return digest(self.config, self.weights)


def digest(config: dict[str, Any], weights: Weights) -> str:
    """Digest of the weights and of the configuration, without what only says who saved it."""
    shape = {key: value for key, value in config.items() if key not in VOLATILE and value is not None}
    return hashlib.sha256(json.dumps([weights.digest(), shape], sort_keys=True).encode()).hexdigest()


def read(folder: Path) -> Pretrained:
    """Network (float32, evaluation mode) and tokenizer of a folder.

    Raises UserError that names the file, tensor or entry that is missing, damaged, foreign or not to be trusted.
    """
    config = checked_config(folder)
    files = weights(folder)
    _ = files.dtype
    layers = config.get("num_hidden_layers", config.get("n_layer", 0))
    if isinstance(layers, int) and layers > len(files.entries):
        raise UserError(
            f"{folder / CONFIG} tells of {layers:,} layers, and the files hold {len(files.entries):,} tensors: {CURE}"
        )
    numbers = sum(entry.count for entry in files.entries.values())
    require(4 * numbers, f"the model in {folder} ({numbers:,} numbers, as float32)", "take a smaller model")
    model = _network(folder, numbers)
    _require_tied(folder, model, files)
    require_finite(model, folder)
    _require_sound(model, folder)
    return Pretrained(model, _tokenizer(folder), config, files)


def checked_config(folder: Path) -> dict[str, Any]:
    """config.json of a causal language model that transformers itself has the code of. Raises UserError for any other."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    path = folder / CONFIG
    if (folder / "adapter_config.json").exists():
        raise UserError(f"{folder} holds an adapter (adapter_config.json): give the folder of the base model, or merge the two")
    config = read_json(path, "give a folder that `cwb train` or transformers saved")
    if not isinstance(config, dict):
        raise UserError(f"{path} is no configuration of a model: {CURE}")
    family, classes = config.get("model_type"), config.get("architectures") or []
    if not isinstance(family, str):
        raise UserError(
            f"{path} has neither the format of `cwb train` nor a model_type of transformers: give the folder of a model"
        )
    if family not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        if config.get("auto_map"):
            raise UserError(
                f"{path}: {family[:60]!r} brings code of its own (auto_map), and none is run: take a family of transformers"
            )
        raise UserError(f"{path}: {family[:60]!r} is no causal language model of transformers: give one, such as llama or gpt2")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise UserError(f"{path}: architectures is no list of names: {CURE}")
    known = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[family]
    if classes and classes[0] != known and not classes[0].endswith(HEADS):
        raise UserError(
            f"{path}: the folder holds a {classes[0][:60]}, no causal language model ({known}): give one with its head"
        )
    quantised = config.get("quantization_config")
    if quantised:
        kind = str(quantised.get("quant_method", "by some method") if isinstance(quantised, dict) else quantised)[:40]
        raise UserError(f"{path}: the weights are quantised ({kind}): give the model in float32, bfloat16, float16 or GGUF")
    return config


def _network(folder: Path, numbers: int) -> "PreTrainedModel":
    """The network with every weight from the files. Raises UserError if one is missing, left over or of another shape."""
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        with quiet():
            shape = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            with torch.device("meta"):  # shapes without numbers
                told = sum(p.numel() for p in AutoModelForCausalLM.from_config(shape, trust_remote_code=False).parameters())
            if told > 2 * numbers:
                raise UserError(f"{folder / CONFIG} tells of {told:,} numbers, and the files hold {numbers:,}: {CURE}")
            model, found = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, by name
            )
    except UserError:
        raise
    except Exception as error:  # whatever the library makes of an impossible configuration
        raise UserError(f"{folder / CONFIG}: transformers cannot build the model ({_short(error)}): {CURE}") from None
    named(folder, found)
    for parameter in model.parameters():  # a copy of their own: they are views of the file, and would change with it
        parameter.data = parameter.data.clone()
    return model.eval()


def _short(error: Exception) -> str:
    """What a library says, as one line of at most 240 characters."""
    return " ".join(str(error).split())[:240] or type(error).__name__


def named(source: Path, found: dict[str, Any]) -> None:
    """Raise UserError that names a weight which the files lack, have too much or in another shape, as transformers found."""
    for what, names in (
        ("lack {}, which the model has", found["missing_keys"]),
        ("hold {}, which the model of the configuration lacks", found["unexpected_keys"]),
        ("hold {} of another shape than the configuration tells", [entry[0] for entry in found["mismatched_keys"]]),
    ):
        if names:
            first, *others = sorted(names)
            raise UserError(f"{source}: the weights {what.format(first + f' and {len(others)} more' * bool(others))}: {CURE}")


def _require_tied(folder: Path, model: "PreTrainedModel", files: Weights) -> None:
    """Raise UserError if config.json says that two tensors are one and the files hold two that differ."""
    if not getattr(model.config.get_text_config(), "tie_word_embeddings", False):
        return
    tied = getattr(model, "_tied_weights_keys", None) or {}
    for one, other in tied.items():
        if one in files.entries and other in files.entries and bytes(files.data(one)) != bytes(files.data(other)):
            raise UserError(
                f"{folder / CONFIG} ties {one} to {other} (tie_word_embeddings), and the files hold two that differ: "
                "set tie_word_embeddings to false if both were trained, or drop one"
            )


def require_finite(model: nn.Module, where: Path) -> None:
    """Raise UserError that names the first parameter with a number that is not finite."""
    for name, parameter in model.named_parameters():
        # the sum is fast and not finite if one number is not; where large finite numbers overflow it, each is looked at
        if not parameter.detach().sum().isfinite() and not parameter.detach().isfinite().all():
            raise UserError(f"{where}: {name} holds numbers that are not finite, so the model says nothing: take another copy")


@torch.no_grad()
def _require_sound(model: "PreTrainedModel", where: Path) -> None:
    """Raise UserError if what the model says after a text depends on what follows, as in an encoder, or is not finite."""
    texts = torch.tensor([[0, 1, 2, 0], [0, 1, 2, 3]]) % model.get_input_embeddings().weight.shape[0]
    try:
        with quiet():
            one, other = model(input_ids=texts, use_cache=False).logits[:, :3].float()
    except Exception as error:  # sizes that fit one another and not the network's arithmetic
        raise UserError(f"{where / CONFIG}: the model cannot be run ({_short(error)}): {CURE}") from None
    if not (one.isfinite().all() and other.isfinite().all()):
        largest = max(model.named_parameters(), key=lambda named: float(named[1].abs().max()))[0]
        raise UserError(f"{where}: the logits are not finite (the largest weight is in {largest}): take another copy")
    if not torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(one.std())):
        raise UserError(
            f"{where}: the model sees the text after a position too ({type(model).__name__}): take a causal language model"
        )


def _tokenizer(folder: Path) -> "PreTrainedTokenizerFast":
    """The tokenizer of a folder. Raises UserError if it has none that tells which piece of text each token is."""
    from transformers import AutoTokenizer

    if not any((folder / name).exists() for name in TOKENIZERS):
        raise UserError(f"{folder} has no tokenizer (tokenizer.json): copy it beside config.json")
    try:
        with quiet():
            made = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises what its parsers raise
        raise UserError(f"{folder}: the tokenizer cannot be read ({_short(error)}): copy tokenizer.json again") from None
    if not getattr(made, "is_fast", False):
        raise UserError(
            f"{folder}: the tokenizer has no tokenizer.json: save it by AutoTokenizer.from_pretrained(...).save_pretrained(...)"
        )
    return made
