"""Models of other families at random weights, saved as their users save them: `save_pretrained`, with a small tokenizer."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
)
from transformers.models.auto.modeling_auto import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

WIDTH, LAYERS, HEADS, HIDDEN, CONTEXT = 32, 3, 4, 48, 96
WINDOW = 6  # tokens that a layer of the toy Mistral sees: fewer than most prompts have
BEGIN, END, PAD = "<s>", "<|endoftext|>", "<pad>"  # transformers gives every Qwen2 tokenizer the second
VOCABULARY = 400
CHAT = (
    "{% for message in messages %}<s>{{ message['role'] }}\n{{ message['content'] }}<|endoftext|>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)
CITIES = (
    *("Paris", "Tokyo", "Madrid", "New York", "New Jersey", "Lima", "Oslo", "Rome", "Vienna", "Bern", "Cairo"),
    *("Delhi", "Quito", "Sofia", "Kabul", "Hanoi", "Dakar", "Accra", "Minsk", "Riga"),
)
COUNTRIES = (
    *("France", "Japan", "Spain", "America", "Peru", "Norway", "Italy", "Austria", "Switzerland", "Egypt"),
    *("India", "Ecuador", "Bulgaria", "Afghanistan", "Vietnam", "Senegal", "Ghana", "Belarus", "Latvia"),
)
BOS_FAMILIES = ("llama", "llama_tied", "mistral", "gemma2")
FAMILIES = ("gpt2", *BOS_FAMILIES, "qwen2")

disable_progress_bar()


def text() -> Iterable[str]:
    """Sentences of which the tokenizer learns its merges."""
    for city, country in zip(CITIES, COUNTRIES, strict=False):
        yield f"The capital of {country} is {city}."
        yield f"{city} lies in {country}, and the airport of {city} has the code {city[:3].upper()} 2006."


@cache
def _bpe(begin: bool) -> str:
    """JSON of a byte-level BPE of VOCABULARY tokens; with `begin`, its post-processor puts BEGIN before every text."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    bpe.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[BEGIN, END, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(text(), trainer)
    if begin:
        bpe.post_processor = processors.TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue]
            single=f"{BEGIN} $A", pair=f"{BEGIN} $A {BEGIN} $B", special_tokens=[(BEGIN, bpe.token_to_id(BEGIN))]
        )
    return bpe.to_str()


def tokenizer(begin: bool, pad: bool, chat: bool = False) -> PreTrainedTokenizerFast:
    """A tokenizer of transformers. begin: texts start with BEGIN. pad: it has a padding token. chat: it has a template."""
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_bpe(begin)),
        bos_token=BEGIN if begin else None,
        eos_token=END,
        pad_token=PAD if pad else None,
    )
    if chat:
        made.chat_template = CHAT
    return made


def config(family: str) -> PretrainedConfig:
    """The configuration of a toy. Its weights are large enough that the logits differ by more than rounding."""
    common: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.2,
        "bos_token_id": 0 if family in BOS_FAMILIES else None,
        "eos_token_id": 1,
        "pad_token_id": 2 if family in ("qwen2", "gemma2") else None,
    }
    if family == "gpt2":
        del common["max_position_embeddings"]
        return GPT2Config(**common, n_positions=CONTEXT, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_inner=HIDDEN)
    common |= {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": HIDDEN}
    common |= {"num_key_value_heads": 2}
    if family in ("llama", "llama_tied"):
        return LlamaConfig(**common, tie_word_embeddings=family == "llama_tied")
    if family == "mistral":
        return MistralConfig(**common, sliding_window=WINDOW, tie_word_embeddings=False)
    if family == "qwen2":
        return Qwen2Config(**common, tie_word_embeddings=True)
    if family == "gemma2":
        return Gemma2Config(**common, head_dim=WIDTH // HEADS, sliding_window=WINDOW, query_pre_attn_scalar=WIDTH // HEADS)
    raise KeyError(family)


def drawn(family: str, dtype: torch.dtype = torch.float32, seed: int = 0) -> PreTrainedModel:
    """A random model of a family, in memory. family, dtype: as in `toy`."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config(family)).to(dtype).eval()
    with torch.no_grad():  # biases start at 0 and gains at 1 (or 0), which would hide a mistake about them
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn(parameter.shape).to(dtype))
    return model


def toy(family: str, folder: Path, dtype: torch.dtype = torch.float32, shards: bool = False, seed: int = 0) -> Path:
    """A folder with a random model of a family and its tokenizer; `folder`, which must not exist yet, is returned.

    family: one of FAMILIES (gpt2; llama with untied embeddings and grouped queries; llama_tied; qwen2, tied, with biases and a
    chat template; mistral with a window of WINDOW tokens; gemma2, tied). dtype: of the file. shards: several files with an index.
    """
    model = drawn(family, dtype, seed)
    model.save_pretrained(folder, **({"max_shard_size": "20KB"} if shards else {}))
    begin, pad = family in BOS_FAMILIES, family in ("qwen2", "gemma2")
    tokenizer(begin, pad, chat=family == "qwen2").save_pretrained(folder)
    return folder
